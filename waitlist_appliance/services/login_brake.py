"""The brake on guessing: each counter has some free guesses, then every further one has to wait twice as long.

Guesses at an account are counted by the account and by the address they come from. Whoever guesses at a known address
must not lock its owner out: a browser that logged in here before (services/known_devices.py) has a counter of its own,
and all of an account's browsers have one together: whoever was in once may have gathered many marks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from waitlist_appliance.domain.errors import Conflict
from waitlist_appliance.domain.networks import network_of
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import activity, staff
from waitlist_appliance.storage.activity import SYSTEM

FREE_GUESSES: Final[Mapping[str, int]] = {
    "account": 4, "ip": 20, "device": 4, "devices": 20,
    "code": 4, "code_ip": 20, "code_device": 4, "code_devices": 20,
    "forgotten": 3, "forgotten_ip": 10,
}  # fmt: skip
LONGEST_WAIT: Final = timedelta(minutes=15)
FORGET_FAILURES: Final = timedelta(hours=24)


def keys(prefix: str, email: str, ip: str, device: str | None) -> dict[str, str]:
    """The counters of a guess at this account, kind → key. ``prefix``: "" for passwords, "code" for second factors."""
    kind = f"{prefix}_" if prefix else ""
    if device is not None:
        return {f"{kind}device": f"{kind}device:{device}", f"{kind}devices": f"{kind}devices:{hashed(email)}"}
    return {prefix or "account": f"{prefix or 'account'}:{hashed(email)}", f"{kind}ip": ip_key(f"{kind}ip", ip)}


def ip_key(kind: str, ip: str) -> str:
    """The address as counters name it; one of IPv6 stands for all that its household has."""
    return f"{kind}:{network_of(ip)}"


def count(app: Appliance, counters: Mapping[str, str], email: str, now: datetime) -> None:
    """Count before checking, so that guessing in parallel gains nothing. Conflict rate_limited while blocked."""
    wait = timedelta()
    with app.db.write():
        staff.forget_old_throttles(app.db, now - FORGET_FAILURES)
        wait = max(_wait_of(app, key, now) for key in counters.values())
        if wait <= timedelta():
            for kind, key in counters.items():
                _raise(app, kind, key, email, now)
    if wait > timedelta():
        raise Conflict("rate_limited", params={"seconds": max(1, round(wait.total_seconds()))})


def succeeded(app: Appliance, counters: Mapping[str, str], now: datetime) -> None:
    """It was right: the account's or the browser's failures are forgotten. One success takes back one guess of the
    address only: logging in oneself must not give an address new guesses at others."""
    with app.db.write():
        for kind, key in counters.items():
            if kind.endswith("ip"):
                _take_back(app, key, now)
            else:
                staff.clear_throttle(app.db, key)


def hashed(email: str) -> str:
    """The account as counters name it; addresses that nobody has look the same."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()


def _wait_of(app: Appliance, key: str, now: datetime) -> timedelta:
    found = staff.throttle(app.db, key)
    return found.blocked_until_at - now if found else timedelta()


def _raise(app: Appliance, kind: str, key: str, email: str, now: datetime) -> None:
    found = staff.throttle(app.db, key)
    failures = (found.failures if found else 0) + 1
    wait = _delay(failures - FREE_GUESSES[kind])
    staff.set_throttle(app.db, key, failures, now + wait, now)
    if wait > timedelta():
        user, seconds = staff.user_by_email(app.db, email), int(wait.total_seconds())
        activity.record(
            app.db, now, SYSTEM, "login_slowed", "staff_user", user.id if user else None, reason=kind,
            failures=failures, wait_seconds=seconds,
        )  # fmt: skip


def _take_back(app: Appliance, key: str, now: datetime) -> None:
    found = staff.throttle(app.db, key)
    if found:
        staff.set_throttle(app.db, key, max(0, found.failures - 1), now, now)


def _delay(over: int) -> timedelta:
    """Nothing within the free guesses, then 2, 4, 8 … seconds, a quarter of an hour at most."""
    return timedelta() if over <= 0 else min(timedelta(seconds=2 ** min(over, 20)), LONGEST_WAIT)
