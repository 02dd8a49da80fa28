"""What happens between a look and the act that follows it: one process steps in at just that moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.chaos import acts
from tests.chaos.acts import EVENING, OLIVIA, drain, live_offer, wait_in_line
from tests.chaos.invariants import check
from tests.conftest import NOW, at
from waitlist_appliance.adapters.calendars.local import LocalCalendar
from waitlist_appliance.domain.availability import Interval
from waitlist_appliance.ports import Handed, Letter, NewEvent, Written
from waitlist_appliance.services import expire_offers
from waitlist_appliance.services.appliance import VOICE_AGENT, Appliance
from waitlist_appliance.services.book import book_from_page
from waitlist_appliance.services.cancel_booking import cancel
from waitlist_appliance.services.deliver_messages import deliver_due
from waitlist_appliance.services.edit_events import add_event, cancel_event
from waitlist_appliance.services.join_waitlist import JoinRequest, join
from waitlist_appliance.services.write_calendar import write_due
from waitlist_appliance.storage import offers

pytestmark = pytest.mark.processes


class SlowCalendar(LocalCalendar):
    """The built-in calendar, in which something else happens just before an event is written."""

    def __init__(self, box: Appliance, meanwhile: Callable[[], object]) -> None:
        super().__init__(box.db)
        self._meanwhile = meanwhile

    def write(self, event: NewEvent) -> Written:
        self._meanwhile()
        return super().write(event)


class SlowMessenger:
    """The simulator, in which something else happens while a message is handed over."""

    def __init__(self, box: Appliance, meanwhile: Callable[[], object]) -> None:
        self._inner, self._meanwhile, self.handed = box.messengers["sms"], meanwhile, 0

    def send(self, letter: Letter, now: datetime) -> Handed:
        self._meanwhile()
        self.handed += 1
        return self._inner.send(letter, now)


def offered(box: Appliance) -> int:
    """Ana's live offer, not yet sent."""
    events = [add_event(box, "Reserva", at("17:00"), at("23:00"), f"Table {n}", NOW, OLIVIA) for n in (1, 2)]
    wait_in_line(box, 1, NOW)
    cancel_event(box, events[0].public_id, NOW, OLIVIA)
    return live_offer(box, 1)


def test_a_booking_cancelled_and_removed_while_it_is_written_leaves_no_event(box: Appliance) -> None:
    acts.say_yes(box, offered(box), NOW)

    def cancelled_and_removed() -> None:
        cancel(box, 1, NOW, OLIVIA, "cancelled")
        write_due(box, NOW)

    slow = replace(box, calendars={"local": SlowCalendar(box, cancelled_and_removed)})
    box.db.execute("UPDATE calendar_write SET due_at = due_at + 1 WHERE kind <> 'booking'")
    write_due(slow, NOW, limit=1)
    drain(box, NOW + timedelta(seconds=1))
    assert box.db.tuples("SELECT uid FROM local_event WHERE tag LIKE 'booking:%'") == []
    assert check(box.db) == []


def test_a_message_that_another_pass_is_handing_over_is_left_to_it(box: Appliance) -> None:
    offered(box)
    messenger = SlowMessenger(box, lambda: None)
    slow = replace(box, messengers=dict.fromkeys(("sms", "whatsapp", "email"), messenger))
    inner = replace(slow)
    messenger._meanwhile = lambda: deliver_due(inner, NOW + timedelta(seconds=1)) if messenger.handed == 0 else None
    for _ in range(3):
        deliver_due(slow, NOW)
    assert messenger.handed == box.db.value("SELECT count(*) FROM message")
    assert box.db.value("SELECT max(attempts) FROM message") == 1


def waiting_for_the_evening(box: Appliance) -> str:
    """Bruno waits for 19:30 with both tables taken until 20:30; his link."""
    for number in (1, 2):
        add_event(box, "Reserva", at("19:00"), at("20:30"), f"Table {number}", NOW, OLIVIA)
    request = JoinRequest(EVENING, acts.phone(2), "Bruno", party_size=2, registered=True, consent=True)
    return join(box, request, NOW, VOICE_AGENT).token


