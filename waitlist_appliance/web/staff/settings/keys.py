"""API keys: what programs prove themselves with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from flask import flash, request

from waitlist_appliance.domain.errors import Conflict, Invalid, Refused
from waitlist_appliance.domain.records import ApiKey
from waitlist_appliance.services import manage_keys
from waitlist_appliance.storage import api_keys
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box, the_business
from waitlist_appliance.web.staff import auth, page
from waitlist_appliance.web.staff.once import once, page_key
from waitlist_appliance.web.staff.settings import frame

HOME = "/staff/settings/keys"
_OVERLAPS: Final = (
    ("24h", N_("one more day")), ("7d", N_("one more week")), ("1h", N_("one more hour")), ("0", N_("not any more")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """A key as a row: ``last_day`` ends when it does, ``previous_until`` is when its old secret stops."""

    key: ApiKey
    may_do: frozenset[str]
    ended: bool
    ends_soon: bool
    idle: bool
    last_day: datetime | None
    previous_until: datetime | None


def overview() -> Any:
    """All keys, and one that was just made."""
    return _page({})


def create() -> Any:
    """A new key; the next page shows its secret, once."""
    if not auth.recently_proved():
        return auth.ask_again(HOME)
    form = request.form

    def doing() -> tuple[str, str]:
        key, secret = manage_keys.create(
            box(), form.get("name", ""), form.getlist("scopes"), current_time(), auth.actor(), _day("expires")
        )
        frame.keep_once("key", name=key.name, secret=secret)
        return page.say().gettext(N_("The key is below. It is shown this once only.")), HOME

    try:
        return once(doing, page_key())
    except (Invalid, Conflict) as refused:
        return _page(page.field_errors(refused), 422)


def rotate(key_id: str) -> Any:
    """A new secret for a key; the one until now may go on working for a while."""
    if not auth.recently_proved():
        return auth.ask_again(HOME)
    overlap = request.form.get("overlap", manage_keys.USUAL_OVERLAP)

    def doing() -> tuple[str, str]:
        key, secret = manage_keys.rotate(box(), key_id, overlap, current_time(), auth.actor(), _day("expires"))
        frame.keep_once("key", name=key.name, secret=secret)
        return page.say().gettext(N_("The new secret is below. It is shown this once only.")), HOME

    # Once only: a second click would end the secret in use, in favour of one that nobody saw.
    try:
        return once(doing, page_key())
    except Refused as refused:
        flash(page.sentence(refused.code, **refused.params), "bad")
        return page.go(HOME)


def revoke(key_id: str) -> Any:
    """End a key."""
    return frame.act(
        lambda: manage_keys.revoke(box(), key_id, current_time(), auth.actor()),
        N_("The key is revoked. Whoever uses it is refused from now on."), HOME,
    )  # fmt: skip


def _day(name: str) -> date | None:
    text = request.form.get(name, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("bad_value", name, params={"field": name}) from error


def _page(errors: dict[str, str], status: int = 200) -> Any:
    found, now = list(reversed(api_keys.every(box().db))), current_time()
    typed = {name: request.form.get(name, "") for name in ("name", "expires")}
    chosen = set(request.form.getlist("scopes")) if request.method == "POST" else set(api_keys.SCOPES[:7])
    return frame.render(
        "keys.html", "keys", status=status, used=[_shown(key, now) for key in found if key.revoked_at is None],
        revoked=[key for key in found if key.revoked_at is not None][:50], scopes=api_keys.SCOPES,
        errors=errors, given=typed, chosen=chosen, fresh=frame.shown_once("key"), overlaps=_OVERLAPS,
        tomorrow=(now.astimezone(the_business().tz) + timedelta(days=1)).date(),
        address=box().url("/api/waitlist/trigger"),
    )  # fmt: skip


def _shown(key: ApiKey, now: datetime) -> Shown:
    ends, until = key.expires_at, key.previous_until_at
    # It ends at midnight: the second before belongs to the day that people entered.
    last_day = (ends - timedelta(seconds=1)).astimezone(the_business().tz) if ends else None
    return Shown(
        key, api_keys.scopes_of(key), ended=not api_keys.is_in_force(key, now),
        ends_soon=ends is not None and ends - now <= manage_keys.WARNED_BEFORE, idle=manage_keys.is_idle(key, now),
        last_day=last_day, previous_until=until if until and until > now else None,
    )  # fmt: skip
