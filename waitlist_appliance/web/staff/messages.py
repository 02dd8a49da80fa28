"""The messages: who was talked to, what goes out, what failed, what came back, and one customer's conversation."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Response, request

from waitlist_appliance.domain.errors import NotFound, Refused
from waitlist_appliance.services import send_again as outbox
from waitlist_appliance.services import write_to_customer
from waitlist_appliance.services.say import channels_of
from waitlist_appliance.storage import customers, message_reads
from waitlist_appliance.storage.message_reads import OutboxLine, Person, ReplyLine
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, page, waitlist_filter, words
from waitlist_appliance.web.staff.phones import linked

HOME = "/staff/messages"
PAGE = 50
TALKS = "talks"
BOXES = {
    TALKS: (N_("Conversations"), "people"), "all": (N_("All messages"), "chat-dots"),
    "due": (N_("To be sent"), "clock"), "sent": (N_("Sent"), "check2-all"),
    "failed": (N_("Not delivered"), "exclamation-triangle"), "dropped": (N_("Not needed any more"), "slash-circle"),
    "replies": (N_("Answers"), "reply"),
}  # fmt: skip
STATES = {"sent": ("sent", "delivered"), "failed": ("failed",), "dropped": ("dropped",)}
KINDS = {
    "join_link": N_("Sign-up link"), "join_nudge": N_("Reminder to sign up"), "joined": N_("On the list"),
    "offer": N_("Offer"), "offer_race": N_("Offer to several"), "offer_lost": N_("Place is gone"),
    "declined": N_("Thanks for the no"), "left": N_("Left the list"), "expired": N_("Time to answer is over"),
    "help": N_("How to answer"), "nothing_pending": N_("Nothing to answer"), "error": N_("Please call us"),
    "opted_out": N_("No more messages"), "opted_in": N_("Messages again"), "already_booked": N_("Booked already"),
    "too_late": N_("Too late"), "note": N_("From the team"), **words.MESSAGE_KINDS,
}  # fmt: skip
ICONS = {
    "pending": "clock", "sending": "arrow-up-circle", "sent": "check-lg", "delivered": "check2-all",
    "failed": "exclamation-triangle-fill", "dropped": "slash-circle",
}  # fmt: skip
TONES = {"pending": "info", "sending": "info", "sent": "quiet", "delivered": "ok", "failed": "bad", "dropped": "quiet"}
UNDERSTOOD = {
    "yes": N_("understood as yes"), "no": N_("understood as no"), "stop": N_("wants no more messages"),
    "start": N_("wants messages again"), "help": N_("asked for help"), "unclear": N_("not understood"),
}  # fmt: skip
# What our own code writes down, in words; a provider's own sentence is shown as it is.
FAULTS = {
    "the offer is over": N_("the offer is over"), "too late to answer": N_("it was too late to answer"),
    "the booking was moved or cancelled": N_("the booking was moved or cancelled"),
    "no longer invited": N_("the person has signed up or left"), "signed up": N_("the person has signed up"),
    "left": N_("the person has left the list"), "opted out": N_("the person wants no more messages"),
    "the booking was moved": N_("the booking was moved or cancelled"),
    "staff": N_("dropped by the team"), "internal error": N_("something went wrong on our side"),
    "the simulated number cannot be reached": N_("this number or address takes no messages"),
    "the simulated network failed for a moment": N_("the provider did not answer"),
    "the simulated account is suspended": N_("the provider's account is blocked"),
}  # fmt: skip


def overview() -> str:
    """The conversations, the outbox, or what came back; fifty at a time."""
    part = request.args.get("box", TALKS)
    part = part if part in BOXES else TALKS
    lines, older = _talks() if part == TALKS else _in_box(part)
    return page.render(
        "messages.html", "messages", part=part, boxes=BOXES, counts=message_reads.counts(box().db),
        lines=lines[:PAGE], older=older, more=len(lines) > PAGE, simulated=_simulated(), **_words(),
    )  # fmt: skip


def conversation(customer_id: str) -> Any:
    """Both sides in order, what is to be sent next, and a field to write."""
    return _conversation(_person(customer_id), {}, {})


def write(customer_id: str) -> Any:
    """Send what staff typed; a refusal stands beside the field, with the text still in it."""
    person = _person(customer_id)
    text, channel = request.form.get("text", ""), request.form.get("channel") or None
    key = request.form.get("form_key", "")[:40] or secrets.token_hex(8)
    try:
        write_to_customer.write(box(), person.public_id, text, key, current_time(), auth.actor(), channel)
    except Refused as refused:
        given = {"text": text, "form_key": key, "channel": channel or ""}
        return _conversation(person, given, page.field_errors(refused, ("text",))), 422
    _ = page.say().gettext
    said = _("Written: it goes out to {name} now.").format(name=person.name or page.phone(person.phone))
    return page.act(lambda: None, said, f"{HOME}/{person.public_id}")


def send_again(message_id: str) -> Response:
    """Send a message once more that reached nobody."""
    _ = page.say().gettext
    return page.act(
        lambda: outbox.send_again(box(), message_id, current_time(), auth.actor()),
        _("It is sent once more."), page.back_to(HOME),
    )  # fmt: skip


def drop(message_id: str) -> Response:
    """Do not send it."""
    _ = page.say().gettext
    return page.act(
        lambda: outbox.drop(box(), message_id, current_time(), auth.actor()), _("It will not be sent."),
        page.back_to(HOME),
    )  # fmt: skip


def _talks() -> tuple[list[Any], str | None]:
    before = waitlist_filter.cursor("before", 2)
    lines, after = message_reads.talks(box().db, before, PAGE)
    return lines, f"{after[0]}.{after[1]}" if after else None


def _in_box(part: str) -> tuple[list[Any], int | None]:
    """One line more than a page; where the next page goes on."""
    before = waitlist_filter.cursor("before", 1)
    lines: list[Any] = _lines(part, before[0] if before else None)
    return lines, lines[PAGE - 1].id if len(lines) > PAGE and part != "due" else None


def _lines(part: str, before: int | None) -> list[OutboxLine] | list[ReplyLine]:
    db = box().db
    if part == "replies":
        return message_reads.replies(db, before, PAGE + 1)
    if part == "due":
        return message_reads.due(db, PAGE + 1)
    if part in STATES:
        return message_reads.in_states(db, STATES[part], before, PAGE + 1)
    return message_reads.newest(db, before, PAGE + 1)


def _person(key: str) -> Person:
    person = message_reads.person(box().db, key)
    if person is None:
        raise NotFound("not_found")
    return person


def _conversation(person: Person, given: dict[str, str], errors: dict[str, str]) -> str:
    turns = message_reads.conversation(box().db, person.id)
    return page.render(
        "conversation.html", "messages", person=person, given=given, errors=errors,
        said=[turn for turn in turns if turn.state not in ("pending", "sending")],
        coming=[turn for turn in turns if turn.state in ("pending", "sending")],
        ways=channels_of(box(), customers.by_id(box().db, person.id)), limit=write_to_customer.TEXT_LIMIT,
        form_key=given.get("form_key") or secrets.token_hex(8), simulated=_simulated(), linked=linked, **_words(),
    )  # fmt: skip


def _words() -> dict[str, Any]:
    _ = page.say().gettext
    return {
        "kinds": KINDS, "state_icons": ICONS, "state_tones": TONES, "understood": UNDERSTOOD,
        "fault": lambda text: _(FAULTS[text]) if text in FAULTS else (text or ""),
    }  # fmt: skip


def _simulated() -> bool:
    """Whether messages land on simulated phones because no provider is connected."""
    return any(getattr(messenger, "simulated", False) for messenger in box().messengers.values())
