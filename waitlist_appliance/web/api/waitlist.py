"""Joining, and what the voice agent and n8n see of the waitlist."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response

from waitlist_appliance.domain.errors import Invalid, NotFound
from waitlist_appliance.domain.moments import local_day_bounds
from waitlist_appliance.domain.records import Entry, Slot
from waitlist_appliance.services import change_wishes, explain, join_waitlist, leave_waitlist, staff_acts
from waitlist_appliance.services.appliance import Actor
from waitlist_appliance.services.join_waitlist import Joined, JoinRequest
from waitlist_appliance.storage import api_reads, entries
from waitlist_appliance.storage.api_reads import EntryRead
from waitlist_appliance.texts import reasons
from waitlist_appliance.web.api import schemas
from waitlist_appliance.web.api.answers import answer, iso
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import api_actor, box, require_business, the_business
from waitlist_appliance.web.i18n import locale
from waitlist_appliance.web.validation import read_body, read_query

SOURCES = ("voice_agent", "web", "manual")


def trigger() -> Response:
    """A caller's wanted time is taken: queue them and send the link. Nothing outside is called."""
    return _join(api_actor(), default_source="voice_agent")


def add_entry() -> Response:
    """Somebody added by hand."""
    return _join(api_actor(), default_source="manual")


def list_entries() -> Response:
    """A page of entries, newest first, with the cursor of the next."""
    asked = read_query(schemas.ENTRIES_QUERY, the_business().tz)
    bounds = None if asked["date"] is None else local_day_bounds(asked["date"], the_business().tz)
    page = api_reads.entries(
        box().db, status=asked["status"], day=bounds, slot=asked["slot"], q=asked["q"], cursor=asked["cursor"],
        limit=asked["limit"] or 50,
    )  # fmt: skip
    said = [entry_json(entry) for entry in page.items]
    return answer({"success": True, "entries": said, "nextCursor": page.next_cursor})


def show_entry(entry_id: str) -> Response:
    """One entry with its wishes, their places in line, and its last offer."""
    return answer({"success": True, "entry": _whole(entry_id)})


def change_entry(entry_id: str) -> Response:
    """Its priority, notes or wished times; the place in line stays."""
    asked = read_body(schemas.ENTRY_CHANGE, the_business().tz)
    now, actor = current_time(), api_actor()
    with box().db.write():
        entry = api_reads.entry(box().db, entry_id)
        if asked["priority"] is not None:
            staff_acts.set_priority(box(), entry_id, asked["priority"], now, actor)
        if asked["notes"] is not None:
            staff_acts.set_notes(box(), entry_id, asked["notes"], now, actor)
        if asked["selected"] is not None:
            token = box().token("registration", entry.id, now)
            change_wishes.change(box(), token, asked["selected"], None, None, now, actor)
    return answer({"success": True, "entry": _whole(entry_id)})


def cancel_entry(entry_id: str) -> Response:
    """Off the list; a live offer ends and the next is asked."""
    asked = read_body(schemas.REASON, the_business().tz)
    entry = entries.by_public_id(box().db, entry_id)
    if entry is None:
        raise NotFound("not_found")
    leave_waitlist.cancel_entry(box(), entry, current_time(), api_actor(), asked["reason"] or "cancelled")
    return answer({"success": True, "entry": _whole(entry_id)})


def notify_entry(entry_id: str) -> Response:
    """Offer a free time now, by hand."""
    asked = read_body(schemas.NOTIFY, the_business().tz)
    offer = staff_acts.notify(
        box(), entry_id, current_time(), api_actor(), slot_public_id=asked["slot"], resource=asked["resource"],
        force=bool(asked["force"]),
    )  # fmt: skip
    times = {"createdAt": iso(offer.created_at), "deadline": iso(offer.deadline_at)}
    return answer({"success": True, "offer": {"id": offer.public_id, "state": str(offer.state), **times}}, 201)


def why_entry(entry_id: str) -> Response:
    """Why each of its times has or has not been offered."""
    found = explain.why(box(), entry_id, current_time())
    return answer({"success": True, "entryId": entry_id, "times": [_why_json(line) for line in found]})


def list_slots() -> Response:
    """The watched times, with their last and next check."""
    return answer({"success": True, "slots": [_slot_line(slot) for slot in api_reads.slots(box().db, current_time())]})