def test_a_free_time_booked_from_the_page_ends_the_entry_as_confirmed(box: Appliance) -> None:
    book_from_page(box, waiting_for_the_evening(box), at("20:30"), NOW)
    drain(box, NOW)
    assert box.db.tuples("SELECT status FROM entry") == [("confirmed",)]
    assert check(box.db) == []


def test_a_free_time_booked_from_the_page_that_staff_fill_gives_the_place_back(box: Appliance) -> None:
    booked = book_from_page(box, waiting_for_the_evening(box), at("20:30"), NOW)
    when, table = Interval(at("20:30"), at("22:00")), booked.resource.public_id
    box.db.insert(
        "local_event", uid="walk-in", title="Walk-in", starts_at=when.starts_at, ends_at=when.ends_at, resource=table
    )
    drain(box, NOW)
    assert box.db.tuples("SELECT e.status, w.state FROM entry e, wish w") == [("waiting", "live")]
    assert check(box.db) == []


class DyingMessenger:
    """A worker that is killed while it hands a message over: nothing of what follows happens."""

    class Killed(BaseException):
        pass

    def send(self, letter: Letter, now: datetime) -> Handed:
        raise self.Killed


def test_an_offer_whose_messenger_died_long_ago_has_failed_and_is_no_silence(box: Appliance) -> None:
    offer_id = offered(box)
    dying = replace(box, messengers=dict.fromkeys(("sms", "whatsapp", "email"), DyingMessenger()))
    box.db.execute("UPDATE message SET state = 'dropped' WHERE kind <> 'offer'")
    with pytest.raises(DyingMessenger.Killed):
        deliver_due(dying, NOW)
    assert offers.by_id(box.db, offer_id).deadline_at == NOW + timedelta(minutes=15)
    assert expire_offers.expire_due(box, NOW + timedelta(minutes=20)) == 1
    assert offers.by_id(box.db, offer_id).state == "failed"
    assert box.db.tuples("SELECT silences FROM entry") == [(0,)]


def test_an_abandoned_offer_is_told_anew_with_a_whole_window(box: Appliance) -> None:
    offer_id = offered(box)
    box.db.execute("UPDATE message SET state = 'sending', lease_until_at = ? WHERE kind = 'offer'", NOW)
    box.db.execute("UPDATE offer SET sent_at = ?, deadline_at = ?", NOW, NOW)
    drain(box, NOW + timedelta(minutes=1))
    assert offers.by_id(box.db, offer_id).deadline_at == NOW + timedelta(minutes=16)
    assert box.db.tuples("SELECT silences FROM entry") == [(0,)]
    assert check(box.db) == []


class DyingCalendar(SlowCalendar):
    """A worker that is killed right after the provider took the event, before anything of it was noted."""

    class Killed(BaseException):
        pass

    def write(self, event: NewEvent) -> Written:
        super().write(event)
        raise self.Killed


def test_a_worker_killed_between_the_event_and_its_note_leaves_one_event(box: Appliance) -> None:
    acts.say_yes(box, offered(box), NOW)
    box.db.execute("UPDATE calendar_write SET due_at = due_at + 1 WHERE kind <> 'booking'")
    with pytest.raises(DyingCalendar.Killed):
        write_due(replace(box, calendars={"local": DyingCalendar(box, lambda: None)}), NOW)
    assert box.db.tuples("SELECT status FROM booking") == [("pending",)]
    drain(box, NOW + timedelta(minutes=2))
    assert box.db.value("SELECT count(*) FROM local_event WHERE tag LIKE 'booking:%'") == 1
    assert box.db.tuples("SELECT status FROM booking") == [("confirmed",)]
    assert check(box.db) == []
