"""Asking Google: signed, within its time-outs, repeated where that may help, counted."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from waitlist_appliance.adapters.calendars.google import errors
from waitlist_appliance.adapters.calendars.google.session import Session
from waitlist_appliance.adapters.calendars.google.transport import Http
from waitlist_appliance.ports.calendars import CalendarError

TRIES = 3


class Conversation:
    """One call of ours with all its requests, on its own connections and within one budget. For one thread.

    Every request may be repeated: reading changes nothing, and what we write bears an id of ours.
    """

    def __init__(self, session: Session) -> None:
        self._limits = session.limits
        self._http = _Signed(session)
        self._ends = time.monotonic() + session.limits.budget

    @property
    def requests(self) -> int:
        """How many went over the wire, repeated ones included."""
        return self._http.requests

    def ask(self, request: Any) -> Mapping[str, Any]:
        """The answer to one of the client's requests. GoogleError."""
        answer = self._told(request)
        if not isinstance(answer, dict):
            raise errors.garbage("something that is no object")
        return answer

    def tell(self, request: Any) -> None:
        """Ask where the answer says nothing (it is empty). GoogleError."""
        self._told(request)

    def _told(self, request: Any) -> Any:
        tries = 1
        while True:
            try:
                return request.execute(http=self._http)
            except CalendarError:
                raise  # the session's: it has repeated what may be repeated
            except errors.RAISED as error:
                failure = errors.from_google(error)
                pause = self._pause(failure, tries)
                if tries == TRIES or pause is None:
                    # without the cause: it holds the address that was asked, and what was answered
                    raise failure from None
            time.sleep(pause)
            tries += 1

    def _pause(self, failure: errors.GoogleError, tries: int) -> float | None:
        """How long to wait before trying again; None when that is no use."""
        if failure.trouble not in ("too_fast", "unreachable"):
            return None
        pause = self._limits.pause * 2 ** (tries - 1) * random.uniform(0.5, 1.5)
        if failure.retry_after is not None:
            pause = max(pause, failure.retry_after.total_seconds())
        return pause if time.monotonic() + pause < self._ends else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()


class _Signed:
    """What the client takes for an httplib2.Http: every request bears the token, and a refused token is renewed once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._http = Http(session.limits.read)
        self.requests = 0

    def request(
        self, uri: str, method: str = "GET", body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[Any, bytes]:
        token = self._session.token()
        answer = self._send(uri, method, body, headers, token)
        if answer[0].status == 401:
            answer = self._send(uri, method, body, headers, self._session.token(rejected=token))
        return answer

    def _send(
        self, uri: str, method: str, body: Any, headers: Mapping[str, str] | None, token: str
    ) -> tuple[Any, bytes]:
        self.requests += 1
        return self._http.request(uri, method, body, {**(headers or {}), "Authorization": f"Bearer {token}"})

    def close(self) -> None:
        self._http.close()