def check_slot(slot_id: str) -> Response:
    """Read the calendars for this time now."""
    staff_acts.check_slot_now(box(), slot_id, current_time(), api_actor())
    found = api_reads.slot(box().db, slot_id)
    return answer({"success": True, "slot": slot_json(found)})


def _join(actor: Actor, default_source: str) -> Response:
    asked = read_body(schemas.TRIGGER, the_business().tz)
    require_business(asked.pop("business_id"))
    return _joined_json(join_waitlist.join(box(), _join_request(asked, default_source), current_time(), actor))


def _join_request(asked: dict[str, Any], default_source: str) -> JoinRequest:
    source = asked.pop("source") or default_source
    if source not in SOURCES:
        raise Invalid("bad_value", "source", params={"field": "source"})
    flags: dict[str, Any] = {name: bool(asked.pop(name)) for name in ("registered", "consent", "force")}
    return JoinRequest(source=source, **asked, **flags)


def _joined_json(joined: Joined) -> Response:
    said = {
        "success": True,
        "entry": entry_json(joined.entry),
        "slot": slot_json(joined.slot),
        "token": joined.token,
        "url": joined.url,
        "position": joined.position,
    }
    return answer(said, 201 if joined.created else 200)


def entry_json(entry: Entry | EntryRead) -> dict[str, Any]:
    """An entry as the waitlist API says it."""
    said: dict[str, Any] = {
        "id": entry.public_id,
        "status": str(entry.status),
        "firstName": entry.first_name,
        "lastName": entry.last_name,
        "email": entry.email,
        "nbPersons": entry.party_size,
        "priority": entry.priority,
        "source": entry.source,
        "locale": entry.locale,
        "zone": entry.zone,
        "notes": entry.notes,
        "createdAt": iso(entry.created_at),
        "registeredAt": iso(entry.registered_at),
        "notifiedAt": iso(entry.notified_at),
        "confirmedAt": iso(entry.confirmed_at),
        "responseDeadline": iso(entry.response_deadline_at),
    }
    if isinstance(entry, EntryRead):
        said |= {"phone": entry.phone, "requestedSlot": iso(entry.requested_at)}
    return said


def slot_json(slot: Slot) -> dict[str, Any]:
    """A watched time as the waitlist API says it."""
    return {
        "id": slot.public_id,
        "startsAt": iso(slot.starts_at),
        "endsAt": iso(slot.ends_at),
        "status": str(slot.status),
        "lastCheckAt": iso(slot.last_check_at),
        "nextCheckAt": iso(slot.next_check_at),
        "checkIntervalMinutes": slot.check_interval_minutes,
    }


def _slot_line(line: api_reads.SlotRead) -> dict[str, Any]:
    return {
        "id": line.public_id,
        "startsAt": iso(line.starts_at),
        "endsAt": iso(line.ends_at),
        "status": line.status,
        "waiting": line.waiting,
        "invited": line.invited,
        "lastCheckAt": iso(line.last_check_at),
        "nextCheckAt": iso(line.next_check_at),
        "checkIntervalMinutes": line.check_interval_minutes,
    }


def _whole(entry_id: str) -> dict[str, Any]:
    found = api_reads.entry(box().db, entry_id)
    wishes = api_reads.wishes(box().db, found.id)
    offer = api_reads.last_offer(box().db, found.id)
    return entry_json(found) | {
        "wishes": [
            {
                "slot": wish.slot_public_id, "startsAt": iso(wish.starts_at), "state": wish.state,
                "position": wish.position,
            }
            for wish in wishes
        ],
        "position": min((wish.position for wish in wishes if wish.position), default=None),
        "lastOffer": offer and {
            "id": offer.public_id, "state": offer.state, "startsAt": iso(offer.starts_at), "sentAt": iso(offer.sent_at),
            "deadline": iso(offer.deadline_at), "answeredAt": iso(offer.answered_at),
        },
    }  # fmt: skip


def _why_json(line: explain.Why) -> dict[str, Any]:
    return {
        "startsAt": iso(line.starts_at),
        "slot": line.slot_public_id,
        "wishState": line.wish_state,
        "code": line.answer_code,
        "reason": _why_words(line.answer_code),
        "resource": line.resource_name,
        "position": line.position,
        "detail": {name: iso(value) if isinstance(value, datetime) else value for name, value in line.detail.items()},
    }


def _why_words(code: str) -> str:
    return reasons.why_not(code, locale()) if code in reasons.SENTENCES else code
