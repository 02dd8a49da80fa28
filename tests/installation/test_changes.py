"""Upgrades and roll-backs that nobody cuts off: what they refuse, what they keep, what they say."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.installation.house import House, builder, install, leftovers, source
from waitlist_appliance.installation import journal, releases
from waitlist_appliance.installation.change import Change
from waitlist_appliance.installation.failure import Failed
from waitlist_appliance.installation.journal import Journal
from waitlist_appliance.installation.releases import Release, Supplies
from waitlist_appliance.installation.screen import Screen

OLD = source("1.0", "0001")
NEW = source("2.0", "0001", "0002")


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    install(made, OLD)
    made.write_down("before")
    return made


def change(house: House, *marks: str) -> Change:
    return Change(house, Screen(io.StringIO()), build=builder(*marks), well_seconds=0.0)


def running(house: House) -> Release:
    found = releases.current(house.places)
    assert found is not None
    assert house.running == found.name
    return found


def test_an_upgrade_migrates_and_runs_the_new_version(house: House) -> None:
    change(house).upgrade(NEW, Supplies())
    assert (running(house).version, house.migrations()) == ("2.0", ("0001", "0002"))
    assert leftovers(house.places) == []


def test_a_backup_is_made_before_anything_is_touched(house: House) -> None:
    change(house).upgrade(NEW, Supplies())
    (copy,) = house.places.backups.glob("before-upgrade-*.db")
    assert house.lines(copy) == ["written by 1.0", "before"]
    assert copy.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("mark", ["sick", "cannot-migrate", "does-not-start"])
def test_a_failing_upgrade_is_undone_and_says_why(house: House, mark: str) -> None:
    with pytest.raises(Failed, match="was undone"):
        change(house, mark).upgrade(NEW, Supplies())
    assert (running(house).version, house.migrations()) == ("1.0", ("0001",))
    assert [release.version for release in releases.every(house.places)] == ["1.0"]
    assert leftovers(house.places) == []


def test_what_a_sick_version_wrote_is_kept_beside_the_backups(house: House) -> None:
    with pytest.raises(Failed):
        change(house, "sick").upgrade(NEW, Supplies())
    (copy,) = house.places.backups.glob("undone-*.db")
    assert "written by 2.0" in house.lines(copy)
    assert "written by 2.0" not in house.lines()


def test_without_migrations_what_a_sick_version_wrote_stays(house: House) -> None:
    with pytest.raises(Failed):
        change(house, "sick").upgrade(source("1.1", "0001"), Supplies())
    assert "written by 1.1" in house.lines()


def test_the_same_version_can_be_installed_again(house: House) -> None:
    before = running(house)
    change(house).upgrade(OLD, Supplies())
    assert (running(house).version, running(house) == before) == ("1.0", False)


def test_a_version_that_does_not_know_the_database_is_refused_before_anything_is_built(house: House) -> None:
    change(house).upgrade(NEW, Supplies())
    with pytest.raises(Failed, match=r"newer than version 1\.0"):
        change(house).upgrade(OLD, Supplies())
    assert [release.version for release in releases.every(house.places)] == ["1.0", "2.0"]
    assert running(house).version == "2.0"


def test_the_last_two_old_releases_are_kept(house: House) -> None:
    for number in range(1, 5):
        change(house).upgrade(source(f"1.{number}", "0001"), Supplies())
    assert [release.version for release in releases.every(house.places)] == ["1.2", "1.3", "1.4"]


def test_a_roll_back_goes_to_the_release_before(house: House) -> None:
    change(house).upgrade(source("1.1", "0001"), Supplies())
    house.write_down("since")
    change(house).rollback(None)
    assert running(house).version == "1.0"
    assert "since" in house.lines()


def test_a_roll_back_over_a_migration_needs_the_backup(house: House) -> None:
    change(house).upgrade(NEW, Supplies())
    with pytest.raises(Failed, match="--backup"):
        change(house).rollback(None)
    assert running(house).version == "2.0"


def test_a_roll_back_with_the_backup_takes_the_database_back_too(house: House) -> None:
    change(house).upgrade(NEW, Supplies())
    (copy,) = house.places.backups.glob("before-upgrade-*.db")
    change(house).rollback(copy)
    assert (running(house).version, house.migrations()) == ("1.0", ("0001",))
    assert "written by 2.0" not in house.lines()
    assert leftovers(house.places) == []


def test_a_roll_back_with_the_wrong_backup_is_undone(house: House) -> None:
    change(house).upgrade(NEW, Supplies())
    newer = house.places.backups / "copy.db"
    newer.write_bytes(b"this is no database")
    with pytest.raises(Failed, match="was undone"):
        change(house).rollback(newer)
    assert (running(house).version, house.migrations()) == ("2.0", ("0001", "0002"))
    assert "before" in house.lines()


def test_a_first_release_has_none_to_go_back_to(house: House) -> None:
    with pytest.raises(Failed, match="no release before"):
        change(house).rollback(None)


def test_an_interruption_by_hand_is_undone_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(port: int) -> str:
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(house, "health", interrupted)
    with pytest.raises(Failed, match="interrupted"):
        change(house).upgrade(NEW, Supplies())
    assert (running(house).version, house.migrations(), journal.read(house.places)) == ("1.0", ("0001",), None)


def test_a_copy_that_an_earlier_change_left_is_never_put_back(house: House) -> None:
    stale = house.places.data / "waitlist.db.before-change"
    stale.write_bytes(house.places.database.read_bytes())
    house.write_down("since")
    with pytest.raises(Failed):
        change(house, "cannot-migrate").upgrade(NEW, Supplies())
    assert "since" in house.lines()


def test_a_journal_that_is_none_is_not_guessed_at(house: House) -> None:
    house.places.journal.write_text("{")
    with pytest.raises(Failed, match=r"upgrade\.json"):
        change(house).settle()


def test_a_journal_reads_as_it_was_written(house: House) -> None:
    written = Journal("copy", "1.0-a", "2.0-b", ("0001",), builds=True)
    journal.write(house.places, written)
    assert journal.read(house.places) == written
