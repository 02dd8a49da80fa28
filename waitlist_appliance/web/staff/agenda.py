"""The agenda: a day by resource, a week in sums, a day as a list; one booking in its panel; events."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode

from flask import Response, request, session

from waitlist_appliance.domain.errors import Invalid, NotFound, Refused
from waitlist_appliance.domain.moments import local_day_bounds, parse_when
from waitlist_appliance.services import block_time, booking_acts, edit_events, move_booking, staff_login, undo_event
from waitlist_appliance.services.block_time import Within
from waitlist_appliance.services.undo_event import CancelledEvent
from waitlist_appliance.storage import agenda_reads, staff_pages
from waitlist_appliance.storage.agenda_reads import AgendaLine
from waitlist_appliance.texts import dates
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box, the_business
from waitlist_appliance.web.staff import auth, day_grid, page, times, words
from waitlist_appliance.web.staff.once import once
from waitlist_appliance.web.staff.week import monday_of, week

HOME = "/staff/agenda"
VIEWS = ("day", "week", "list")
UNDO_FOR = timedelta(minutes=2)
LONGEST_NIGHT = timedelta(hours=16)  # longer than this nobody meant the night that follows
BOTH_UP_TO = 200  # more than this is not sent twice, as grid and as list


def overview() -> str:
    """The day and the view in the address; without a view both day and list come, and the width decides."""
    return render(times.day_of(request.args.get("day")) or times.today())


def render(
    day: date, *, given: dict[str, str] | None = None, errors: dict[str, str] | None = None,
    panel_errors: dict[str, str] | None = None, others: Sequence[datetime] = (), booking: str | None = None,
    within: Within | None = None,
) -> str:  # fmt: skip
    """The agenda with a form's answers and faults, where there are any."""
    asked = request.args.get("view", "")
    view = asked if asked in VIEWS else ""
    shown = _week(day) if view == "week" else _day(day, view)
    step = timedelta(days=7 if view == "week" else 1)
    return page.render(
        "agenda.html", "agenda", chosen=day, view=view, before=day - step, after=day + step, today=times.today(),
        resources=staff_pages.resource_names(box().db), given=given or {}, errors=errors or {},
        panel_errors=panel_errors or {}, others=others, panel=panel(booking or request.args.get("booking")), at=address,
        clock_of=_clock_of(), undo=_undo(), within=within, **shown,
    )  # fmt: skip


def address(day: date, view: str = "", **more: str) -> str:
    """The agenda's address for a day and a view."""
    query = {"view": view, "day": "" if day == times.today() else day.isoformat(), **more}
    said = urlencode({name: value for name, value in query.items() if value})
    return HOME + ("?" + said if said else "")


def panel(public_id: str | None) -> dict[str, Any] | None:
    """One booking with its history; None where none is asked for or it is gone."""
    found = agenda_reads.booking(box().db, public_id) if public_id else None
    if found is None:
        return None
    return {
        "booking": found,
        "history": agenda_reads.history(box().db, found.id),
        "said": agenda_reads.said(box().db, found.id),
        "can_move": found.status in move_booking.MOVABLE and found.starts_at > current_time(),
        "begun": found.starts_at <= current_time(),
        "stuck": found.starts_at > current_time()
        and booking_acts.stuck(found.status, found.pending_since_at, current_time()),
        "deed": deed,
    }


def deed(verb: str) -> str:
    """What happened, in words; a verb without words yet is shown readably, never left out."""
    known = words.DEEDS.get(verb)
    return page.say().gettext(known) if known else verb.replace("_", " ").capitalize()


def add_event() -> Any:
    """Block a time in the built-in calendar; what of ours lies in it is named first."""
    given = _given()
    day = times.day_of(given.get("date")) or times.today()
    try:
        starts_at, ends_at = _bounds(given)
        if not given.get("title"):
            raise Invalid("name_required", "title")
        return once(lambda: (_add(given, starts_at, ends_at), _back(day)))
    except Refused as refused:
        if refused.code == "time_in_use":
            return render(day, given=given, within=_within(refused.extra)), 409
        return render(day, given=given, errors=page.field_errors(refused)), 422


def move_event(event_id: str) -> Any:
    """Put an event at another time; what it leaves is offered to the waitlist."""
    _ = page.say().gettext
    given, before = _given(), _event(event_id)

    def move() -> None:
        starts_at, ends_at = _bounds(given)
        resource = given.get("resource")
        edit_events.move_event(
            box(), event_id, starts_at, ends_at, resource, current_time(), auth.actor(), everywhere=resource == ""
        )

    back = _back(times.day_of(given.get("date")) or times.today())
    return page.act(move, _("“{title}” was moved.").format(title=before.title), back)


