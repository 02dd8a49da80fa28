"""The aftermath notices what was promised and is not there, and what was done twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.chaos import acts, aftermath
from tests.chaos.acts import OLIVIA, live_offer
from tests.chaos.people import Journal
from tests.conftest import NOW, at
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.edit_events import add_event, cancel_event
from waitlist_appliance.services.register_entry import RegisterRequest, register
from waitlist_appliance.storage.database import Database

pytestmark = pytest.mark.processes


@pytest.fixture
def db(box: Appliance) -> Database:
    """Ana has called, signed up and been confirmed at table 1."""
    events = [add_event(box, "Reserva", at("17:00"), at("23:00"), f"Table {n}", NOW, OLIVIA) for n in (1, 2)]
    acts.trigger(box, 1, NOW)
    token = box.token("registration", 1, NOW)
    register(box, token, RegisterRequest("Ana", "G", acts.phone(1), None, 2, (at("19:30"),), consent=True), NOW)
    cancel_event(box, events[0].public_id, NOW, OLIVIA)
    acts.drain(box, NOW)
    acts.say_yes(box, live_offer(box, 1), NOW)
    acts.drain(box, NOW + timedelta(minutes=1))
    return box.db


def test_a_story_that_ended_well_has_lost_nothing(db: Database) -> None:
    entry = db.value("SELECT public_id FROM entry")
    kept = Journal({acts.phone(1): entry}, {acts.phone(1)}, {acts.phone(1)})
    assert aftermath.lost(db, kept) == []


def test_every_broken_promise_is_named(db: Database) -> None:
    nobody, standing = acts.phone(9), db.value("SELECT public_id FROM event WHERE tag IS NULL")
    broken = Journal({nobody: "x"}, {nobody}, {nobody}, {"x"}, {nobody}, {standing})
    named = [line.removeprefix("promised and lost: ").split(" ")[1] for line in aftermath.lost(db, broken)]
    assert named == ["entry", "sign-up", "yes", "no", "leaving", "cancelling"]


@pytest.mark.parametrize(
    ("rule", "breakage"),
    [
        ("messages that never left", "UPDATE message SET state = 'pending' WHERE id = 1"),
        (
            "messages on a phone that the outbox does not know",
            "UPDATE simulated_message SET provider_id = 'x' WHERE id = 1",
        ),
        ("messages dropped without a reason", "UPDATE message SET state = 'dropped', error = NULL WHERE id = 1"),
        ("entries without their link", "DELETE FROM message WHERE kind = 'join_link'"),
        ("signed up and never told so", "DELETE FROM message WHERE kind = 'joined'"),
        ("bookings that never reached the calendar", "UPDATE booking SET status = 'pending'"),
        ("calendar writes that failed", "UPDATE calendar_write SET state = 'failed'"),
        (
            "silences of people who were never asked",
            "UPDATE offer SET state = 'expired', ended_reason = 'silence', id = 9",
        ),
    ],
)
def test_what_was_lost_is_named(db: Database, rule: str, breakage: str) -> None:
    db.execute("PRAGMA foreign_keys = 0")
    db.execute(breakage)
    assert any(line.startswith(rule) for line in aftermath.lost(db, Journal()))


@pytest.mark.parametrize("kind", ["confirmed", "offer"])
def test_what_was_said_twice_is_named(db: Database, kind: str) -> None:
    db.execute(
        """INSERT INTO message (public_id, customer_id, kind, channel, due_at, state, offer_id, entry_id, booking_id,
                                dedupe_key, provider_id, created_at)
           SELECT 'again', customer_id, kind, channel, due_at, state, offer_id, entry_id, booking_id, 'again', 'sim-again', 0
             FROM message WHERE kind = ?""",
        kind,
    )
    db.execute(
        """INSERT INTO simulated_message (provider_id, address, channel, body, at)
           SELECT 'sim-again', address, channel, body, at FROM simulated_message LIMIT 1"""
    )
    said = "one offer told twice" if kind == "offer" else "one thing said twice"
    assert any(line.startswith(said) for line in aftermath.lost(db, Journal()))
