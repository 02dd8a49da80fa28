"""Google's refusals in our words. Messages carry a status and a reason, never an address or what was sent."""

from __future__ import annotations

import json
import re
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any

import httplib2
from google.auth.exceptions import GoogleAuthError, RefreshError
from googleapiclient.errors import HttpError

from waitlist_appliance.ports.calendars import CalendarError, Trouble

# What calling Google may raise, beside CalendarError. ValueError: an answer that is no JSON.
RAISED = (HttpError, GoogleAuthError, httplib2.HttpLib2Error, HTTPException, OSError, ValueError)

TOO_FAST = {
    "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded", "RESOURCE_EXHAUSTED",
}  # fmt: skip
# The owner's Google project lacks something: the Calendar API is not switched on.
NOT_CONFIGURED = {"accessNotConfigured", "SERVICE_DISABLED"}
TROUBLES: dict[int, Trouble] = {
    401: "signed_out", 403: "refused", 404: "missing", 408: "unreachable", 409: "conflict", 410: "missing",
    412: "conflict", 413: "too_big", 429: "too_fast",
}  # fmt: skip
# What the token endpoint says, by its error code. A dead refresh token is `signed_out`, whatever killed it.
TOKEN_TROUBLES: dict[str, Trouble] = {
    "invalid_grant": "signed_out", "invalid_client": "not_configured", "unauthorized_client": "not_configured",
    "deleted_client": "not_configured", "redirect_uri_mismatch": "not_configured", "access_denied": "refused",
    "invalid_scope": "refused", "admin_policy_enforced": "refused", "org_internal": "refused",
    "missing_token": "garbage", "internal_failure": "unreachable", "server_error": "unreachable",
    "temporarily_unavailable": "unreachable",
}  # fmt: skip
RETRYABLE: set[Trouble] = {"too_fast", "unreachable", "conflict", "garbage", "unsafe"}


class GoogleError(CalendarError):
    """A CalendarError that still knows what Google answered; ``status`` is None when it answered nothing."""

    def __init__(
        self, message: str, trouble: Trouble, *, status: int | None = None, retry_after: timedelta | None = None
    ) -> None:
        # 400 is our own mistake: the same question would be answered the same way
        retryable = trouble in RETRYABLE and status != 400
        super().__init__(message, retryable=retryable, trouble=trouble, retry_after=retry_after)
        self.status = status


def from_google(error: Exception) -> GoogleError:
    """What a failed call means."""
    if isinstance(error, HttpError):
        return _from_answer(error)
    if isinstance(error, RefreshError):
        return _from_refresh(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return GoogleError("the certificate of Google's server is not good", "unsafe")
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        return garbage("an answer that is no JSON")
    return GoogleError(f"Google did not answer ({type(error).__name__})", "unreachable")


def garbage(what: str) -> GoogleError:
    """Google answered, and the answer makes no sense."""
    return GoogleError(f"Google sent {what}", "garbage")


def from_token_error(code: str) -> GoogleError:
    """What the token endpoint's ``error`` means."""
    word = _word(code)
    return GoogleError(f"Google's sign-in answered {word}", TOKEN_TROUBLES.get(word, "refused"))


def again(error: GoogleError) -> GoogleError:
    """The same for another thread: an exception is raised once only."""
    return GoogleError(str(error), error.trouble, status=error.status, retry_after=error.retry_after)


def _from_answer(error: HttpError) -> GoogleError:
    status, reason = int(error.resp.status), _reason(error.content)
    return GoogleError(
        f"Google answered {status} {reason}".rstrip(), _trouble(status, reason), status=status,
        retry_after=_retry_after(error.resp.get("retry-after")),
    )  # fmt: skip


def _trouble(status: int, reason: str) -> Trouble:
    if reason in TOO_FAST:
        return "too_fast"
    if reason in NOT_CONFIGURED or reason.startswith("push"):
        return "not_configured"
    return "unreachable" if status >= 500 else TROUBLES.get(status, "garbage")


def _reason(content: bytes) -> str:
    try:
        error = json.loads(content)["error"]
        found: Any = error["errors"][0]["reason"] if error.get("errors") else error.get("status")
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
    return _word(found)


def _word(found: Any) -> str:
    """Only what looks like one of Google's code words, so that no message can carry anything else."""
    return found if isinstance(found, str) and re.fullmatch(r"[A-Za-z_.]{1,60}", found) else ""


def _retry_after(header: str | None) -> timedelta | None:
    if not header:
        return None
    if header.isdigit():
        return timedelta(seconds=min(int(header), 86_400))
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(timedelta(0), at.astimezone(UTC) - datetime.now(UTC))


def _from_refresh(error: RefreshError) -> GoogleError:
    told = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], dict) else {}
    if error.retryable:
        return GoogleError("Google's sign-in does not work at the moment", "unreachable")
    return from_token_error(told["error"]) if "error" in told else garbage("no token")
