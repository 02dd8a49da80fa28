"""What can be made to go wrong, and hooks into the moment before something takes effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.twilio_server.errors import REFUSALS, ApiError
from tests.twilio_server.state import Request

Predicate = Callable[[Request], bool]

Kind = Literal[
    "too_many", "internal", "unavailable", "unauthorized", "suspended", "queue_full",
    "html", "garbage", "slow", "drop_before", "drop_after", "hang_before", "hang_after", "fail_after", "truncated",
]  # fmt: skip

CODES: dict[str, int] = {
    "too_many": 20429, "internal": 20500, "unavailable": 20503, "unauthorized": 20003, "suspended": 20005,
    "queue_full": 21611,
    # After the effect: the caller must not believe that nothing happened.
    "fail_after": 20500,
}  # fmt: skip


@dataclass
class Fault:
    """The next ``times`` matching requests go wrong, after ``skip`` of them went well."""

    kind: Kind | int
    when: Predicate
    times: int
    skip: int
    seconds: float
    retry_after: int | str | None

    def refusal(self) -> ApiError | None:
        """The answer of a refusing fault."""
        code = self.kind if isinstance(self.kind, int) else CODES.get(self.kind)
        if code is None:
            return None
        assert code in REFUSALS, f"{code} is no refusal"
        return ApiError(code, headers={} if self.retry_after is None else {"Retry-After": str(self.retry_after)})


@dataclass
class Hook:
    """``callback`` runs once, just before a matching request takes effect."""

    when: Predicate
    callback: Callable[[Request], None]


def on(operation: str = "", **form: str) -> Predicate:
    """Requests of this operation (``messages.create``; "" for any) with these form fields or query parameters."""

    def matches(request: Request) -> bool:
        sent = {**request.query, **request.form}
        return (not operation or request.operation == operation) and form.items() <= sent.items()

    return matches


def due(faults: list[Fault], request: Request) -> Fault | None:
    """The fault that strikes this request, used up by it."""
    for fault in faults:
        if fault.times > 0 and fault.when(request):
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault
    return None
