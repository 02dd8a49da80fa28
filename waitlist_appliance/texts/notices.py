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
    """``label`` and ``meaning`` for the settings; ``what`` and ``advice`` are told; ``over``: its all-clear;
    ``afterwards`` takes the place of both when it was over before anybody could tell."""

    label: str
    meaning: str
    what: str
    advice: str
    over: str = ""
    afterwards: tuple[str, str] | None = None


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
    "sync_failing": Words(
        N_("Calendars often unreadable"), N_("Less than 95 percent of the reads of your calendars go well."),
        N_("The calendars often cannot be read: only {detail} of the reads lately went well."),
        N_("Freed times may be seen late. Please look at the settings of the calendars: they say which fails, and why."),
        N_("The calendars can be read reliably again."),
    ),
    "delivery_failing": Words(
        N_("Messages do not arrive"), N_("Less than 98 percent of a day's messages arrive."),
        N_("Too many messages do not arrive: {detail} of those of the last 24 hours did."),
        N_("Please look at the outbox: it says which failed, and why. A call reaches those who wait for an answer."),
        N_("Messages arrive reliably again."),
    ),
    "expiry_late": Words(
        N_("Offers end late"), N_("Offers go on for more than 15 seconds after their time to answer is over."),
        N_("Offers end up to {detail} too late: only then is the next in line asked."),
        N_("The box is overloaded or was standing still. Please look at the system page; a restart of the worker helps."),
        N_("Offers end in time again."),
    ),
    "worker_silent": Words(
        N_("Box stood still"), N_("The part that sends and offers did not run. Told within minutes, or when it runs again."),
        N_("The worker has not run since {since}: no message goes out and no time is offered."),
        N_("Please have the box looked at: its worker must be started again."),
        N_("The worker runs again. It did not run from {since} to {back}; what was waiting is being done now."),
        (
            N_("The worker did not run from {since} to {back}; now it runs again."),
            N_("In that time no message went out and no time was offered. What was waiting is being done now."),
        ),
    ),
    "web_silent": Words(
        N_("Pages do not open"), N_("The part that shows pages and takes calls does not answer."),
        N_("The web server of the box does not answer: nobody can join the waitlist, open a link or the desk."),
        N_("Please have the box looked at: its web server must be started again."),
        N_("The web server of the box answers again."),
    ),
    "messages_waiting": Words(
        N_("Messages wait"), N_("Messages that should have gone out minutes ago have not."),
        N_("Messages that should have gone out {detail} ago are still waiting."),
        N_("The box is overloaded, or something holds it up. Please have it looked at."),
        N_("No message waits any longer than it should."),
    ),
    "backup_old": Words(
        N_("No recent backup"), N_("The last good backup of the box is more than a day old."),
        N_("The last good backup of the box is {detail} old."),
        N_("Please have the box looked at: the backup of the night fails, and the system page says why."),
        N_("There is a recent backup of the box again."),
    ),
    "backup_failed": Words(
        N_("Backup failed"), N_("A backup could not be made, or not copied off the machine."),
        N_("A backup of the box failed: it could not be made, or not copied off the machine."),
        N_("Please have the box looked at: the list of backups says why, and “waitlist backup create” tries again."),
        N_("The backup of the box is good again."),
    ),
    "box_restored": Words(
        N_("Box restored"), N_("The box was put back from a backup; sending is paused until somebody has looked."),
        N_("The box was put back from its backup of {detail}. What happened after that is not known to it."),
        N_("Nothing is sent until somebody resumes it. First look at the agenda and the calendars: do the bookings stand?"),
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
    late = words.afterwards if told.back_ms else None
    what, advice = late or (words.what, words.advice)
    return say.gettext(what).format_map(facts), say.gettext(advice) if advice else ""


def _moment(ms: int, zone: ZoneInfo, locale: str) -> str:
    return dates.day_and_time(from_ms(ms), zone, locale) if ms else ""


def _known(kind: str) -> str:
    """What was taken back is a double booking to those who choose what they hear of."""
    return "booking_conflict" if kind == "booking_taken_back" else kind
