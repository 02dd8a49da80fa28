"""What staff are told, in words: what happened, what to do, and when it is over.

The first sentence goes everywhere; names of guests stand in emails only, never in what other services are told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from waitlist_appliance.domain.moments import from_ms
from waitlist_appliance.texts import dates
from waitlist_appliance.texts.catalogues import N_, translator
from waitlist_appliance.texts.email_html import as_html
from waitlist_appliance.texts.staff_letters import Sender, StaffLetter


@dataclass(frozen=True, slots=True)
class Words:
    """``label`` and ``meaning`` for the settings; ``what`` and ``advice`` are told; ``over``: its all-clear."""

    label: str
    meaning: str
    what: str
    advice: str
    over: str = ""


WORDS: Final[Mapping[str, Words]] = {
    "booking_conflict": Words(
        N_("Double booking"), N_("Something in a calendar collides with a booking."),
        N_("Booking {detail} collides with something in the calendar."),
        N_("Please look at the agenda and move one of the two."),
        N_("Booking {detail} no longer collides with anything."),
    ),
    "booking_pending": Words(
        N_("Booking stuck"), N_("A calendar has not taken a booking after two minutes."),
        N_("Booking {detail} has waited for its calendar for more than two minutes."),
        N_("Its time stays blocked. Please look at the calendar, or cancel the booking."),
        N_("Booking {detail} no longer waits for its calendar."),
    ),
    "changes_held": Words(
        N_("Many changes at once"), N_("Many bookings were changed in a calendar app; somebody must say what counts."),
        N_("Many bookings were changed in the calendar “{detail}” at once. Nothing has been done about it yet."),
        N_("Please say whether the changes count or the bookings stay."),
        N_("The question about the changes in the calendar “{detail}” is answered."),
    ),
    "calendar_unreadable": Words(
        N_("Calendar unreadable"), N_("A calendar has not been readable for some minutes; nothing on it is offered."),
        N_("The calendar “{detail}” cannot be read. Nothing on it counts as free until it can."),
        N_("It is tried again by itself. If it stays so, look at the settings of the calendar."),
        N_("The calendar “{detail}” can be read again."),
    ),
    "calendar_signed_out": Words(
        N_("Calendar to be connected again"), N_("A calendar lets us in no longer."),
        N_("The calendar “{detail}” must be connected again. Nothing on it counts as free until then."),
        N_("Open the settings of the calendar: they say why, and how."),
        N_("The calendar “{detail}” is connected again."),
    ),
    "sending_paused": Words(
        N_("Sending paused"), N_("The message provider refuses everything, so nothing is sent."),
        N_("Sending is paused: the message provider refuses everything."),
        N_("Please put its account right, then resume. What waits goes out then."),
        N_("Sending goes on. What was waiting goes out."),
    ),
    "text_refused": Words(
        N_("Text refused"), N_("The provider refuses one kind of message, not the others."),
        N_("The message provider refuses one kind of message."),
        N_("Please look at the outbox: it says which one, and why."),
        N_("The message provider is asked again to send what it refused."),
    ),
    "messages_failing": Words(
        N_("Many failed messages"), N_("More than ten messages in an hour could not be delivered."),
        N_("More than ten messages in an hour could not be delivered."),
        N_("Please look at the outbox: it says why."),
        N_("Hardly any message fails any more."),
    ),
    "worker_silent": Words(
        N_("Box stood still"), N_("The part that sends and offers did not run. Told as soon as it runs again."),
        N_("The worker did not run from {since} to {back}; now it runs again."),
        N_("In that time no message went out and no time was offered. What was waiting is being done now."),
    ),
    "disk_low": Words(
        N_("Little space"), N_("The disk of the box is nearly full."),
        N_("The disk of the box is nearly full: {detail} left."),
        N_("When it is full, nothing can be booked any more. Please make space."),
        N_("The disk of the box has enough space again."),
    ),
    "place_filled": Words(
        N_("Place filled"), N_("Somebody from the waitlist got a place."),
        N_("A place was filled from the waitlist: {when}, {people}, {resource}."), "",
    ),
    "booking_cancelled": Words(
        N_("Booking cancelled"), N_("A booking was cancelled, by whomever."),
        N_("A booking was cancelled: {when}, {people}, {resource}."),
        N_("Its time is offered to those in line."),
    ),
    "booking_taken_back": Words(
        "", "", N_("A booking was taken back, since the calendar had something else: {when}, {people}, {resource}."),
        N_("The guest has had an apology and keeps the place in line. A call is a kind thing."),
    ),
    "test": Words("", "", N_("This is a test. There is nothing to do."), N_("Notices of this box arrive here.")),
}  # fmt: skip

_SUBJECT: Final = N_("{business}: {what}")
_ALL_CLEAR: Final = N_("All clear")
_TEST: Final = N_("Test notice")
_GUEST: Final = N_("Guest: {guest}")
_DESK: Final = N_("Open the desk: {link}")
_WHY: Final = N_("Who is told of what stands in the settings, under Notices.")


@dataclass(frozen=True, slots=True)
class Told:
    """What a notice is about. Times are in milliseconds; ``people`` and ``starts_at_ms`` only with a booking."""

    kind: str
    over: bool = False
    detail: str = ""
    since_ms: int = 0
    back_ms: int = 0
    starts_at_ms: int = 0
    people: int = 0
    resource: str = ""
    guest: str = ""
    link: str = ""


def label(kind: str, locale: str) -> str:
    """What the kind is called; KeyError for an unknown one."""
    say = translator(locale).gettext
    return say(_TEST) if kind == "test" else say(WORDS[_known(kind)].label)


def title(told: Told, locale: str) -> str:
    """The first line: "All clear: Little space"."""
    called = label(told.kind, locale)
    return f"{translator(locale).gettext(_ALL_CLEAR)}: {called}" if told.over else called


def short(told: Told, zone: ZoneInfo, locale: str) -> str:
    """For other services: no names, one or two sentences, and the way to the desk."""
    what, advice = _said(told, zone, locale)
    return "\n".join(part for part in (f"{what} {advice}".strip(), told.link) if part)


def letter(told: Told, sender: Sender, locale: str) -> StaffLetter:
    """As an email."""
    say = translator(locale).gettext
    what, advice = _said(told, sender.zone, locale)
    guest = say(_GUEST).format(guest=told.guest) if told.guest else ""
    desk = say(_DESK).format(link=told.link)
    text = "\n\n".join(part for part in (what, guest, advice, desk, say(_WHY)) if part)
    business = " ".join(sender.business.split())
    subject = say(_SUBJECT).format(business=business, what=title(told, locale))
    html = as_html("notice", locale, subject, text, business, sender.colour, told.link)
    return StaffLetter(subject, text, html)


def _said(told: Told, zone: ZoneInfo, locale: str) -> tuple[str, str]:
    words, say = WORDS[told.kind], translator(locale)
    facts = {
        "detail": " ".join(told.detail.split()), "resource": told.resource,
        "people": say.ngettext("{number} person", "{number} people", told.people).format(number=told.people),
        "when": _moment(told.starts_at_ms, zone, locale), "since": _moment(told.since_ms, zone, locale),
        "back": _moment(told.back_ms, zone, locale),
    }  # fmt: skip
    if told.over and words.over:
        return say.gettext(words.over).format_map(facts), ""
    return say.gettext(words.what).format_map(facts), say.gettext(words.advice) if words.advice else ""


def _moment(ms: int, zone: ZoneInfo, locale: str) -> str:
    return dates.day_and_time(from_ms(ms), zone, locale) if ms else ""


def _known(kind: str) -> str:
    """What was taken back is a double booking to those who choose what they hear of."""
    return "booking_conflict" if kind == "booking_taken_back" else kind
