"""The whole machine under random acts: customers, staff, calendars, providers and the clock, on a real database.

HYPOTHESIS_PROFILE=long runs it for minutes with fresh random choices; otherwise it is short and always the same.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.conftest import NOW, at, build_box
from tests.services.machine_checks import Logged, end_state_faults, faults, footprint
from waitlist_appliance.domain.errors import Refused
from waitlist_appliance.services import (
    book,
    business,
    cancel_booking,
    change_wishes,
    check_slots,
    edit_events,
    leave_waitlist,
    offer_page,
    receive_reply,
    register_entry,
    staff_acts,
    sweep,
)
from waitlist_appliance.services.appliance import SYSTEM, VOICE_AGENT
from waitlist_appliance.services.join_waitlist import JoinRequest, join
from waitlist_appliance.storage import entries

PEOPLE = (
    ("Ana", "+34600000001", None), ("Bruno", "+34600000002", None), ("Chloé", "+33612345678", "chloe@example.org"),
    ("Diego", "+34600000004", "diego@example.org"), ("Eva", "+34600000005", None),
)  # fmt: skip
STARTS = (
    at("19:30", "2026-01-15"), at("20:00", "2026-01-15"), at("21:30", "2026-01-15"), at("13:00"), at("19:30"), at("20:30"),
)  # fmt: skip
TABLES = ("Table 1", "Table 2")
POLICIES: dict[str, tuple[object, ...]] = {
    "offers": ("automatic", "automatic", "approve_each", "manual", "paused"),
    "late_yes": (True, False),
    "waitlist_first": (True, False),
    "race_from_seconds": (7200, 172800),
    "race_size": (1, 3),
    "silences_limit": (1, 3),
    "offers_per_day": (1, 3, 50),
    "messages_per_day": (2, 20),
    "quiet_hours": (True, False),
    "urgent_in_quiet_hours": (True, False),
    "offer_window_seconds": (900, 7200),
    "party_tolerance": (0, 4),
    "cutoff_seconds": (0, 1800),
    "registration_required": (True, False),
    "joining": ("open", "open", "closed"),
}
FLEXIBLE = {"dates": {"from": "2026-01-15", "to": "2026-01-16"}, "hours": {"from": "19:00", "to": "21:00"}}

person = st.sampled_from(PEOPLE)
start = st.sampled_from(STARTS)
party = st.sampled_from((1, 2, 2, 3, 4, 5))
pick = st.integers(0, 9)  # counted from the newest


class WholeMachine(RuleBasedStateMachine):
    """Refusals are answers; after each the database must be as it was. Errors that were logged are faults."""

    ready_made: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="machine-"))
        shutil.copy(self.ready_made, self.folder / "waitlist.db")
        self.box = build_box(self.folder)
        self.box.db.execute("PRAGMA synchronous = 0")  # a power cut is another test's matter
        self.now = NOW
        self.logged = Logged()

    @contextmanager
    def refusable(self) -> Iterator[None]:
        before = footprint(self.box.db)
        try:
            yield
        except Refused:
            assert footprint(self.box.db) == before, "a refusal stored something"

    def newest(self, table: str, number: int, where: str = "1") -> int | None:
        ids = self.box.db.tuples(f"SELECT id FROM {table} WHERE {where} ORDER BY id DESC")
        return int(ids[number % len(ids)][0]) if ids else None

    def token(self, kind: str, table: str, number: int, where: str = "1") -> str | None:
        subject = self.newest(table, number, where)
        return None if subject is None else self.box.token(kind, subject, self.now)

    def public_id(self, table: str, number: int, where: str = "1") -> str | None:
        subject = self.newest(table, number, where)
        found = self.box.db.value(f"SELECT public_id FROM {table} WHERE id = ?", subject)
        return None if found is None else str(found)

    @initialize(full=st.sets(start, min_size=1))
    def a_full_evening(self, full: set[datetime]) -> None:
        for starts_at in sorted(full):
            for table in TABLES:
                ends_at = starts_at + timedelta(minutes=90)
                edit_events.add_event(self.box, "Pérez", starts_at, ends_at, table, self.now, SYSTEM)

    # joining

    @rule(who=person, starts_at=start, party=st.none() | party, registered=st.booleans(), force=st.booleans())
    def join(
        self, who: tuple[str, str, str | None], starts_at: datetime, party: int | None, registered: bool, force: bool
    ) -> None:
        name, phone, email = who
        asked = JoinRequest(
            starts_at, phone, first_name=name, email=email, party_size=party, registered=registered, force=force
        )
        with self.refusable():
            join(self.box, asked, self.now, VOICE_AGENT)

    @rule(number=pick, starts=st.sets(start, min_size=1, max_size=4), party=party, anything=st.booleans())
    def sign_up(self, number: int, starts: set[datetime], party: int, anything: bool) -> None:
        token = self.token("registration", "entry", number, "status = 'invited'")
        if token is None:
            return
        entry = entries.by_id(self.box.db, self.newest("entry", number, "status = 'invited'") or 0)
        ticked = tuple(starts & register_entry.allowed_starts(self.box, entry))
        asked = register_entry.RegisterRequest(
            "Ana", "X", "", None, party, ticked, FLEXIBLE if anything else None, consent=True
        )
        with self.refusable():
            register_entry.register(self.box, token, asked, self.now)

    @rule(number=pick, starts=st.sets(start), party=st.none() | party, anything=st.booleans())
    def change_wishes(self, number: int, starts: set[datetime], party: int | None, anything: bool) -> None:
        token = self.token("registration", "entry", number)
        if token is None:
            return
        flexible = FLEXIBLE if anything else None
        with self.refusable():
            contact = change_wishes.Contact(party_size=party)
            change_wishes.change(self.box, token, tuple(starts), flexible, contact, self.now)

    @rule(number=pick)
    def leave(self, number: int) -> None:
        token = self.token("registration", "entry", number)
        if token is not None:
            with self.refusable():
                leave_waitlist.leave(self.box, token, self.now)

    @rule(number=pick)
    def cancel_entry(self, number: int) -> None:
        entry_id = self.newest("entry", number)
        if entry_id is not None:
            entry = entries.by_id(self.box.db, entry_id)
            with self.refusable():
                leave_waitlist.cancel_entry(self.box, entry, self.now, SYSTEM, "cancelled")

    @rule(number=pick, by_customer=st.booleans())
    def reopen(self, number: int, by_customer: bool) -> None:
        token = self.token("registration", "entry", number, "status = 'expired'")
        named = self.public_id("entry", number, "status = 'expired'")
        if token is None or named is None:
            return
        with self.refusable():
            if by_customer:
                change_wishes.reopen(self.box, token, self.now)
            else:
                staff_acts.reopen(self.box, named, self.now, SYSTEM)

    @rule(number=pick, priority=st.sampled_from((0, 100, 1000)))
    def set_priority(self, number: int, priority: int) -> None:
        named = self.public_id("entry", number)
        if named is not None:
            with self.refusable():
                staff_acts.set_priority(self.box, named, priority, self.now, SYSTEM)

    # the calendar

    @rule(starts_at=start, late=st.sampled_from((-60, 0, 30)), table=st.none() | st.sampled_from(TABLES), busy=st.booleans())
    def fill(self, starts_at: datetime, late: int, table: str | None, busy: bool) -> None:
        begins = starts_at + timedelta(minutes=late)
        ends = begins + timedelta(minutes=90)
        with self.refusable():
            edit_events.add_event(self.box, "Gil", begins, ends, table, self.now, SYSTEM, busy=busy)

    @rule(number=st.integers(0, 30))
    def free(self, number: int) -> None:
        named = self.public_id("event", number)
        if named is not None:
            with self.refusable():
                edit_events.cancel_event(self.box, named, self.now, SYSTEM)

    @rule(number=st.integers(0, 30), starts_at=start, table=st.none() | st.sampled_from(TABLES))
    def move_event(self, number: int, starts_at: datetime, table: str | None) -> None:
        named = self.public_id("event", number)
        if named is not None:
            ends_at = starts_at + timedelta(minutes=60)
            with self.refusable():
                edit_events.move_event(self.box, named, starts_at, ends_at, table, self.now, SYSTEM)

    @rule(failure=st.sampled_from((None, "read", "write", "both")))
    def calendar_fails_or_is_back(self, failure: str | None) -> None:
        self.box.db.execute("INSERT OR REPLACE INTO local_calendar (id, failure) VALUES (1, ?)", failure)

    # bookings

    @rule(who=person, starts_at=start, party=party, table=st.none() | st.sampled_from(TABLES))
    def book_directly(
        self, who: tuple[str, str, str | None], starts_at: datetime, party: int, table: str | None
    ) -> None:
        asked = book.BookRequest(starts_at, who[0], who[1], party_size=party, resource=table)
        with self.refusable():
            book.book(self.box, asked, self.now, VOICE_AGENT)

    @rule(number=pick, starts_at=start)
    def book_from_page(self, number: int, starts_at: datetime) -> None:
        token = self.token("registration", "entry", number)
        if token is not None:
            with self.refusable():
                book.book_from_page(self.box, token, starts_at, self.now)

    @rule(number=pick, by_customer=st.booleans())
    def cancel_booking(self, number: int, by_customer: bool) -> None:
        token, booking_id = self.token("booking", "booking", number), self.newest("booking", number)
        if token is None or booking_id is None:
            return
        with self.refusable():
            if by_customer:
                cancel_booking.cancel_by_token(self.box, token, self.now)
            else:
                cancel_booking.cancel(self.box, booking_id, self.now, SYSTEM, "by staff")

    # offers

    @rule(number=pick, table=st.none() | st.sampled_from(TABLES), force=st.booleans())
    def offer_by_hand(self, number: int, table: str | None, force: bool) -> None:
        named = self.public_id("entry", number)
        if named is not None:
            with self.refusable():
                staff_acts.notify(self.box, named, self.now, SYSTEM, resource=table, force=force)

    @rule(number=pick)
    def approve(self, number: int) -> None:
        named = self.public_id("offer", number, "state = 'proposed'")
        if named is not None:
            with self.refusable():
                staff_acts.approve(self.box, named, self.now, SYSTEM)

    @rule(number=pick)
    def withdraw(self, number: int) -> None:
        named = self.public_id("offer", number, "state IN ('proposed', 'live')")
        if named is not None:
            with self.refusable():
                staff_acts.withdraw(self.box, named, self.now, SYSTEM)

    @rule(number=pick, answer=st.sampled_from((offer_page.accept, offer_page.decline, offer_page.offer_page)))
    def answer_on_the_page(self, number: int, answer: object) -> None:
        token = self.token("offer", "offer", number, "sent_at IS NOT NULL")
        if token is not None and callable(answer):
            answer(self.box, token, self.now)

    @rule(who=person, said=st.sampled_from(("SI", "SI", "No", "STOP", "START", "?")))
    def answer_by_message(self, who: tuple[str, str, str | None], said: str) -> None:
        receive_reply.receive(self.box, who[1], "sms", said, self.now)

    # the owner, the providers, the clock

    @rule(key=st.sampled_from(sorted(POLICIES)), number=pick)
    def change_policy(self, key: str, number: int) -> None:
        business.set_policy(self.box, key, POLICIES[key][number % len(POLICIES[key])], SYSTEM, self.now)

    @rule(who=person, outcome=st.sampled_from(("undeliverable", "retry")), times=st.integers(1, 3))
    def number_fails(self, who: tuple[str, str, str | None], outcome: str, times: int) -> None:
        sql = "INSERT OR REPLACE INTO simulated_failure (address, channel, outcome, times) VALUES (?, 'sms', ?, ?)"
        self.box.db.execute(sql, who[1], outcome, times)

    @rule(minutes=st.sampled_from((1, 5, 16, 16, 45, 121, 300)))
    def clock_forward(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def deliver_and_write(self) -> None:
        sweep.provider_pass(self.box, self.now)

    @rule()
    def sweep(self) -> None:
        sweep.sweep(self.box, self.now)

    @rule()
    def check_due(self) -> None:
        check_slots.check_due(self.box, self.now)

    @precondition(lambda self: self.now > NOW)
    @rule()
    def worker_catches_up(self) -> None:
        sweep.sweep(self.box, self.now)
        sweep.provider_pass(self.box, self.now)

    # what must always hold, and what must hold in the end

    @invariant()
    def nothing_impossible_has_happened(self) -> None:
        assert faults(self.box.db) == []
        assert self.logged.errors == []

    def teardown(self) -> None:
        try:
            self._run_out()
            assert end_state_faults(self.box.db) == []
            assert self.logged.errors == []
        finally:
            self.logged.close()
            self.box.db.close()
            shutil.rmtree(self.folder)

    def _run_out(self) -> None:
        """Providers work again, and the clock goes past everything, with room for every retry."""
        self.box.db.execute("UPDATE local_calendar SET failure = NULL")
        self.box.db.execute("DELETE FROM simulated_failure")
        last = max(STARTS) + timedelta(hours=14)
        for pause in (timedelta(0), timedelta(minutes=10), last - self.now, timedelta(minutes=10)):
            self.now += max(pause, timedelta(0))
            for _ in range(4):
                sweep.sweep(self.box, self.now)
                sweep.provider_pass(self.box, self.now)
            self.nothing_impossible_has_happened()


LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"


@pytest.fixture(autouse=True, scope="module")
def _ready(ready_made: Path) -> Iterator[None]:
    WholeMachine.ready_made = ready_made
    logging.getLogger("waitlist_appliance").setLevel(logging.ERROR)
    yield
    logging.getLogger("waitlist_appliance").setLevel(logging.NOTSET)


TestWholeMachine = WholeMachine.TestCase
TestWholeMachine.settings = settings(
    max_examples=1500 if LONG else 40,
    stateful_step_count=60 if LONG else 40,
    derandomize=not LONG,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
