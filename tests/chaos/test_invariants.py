"""The invariants notice each kind of breakage: every rule is broken once, in a database of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.chaos import acts
from tests.chaos.acts import EVENING, OLIVIA, drain, live_offer, wait_in_line
from tests.chaos.invariants import RULES, check, unfinished
from tests.conftest import NOW, at, build_box
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.services.appliance import VOICE_AGENT, Appliance
from waitlist_appliance.services.edit_events import add_event, cancel_event
from waitlist_appliance.services.join_waitlist import JoinRequest, join
from waitlist_appliance.services.receive_reply import receive
from waitlist_appliance.storage.database import Database

pytestmark = pytest.mark.processes

SECOND_OFFER = """INSERT INTO offer (public_id, hold_id, opening_id, wish_id, entry_id, customer_id, slot_id, state, created_at)
    SELECT 'second', hold_id, {opening}, wish_id, entry_id, customer_id, slot_id, '{state}', 0 FROM offer WHERE state = 'live'"""
COPIED_EVENT = """INSERT INTO local_event (uid, title, starts_at, ends_at, status, tag)
    SELECT 'copy', title, starts_at, ends_at, status, {tag} FROM local_event WHERE tag LIKE '{like}' LIMIT 1"""
HOLD = "(SELECT id FROM hold WHERE state = '{}' LIMIT 1)"

# How each rule is broken: Ana is confirmed at table 1, Bruno declined, Chloé holds an offer for table 2, Diego waits.
BREAKAGES: dict[str, tuple[str, ...]] = {
    "two live offers for one customer": ("DROP INDEX offer_one_live", SECOND_OFFER.format(opening=1, state="live")),
    "one resource occupied twice at a time": ("UPDATE occupancy SET resource_id = 1",),
    "two active bookings overlap on one resource": (
        """INSERT INTO booking (public_id, code, service_id, resource_id, starts_at, ends_at, customer_id, party_size,
              status, source, created_at) SELECT 'b', 'B', service_id, resource_id, starts_at, ends_at, customer_id, 2,
              'confirmed', 'web', 0 FROM booking""",
    ),
    "a live hold without its one occupancy row": ("DELETE FROM occupancy WHERE hold_id IS NOT NULL",),
    "a live hold that nobody is being asked about": ("UPDATE offer SET state = 'withdrawn' WHERE state = 'live'",),
    "a live offer without a live hold": ("UPDATE hold SET state = 'released' WHERE state = 'live'",),
    "a hold shared outside a race": (
        """INSERT INTO offer (public_id, hold_id, opening_id, wish_id, entry_id, customer_id, slot_id, state, created_at)
           SELECT 'diego', o.hold_id, o.opening_id, w.id, w.entry_id, w.customer_id, w.slot_id, 'live', 0
             FROM offer o, wish w WHERE o.state = 'live' AND w.state = 'live' LIMIT 1""",
    ),
    "an active booking without its one occupancy row": ("DELETE FROM occupancy WHERE booking_id IS NOT NULL",),
    "an occupancy row of nobody": ("UPDATE booking SET status = 'cancelled'",),
    "one opening offered twice to one customer": (
        "DROP INDEX offer_once", SECOND_OFFER.format(opening="opening_id", state="expired"),
    ),
    "one customer wishes one slot twice": (
        "DROP INDEX wish_one_active",
        """INSERT INTO wish (entry_id, customer_id, slot_id, state, created_at)
           SELECT entry_id, customer_id, slot_id, 'live', 0 FROM wish WHERE state = 'live'""",
    ),
    "an opening of a closed slot that is not over": ("UPDATE slot SET status = 'expired'",),
    "an opening and its hold disagree": ("UPDATE opening SET state = 'open' WHERE state = 'held'",),
    "a booked opening without a booked hold": ("UPDATE hold SET state = 'released' WHERE state = 'booked'",),
    "a wish and its offers disagree": ("UPDATE wish SET state = 'live' WHERE state = 'offered'",),
    "a closed slot that is still wished for": ("UPDATE slot SET status = 'expired'",),
    "a notified entry with neither offer nor pending booking": ("UPDATE entry SET status = 'notified'",),
    "an entry with a live offer or a pending booking that is not notified": (
        "UPDATE entry SET status = 'waiting' WHERE status = 'notified'",
    ),
    "an entry that waits for nothing": ("UPDATE entry SET status = 'waiting' WHERE status = 'declined'",),
    "an invited entry that stands in line": ("UPDATE entry SET status = 'invited'",),
    "an ended entry that still wishes": ("UPDATE entry SET status = 'cancelled' WHERE status = 'waiting'",),
    "a confirmed entry that was never booked": ("UPDATE entry SET status = 'confirmed'",),
    "a confirmed booking without its one event": ("DELETE FROM local_event WHERE tag LIKE 'booking:%'",),
    "two events for one booking": (COPIED_EVENT.format(tag="tag", like="booking:%"),),
    "an event of an ended booking that nobody will remove": ("UPDATE booking SET status = 'cancelled'",),
    "an event of ours that belongs to nothing": (COPIED_EVENT.format(tag="'booking:none'", like="booking:%"),),
    "a tentative event of an ended hold that nobody will remove": (
        COPIED_EVENT.format(tag="'hold:' || " + HOLD.format("released"), like="hold:%"),
    ),
    "a tentative event beside a settled booking that nobody will remove": (
        COPIED_EVENT.format(tag="'hold:' || " + HOLD.format("booked"), like="hold:%"),
    ),
    "a pending booking that nobody will write": ("UPDATE booking SET status = 'pending'",),
    "an accepted offer without its one booking": ("UPDATE offer SET state = 'accepted' WHERE state = 'live'",),
    "a booking out of an offer that was not accepted": ("UPDATE offer SET state = 'expired' WHERE state = 'accepted'",),
    "a confirmed booking whose customer was not told once": ("DELETE FROM message WHERE kind = 'confirmed'",),
    "one confirmation told twice on one channel": (
        """INSERT INTO message (public_id, customer_id, kind, channel, due_at, booking_id, dedupe_key, created_at)
           SELECT 'm', customer_id, kind, channel, 0, booking_id, 'again', 0 FROM message WHERE kind = 'confirmed'""",
    ),
    "an offer whose clock runs although its message never left": ("UPDATE message SET state = 'pending'",),
    "a live offer that nobody was or will be told of": ("UPDATE message SET state = 'dropped'",),
    "a message sent that is on no phone": ("DELETE FROM simulated_message",),
    "an offer's end that is not in the history once": ("DELETE FROM activity WHERE verb = 'offer_declined'",),
    "more silences counted than kept": ("UPDATE entry SET silences = 1",),
    "an entry without any wish": ("PRAGMA foreign_keys = 0", "DELETE FROM wish"),
    "holds that became bookings, and offers that did": ("UPDATE booking SET offer_id = NULL",),
    "offers made by the history, and offers there are": ("DELETE FROM activity WHERE verb = 'offer_made'",),
    "yeses by the history, and bookings out of offers": ("DELETE FROM activity WHERE verb = 'offer_accepted'",),
    "confirmations by the history, and bookings confirmed": ("DELETE FROM activity WHERE verb = 'booking_confirmed'",),
    "a dangling reference": ("PRAGMA foreign_keys = 0", "DELETE FROM customer"),
}  # fmt: skip


@pytest.fixture(scope="module")
def story(ready_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ana is confirmed at table 1; table 2 was declined by Bruno and is offered to Chloé; Diego waits."""
    folder = tmp_path_factory.mktemp("story")
    shutil.copy(ready_made, folder / "waitlist.db")
    box = build_box(folder)
    _play(box)
    box.db.tuples("PRAGMA wal_checkpoint(TRUNCATE)")
    box.db.close()
    return folder / "waitlist.db"


