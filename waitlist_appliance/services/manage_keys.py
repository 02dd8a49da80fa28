"""API keys: what a voice agent or an automation proves itself with. Made, given a new secret without a gap, ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from waitlist_appliance.domain.errors import Invalid, NotFound
from waitlist_appliance.domain.moments import YEARS, local_day_bounds
from waitlist_appliance.domain.records import ApiKey
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.business import business
from waitlist_appliance.storage import activity, api_keys

# How long the secret until now may go on working beside the new one.
OVERLAPS: Final[Mapping[str, timedelta]] = MappingProxyType(
    {"0": timedelta(), "1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7)}
)
USUAL_OVERLAP: Final = "24h"
# So long before a key's date people are told.
WARNED_BEFORE: Final = timedelta(days=14)
# Nobody misses a key that nobody used for so long.
IDLE_AFTER: Final = timedelta(days=90)


def create(
    app: Appliance, name: str, scopes: Collection[str], now: datetime, actor: Actor, expires_on: date | None = None
) -> tuple[ApiKey, str]:
    """A key and its secret, which nobody can read again. It works to the end of ``expires_on``.

    Invalid name_missing, too_long, scopes_missing, bad_value, key_date_past.
    """
    name = " ".join(name.split())
    if not name:
        raise Invalid("name_missing", "name")
    if len(name) > 80:
        raise Invalid("too_long", "name", params={"length": 80})
    if not scopes:
        raise Invalid("scopes_missing", "scopes")
    if not set(scopes) <= set(api_keys.SCOPES):
        raise Invalid("bad_value", "scopes", params={"field": "scopes"})
    expires_at = _end_of(app, expires_on, now)
    with app.db.write():
        key, secret = api_keys.create(app.db, name, [s for s in api_keys.SCOPES if s in scopes], now, expires_at)
        activity.record(app.db, now, actor, "key_created", "api_key", key.id, name=name)
    return key, secret


def rotate(
    app: Appliance, key_id: str, overlap: str, now: datetime, actor: Actor, expires_on: date | None = None
) -> tuple[ApiKey, str]:
    """The key with a new secret; the one until now works for ``overlap`` (OVERLAPS) longer, an older one no more.

    It gets a new date as well, or none; one that is past its date comes back so. NotFound where it was revoked;
    Invalid bad_value, key_date_past.
    """
    if overlap not in OVERLAPS:
        raise Invalid("bad_value", "overlap", params={"field": "overlap"})
    expires_at = _end_of(app, expires_on, now)
    with app.db.write():
        key = api_keys.by_id(app.db, key_id)
        # A secret that had ended with its key does not come back to life beside the new one.
        lasts = OVERLAPS[overlap] if key is not None and api_keys.is_in_force(key, now) else timedelta()
        secret = api_keys.rotate(app.db, key, now + lasts if lasts else None, expires_at) if key else None
        if key is None or secret is None:
            raise NotFound("not_found")
        activity.record(app.db, now, actor, "key_rotated", "api_key", key.id, name=key.name, overlap=overlap)
        found = api_keys.by_id(app.db, key_id)
    assert found is not None
    return found, secret


def revoke(app: Appliance, key_id: str, now: datetime, actor: Actor) -> None:
    """End the key at once, both its secrets. NotFound when none in force has this id."""
    with app.db.write():
        if not api_keys.revoke(app.db, key_id, now):
            raise NotFound("not_found")
        name = app.db.value("SELECT name FROM api_key WHERE public_id = ?", key_id)
        activity.record(app.db, now, actor, "key_revoked", "api_key", None, name=name)


def forget_previous(app: Appliance, now: datetime) -> int:
    """Forget the secrets whose time beside their successor is over; how many."""
    return api_keys.forget_previous(app.db, now)


def ending(app: Appliance, now: datetime) -> list[ApiKey]:
    """Keys that end soon or have ended, and that nobody has revoked."""
    return api_keys.ending(app.db, now + WARNED_BEFORE)


def is_idle(key: ApiKey, now: datetime) -> bool:
    """Whether nobody has used it for a long time."""
    return now - (key.last_used_at or key.created_at) > IDLE_AFTER


def _end_of(app: Appliance, day: date | None, now: datetime) -> datetime | None:
    """The end of that day on the business's clock."""
    if day is None:
        return None
    if day.year not in YEARS:
        raise Invalid("bad_value", "expires", params={"field": "expires"})
    ends_at = local_day_bounds(day, business(app).tz)[1]
    if ends_at <= now:
        raise Invalid("key_date_past", "expires")
    return ends_at
