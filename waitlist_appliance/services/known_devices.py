"""Browsers that logged in here before: a signed mark which says so, one per account, kept by the browser.

It opens nothing. It only gives the browser guesses of its own, so that nobody can lock somebody out by guessing at their
account from elsewhere (OWASP's "device cookies").
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final

from waitlist_appliance.services import login_brake
from waitlist_appliance.services.appliance import Appliance

LIFE: Final = timedelta(days=180)
# So many people share one browser at a desk.
MOST: Final = 8
_BETWEEN: Final = "~"


def device(app: Appliance, marks: str | None, email: str, now: datetime) -> str | None:
    """The name under which this browser counts as known for this account; None when it does not."""
    for mark in (marks or "").split(_BETWEEN)[:MOST]:
        name, _, rest = mark.partition(".")
        until, _, signature = rest.partition(".")
        if until.isascii() and until.isdigit() and len(until) < 16:
            is_ours = hmac.compare_digest(signature.encode(), _signature(app, email, name, until).encode())
            if is_ours and int(until) > now.timestamp():
                return name
    return None


def with_mark(app: Appliance, marks: str | None, email: str, now: datetime) -> str:
    """The browser's marks and one for this account, after it logged in there."""
    kept = [mark for mark in (marks or "").split(_BETWEEN) if mark and device(app, mark, email, now) is None]
    name, until = secrets.token_hex(8), str(int((now + LIFE).timestamp()))
    return _BETWEEN.join([f"{name}.{until}.{_signature(app, email, name, until)}", *kept][:MOST])


def _signature(app: Appliance, email: str, name: str, until: str) -> str:
    said = f"known-device:{login_brake.hashed(email)}:{name}:{until}"
    return hmac.new(app.config.session_key, said.encode(), hashlib.sha256).hexdigest()
