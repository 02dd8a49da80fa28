"""The server as tests hold it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from tests.twilio_server.account import Account
from tests.twilio_server.courier import Courier
from tests.twilio_server.description import validator
from tests.twilio_server.errors import ApiError
from tests.twilio_server.faults import Fault, Hook, Kind, Predicate, due, on
from tests.twilio_server.http import Wire
from tests.twilio_server.pacing import Pace
from tests.twilio_server.pipeline import admit, perform, refused
from tests.twilio_server.state import Reply, Request

START = datetime(2026, 1, 15, 10, 0, tzinfo=UTC)
ACCOUNT_SID = "AC" + "0a" * 16
AUTH_TOKEN = "1b" * 16


class TwilioServer(Account):
    """Twilio's Messages API for one account, over HTTP on 127.0.0.1, while the context lasts.

    ``clock`` is its now, may be set at any time, and is real time when None; ``requests`` is everything it was asked;
    ``violations`` is everything that did not fit Twilio's description. ``public_url`` is where Twilio believes the
    appliance to be: signatures are made for it. ``local_url`` is where it really listens. With ``automatic``, messages
    progress and callbacks are posted by themselves, in a thread.
    """

    def __init__(
        self, account_sid: str = ACCOUNT_SID, auth_token: str = AUTH_TOKEN, public_url: str = "https://casa.example",
        *, local_url: str | None = None, now: datetime | None = START, automatic: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(account_sid, auth_token, now, public_url, local_url)
        self.pace = Pace()
        self._faults: list[Fault] = []
        self._hooks: list[Hook] = []
        self._courier = Courier(self) if automatic else None
        self._wire: Wire | None = self._new_wire(0)
        self._port: int = self._wire.server_address[1]
        self._latency = 0.0
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        # Read once for all servers, here and not while a client with little patience waits.
        validator()
        if self._wire is not None:
            self._wire.start()
        if self._courier is not None:
            self._courier.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._wire is not None:
            self._wire.stop()
        if self._courier is not None:
            self._courier.stop()

    @property
    def latency(self) -> float:
        """How many seconds every answer takes."""
        return self._latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._latency = seconds
        if self._wire is not None:
            self._wire.latency = seconds

    def assert_clean(self) -> None:
        """Nothing was asked or answered that Twilio's description does not know."""
        assert not self.violations, "\n".join(self.violations)

    def calls(self, operation: str = "") -> list[Request]:
        """The requests of one operation (``messages.create``, ``.fetch``, ``.list``; "" for all), in order."""
        with self.lock:
            return [request for request in self.requests if operation in ("", request.operation)]

    def count(self, operation: str = "", status: int | None = None) -> int:
        """How many requests of one operation there were, or how many were answered with this status."""
        return sum(status in (None, request.status) for request in self.calls(operation))

    def fail(
        self, kind: Kind | int, when: Predicate | str = "", *, times: int = 1, skip: int = 0, seconds: float = 30.0,
        retry_after: int | str | None = None,
    ) -> None:  # fmt: skip
        """The next ``times`` matching requests (a predicate, or an operation's name) go wrong, after ``skip`` good ones.

        A number refuses with that code of Twilio; the refusing names are short for codes (see ``faults.CODES``). They
        take no effect, save ``fail_after``. ``drop_before`` cuts the connection without an effect, ``hang_before``
        waits ``seconds`` first; ``drop_after`` and ``hang_after`` do so after the effect; ``slow`` takes effect and
        answers after ``seconds``; ``garbage`` and ``html`` take no effect and answer nonsense; ``truncated`` takes
        effect and stops in the middle of the answer.
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

    def refuse_connections(self) -> None:
        """Nobody listens at the address any more; open connections are cut."""
        if self._wire is not None:
            self._wire.stop()
            self._wire = None

    def accept_connections(self) -> None:
        """Listen at the same address again."""
        if self._wire is None:
            self._wire = self._new_wire(self._port)
            self._wire.latency = self._latency
            self._wire.start()

    def settle(self, seconds: float = 10.0) -> None:
        """Wait until the automatic thread has nothing left to do. AssertionError: it had, after all this time."""
        assert self._courier is not None, "the server was not made automatic"
        assert self._courier.idle(seconds), "messages are still under way"

    def _new_wire(self, port: int) -> Wire:
        return Wire(self._respond, self.violations.append, port)

    def _respond(self, request: Request) -> tuple[Reply | None, Fault | None]:
        with self.lock:
            self.requests.append(request)
        try:
            admit(self, request)
        except ApiError as error:
            return refused(self, error), None
        with self.lock:
            fault = due(self._faults, request)
            hooks = [hook for hook in self._hooks if hook.when(request)]
            self._hooks = [hook for hook in self._hooks if hook not in hooks]
        early = self._early(fault)
        if fault is not None and (early is not None or fault.kind in ("drop_before", "hang_before")):
            return early, fault
        if not self._in_pace(request):
            return refused(self, ApiError(20429)), None
        # Not under the lock: a callback may well wait for another request.
        for hook in hooks:
            hook.callback(request)
        return self._late(perform(self, request), fault), fault

    def _in_pace(self, request: Request) -> bool:
        sender = request.form.get("From") or request.form.get("MessagingServiceSid", "")
        return request.operation != "messages.create" or self.pace.admits(sender)

    def _early(self, fault: Fault | None) -> Reply | None:
        """The answer of a fault that comes before any effect."""
        if fault is None or fault.kind == "fail_after":
            return None
        refusal = fault.refusal()
        if refusal is not None:
            return refused(self, refusal)
        if fault.kind == "html":
            return Reply(502, b"<html><title>502 Bad Gateway</title></html>", {"Content-Type": "text/html"})
        if fault.kind == "garbage":
            return Reply(201, b'{"sid": "SM', {"Content-Type": "application/json"})
        return None

    def _late(self, reply: Reply, fault: Fault | None) -> Reply | None:
        """What is left of the answer after the effect."""
        if fault is None or fault.kind in ("slow", "truncated"):
            return reply
        refusal = fault.refusal()
        return refused(self, refusal) if refusal is not None else None
