"""Refusals in the form in which Google writes them."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """The call is refused with this status and reason."""

    def __init__(
        self, status: int, reason: str, message: str, *, domain: str = "global", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message
        self.domain = domain
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """The JSON that goes with it."""
        entry = {"domain": self.domain, "reason": self.reason, "message": self.message}
        return {"error": {"errors": [entry], "code": self.status, "message": self.message}}


class OAuthError(Exception):
    """The token endpoint refuses; RFC 6749, section 5.2."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(f"{status} {error}: {description}")
        self.status = status
        self.error = error
        self.description = description

    def body(self) -> dict[str, Any]:
        """The JSON that goes with it."""
        return {"error": self.error, "error_description": self.description}


def bad(message: str, reason: str = "invalid", domain: str = "global") -> ApiError:
    """400."""
    return ApiError(400, reason, message, domain=domain)


def not_found() -> ApiError:
    """404."""
    return ApiError(404, "notFound", "Not Found")


def full_sync_required() -> ApiError:
    """410 for a sync token that is no longer good."""
    return ApiError(
        410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.", domain="calendar"
    )
