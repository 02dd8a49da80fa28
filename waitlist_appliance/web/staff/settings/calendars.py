"""Connected calendars: how each is, what it is for, and everything one can do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from flask import request, session, url_for

from waitlist_appliance.services import manage_calendars
from waitlist_appliance.services.manage_calendars import CalendarCard, Use
from waitlist_appliance.texts import calendar_trouble
from waitlist_appliance.texts.calendar_trouble import Words
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, page
from waitlist_appliance.web.staff.settings import calendar_words, frame

HOME = "/staff/settings/calendars"
LOG_LINES = 100
_TRIED = "calendar_tried"


@dataclass(frozen=True, slots=True)
class Shown:
    """A card with its state in words, what is wrong and what to offer about it, and how a try just went."""

    card: CalendarCard
    state: str
    trouble: Words | None
    remedy: str
    tried: dict[str, Any] | None


def overview() -> Any:
    """All connections and the ways to connect another."""
    now = current_time()
    tried = session.pop(_TRIED, None)
    cards = [shown(card, tried) for card in manage_calendars.status(box(), now)]
    outside = [one for one in cards if one.card.connection.provider != "local"]
    outside.sort(key=lambda one: one.state not in calendar_words.URGENT)
    built_in = next((one for one in cards if one.card.connection.provider == "local"), None)
    return _render("calendars.html", cards=outside, built_in=built_in)


def one(calendar_id: str) -> Any:
    """What one connection is called and is for; switching it off, letting it go."""
    return _one(calendar_id, {})


def rename(calendar_id: str) -> Any:
    """Another name for it here."""
    return frame.store(
        lambda: manage_calendars.rename(
            box(), calendar_id, request.form.get("name", ""), current_time(), auth.actor()
        ),
        N_("Saved."), address_of(calendar_id), lambda errors: _one(calendar_id, errors, 422),
    )  # fmt: skip


def use(calendar_id: str) -> Any:
    """What it is for."""
    form = request.form
    return frame.store(
        lambda: manage_calendars.use_for(
            box(), calendar_id, form.getlist("resource"), cast("Use", form.get("scope", "")), current_time(),
            auth.actor(),
        ),
        N_("Saved. The calendar is read anew, then it counts."), place_of(calendar_id),
        lambda errors: _one(calendar_id, errors, 422),
    )  # fmt: skip


def switch(calendar_id: str) -> Any:
    """On or off."""
    on = request.form.get("to") == "on"
    done = N_("The calendar is on. It is read now.") if on else N_(
        "The calendar is off. Whatever uses it counts as busy until it is on again."
    )  # fmt: skip
    return frame.act(
        lambda: manage_calendars.switch(box(), calendar_id, on, current_time(), auth.actor()), done,
        page.back_to(place_of(calendar_id)),
    )  # fmt: skip


def read_now(calendar_id: str) -> Any:
    """Ask the worker to read it."""
    return frame.act(
        lambda: manage_calendars.sync_now(box(), calendar_id, current_time()),
        N_("It is being read. What changed shows in a moment."), page.back_to(place_of(calendar_id)),
    )  # fmt: skip


def test(calendar_id: str) -> Any:
    """Try it; its card says how that went."""
    result = manage_calendars.test(box(), calendar_id, current_time())
    session[_TRIED] = {
        "id": calendar_id, "ok": result.ok, "trouble": result.trouble, "calendars": result.calendars,
        "events": result.events_ahead, "took_ms": result.took_ms,
    }  # fmt: skip
    return page.go(place_of(calendar_id))


def answer_held(calendar_id: str) -> Any:
    """Staff decide about many changes at once."""
    apply = request.form.get("answer") == "apply"
    done = N_("The changes count. Those concerned are told.") if apply else N_(
        "Our bookings stay. They are written to the calendar again."
    )  # fmt: skip
    return frame.act(
        lambda: manage_calendars.answer_held(box(), calendar_id, apply, current_time(), auth.actor()), done,
        place_of(calendar_id),
    )  # fmt: skip


def disconnect(calendar_id: str) -> Any:
    """Let it go; with bookings ahead only when that was ticked."""
    force = bool(request.form.get("force"))
    return frame.store(
        lambda: manage_calendars.disconnect(box(), calendar_id, current_time(), auth.actor(), force=force),
        N_("The calendar is disconnected, and the permission is given back."), HOME,
        lambda errors: _one(calendar_id, errors, 422),
    )  # fmt: skip


def log(calendar_id: str) -> Any:
    """The newest reads."""
    card = manage_calendars.card(box(), calendar_id, current_time())
    lines = [
        (line, told(line.trouble)) for line in manage_calendars.sync_log(box(), calendar_id, LOG_LINES)
    ]  # fmt: skip
    return _render("calendar_log.html", one=shown(card), lines=lines)


def shown(card: CalendarCard, tried: dict[str, Any] | None = None) -> Shown:
    """The card in words."""
    about = tried if tried and tried.get("id") == card.connection.public_id else None
    if about:
        about = {**about, "words": told(about["trouble"])}
    return Shown(card, calendar_words.state_of(card), told(card.trouble), calendar_words.remedy_of(card), about)


def told(trouble: str | None) -> Words | None:
    """A trouble in the desk's language; None for none and for one that no words are known for."""
    if trouble is None or trouble not in calendar_trouble.TROUBLES:
        return None
    return calendar_trouble.told(trouble, page.locale())


def place_of(calendar_id: str) -> str:
    """Its card among the others."""
    return f"{HOME}#c-{calendar_id}"


def address_of(calendar_id: str) -> str:
    """Its own page."""
    return url_for("staff.calendar", calendar_id=calendar_id)


def _one(calendar_id: str, errors: dict[str, str], status: int = 200) -> Any:
    card = manage_calendars.card(box(), calendar_id, current_time())
    typed = request.form if errors else {}
    writes, blocked = ({used.public_id for used in group} for group in (card.written_by, card.blocks))
    scope = typed.get("scope") or (
        "business" if card.connection.takes_everything
        else "block" if card.connection.read_only or (blocked and not writes) else "write"
    )  # fmt: skip
    chosen = set(request.form.getlist("resource")) if "scope" in typed else writes if scope == "write" else blocked
    uses = {key: words for key, words in calendar_words.USES.items() if key != "write" or not card.connection.read_only}
    return _render(
        "calendar.html", status=status, one=shown(card), errors=errors, uses=uses, scope=scope, chosen=chosen,
        given={"name": typed.get("name", card.connection.name)}, resources=list(box().setup().resources.values()),
    )  # fmt: skip


def _render(template: str, status: int = 200, **context: Any) -> Any:
    return frame.render(template, "calendars", status=status, cal=calendar_words, **context)
