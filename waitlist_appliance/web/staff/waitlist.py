"""The waitlist page: who needs a person, who is in play, who waits; and what a host can do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Response, request

from waitlist_appliance.domain.errors import NotFound, Refused
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.records import Activity
from waitlist_appliance.services import add_by_hand, explain, join_waitlist, leave_waitlist, staff_acts
from waitlist_appliance.storage import activity, message_reads, staff_pages
from waitlist_appliance.storage.staff_pages import Line
from waitlist_appliance.texts.catalogues import LOCALES
from waitlist_appliance.texts.reasons import why_not
from waitlist_appliance.web.api import schemas
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, desk_form, page, times, waitlist_filter, words
from waitlist_appliance.web.validation import Schema

HOME = auth.HOME
PAGE = 50
ENDED_SHOWN = 10
PRIORITY_STEP = 10
LAST = 1000
OTHER_TIMES = ("1", "2")
FIELDS = (
    "starts_at", "first_name", "last_name", "phone", "email", "party_size", "zone", "resource", "notes", "consent", "times",
)  # fmt: skip
PERSON = Schema("Person", (
    replace(schemas.PHONE, required=True, missing="bad_phone"), schemas.FIRST_NAME, schemas.LAST_NAME, schemas.EMAIL,
    replace(schemas.PARTY, required=True, missing="bad_party_size"), schemas.ZONE, schemas.RESOURCE,
    schemas.NOTES,
))  # fmt: skip


def overview() -> str:
    """The three groups, and below them those who have left the list."""
    wanted, chosen = waitlist_filter.read()
    playing = staff_pages.in_play(box().db, wanted)
    needs = [line for line in playing if line.needs_a_person] + staff_pages.unreachable(box().db, wanted)
    seen = {line.id for line in needs}
    waiting, more_waiting = _cut(
        staff_pages.in_line(box().db, wanted, waitlist_filter.cursor("after", 3), PAGE + 1), PAGE
    )
    shown = ENDED_SHOWN if not chosen["status"] else PAGE
    over, more_over = _cut(staff_pages.ended(box().db, wanted, waitlist_filter.cursor("before", 2), shown + 1), shown)
    groups = {
        "needs": needs,
        "play": [line for line in playing if line.id not in seen],
        "waiting": [line for line in waiting if line.id not in seen],
        "ended": over,
    }
    everybody = [line.id for lines in groups.values() for line in lines]
    return page.render(
        "waitlist.html", "waitlist", groups=groups, wishes=staff_pages.wishes(box().db, everybody), chosen=chosen,
        places=staff_pages.places(box().db, [line.id for line in groups["waiting"]]), sources=words.SOURCES,
        counts=staff_pages.counts(box().db),
        statuses=waitlist_filter.STATUSES, with_query=waitlist_filter.address, today=times.today(),
        tomorrow=times.today() + timedelta(days=1), next_waiting=_after(waiting) if more_waiting else None,
        next_ended=_before(over) if more_over else None,
    )  # fmt: skip


def person(entry_id: str) -> str:
    """One entry: its times with the place in line, why it was not offered them, its history and messages."""
    line = _line(entry_id)
    return page.render(
        "entry.html", "waitlist", line=line, wishes=staff_pages.wishes(box().db, [line.id]).get(line.id, []),
        whys={why.starts_at: why for why in explain.why(box(), entry_id, current_time())},
        history=activity.of_entry(box().db, line.id), messages=staff_pages.messages_of_entry(box().db, line.id),
        customer_public_id=message_reads.customer_public_id(box().db, line.customer_id), why_words=_why_words,
        deed=_deed, reason=_reason,
    )  # fmt: skip


def add() -> Any:
    """GET shows the form; POST puts a person on the list, or says beside the field what is wrong."""
    if request.method != "POST":
        return _form({}, {})
    given = {name: value.strip() for name, value in request.form.items()}
    if "prefill" in given:  # a refused booking comes along with what was typed
        first, _, last = given.get("name", "").partition(" ")
        return _form({"first_name": first, "last_name": last, **given}, {})
    try:
        asked = _request(given)
        joined = add_by_hand.add(box(), asked, times.typed(OTHER_TIMES), current_time(), auth.actor())
    except Refused as refused:
        return _form(given, page.field_errors(refused, FIELDS), refused.code), 422
    _ = page.say().gettext
    name = given.get("first_name") or given["phone"]
    text = _("{name} is on the waitlist.") if joined.created else _("{name} was already on the waitlist for that time.")
    return page.act(lambda: None, text.format(name=name), f"{HOME}/{joined.entry.public_id}")


def offer_now(entry_id: str) -> Response:
    """Offer a free time to this person, whoever is before them."""
    _ = page.say().gettext
    slot = request.form.get("slot") or None
    return _act(
        entry_id, lambda: staff_acts.notify(box(), entry_id, current_time(), auth.actor(), slot_public_id=slot),
        _("The offer is on its way to {name}. The clock starts when it is sent."),
    )  # fmt: skip


def approve(entry_id: str) -> Response:
    """Send the proposed offer."""
    _ = page.say().gettext
    return _act(
        entry_id, lambda: staff_acts.approve(box(), _offer_of(entry_id), current_time(), auth.actor()),
        _("Approved: the offer is on its way to {name}."),
    )  # fmt: skip


def withdraw(entry_id: str) -> Response:
    """Take the offer back; what follows is as offers are switched."""
    _ = page.say().gettext
    return _act(
        entry_id, lambda: staff_acts.withdraw(box(), _offer_of(entry_id), current_time(), auth.actor()),
        _("The offer to {name} is withdrawn.") + " " + page.what_follows(),
    )  # fmt: skip


def earlier(entry_id: str) -> Response:
    """Serve this person before others."""
    _ = page.say().gettext
    return _shift(entry_id, -PRIORITY_STEP, _("{name} moved up and is served earlier."))


def later(entry_id: str) -> Response:
    """Serve this person after others."""
    _ = page.say().gettext
    return _shift(entry_id, PRIORITY_STEP, _("{name} moved down and is served later."))


def cancel(entry_id: str) -> Response:
    """Take this person off the list."""
    _ = page.say().gettext
    reason = request.form.get("reason", "").strip()[:200] or "by_staff"

    def take_off() -> None:
        entry = staff_acts.entry_named(box(), entry_id)
        leave_waitlist.cancel_entry(box(), entry, current_time(), auth.actor(), reason)

    return _act(entry_id, take_off, _("{name} is off the waitlist."))


def reopen(entry_id: str) -> Response:
    """Put an expired entry back, at the end of the line."""
    _ = page.say().gettext
    return _act(
        entry_id, lambda: staff_acts.reopen(box(), entry_id, current_time(), auth.actor()),
        _("{name} is back on the waitlist, at the end of the line."),
    )  # fmt: skip


def _act(entry_id: str, doing: Callable[[], object], done: str) -> Response:
    line = _line(entry_id)
    return page.act(doing, done.format(name=line.name or line.phone), page.back_to(HOME))


def _shift(entry_id: str, by: int, done: str) -> Response:
    priority = min(max(0, _line(entry_id).priority + by), LAST)
    return _act(
        entry_id, lambda: staff_acts.set_priority(box(), entry_id, priority, current_time(), auth.actor()), done
    )


def _line(entry_id: str) -> Line:
    line = staff_pages.line(box().db, entry_id)
    if line is None:
        raise NotFound("not_found")
    return line


def _offer_of(entry_id: str) -> str:
    line = _line(entry_id)
    if line.offer_public_id is None:
        raise NotFound("offer_over")
    return line.offer_public_id


def _request(given: dict[str, str]) -> join_waitlist.JoinRequest:
    starts_at, said = desk_form.read(PERSON, given, lambda: times.moment(given.get("date"), given.get("time")), consent=True)
    return join_waitlist.JoinRequest(
        starts_at=starts_at, source="manual", registered=True, consent="consent" in given, force="force" in given,
        alternatives=(), locale=given.get("locale") if given.get("locale") in LOCALES else None, **said,
    )  # fmt: skip


def _form(given: dict[str, str], errors: dict[str, str], code: str = "") -> str:
    return page.render(
        "add_person.html", "waitlist", given=given, errors=errors, code=code, zones=staff_pages.zones(box().db),
        resources=staff_pages.resource_names(box().db), locales=LOCALES, other_times=OTHER_TIMES, today=times.today(),
    )  # fmt: skip


def _cut(lines: list[Line], limit: int) -> tuple[list[Line], bool]:
    return lines[:limit], len(lines) > limit


def _after(lines: list[Line]) -> str:
    last = lines[-1]
    lined_up = to_ms(last.lined_up_at) if last.lined_up_at else staff_pages.NEVER
    return f"{last.priority}.{lined_up}.{last.id}"


def _before(lines: list[Line]) -> str:
    return f"{to_ms(lines[-1].created_at)}.{lines[-1].id}"


def _deed(event: Activity) -> str:
    """What happened, in words; a verb without words yet is shown readably, never left out."""
    known = words.DEEDS.get(event.verb)
    return page.say().gettext(known) if known else event.verb.replace("_", " ").capitalize()


def _reason(event: Activity) -> str:
    """Why it happened: a sentence for our own codes, and what a person typed as it is."""
    known = words.REASONS.get(event.reason or "")
    return page.say().gettext(known) if known else (event.reason or "").replace("_", " ")


def _why_words(why: explain.Why) -> str:
    return why_not(why.answer_code, page.locale())
