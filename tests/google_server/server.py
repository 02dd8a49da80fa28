"""The server as tests hold it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from tests.google_server.browser import call
from tests.google_server.channels import Channel
from tests.google_server.errors import ApiError
from tests.google_server.faults import REFUSALS, Fault, Hook, Kind, Predicate, due, on
from tests.google_server.http import Wire
from tests.google_server.pipeline import API, Reply, Services, admit, perform, refused
from tests.google_server.staff import Staff
from tests.google_server.state import Request
from tests.google_server.tokens import CALENDAR_EVENTS, CALENDAR_LIST, Client, Granted, Tokens

START = datetime(2026, 1, 15, 10, 0, tzinfo=UTC)


class GoogleServer(Staff):
    """Google Calendar v3 and Google's OAuth for one account, over HTTP on 127.0.0.1, while the context lasts.

    ``clock`` is its now and may be set at any time; ``requests`` is everything it was asked; ``violations`` is
    everything that did not fit Google's description. ``tokens`` holds the knobs of the consent page.
    """

    def __init__(self, now: datetime = START) -> None:
        super().__init__(now)
        self.tokens = Tokens()
        self.channels: dict[str, Channel] = {}
        self.client = self.add_client("client-1.apps.googleusercontent.com", "GOCSPX-secret", "desktop")
        self._faults: list[Fault] = []
        self._hooks: list[Hook] = []
        self._services = Services(self, self.tokens, self.channels)
        self._wire = Wire(self._respond, self.violations.append)
        self.root = f"http://127.0.0.1:{self._wire.server_address[1]}"
        self.url = self.root + API
        self.auth_url = f"{self.root}/o/oauth2/v2/auth"
        self.token_url = f"{self.root}/token"
        self.revoke_url = f"{self.root}/revoke"

    def __enter__(self) -> Self:
        self._wire.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wire.stop()

    def assert_clean(self) -> None:
        """Nothing was asked or answered that Google's description does not know."""
        assert not self.violations, "\n".join(self.violations)

    def calls(self, operation: str) -> list[Request]:
        """The requests of one operation, in order."""
        with self.lock:
            return [request for request in self.requests if request.operation == operation]

    def fail(
        self, kind: Kind, when: Predicate | str = "", *, times: int = 1, skip: int = 0, seconds: float = 30.0,
        retry_after: int | str | None = None,
    ) -> None:  # fmt: skip
        """The next ``times`` matching requests (a predicate, or an operation's name) go wrong, after ``skip`` good ones.

        Refusals (see ``REFUSALS``) take no effect, save ``fail_after``. ``drop_before`` cuts the connection without an
        effect; ``drop_after`` after it; ``hang_after`` takes effect, waits ``seconds`` and then cuts; ``slow`` takes
        effect and answers after ``seconds``; ``garbage`` and ``html`` take no effect and answer nonsense; ``truncated``
        takes effect and stops in the middle of the answer. Beware: httplib2 asks once more by itself after a cut.
        """
        predicate = on(when) if isinstance(when, str) else when
        with self.lock:
            self._faults.append(Fault(kind, predicate, times, skip, seconds, retry_after))

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        with self.lock:
            self._faults.clear()

    def before(self, when: Predicate | str, callback: Callable[[Request], None]) -> None:
        """Run this once, just before the next matching request takes effect."""
        predicate = on(when) if isinstance(when, str) else when
        with self.lock:
            self._hooks.append(Hook(predicate, callback))

    def expire_sync_tokens(self) -> None:
        """Every sync token given so far is answered with 410."""
        with self.lock:
            self.sync_points.clear()

    def add_client(self, client_id: str, secret: str, kind: str = "web", redirects: Iterable[str] = ()) -> Client:
        """Register an OAuth client; kind ``desktop`` may come back to any loopback port, ``web`` only to ``redirects``."""
        client = Client(client_id, secret, kind, set(redirects))
        self.tokens.clients[client_id] = client
        return client

    def grant(self, scopes: Iterable[str] = (CALENDAR_EVENTS, CALENDAR_LIST), client: Client | None = None) -> Granted:
        """Tokens as if the owner had consented."""
        with self.lock:
            name, asked = (client or self.client).id, frozenset(scopes)
            refresh = self.tokens.new_refresh(name, asked, self.clock)
            access = self.tokens.new_access(name, asked, refresh, self.clock)
            self.tokens.consented.add(name)
            return Granted(refresh, access, self.tokens.access[access].expires_at, asked)

    def agree(self, address: str) -> str:
        """Open the consent page as the owner's browser; the address it is sent on to. AssertionError: an error page."""
        status, headers = call("GET", address)
        assert status == 302, f"the consent page answered {status}"
        return headers["Location"]

    def expire_access_tokens(self) -> None:
        """Every access token given so far is answered with 401; refreshing helps."""
        with self.lock:
            self.tokens.access.clear()

    def revoke_refresh_token(self, client: Client | None = None) -> None:
        """The owner takes the permission back on Google's own page."""
        with self.lock:
            self.tokens.take_back((client or self.client).id)

    def notify(self, channel_id: str, state: str = "exists", to: str | None = None) -> int:
        """Send a notice of this channel, also of a stopped one, to ``to`` instead of its own address; the status."""
        channel = self.channels[channel_id]
        return channel.post(state, to or channel.address, self.clock)

    def _respond(self, request: Request) -> tuple[Reply | None, Fault | None]:
        with self.lock:
            self.requests.append(request)
        try:
            method = admit(self._services, request)
        except ApiError as error:
            return refused(error, request), None
        with self.lock:
            fault = due(self._faults, request)
            hooks = [hook for hook in self._hooks if hook.when(request)]
            self._hooks = [hook for hook in self._hooks if hook not in hooks]
        early = _early(fault, request)
        if fault is not None and (early is not None or fault.kind == "drop_before"):
            return early, fault
        # Not under the lock: a callback may well wait for another request.
        for hook in hooks:
            hook.callback(request)
        return _late(perform(self._services, request, method), fault, request), fault


def _early(fault: Fault | None, request: Request) -> Reply | None:
    """The answer of a fault that comes before any effect."""
    if fault is None or fault.kind == "fail_after":
        return None
    if fault.kind in REFUSALS:
        return refused(fault.refusal(), request)
    if fault.kind == "html":
        return Reply(502, b"<html><title>Error 502</title></html>", {"Content-Type": "text/html"})
    if fault.kind == "garbage":
        return Reply(200, b'{"kind": "calendar#ev', {"Content-Type": "application/json"})
    return None


def _late(reply: Reply, fault: Fault | None, request: Request) -> Reply | None:
    """What is left of the answer after the effect."""
    if fault is None or fault.kind in ("slow", "truncated"):
        return reply
    return refused(fault.refusal(), request) if fault.kind == "fail_after" else None
