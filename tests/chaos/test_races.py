"""The races: separate processes at one instant on one file. Each has a control: past the services, the database refuses."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from tests.chaos import acts
from tests.chaos.acts import EVENING, OLIVIA, drain, live_offer, wait_in_line
from tests.chaos.conftest import Rounds
from tests.chaos.crowd import Act, crowd
from tests.chaos.invariants import check
from tests.conftest import NOW, at, build_box
from waitlist_appliance.services.appliance import VOICE_AGENT, Appliance
from waitlist_appliance.services.business import set_policy
from waitlist_appliance.services.edit_events import add_event, cancel_event
from waitlist_appliance.services.join_waitlist import JoinRequest, join
from waitlist_appliance.storage.database import IntegrityError

pytestmark = pytest.mark.processes

ROUNDS = 3
ANA, BRUNO, CHLOE, DIEGO = 1, 2, 3, 4
RACE = at("18:00")
OVERLAP_TRIGGERS = ("TRIGGER occupancy_no_overlap_insert", "TRIGGER occupancy_no_overlap_update")


# The scenes before the races


def full_house(box: Appliance) -> list[str]:
    """Both tables are taken all evening by events in the calendar; their ids."""
    events = [("Reserva Pérez", "Table 1"), ("Reserva Gil", "Table 2")]
    return [add_event(box, title, at("17:00"), at("23:00"), table, NOW, OLIVIA).public_id for title, table in events]


def ten_in_line(box: Appliance) -> None:
    full_house(box)
    for number in range(1, 11):
        wait_in_line(box, number, NOW + timedelta(minutes=number))


def ana_in_line(box: Appliance) -> None:
    full_house(box)
    wait_in_line(box, ANA, NOW)


def one_table_held_for_ana(box: Appliance) -> None:
    """Ana has been offered table 1, table 2 is free for anybody; Bruno has a link and has not signed up."""
    first, second = full_house(box)
    wait_in_line(box, ANA, NOW)
    join(box, JoinRequest(EVENING, acts.phone(BRUNO), first_name="Bruno", party_size=2), NOW, VOICE_AGENT)
    cancel_event(box, first, NOW, OLIVIA)
    cancel_event(box, second, NOW, OLIVIA)
    drain(box, NOW)


def fifty_asked_at_once(box: Appliance) -> None:
    first, _ = full_house(box)
    set_policy(box, "race_size", 50, OLIVIA, NOW)
    for number in range(1, 51):
        wait_in_line(box, number, NOW + timedelta(seconds=number))
    cancel_event(box, first, RACE, OLIVIA)
    drain(box, RACE)


def events_of(folder: Path) -> list[str]:
    box = build_box(folder)
    found = [str(row[0]) for row in box.db.tuples("SELECT public_id FROM event WHERE tag IS NULL ORDER BY resource_id")]
    box.db.close()
    return found


def refused_until_dropped(folder: Path, tmp_path: Path, insert: str, *guards: str) -> list[str]:
    """The control: the insert is refused, and done once the guards are dropped; what the invariants then say."""
    copy = tmp_path / "control"
    copy.mkdir()
    build_box(folder).db.tuples("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(folder / "waitlist.db", copy / "waitlist.db")
    db = build_box(copy).db
    with pytest.raises(IntegrityError):
        db.execute(insert)
    for guard in guards:
        db.execute(f"DROP {guard}")
    assert db.execute(insert) == 1
    return check(db)


# Case 3


def test_two_identical_triggers_at_the_same_instant_leave_one_row(rounds: Rounds) -> None:
    folders = rounds(full_house_only, ROUNDS)
    for folder, answers in zip(
        folders, crowd([(f, [Act(acts.trigger, (ANA, NOW))] * 8) for f in folders]), strict=True
    ):
        assert Counter(answer.split()[0] for answer in answers) == {"created": 1, "found": 7}
        assert len({answer.split()[1] for answer in answers}) == 1
        db = build_box(folder).db
        assert [db.value(f"SELECT count(*) FROM {table}") for table in ("entry", "customer", "wish", "message")] == [
            1
        ] * 4
        assert check(db) == []


def full_house_only(box: Appliance) -> None:
    full_house(box)


def test_a_second_wish_past_the_services_is_refused_by_its_index(rounds: Rounds, tmp_path: Path) -> None:
    insert = """INSERT INTO wish (entry_id, customer_id, slot_id, state, created_at)
                SELECT entry_id, customer_id, slot_id, 'live', created_at FROM wish LIMIT 1"""
    (folder,) = rounds(ana_in_line, 1)
    broken = refused_until_dropped(folder, tmp_path, insert, "INDEX wish_one_active")
    assert any(line.startswith("one customer wishes one slot twice") for line in broken)


# Case 13


def test_two_tables_freed_at_once_are_offered_to_the_first_two_of_ten(rounds: Rounds) -> None:
    folders = rounds(ten_in_line, ROUNDS)
    now = NOW + timedelta(hours=1)
    crowd([
        (f, [*(Act(acts.free, (event, now)) for event in events_of(f)), *[Act(acts.look, (now,))] * 4]) for f in folders
    ])  # fmt: skip
    for folder in folders:
        db = build_box(folder).db
        asked = db.tuples("SELECT c.phone FROM offer o JOIN customer c ON c.id = o.customer_id ORDER BY o.id")
        assert asked == [(acts.phone(ANA),), (acts.phone(BRUNO),)]
        assert db.value("SELECT count(*) FROM message WHERE kind = 'offer'") == 2
        assert check(db) == []


def test_a_second_live_offer_past_the_services_is_refused_by_its_index(rounds: Rounds, tmp_path: Path) -> None:
    insert = """INSERT INTO offer (public_id, hold_id, opening_id, wish_id, entry_id, customer_id, slot_id, state, created_at)
                SELECT 'second', b.hold_id, b.opening_id, a.wish_id, a.entry_id, a.customer_id, a.slot_id, 'live', 0
                  FROM offer a JOIN offer b ON b.id > a.id LIMIT 1"""
    (folder,) = rounds(two_offered, 1)
    broken = refused_until_dropped(folder, tmp_path, insert, "INDEX offer_one_live")
    assert any(line.startswith("two live offers for one customer") for line in broken)


def two_offered(box: Appliance) -> None:
    ten_in_line(box)
    for (event,) in box.db.tuples("SELECT public_id FROM event WHERE tag IS NULL"):
        cancel_event(box, event, NOW + timedelta(hours=1), OLIVIA)


# Case 16


def test_nobody_else_gets_a_time_that_is_freed_for_the_line(rounds: Rounds) -> None:
    folders = rounds(ana_in_line, ROUNDS)
    askers = [(number, source) for number, source in enumerate(["voice_agent", "web", "manual"] * 2, start=20)]
    played = crowd([
        (f, [Act(acts.free, (events_of(f)[0], NOW)), *(Act(acts.ask_for, (n, EVENING, s, NOW)) for n, s in askers)])
        for f in folders
    ])  # fmt: skip
    for folder, answers in zip(folders, played, strict=True):
        assert answers[0] == "freed"
        assert set(answers[1:]) <= {"refused: full", "refused: reserved"}
        box = build_box(folder)
        live_offer(box, ANA)
        assert box.db.value("SELECT count(*) FROM booking") == 0
        assert check(box.db) == []


def test_while_held_only_the_holder_gets_the_time(rounds: Rounds) -> None:
    folders = rounds(held_for_ana_only, ROUNDS)
    whom = [
        (ANA, "voice_agent"),
        *((number, source) for number, source in enumerate(["voice_agent", "web", "manual"], 20)),
    ]
    played = crowd([(f, [Act(acts.ask_for, (n, EVENING, s, NOW)) for n, s in whom]) for f in folders])
    for folder, answers in zip(folders, played, strict=True):
        assert answers[0].startswith("booked")
        assert set(answers[1:]) <= {"refused: reserved", "refused: full"}
        db = build_box(folder).db
        assert db.tuples("SELECT customer_id, offer_id FROM booking") == [(1, 1)]
        assert check(db) == []


def held_for_ana_only(box: Appliance) -> None:
    first, _ = full_house(box)
    wait_in_line(box, ANA, NOW)
    cancel_event(box, first, NOW, OLIVIA)
    drain(box, NOW)


def test_a_booking_over_a_hold_past_the_services_is_refused_by_its_trigger(rounds: Rounds, tmp_path: Path) -> None:
    insert = """INSERT INTO occupancy (resource_id, starts_at, ends_at, hold_id)
                SELECT resource_id, starts_at + 60000, ends_at + 60000, hold_id FROM occupancy LIMIT 1"""
    (folder,) = rounds(held_for_ana_only, 1)
    broken = refused_until_dropped(folder, tmp_path, insert, *OVERLAP_TRIGGERS)
    assert any(line.startswith("one resource occupied twice at a time") for line in broken)


# Case 35


def test_fifty_say_yes_at_once_and_one_gets_the_table(rounds: Rounds) -> None:
    folders = rounds(fifty_asked_at_once, 2)
    played = crowd([(f, yeses_of_fifty(f)) for f in folders])
    for folder, answers in zip(folders, played, strict=True):
        won = [a for a in answers if a.startswith("accepted") or a == "answered None"]
        kind = [a for a in answers if a in ("lost, keeps the place", "over, keeps the place", "answered too_late")]
        assert (len(won), len(kind)) == (1, 49), sorted(set(answers))
        box = build_box(folder)
        assert check(box.db) == []
        drain(box, RACE + timedelta(minutes=1))
        assert_one_booking_and_forty_nine_places(box)


def yeses_of_fifty(folder: Path) -> list[Act]:
    """Every second person taps the button, the others reply by message."""
    box = build_box(folder)
    now = RACE + timedelta(minutes=1)
    yeses = [
        Act(acts.say_yes, (live_offer(box, n), now)) if n % 2 else Act(acts.reply_yes, (n, now)) for n in range(1, 51)
    ]
    box.db.close()
    return yeses


def assert_one_booking_and_forty_nine_places(box: Appliance) -> None:
    db = box.db
    assert db.tuples("SELECT status FROM booking") == [("confirmed",)]
    assert db.value("SELECT count(*) FROM local_event WHERE tag LIKE 'booking:%'") == 1
    assert db.tuples("SELECT status, count(*) FROM entry GROUP BY status") == [("confirmed", 1), ("waiting", 49)]
    assert db.value("SELECT count(*) FROM wish WHERE state = 'live'") == 49
    lost = "SELECT count(DISTINCT customer_id), count(*) FROM message WHERE kind = 'offer_lost' AND state = 'sent'"
    assert db.tuples(lost) == [(49, 49)]
    assert check(db) == []


def test_a_second_booking_of_one_offer_past_the_services_is_refused_by_its_index(
    rounds: Rounds, tmp_path: Path
) -> None:
    insert = """INSERT INTO booking (public_id, code, service_id, resource_id, starts_at, ends_at, customer_id, offer_id,
                                     party_size, status, source, created_at)
                SELECT 'second', 'SECOND', service_id, resource_id, starts_at, ends_at, customer_id, offer_id,
                       party_size, status, source, created_at FROM booking LIMIT 1"""
    (folder,) = rounds(ana_said_yes, 1)
    broken = refused_until_dropped(folder, tmp_path, insert, "INDEX booking_one_per_offer")
    assert any(line.startswith("an accepted offer without its one booking") for line in broken)


def ana_said_yes(box: Appliance) -> None:
    held_for_ana_only(box)
    acts.say_yes(box, live_offer(box, ANA), NOW)


# Case 46


def test_page_voice_agent_staff_and_offer_never_book_one_table_twice(rounds: Rounds) -> None:
    folders = rounds(one_table_held_for_ana, 4)
    played = crowd([(f, everybody_wants_the_evening(f)) for f in folders])
    for folder, answers in zip(folders, played, strict=True):
        assert answers[0].startswith("accepted")
        assert len([answer for answer in answers if answer.startswith("booked")]) == 1
        box = build_box(folder)
        assert check(box.db) == []
        drain(box, NOW)
        assert box.db.tuples("SELECT resource_id FROM occupancy ORDER BY resource_id") == [(1,), (2,)]
        assert box.db.tuples("SELECT DISTINCT status FROM booking") == [("confirmed",)]
        assert check(box.db) == []


def everybody_wants_the_evening(folder: Path) -> list[Act]:
    """Ana says yes to table 1; page, voice agent and staff want the other one, at times that overlap."""
    box = build_box(folder)
    yes = Act(acts.say_yes, (live_offer(box, ANA), NOW))
    entry = box.db.value("SELECT id FROM entry WHERE status = 'invited'")
    page = Act(acts.book_on_page, (box.token("registration", entry, NOW), EVENING, NOW))
    times = [at("19:00"), EVENING, at("20:00")]
    asked = [
        Act(acts.ask_for, (30 + number, times[number % 3], source, NOW))
        for number, source in enumerate(["voice_agent", "manual", "web"] * 3)
    ]
    box.db.close()
    return [yes, page, *asked]


def test_a_booking_over_a_booking_past_the_services_is_refused_by_its_trigger(rounds: Rounds, tmp_path: Path) -> None:
    insert = """INSERT INTO occupancy (resource_id, starts_at, ends_at, booking_id)
                SELECT resource_id, starts_at, ends_at, booking_id FROM occupancy WHERE booking_id IS NOT NULL LIMIT 1"""
    (folder,) = rounds(ana_said_yes, 1)
    broken = refused_until_dropped(folder, tmp_path, insert, *OVERLAP_TRIGGERS)
    assert any(line.startswith("one resource occupied twice at a time") for line in broken)


# The worker's own races


def test_a_message_that_several_processes_find_due_is_sent_once(rounds: Rounds) -> None:
    folders = rounds(ten_in_line, ROUNDS)
    now = NOW + timedelta(minutes=20)
    played = crowd([(f, [Act(acts.hand_over, (now,))] * 6) for f in folders])
    for folder, answers in zip(folders, played, strict=True):
        db = build_box(folder).db
        due = db.value("SELECT count(*) FROM message WHERE state = 'sent'")
        assert due >= 10
        assert sum(int(answer) for answer in answers) == due
        assert db.value("SELECT max(attempts) FROM message") == 1
        assert db.value("SELECT count(*) FROM activity WHERE verb = 'message_sent'") == due


def test_a_silence_that_several_processes_find_is_counted_once(rounds: Rounds) -> None:
    folders = rounds(two_offered_and_told, ROUNDS)
    late = NOW + timedelta(hours=1, minutes=16)
    played = crowd([(f, [Act(acts.expire, (late,))] * 6) for f in folders])
    for folder, answers in zip(folders, played, strict=True):
        db = build_box(folder).db
        assert sum(int(answer) for answer in answers) == 2
        assert db.tuples("SELECT silences, count(*) FROM entry GROUP BY silences") == [(0, 8), (1, 2)]
        asked = db.tuples("SELECT c.phone FROM offer o JOIN customer c ON c.id = o.customer_id ORDER BY o.id")
        assert asked == [(acts.phone(number),) for number in (ANA, BRUNO, CHLOE, DIEGO)]
        assert check(db) == []


def two_offered_and_told(box: Appliance) -> None:
    two_offered(box)
    drain(box, NOW + timedelta(hours=1))


def test_an_offer_that_leaves_just_as_it_is_given_up_is_either_sent_or_failed(rounds: Rounds) -> None:
    folders = rounds(two_offered, 5)
    late = NOW + timedelta(hours=1, minutes=10)
    crowd([(f, [Act(acts.hand_over, (late,)), Act(acts.expire, (late,))] * 3) for f in folders])
    for folder in folders:
        db = build_box(folder).db
        told = """SELECT o.id, o.state FROM offer o JOIN message m ON m.offer_id = o.id AND m.state = 'sent'
                   WHERE o.state <> 'live' OR o.deadline_at IS NULL"""
        assert db.tuples(told) == []
        assert db.value("SELECT count(*) FROM offer WHERE state = 'live'") == 2
        assert check(db) == []


def test_a_slot_that_several_processes_find_due_is_checked_by_one(rounds: Rounds) -> None:
    folders = rounds(ten_in_line, ROUNDS)
    later = NOW + timedelta(hours=2)
    played = crowd([(f, [Act(acts.check_slots, (later,))] * 6) for f in folders])
    for folder, answers in zip(folders, played, strict=True):
        assert sorted(answers) == ["0"] * 5 + ["1"]
        assert check(build_box(folder).db) == []


def test_two_workers_write_one_calendar_event_once(rounds: Rounds) -> None:
    folders = rounds(ana_said_yes, ROUNDS)
    crowd([(f, [Act(acts.write_calendar, (NOW,))] * 4) for f in folders])
    for folder in folders:
        box = build_box(folder)
        assert box.db.tuples("SELECT version, status FROM local_event WHERE tag LIKE 'booking:%'") == [(1, "confirmed")]
        assert box.db.value("SELECT max(attempts) FROM calendar_write WHERE kind = 'booking'") == 1
        drain(box, NOW)
        assert box.db.value("SELECT count(*) FROM message WHERE kind = 'confirmed'") == 1
        assert check(box.db) == []
