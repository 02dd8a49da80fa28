"""What can be made to go wrong, and hooks into the moment before something takes effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.google_server.errors import ApiError
from tests.google_server.state import Request

Predicate = Callable[[Request], bool]

Kind = Literal[
    "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "tooManyRequests", "internal", "unavailable",
    "html", "unauthorized", "fullSyncRequired", "forbidden", "slow", "drop_before", "drop_after", "hang_after",
    "fail_after", "garbage", "truncated",
]  # fmt: skip

# Refusals: (status, reason, message, domain).
REFUSALS: dict[str, tuple[int, str, str, str]] = {
    "rateLimitExceeded": (403, "rateLimitExceeded", "Rate Limit Exceeded", "usageLimits"),
    "userRateLimitExceeded": (403, "userRateLimitExceeded", "User Rate Limit Exceeded", "usageLimits"),
    "quotaExceeded": (403, "quotaExceeded", "Calendar usage limits exceeded.", "usageLimits"),
    "tooManyRequests": (429, "rateLimitExceeded", "Rate Limit Exceeded", "usageLimits"),
    "internal": (500, "backendError", "Backend Error", "global"),
    "unavailable": (503, "backendError", "Service Unavailable", "global"),
    "unauthorized": (401, "authError", "Invalid Credentials", "global"),
    "fullSyncRequired": (
        410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.", "calendar",
    ),
    "forbidden": (403, "forbidden", "Forbidden", "global"),
    # After the effect: the caller must not believe that nothing happened.
    "fail_after": (503, "backendError", "Service Unavailable", "global"),
}  # fmt: skip


@dataclass
class Fault:
    """The next ``times`` matching requests go wrong, after ``skip`` of them went well."""

    kind: Kind
    when: Predicate
    times: int
    skip: int
    seconds: float
    retry_after: int | str | None

    def refusal(self) -> ApiError:
        """The answer of a refusing fault."""
        status, reason, message, domain = REFUSALS[self.kind]
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return ApiError(status, reason, message, domain=domain, headers=headers)


@dataclass
class Hook:
    """``callback`` runs once, just before a matching request takes effect."""

    when: Predicate
    callback: Callable[[Request], None]


def on(operation: str = "", **query: str) -> Predicate:
    """Requests of this operation (``events.insert``, ``oauth.token``; "" for any) with these query parameters."""

    def matches(request: Request) -> bool:
        right = not operation or request.operation == operation
        return right and all(request.query.get(name) == value for name, value in query.items())

    return matches


def later_pages(request: Request) -> bool:
    """Every page but the first."""
    return "pageToken" in request.query


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
