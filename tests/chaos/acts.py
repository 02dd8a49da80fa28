"""What people and processes do in the races: small acts on a box, each answering with a word."""

from __future__ import annotations

from datetime import datetime

from tests.conftest import at
from waitlist_appliance.services.answer_offer import accept_offer
from waitlist_appliance.services.appliance import CUSTOMER, VOICE_AGENT, Actor, Appliance
from waitlist_appliance.services.book import BookRequest, book, book_from_page
from waitlist_appliance.services.check_slots import check_due
from waitlist_appliance.services.deliver_messages import deliver_due
from waitlist_appliance.services.edit_events import cancel_event
from waitlist_appliance.services.expire_offers import expire_due
from waitlist_appliance.services.join_waitlist import JoinRequest, join
from waitlist_appliance.services.receive_reply import receive
from waitlist_appliance.services.sweep import provider_pass, sweep
from waitlist_appliance.services.write_calendar import write_due
from waitlist_appliance.storage import offers

OLIVIA = Actor("staff", "Olivia")
EVENING = at("19:30")
WHO = {"voice_agent": VOICE_AGENT, "web": CUSTOMER, "manual": OLIVIA}


def phone(number: int) -> str:
    """The mobile of the person with this number."""
    return f"+3460000{number:04d}"


def trigger(box: Appliance, number: int, now: datetime) -> str:
    """The voice agent reports a caller; the answer tells whether the entry is new."""
    joined = join(box, JoinRequest(EVENING, phone(number), first_name="Ana", party_size=2), now, VOICE_AGENT)
    return f"{'created' if joined.created else 'found'} {joined.entry.public_id}"


def free(box: Appliance, event: str, now: datetime) -> str:
    cancel_event(box, event, now, OLIVIA)
    return "freed"


def look(box: Appliance, now: datetime) -> str:
    """One sweep, which asks for everything due."""
    sweep(box, now)
    return "looked"


def ask_for(box: Appliance, number: int, starts_at: datetime, source: str, now: datetime) -> str:
    """A booking is asked for by voice agent, page or staff."""
    request = BookRequest(starts_at, f"Guest {number}", phone(number), party_size=2, source=source)
    return f"booked {book(box, request, now, WHO[source]).booking.public_id}"


def book_on_page(box: Appliance, token: str, starts_at: datetime, now: datetime) -> str:
    return f"booked {book_from_page(box, token, starts_at, now).booking.public_id}"


def say_yes(box: Appliance, offer_id: int, now: datetime) -> str:
    """The button of the offer's page."""
    answer = accept_offer(box, offer_id, now)
    return f"{answer.outcome}, {'keeps' if answer.keeps_place else 'loses'} the place"


def reply_yes(box: Appliance, number: int, now: datetime) -> str:
    """An SMS; what it was answered with."""
    return f"answered {receive(box, phone(number), 'sms', 'SÍ', now).answered}"


def hand_over(box: Appliance, now: datetime) -> str:
    return str(deliver_due(box, now))


def write_calendar(box: Appliance, now: datetime) -> str:
    return str(write_due(box, now))


def expire(box: Appliance, now: datetime) -> str:
    return str(expire_due(box, now))


def check_slots(box: Appliance, now: datetime) -> str:
    return str(check_due(box, now))


def drain(box: Appliance, now: datetime) -> None:
    """Everything due is done: the worker, as long as there is something."""
    for _ in range(30):
        done = sweep(box, now) | provider_pass(box, now)
        # A calendar that is due for a read is read, whether anything came of it or not.
        if not any(number for step, number in done.items() if step != "calendars_read"):
            return
    raise AssertionError("the work does not end")


def wait_in_line(box: Appliance, number: int, now: datetime, starts_at: datetime = EVENING, party: int = 2) -> int:
    """A registered person at the end of the line; the entry's id."""
    request = JoinRequest(starts_at, phone(number), f"Guest{number}", party_size=party, registered=True, consent=True)
    return join(box, request, now, VOICE_AGENT).entry.id


def live_offer(box: Appliance, number: int) -> int:
    """The id of the person's live offer."""
    customer = box.db.value("SELECT id FROM customer WHERE phone = ?", phone(number))
    found = offers.live_of_customer(box.db, customer)
    assert found is not None
    return found.id
