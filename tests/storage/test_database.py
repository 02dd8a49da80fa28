"""The database as the services use it: transactions, rings, what is raised when the disk says no, and its speed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import build_box
from tests.story import Story
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import database, line, occupancy, schema, slots
from waitlist_appliance.storage.database import Database, StorageUnavailable, sqlite

# The first SQLite in which a WAL file that is reset while another process checkpoints cannot corrupt the database.
WAL_RESET_FIXED = (3, 51, 3)


class Boom(Exception):
    """Something went wrong in the middle of a transaction."""


@pytest.fixture
def other(box: Appliance) -> Iterator[Database]:
    """A second connection to the same file, as another process has it."""
    second = Database(box.db.path)
    yield second
    second.close()


def name(db: Database) -> str:
    return str(db.value("SELECT name FROM business"))


def rename(db: Database, to: str) -> None:
    db.execute("UPDATE business SET name = ?", to)


def ring_and_fail(db: Database, ring: Callable[[], None]) -> None:
    db.after_commit("deliver", ring)
    raise Boom


def rename_and_fail(db: Database) -> None:
    with db.write():
        rename(db, "Nueva")
    raise Boom


@contextmanager
def impatient(box: Appliance) -> Iterator[None]:
    """Wait for a lock a moment only."""
    box.db.execute("PRAGMA busy_timeout = 50")
    yield
    box.db.execute("PRAGMA busy_timeout = 5000")


# --- transactions and rings


def test_a_ring_fires_once_and_after_the_commit(box: Appliance, other: Database) -> None:
    seen: list[str] = []
    with box.db.write():
        rename(box.db, "Nueva")
        for _ in range(3):
            box.db.after_commit("deliver", lambda: seen.append(name(other)))
        assert seen == []
    assert seen == ["Nueva"]


def test_a_ring_waits_for_the_outermost_commit(box: Appliance) -> None:
    rung: list[int] = []
    with box.db.write():
        with box.db.write():
            box.db.after_commit("deliver", lambda: rung.append(1))
        assert rung == []
    assert rung == [1]


def test_a_rollback_rings_nobody(box: Appliance) -> None:
    rung: list[int] = []
    with pytest.raises(Boom), box.db.write():
        ring_and_fail(box.db, lambda: rung.append(1))
    with box.db.write():
        rename(box.db, "Después")
    assert rung == []


def test_outside_a_transaction_a_ring_fires_at_once(box: Appliance) -> None:
    rung: list[int] = []
    box.db.after_commit("deliver", lambda: rung.append(1))
    assert rung == [1]


def test_a_nested_write_joins_the_outer_one(box: Appliance) -> None:
    with pytest.raises(Boom), box.db.write():
        rename_and_fail(box.db)
    assert name(box.db) == "Casa Lola"


def test_nobody_else_sees_a_transaction_before_its_commit(box: Appliance, other: Database) -> None:
    with box.db.write():
        rename(box.db, "Nueva")
        assert name(other) == "Casa Lola"
    assert name(other) == "Nueva"


def test_threads_of_one_process_write_one_after_the_other(box: Appliance) -> None:
    def add() -> None:
        for _ in range(20):
            with box.db.write():
                count = int(box.db.value("SELECT no_shows FROM customer"))
                box.db.execute("UPDATE customer SET no_shows = ?", count + 1)
        box.db.close()

    Story(box).books("Diego", "13:00")
    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert box.db.value("SELECT no_shows FROM customer") == 80


# --- case 55: locked, full, read-only


def test_a_locked_database_is_unavailable_and_nothing_is_half_written(box: Appliance, other: Database) -> None:
    story = Story(box)
    story.full("19:30")
    with impatient(box), other.write():
        rename(other, "Otra")
        with pytest.raises(StorageUnavailable):
            story.caller("Ana")
    assert (name(box.db), story.entries("Ana"), story.messages("Ana")) == ("Otra", [], [])
    assert story.caller("Ana").created


def test_a_full_disk_is_told_and_nothing_is_half_written(box: Appliance) -> None:
    story = Story(box)
    story.full("19:30")
    box.db.execute(f"PRAGMA max_page_count = {box.db.value('PRAGMA page_count')}")
    joined = fill_up(story)
    assert len(story.box.db.tuples("SELECT id FROM entry")) == joined
    assert box.db.value("SELECT COUNT(*) FROM message") == joined
    assert box.db.value("SELECT COUNT(*) FROM customer") == joined
    assert box.db.value("PRAGMA integrity_check") == "ok"


def fill_up(story: Story) -> int:
    """Callers come until the disk is full; how many were taken in."""
    for number in range(1000):
        try:
            story.caller(f"Guest {number}", notes="x" * 500)
        except StorageUnavailable:
            return number
    raise AssertionError("the disk never became full")


def test_when_there_is_room_again_the_work_goes_on(box: Appliance) -> None:
    story = Story(box)
    story.full("19:30")
    box.db.execute(f"PRAGMA max_page_count = {box.db.value('PRAGMA page_count')}")
    fill_up(story)
    box.db.execute("PRAGMA max_page_count = 1000000")
    assert story.caller("Ana").created
    story.passes()
    assert story.told("Ana") == ["join_link"]


def test_a_disk_that_fills_in_a_pass_of_the_worker_is_told(box: Appliance) -> None:
    story = Story(box)
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    box.db.execute(f"PRAGMA max_page_count = {box.db.value('PRAGMA page_count')}")
    fill_up(story)
    story.replies("Ana", "¿?")
    with pytest.raises(StorageUnavailable):
        story.ticks(60 * 24)
    assert box.db.value("PRAGMA integrity_check") == "ok"


def test_a_read_only_database_is_unavailable(box: Appliance) -> None:
    box.db.execute("PRAGMA query_only = 1")
    with pytest.raises(StorageUnavailable):
        Story(box).takes("19:30")
    box.db.execute("PRAGMA query_only = 0")
    assert box.db.value("SELECT COUNT(*) FROM local_event") == 0


# --- the file


def test_a_confirmed_write_survives_a_power_cut(box: Appliance) -> None:
    db = Database(box.db.path)  # as the appliance opens it, without what the tests switch off
    assert db.value("PRAGMA journal_mode") == "wal"
    assert db.value("PRAGMA synchronous") == 2
    assert db.value("PRAGMA foreign_keys") == 1
    db.close()


def test_sqlite_is_one_without_the_wal_reset_bug() -> None:
    assert sqlite.sqlite_version_info >= WAL_RESET_FIXED


def test_nothing_of_ours_opens_the_file_with_another_sqlite() -> None:
    package = Path(database.__file__).parents[1]
    # What installs opens it in a process of its own, while the services are stopped.
    sources = (path for path in package.rglob("*.py") if path.parent != package / "installation")
    assert [p.name for p in sources if "import sqlite3" in p.read_text(encoding="utf-8")] == []


def test_a_database_newer_than_the_program_is_refused(box: Appliance) -> None:
    box.db.execute(
        "INSERT INTO schema_migration (name, applied) VALUES ('9999_from_the_future', '2030-01-01 00:00:00')"
    )
    for act in (schema.check, schema.migrate):
        with pytest.raises(schema.SchemaMismatch) as refused:
            act(box.db)
        assert refused.value.newer


def test_a_database_older_than_the_program_is_refused_until_it_is_migrated(tmp_path: Path) -> None:
    box = build_box(tmp_path)
    with pytest.raises(schema.SchemaMismatch) as refused:
        schema.check(box.db)
    assert not refused.value.newer
    schema.migrate(box.db)
    schema.check(box.db)
    box.db.close()


# --- hot queries walk an index

DUE_OFFERS = """SELECT * FROM offer WHERE state = 'live' AND deadline_at IS NOT NULL AND deadline_at <= 1
                 ORDER BY deadline_at LIMIT 1"""
DUE_SLOTS = "SELECT * FROM slot WHERE next_check_at <= 1 AND next_check_at IS NOT NULL ORDER BY next_check_at LIMIT 1"
DUE_MESSAGES = """SELECT * FROM message INDEXED BY message_due WHERE state IN ('pending', 'sending') AND due_at <= 1
                   ORDER BY due_at, id LIMIT 1"""


def statements(box: Appliance, act: str) -> list[str]:
    """The statements that a piece of work really runs, so that the test cannot go stale."""
    seen: list[str] = []
    story = Story(box)
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.frees()
    story.passes()
    box.db.peewee.connection().set_trace_callback(seen.append)
    if act == "pass":
        story.passes(minutes=16)
    else:
        story.caller("Ana")
    box.db.peewee.connection().set_trace_callback(None)
    return seen


def plan(db: Database, sql: str) -> str:
    return " | ".join(str(row[3]) for row in db.tuples(f"EXPLAIN QUERY PLAN {sql}"))


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (DUE_OFFERS, "offer_deadline"),
        (DUE_SLOTS, "slot_due"),
        (DUE_MESSAGES, "message_due"),
        ("SELECT customer_id FROM offer WHERE opening_id = 1", "offer_by_opening"),
        ("SELECT * FROM customer WHERE phone = '+34600000001'", "sqlite_autoindex_customer_2"),
        ("SELECT * FROM slot WHERE service_id = 1 AND starts_at = 1", "sqlite_autoindex_slot_2"),
    ],
)
def test_a_hot_query_searches_its_index(box: Appliance, sql: str, index: str) -> None:
    assert index in plan(box.db, sql)
    assert "SCAN" not in plan(box.db, sql)


def test_the_line_is_walked_in_its_index_without_sorting(box: Appliance) -> None:
    sql = line.LINE
    for number, value in enumerate((1, -1, -1, -1, -1, 1, 4, 1, 2), 1):
        sql = sql.replace(f"?{number}", str(value))
    found = plan(box.db, sql)
    assert "SEARCH w USING INDEX wish_line" in found
    assert "SCAN" not in found
    assert "TEMP B-TREE" not in found


def test_busy_intervals_are_searched_by_time(box: Appliance) -> None:
    found = plan(box.db, occupancy.BUSY.replace("?1", "1").replace("?2", "2"))
    for index in ("occupancy_by_time", "event_busy_by_time", "event_busy_long"):
        assert index in found
    assert "SCAN" not in found


# Small tables that hold a handful of rows, whatever the business does.
# A partial index of what is under way (pending bookings, leases) is as small.
SMALL = ("connection", "setting", "resource", "service", "availability_rule", "date_override", "alarm", "business",
         "local_calendar", "setup_version", "service_resource", "simulated_failure", "watch_channel",
         "blocking_calendar", "forgotten_password", "api_key")  # fmt: skip
# What a partial index or a bounded subquery holds is as few.
FEW = ("booking_pending", "notice_untold", "notice_open", "(subquery")


@pytest.mark.parametrize("act", ["pass", "trigger"])
def test_neither_a_trigger_nor_a_pass_of_the_worker_reads_a_whole_table(box: Appliance, act: str) -> None:
    kinds = ("SELECT", "UPDATE", "DELETE")
    seen = {sql for sql in statements(box, act) if sql.lstrip().upper().startswith(kinds)}
    assert seen
    scans = {step for sql in seen for step in plan(box.db, sql).split(" | ") if step.startswith("SCAN")}
    large = {step for step in scans if step.split()[1] not in SMALL and not any(few in step for few in FEW)}
    large.discard("SCAN CONSTANT ROW")
    assert large == set()


def test_due_slots_come_earliest_first(box: Appliance) -> None:
    story = Story(box)
    story.full("19:30", "21:30")
    story.waits("Ana", "19:30", "21:30")
    story.box.db.execute("UPDATE slot SET next_check_at = next_check_at - starts_at / 1000000")
    found = slots.due(box.db, story.now + (story.slot().starts_at - story.now))
    assert [slot.starts_at for slot in found] == sorted((slot.starts_at for slot in found), reverse=True)
