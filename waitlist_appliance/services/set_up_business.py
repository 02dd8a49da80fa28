"""What the owner says of the business: its name, clock, language, colour and logo; and its policies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Final
from zoneinfo import available_timezones

from waitlist_appliance.domain import phones, pictures
from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound
from waitlist_appliance.domain.policies import PolicyError, check_together, describe, from_settings, validate
from waitlist_appliance.domain.records import Business
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.settle import look_everywhere
from waitlist_appliance.storage import activity, set_up, slots
from waitlist_appliance.texts.catalogues import LOCALES

_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]{2,}")
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
LONGEST: Final = {"name": 120, "phone": 60, "email": 254, "address": 300}


@dataclass(frozen=True, slots=True)
class About:
    """What the business says of itself. "" stands for nothing."""

    name: str
    zone: str
    locale: str
    phone_region: str
    phone: str = ""
    email: str = ""
    address: str = ""
    brand_colour: str = ""


def about(business: Business) -> About:
    """The present answers, as a form shows them."""
    return About(
        business.name, business.zone, business.locale, business.phone_region, business.phone or "",
        business.email or "", business.address or "", business.brand_colour or "",
    )  # fmt: skip


def change_business(app: Appliance, wanted: About, now: datetime, actor: Actor) -> Business:
    """Store what changed; nothing is written when nothing did.

    Invalid names the field. Conflict zone_in_use while bookings or watched times lie ahead: they are moments, and
    another clock would show them at another time of day.
    """
    good = _checked(wanted)
    with app.db.write():
        present = about(app.setup().business)
        changed = {name: value for name, value in asdict(good).items() if value != getattr(present, name)}
        if "zone" in changed:
            _move_clock(app, good.zone, now)
        if changed:
            set_up.update(app.db, "business", 1, {name: value or None for name, value in changed.items()})
            activity.record(app.db, now, actor, "business_changed", "business", 1, fields=sorted(changed))
    return app.setup().business


def set_logo(app: Appliance, content: bytes, now: datetime, actor: Actor) -> None:
    """Keep a PNG, JPEG or WebP of at most 512 kB. Invalid logo_missing, logo_large, logo_kind, logo_wide."""
    if not content:
        raise Invalid("logo_missing", "logo")
    if len(content) > pictures.LARGEST_BYTES:
        raise Invalid("logo_large", "logo")
    try:
        picture = pictures.look_at(content)
    except pictures.NoPicture as error:
        raise Invalid("logo_kind", "logo") from error
    if max(picture.width, picture.height) > pictures.LARGEST_SIDE:
        raise Invalid("logo_wide", "logo")
    with app.db.write():
        set_up.set_logo(app.db, picture.media_type, content, sha256(content).hexdigest()[:16], now)
        activity.record(app.db, now, actor, "logo_changed", "business", 1, size=len(content))


def remove_logo(app: Appliance, now: datetime, actor: Actor) -> None:
    """Show the first letter of the name again; without a logo nothing happens."""
    with app.db.write():
        if set_up.remove_logo(app.db):
            activity.record(app.db, now, actor, "logo_removed", "business", 1)


def change_policies(app: Appliance, given: Mapping[str, object], now: datetime, actor: Actor) -> dict[str, PolicyError]:
    """Store these policies, all or none; what is wrong with which one, empty when they are stored.

    One that is set to its default is no longer stored. Ends in a look at every watched time.
    """
    good, wrong = _validated(given)
    if wrong:
        return wrong
    try:
        with app.db.write():
            before = app.setup().policies
            changed = {key: value for key, value in good.items() if value != getattr(before, key)}
            for key, value in changed.items():
                _store(app, key, value, now)
                activity.record(app.db, now, actor, "set_policy", "setting", key=key, value=value)
            _follow(app, changed, now)
    except PolicyError as error:
        return {error.key: error}
    return {}


def reset_policies(app: Appliance, keys: Iterable[str], now: datetime, actor: Actor) -> dict[str, PolicyError]:
    """Give these policies their default back. NotFound for an unknown one."""
    defaults = {info.key: info.default for info in describe()}
    wanted = list(keys)
    if not set(wanted) <= set(defaults):
        raise NotFound("not_found")
    return change_policies(app, {key: defaults[key] for key in wanted}, now, actor)


@cache
def zones() -> tuple[str, ...]:
    """Every time zone that an owner would choose, in order."""
    return tuple(sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")))


def _validated(given: Mapping[str, object]) -> tuple[dict[str, object], dict[str, PolicyError]]:
    good: dict[str, object] = {}
    wrong: dict[str, PolicyError] = {}
    for key, value in given.items():
        try:
            good[key] = validate(key, value)
        except PolicyError as error:
            wrong[key] = error
    return good, wrong


def _store(app: Appliance, key: str, value: object, now: datetime) -> None:
    if value == next(info.default for info in describe() if info.key == key):
        set_up.unset_setting(app.db, key)
    else:
        set_up.set_setting(app.db, key, value, now)


def _follow(app: Appliance, changed: Mapping[str, object], now: datetime) -> None:
    """What was stored must fit together, and may have made something possible."""
    policies = from_settings(set_up.settings(app.db))
    check_together(policies)
    if "cutoff_seconds" in changed:
        slots.move_cutoffs(app.db, timedelta(seconds=policies.cutoff_seconds))
    if changed:
        look_everywhere(app, now)


def _move_clock(app: Appliance, zone: str, now: datetime) -> None:
    ahead = set_up.ahead(app.db, now)
    if ahead.bookings or ahead.slots or ahead.holds:
        raise Conflict("zone_in_use", "zone", params={"bookings": ahead.bookings, "times": ahead.slots})
    app.db.execute("UPDATE availability_rule SET zone = ?", zone)


def _checked(wanted: About) -> About:
    """The answers without spaces around them. Invalid names the first that cannot be."""
    said = About(**{name: str(value).strip() for name, value in asdict(wanted).items()})
    if not said.name:
        raise Invalid("business_name_required", "name")
    for name, longest in LONGEST.items():
        if len(getattr(said, name)) > longest:
            raise Invalid("too_long", name, params={"length": longest})
    _check_places(said)
    if said.email and not _EMAIL.fullmatch(said.email):
        raise Invalid("bad_email", "email")
    if said.brand_colour and not _COLOUR.fullmatch(said.brand_colour):
        raise Invalid("bad_colour", "brand_colour")
    return said


def _check_places(said: About) -> None:
    if said.zone not in zones():
        raise Invalid("bad_zone", "zone")
    if said.locale not in LOCALES:
        raise Invalid("bad_value", "locale", params={"field": "locale"})
    if said.phone_region not in phones.regions():
        raise Invalid("bad_region", "phone_region")
    if said.phone:
        try:
            phones.parse(said.phone, said.phone_region)
        except phones.BadPhone as error:
            raise Invalid("bad_phone", "phone") from error