def _play(box: Appliance) -> None:
    found = [add_event(box, "Reserva", at("17:00"), at("23:00"), f"Table {n}", NOW, OLIVIA) for n in (1, 2)]
    for number in (1, 2, 3, 4):
        wait_in_line(box, number, NOW)
    for event in found:
        cancel_event(box, event.public_id, NOW, OLIVIA)
    drain(box, NOW)
    acts.say_yes(box, live_offer(box, 1), NOW)
    receive(box, acts.phone(2), "sms", "NO", NOW)
    drain(box, NOW)


@pytest.fixture
def db(story: Path, tmp_path: Path) -> Iterator[Database]:
    shutil.copy(story, tmp_path / "waitlist.db")
    found = build_box(tmp_path).db
    yield found
    found.close()


def test_a_story_told_to_its_end_breaks_nothing(db: Database) -> None:
    assert check(db) == []
    assert unfinished(db, to_ms(NOW)) == []


def test_every_rule_has_a_breakage() -> None:
    assert set(RULES) <= set(BREAKAGES)


@pytest.mark.parametrize("rule", BREAKAGES)
def test_the_breakage_is_noticed(db: Database, rule: str) -> None:
    if rule == "one resource occupied twice at a time":
        db.execute("DROP TRIGGER occupancy_no_overlap_update")
    for statement in BREAKAGES[rule]:
        db.execute(statement)
    assert any(line.startswith(rule) for line in check(db))


def test_unfinished_work_is_told(db: Database) -> None:
    deadline = to_ms(NOW + timedelta(minutes=15))
    assert unfinished(db, deadline) == ["1 overdue offers"]
    db.execute("UPDATE message SET state = 'pending' WHERE id = 1")
    assert unfinished(db, to_ms(NOW)) == ["1 messages"]


def test_an_invitation_alone_breaks_nothing(db: Database, tmp_path: Path) -> None:
    join(build_box(tmp_path), JoinRequest(EVENING, acts.phone(9), first_name="Inés"), NOW, VOICE_AGENT)
    assert check(db) == []
