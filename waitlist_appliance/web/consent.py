"""The owner's way to a provider's page and back: which browser began it, and whether it may finish it."""

from __future__ import annotations

from flask import request

from waitlist_appliance.web.staff.auth import COOKIE


def browser_mark() -> str:
    """What binds a consent to this browser's log-in: nobody else's browser can finish it. Empty without a log-in."""
    cookie = request.cookies.get(COOKIE)
    return f"browser:{cookie}" if cookie else ""


def key_mark(key_public_id: str) -> str:
    """The same for a caller with an API key."""
    return f"key:{key_public_id}"