def cancel_event(event_id: str) -> Response:
    """Take an event out of the agenda; its time is offered to the waitlist."""
    _ = page.say().gettext
    event = _event(event_id)

    def cancel() -> None:
        edit_events.cancel_event(box(), event_id, current_time(), auth.actor())
        session["undo"] = {
            "title": event.title, "from": event.starts_at.isoformat(), "until": event.ends_at.isoformat(),
            "resource": event.resource_name, "busy": event.status == "busy", "at": current_time().isoformat(),
        }  # fmt: skip

    said = _("“{title}” is cancelled.").format(title=event.title)
    return page.act(cancel, f"{said} {page.what_follows()}", page.back_to(HOME))


def undo_cancel() -> Response:
    """Put the event back that was just cancelled here."""
    _ = page.say().gettext
    event = _undo()

    def put_back() -> None:
        if event is None:
            raise NotFound("undo_too_late")
        undo_event.put_back(box(), event, current_time(), auth.actor())
        session.pop("undo", None)

    title = event.title if event else ""
    return page.act(put_back, _("“{title}” is back in the agenda.").format(title=title), page.back_to(HOME))


def _week(day: date) -> dict[str, Any]:
    setup = box().setup()
    monday = monday_of(day)
    since, until = local_day_bounds(monday, setup.zone)[0], local_day_bounds(monday + timedelta(days=7), setup.zone)[1]
    loads, waits = agenda_reads.loads(box().db, since, until), agenda_reads.waiting(box().db, since, until)
    days = week(monday, setup.default_rule, loads, waits, len(setup.resources))
    return {"days": days, "noon": _noon(monday), "week_ends": _noon(monday + timedelta(days=6)), "noon_of": _noon}


def _day(day: date, view: str) -> dict[str, Any]:
    setup, now = box().setup(), current_time()
    since, until = local_day_bounds(day, setup.zone)
    lines = agenda_reads.agenda(box().db, since, until)
    waits = agenda_reads.waiting(box().db, since, until)
    columns = agenda_reads.columns(box().db)
    return {
        "noon": _noon(day),
        "lines": lines,
        "now_before": _now_before(lines, since, until, now),
        "waits": waits,
        "columns": columns,
        "both": not view and len(lines) <= BOTH_UP_TO,
        "grid": None if view == "list" else day_grid.grid(day, setup.default_rule, columns, lines, waits, now),
    }


def _noon(day: date) -> datetime:
    since, until = local_day_bounds(day, the_business().tz)
    return since + (until - since) / 2


def _clock_of() -> Any:
    """The time of day in the reader's language; a day repeats the same few hundreds of times."""
    zone, language = the_business().tz, page.locale()
    return cache(lambda when: dates.time_of_day(when, zone, language))


def _now_before(lines: list[AgendaLine], since: datetime, until: datetime, now: datetime) -> int | None:
    """The index of the line before which the mark of now stands; None on another day."""
    if not since <= now < until:
        return None
    return sum(1 for line in lines if line.starts_at <= now)


def _undo() -> CancelledEvent | None:
    """The event that was just cancelled in this browser, while it can be put back."""
    kept = session.get("undo")
    if kept is None or not staff_login.may(auth.the_user(), "bookings.create"):
        return None
    if current_time() - parse_when(kept["at"], the_business().tz) > UNDO_FOR:
        session.pop("undo")
        return None
    zone = the_business().tz
    event = CancelledEvent(
        kept["title"], parse_when(kept["from"], zone), parse_when(kept["until"], zone), kept["resource"], kept["busy"]
    )
    return event if undo_event.can_put_back(box(), event) else None


def _add(given: dict[str, str], starts_at: datetime, ends_at: datetime) -> str:
    """Add the event; what is said about it."""
    title, resource = given["title"], given.get("resource") or None
    seen = _seen(given.get("within", ""))
    block_time.block(box(), title[:300], starts_at, ends_at, resource, current_time(), auth.actor(), seen)
    return page.say().gettext("“{title}” is in the agenda.").format(title=title)


def _within(counts: Mapping[str, Any]) -> Within:
    return Within(**{name: int(count) for name, count in counts.items()})


def _seen(said: str) -> Within | None:
    """What the button "Block all the same" says was shown: bookings, holds and offers."""
    found = re.fullmatch(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})", said, re.ASCII)
    return Within(*map(int, found.groups())) if found else None


def _given() -> dict[str, str]:
    return {name: value.strip() for name, value in request.form.items()}


def _bounds(given: dict[str, str]) -> tuple[datetime, datetime]:
    starts_at = times.moment(given.get("date"), given.get("from"), "from")
    ends_at = times.moment(given.get("date"), given.get("until"), "until")
    if ends_at <= starts_at:
        # "22:00 to 00:30" means the night that follows.
        ends_at = times.moment(str(_next(given["date"])), given.get("until"), "until")
        if ends_at - starts_at > LONGEST_NIGHT:
            raise Invalid("ends_before_start", "until")
    return starts_at, ends_at


def _next(day: str) -> date:
    return date.fromisoformat(day) + timedelta(days=1)


def _event(event_id: str) -> AgendaLine:
    event = agenda_reads.event(box().db, event_id)
    if event is None:
        raise NotFound("not_found")
    return event


def _back(day: date) -> str:
    view = request.form.get("view", "")
    return address(day, view if view in VIEWS else "")
