"""Case 55: a full disk, a locked database, a read-only one: a clear error, nothing half-written, and it heals."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.story import Story
from waitlist_appliance.storage.database import Database, StorageUnavailable


@pytest.fixture
def full_disk(story: Story) -> Iterator[Story]:
    """Casa Lola at a full 19:30, with a database that cannot grow by a single page."""
    story.full("19:30")
    story.in_line("Ana")
    db = story.box.db
    db.execute("VACUUM")
    db.tuples(f"PRAGMA max_page_count = {db.value('PRAGMA page_count')}")
    yield story
    db.tuples("PRAGMA max_page_count = 1000000")


def counts(story: Story) -> list[int]:
    tables = ("customer", "entry", "wish", "slot", "message", "token", "activity", "booking", "offer", "occupancy")
    return [story.box.db.value(f"SELECT COUNT(*) FROM {table}") for table in tables]


def callers_until_full(story: Story) -> tuple[list[int], list[int]]:
    """Callers come until one is refused; what was stored before and after that one."""
    for number in range(2000):
        before = counts(story)
        try:
            story.caller(f"Guest{number}")
        except StorageUnavailable:
            return before, counts(story)
    raise AssertionError("the disk never filled")


def test_on_a_full_disk_a_caller_is_refused_and_nothing_is_half_written(full_disk: Story) -> None:
    before, after = callers_until_full(full_disk)
    assert before == after


def test_on_a_full_disk_what_was_promised_before_is_still_there(full_disk: Story) -> None:
    callers_until_full(full_disk)
    assert full_disk.status("Ana") == "waiting"
    assert full_disk.box.db.value("PRAGMA integrity_check") == "ok"


def test_when_the_disk_has_room_again_everything_goes_on(full_disk: Story) -> None:
    callers_until_full(full_disk)
    full_disk.box.db.tuples("PRAGMA max_page_count = 1000000")
    full_disk.frees()
    full_disk.passes()
    assert full_disk.asked() == [("Ana", "live")]


def test_a_pass_on_a_full_disk_says_so_and_nothing_is_lost(full_disk: Story) -> None:
    callers_until_full(full_disk)
    with pytest.raises(StorageUnavailable):
        full_disk.ticks(2000)
    full_disk.box.db.tuples("PRAGMA max_page_count = 1000000")
    full_disk.passes()
    assert full_disk.told("Ana")[-1] == "joined"


def test_a_read_only_database_is_a_clear_error(asked: Story) -> None:
    asked.box.db.execute("PRAGMA query_only = 1")
    with pytest.raises(StorageUnavailable):
        asked.yes("Ana")
    asked.box.db.execute("PRAGMA query_only = 0")
    assert asked.yes("Ana").outcome == "accepted"


def test_a_locked_database_is_a_clear_error_and_the_yes_can_be_said_again(asked: Story) -> None:
    other = Database(asked.box.db.path)
    asked.box.db.execute("PRAGMA busy_timeout = 20")
    with other.write(), pytest.raises(StorageUnavailable):
        asked.yes("Ana")
    other.close()
    assert asked.yes("Ana").outcome == "accepted"


def test_a_locked_database_stops_a_pass_and_the_next_one_does_its_work(asked: Story) -> None:
    other = Database(asked.box.db.path)
    asked.box.db.execute("PRAGMA busy_timeout = 20")
    with other.write(), pytest.raises(StorageUnavailable):
        asked.passes(minutes=16)
    other.close()
    asked.passes()
    assert asked.asked() == [("Ana", "expired"), ("Bruno", "live")]
