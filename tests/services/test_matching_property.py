"""Choosing by the database's short list equals choosing over all rows by the pure function."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import NOW, at
from waitlist_appliance.domain import matching
from waitlist_appliance.domain.matching import Candidate
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.edit_events import add_event, cancel_event
from waitlist_appliance.storage import line

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
START = at("19:30")
DAY_START = NOW - timedelta(hours=12)

people = st.lists(
    st.builds(
        dict,
        round=st.integers(0, 1), priority=st.sampled_from((0, 100)), lined_up_at=st.integers(0, 3),
        party=st.integers(1, 5), table=st.none() | st.integers(0, 1), reachable=st.just(True) | st.booleans(),
        zone=st.none() | st.sampled_from(("Interior", "Terraza")), offers_today=st.sampled_from((0, 0, 1, 3)),
        pending=st.just(False) | st.booleans(),
    ),
    max_size=14,
)  # fmt: skip


def line_up(box: Appliance, described: list[dict[str, object]]) -> int:
    """One slot with these people in line, straight into the tables; its id."""
    db, service = box.db, box.setup().default_service
    tables = sorted(box.setup().resources)
    slot = db.insert("slot", public_id="s", service_id=service.id, starts_at=START, ends_at=START + timedelta(minutes=90),
                     closes_at=START - timedelta(minutes=30), status="monitoring", created_at=NOW)  # fmt: skip
    for number, person in enumerate(described):
        customer = db.insert("customer", public_id=f"c{number}", phone=f"+3460000{number:04}", phone_kind="mobile",
                             created_at=NOW, undeliverable_at=None if person["reachable"] else NOW)  # fmt: skip
        entry = db.insert("entry", public_id=f"e{number}", customer_id=customer, service_id=service.id, status="waiting",
                          party_size=person["party"], source="manual", locale="es", requested_slot_id=slot,
                          created_at=NOW, registered_at=NOW, lined_up_at=NOW)  # fmt: skip
        table = person["table"]
        db.insert("wish", entry_id=entry, customer_id=customer, slot_id=slot, state="live", round=person["round"],
                  priority=person["priority"], lined_up_at=to_ms(NOW) + int(str(person["lined_up_at"])),
                  party=person["party"], resource_id=None if table is None else tables[int(str(table))],
                  zone=person["zone"], created_at=NOW)  # fmt: skip
        _past(box, person, customer, entry, slot, tables[0])
    return slot


def _past(box: Appliance, person: dict[str, object], customer: int, entry: int, slot: int, table: int) -> None:
    """Offers the customer had today for a time of old, and a booking the calendar has not confirmed yet."""
    db = box.db
    wish = db.value("SELECT id FROM wish WHERE entry_id = ?", entry)
    for number in range(int(str(person["offers_today"]))):
        opening = db.insert("opening", slot_id=slot, resource_id=table, cause="old", freed_at=NOW, state="taken")
        hold = db.insert("hold", opening_id=opening, slot_id=slot, resource_id=table, state="released", created_at=NOW)
        db.insert("offer", public_id=f"o{customer}.{number}", hold_id=hold, opening_id=opening, wish_id=wish,
                  entry_id=entry, customer_id=customer, slot_id=slot, state="declined", created_at=NOW)  # fmt: skip
    if person["pending"]:
        db.insert("booking", public_id=f"b{customer}", code=f"C{customer}", service_id=1, resource_id=table,
                  starts_at=NOW, ends_at=NOW + timedelta(hours=1), customer_id=customer, party_size=1,
                  status="pending", source="web", created_at=NOW)  # fmt: skip


def all_rows(box: Appliance, slot: int) -> list[Candidate]:
    """Every live wish of the slot as the pure function sees it, in no order of the line, counted one by one."""
    db, found = box.db, []
    for row in db.tuples("""SELECT w.id, w.entry_id, w.customer_id, w.round, w.priority, w.lined_up_at, w.party, w.resource_id,
                                   w.zone, c.undeliverable_at FROM wish w JOIN customer c ON c.id = w.customer_id
                             WHERE w.slot_id = ? AND w.state = 'live' ORDER BY w.id DESC""", slot):  # fmt: skip
        today = db.value("SELECT COUNT(*) FROM offer WHERE customer_id = ? AND late = 0", row[2])
        pending = db.value("SELECT COUNT(*) FROM booking WHERE customer_id = ? AND status = 'pending'", row[2])
        found.append(Candidate(row[0], row[1], row[2], slot, *row[3:9], row[9] is None, False, pending > 0, today, 0))
    return found


def chosen_over_all_rows(box: Appliance, slot: int) -> dict[int, int]:
    """By the pure function alone: customer by resource, asking for the earliest in line again and again."""
    setup = box.setup()
    free, left, made = [r.seat for r in setup.resources.values()], all_rows(box, slot), {}
    while free and left:
        able = [c for c in left if matching.best_seat(c, free, setup.policies) is not None]
        able = [c for c in able if matching.person_problem(c, setup.policies) is None]
        if not able:
            break
        person = min(able, key=lambda c: c.place)
        seat = matching.best_seat(person, free, setup.policies)
        assert seat is not None
        made[seat.id] = person.customer_id
        free = [other for other in free if other.id != seat.id]
        left.remove(person)
    return made


class Undo(Exception):
    """Rolls back what an example wrote."""


@contextmanager
def undone(box: Appliance) -> Iterator[None]:
    """One example in one transaction; the next finds the database as this one did."""
    with suppress(Undo), box.db.write():
        yield
        raise Undo


@settings(max_examples=2000 if LONG else 40, derandomize=not LONG, deadline=None, print_blob=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(people, st.sampled_from((0, 4)))
def test_the_short_list_chooses_whom_all_rows_would_choose(
    box: Appliance, described: list[dict[str, object]], tolerance: int
) -> None:
    with undone(box):
        event = add_event(box, "full", START, START + timedelta(minutes=90), None, NOW, SYSTEM)
        box.db.insert("setting", key="party_tolerance", value=str(tolerance), updated_at=NOW)
        slot = line_up(box, described)
        expected = chosen_over_all_rows(box, slot)
        cancel_event(box, event.public_id, NOW, SYSTEM)
        made = box.db.tuples("""SELECT h.resource_id, o.customer_id FROM offer o JOIN hold h ON h.id = o.hold_id
                                 WHERE o.state = 'live'""")  # fmt: skip
        assert dict(made) == expected


@settings(max_examples=1000 if LONG else 40, derandomize=not LONG, deadline=None, print_blob=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(people, st.integers(0, 1), st.sets(st.integers(1, 14)))
def test_the_first_of_the_pages_is_the_first_of_all_rows(
    box: Appliance, described: list[dict[str, object]], table: int, asked: set[int]
) -> None:
    with undone(box):
        slot, policies = line_up(box, described), box.setup().policies
        seat = list(box.setup().resources.values())[table].seat
        pages = line.candidates(box.db, slot, DAY_START)
        short = matching.first_in_line(pages, seat, frozenset(asked), policies)
        whole = matching.first_in_line(all_rows(box, slot), seat, frozenset(asked), policies)
        assert (short and replace(short, messages_today=0)) == whole
