"""The owner's way to a provider's page and back: which browser began it, and whether it may finish it."""

from __future__ import annotations

from waitlist_appliance.web.staff import auth


def browser_mark() -> str:
    """What binds a consent to this browser's log-in: nobody else's browser can finish it. Empty without a log-in."""
    here = auth.presence()
    return f"browser:{here.session.public_id}" if here else ""


def key_mark(key_public_id: str) -> str:
    """The same for a caller with an API key."""
    return f"key:{key_public_id}"
