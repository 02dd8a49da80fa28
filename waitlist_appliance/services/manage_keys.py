"""API keys: what a voice agent or an automation proves itself with."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from waitlist_appliance.domain.errors import Invalid, NotFound
from waitlist_appliance.domain.records import ApiKey
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.storage import activity, api_keys


def create(app: Appliance, name: str, scopes: Collection[str], now: datetime, actor: Actor) -> tuple[ApiKey, str]:
    """A key and its secret, which nobody can read again. Invalid name_missing, too_long, scopes_missing, bad_value."""
    name = " ".join(name.split())
    if not name:
        raise Invalid("name_missing", "name")
    if len(name) > 80:
        raise Invalid("too_long", "name", params={"length": 80})
    if not scopes:
        raise Invalid("scopes_missing", "scopes")
    if not set(scopes) <= set(api_keys.SCOPES):
        raise Invalid("bad_value", "scopes", params={"field": "scopes"})
    with app.db.write():
        key, secret = api_keys.create(app.db, name, [s for s in api_keys.SCOPES if s in scopes], now)
        activity.record(app.db, now, actor, "key_created", "api_key", key.id, name=name)
    return key, secret


def revoke(app: Appliance, key_id: str, now: datetime, actor: Actor) -> None:
    """End the key at once. NotFound when none in force has this id."""
    with app.db.write():
        if not api_keys.revoke(app.db, key_id, now):
            raise NotFound("not_found")
        name = app.db.value("SELECT name FROM api_key WHERE public_id = ?", key_id)
        activity.record(app.db, now, actor, "key_revoked", "api_key", None, name=name)
