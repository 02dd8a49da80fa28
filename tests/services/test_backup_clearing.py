"""Which backups are kept, which are copied away, and what is never removed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.services.backup_house import AT, make, sealed_for_a_key
from waitlist_appliance.domain.backup_retention import Retention, kept
from waitlist_appliance.domain.notices import kind_of
from waitlist_appliance.ports.offsite import Offsite, OffsiteError
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.backups import make_backup
from waitlist_appliance.services.backups.copy_away import copy_away
from waitlist_appliance.services.backups.errors import BackupError
from waitlist_appliance.services.backups.folder import file_name
from waitlist_appliance.services.backups.prune import prune_away, prune_here
from waitlist_appliance.storage import alarms, backup_runs
from waitlist_appliance.texts.notices import WORDS
from waitlist_appliance.web.staff.words import ALARMS

ONE_A_DAY = Retention(1, 0, 0)
MOMENTS = st.lists(st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)), max_size=60)
RULES = st.builds(Retention, st.integers(1, 20), st.integers(0, 20), st.integers(0, 20))


class Shelf:
    """A place away that is a list."""

    name = "rsync:somewhere"

    def __init__(self, *names: str, broken: bool = False) -> None:
        self.lie_there, self._broken = list(names), broken

    def copy(self, file: Path) -> None:
        if self._broken:
            raise OffsiteError("no route to host")
        self.lie_there.append(file.name)

    def names(self) -> list[str]:
        if self._broken:
            raise OffsiteError("no route to host")
        return list(self.lie_there)

    def remove(self, names: Sequence[str]) -> None:
        self.lie_there = [name for name in self.lie_there if name not in names]


@given(MOMENTS, RULES)
def test_the_newest_is_always_kept(moments: list[datetime], rule: Retention) -> None:
    assert set(moments) >= kept(moments, rule)
    assert not moments or max(moments) in kept(moments, rule)


@given(MOMENTS, RULES)
def test_never_more_than_the_rule_says(moments: list[datetime], rule: Retention) -> None:
    assert len(kept(moments, rule)) <= rule.daily + rule.weekly + rule.monthly


@given(MOMENTS, RULES)
def test_clearing_twice_is_clearing_once(moments: list[datetime], rule: Retention) -> None:
    once = kept(moments, rule)
    assert kept(once, rule) == once


@given(MOMENTS, RULES)
def test_the_newest_of_each_of_the_last_days_is_kept(moments: list[datetime], rule: Retention) -> None:
    days = sorted({moment.date() for moment in moments}, reverse=True)[: rule.daily]
    assert {max(m for m in moments if m.date() == day) for day in days} <= kept(moments, rule)


def test_a_year_of_nights_leaves_days_weeks_and_months() -> None:
    nights = [AT - timedelta(days=number) for number in range(365)]
    found = sorted(kept(nights, Retention(7, 5, 12)), reverse=True)
    assert found[:7] == nights[:7]
    assert 7 + 3 + 10 <= len(found) <= 7 + 5 + 12
    assert AT - found[-1] > timedelta(days=320)


@pytest.fixture
def lola(box: Appliance) -> Appliance:
    sealed_for_a_key(box)
    for days in (0, 1, 2):
        make(box, AT + timedelta(days=days))
    return box


def names(*days: int) -> list[str]:
    return [file_name(AT + timedelta(days=day)) for day in days]


def test_old_ones_are_removed_and_others_left_alone(lola: Appliance) -> None:
    (lola.config.backup_path / "holiday.jpg").touch()
    pruned = prune_here(lola.config.backup_path, ONE_A_DAY, dry_run=False)
    assert (pruned.kept, pruned.removed) == (names(2), names(1, 0))
    assert sorted(p.name for p in lola.config.backup_path.iterdir()) == [".lock", "holiday.jpg", *names(2)]


def test_a_dry_run_removes_nothing(lola: Appliance) -> None:
    assert prune_here(lola.config.backup_path, ONE_A_DAY, dry_run=True).removed == names(1, 0)
    assert len(list(lola.config.backup_path.glob("*.tar"))) == 3


def test_a_damaged_newest_does_not_cost_the_newest_good_one(lola: Appliance) -> None:
    newest = lola.config.backup_path / names(2)[0]
    newest.write_bytes(newest.read_bytes()[:-100])
    pruned = prune_here(lola.config.backup_path, ONE_A_DAY, dry_run=False)
    assert (pruned.kept, pruned.damaged) == (names(1), names(2))
    assert newest.exists()


def test_away_only_ours_are_removed_and_the_one_that_arrived_stays() -> None:
    shelf = Shelf(*names(0, 1, 2), "holiday.jpg")
    pruned = prune_away(shelf, ONE_A_DAY, names(1)[0], dry_run=False)
    assert pruned.removed == names(0)
    assert sorted(shelf.lie_there) == sorted([*names(1, 2), "holiday.jpg"])


def test_a_place_away_that_cannot_be_reached_is_named() -> None:
    with pytest.raises(BackupError, match=r"rsync:somewhere.*no route"):
        prune_away(Shelf(broken=True), ONE_A_DAY, None, dry_run=False)


def test_a_copy_that_arrived_is_noted(lola: Appliance) -> None:
    shelf = told_to_copy(lola, Shelf())
    made = make(lola, AT + timedelta(days=9))
    assert copy_away(lola, made, AT + timedelta(days=9)) is None
    assert shelf.lie_there == [made.path.name]
    assert backup_runs.last_copied(lola.db) == made.path.name


def test_a_copy_that_failed_is_told_and_the_backup_here_counts(lola: Appliance) -> None:
    told_to_copy(lola, Shelf(broken=True))
    made = make(lola, AT + timedelta(days=9))
    assert "no route to host" in str(copy_away(lola, made, AT))
    last = backup_runs.last_good(lola.db)
    assert last
    assert (last.file, last.offsite_at) == (made.path.name, None)
    assert "no route to host" in str(last.error)
    assert alarms.holds(lola.db, make_backup.FAILED)


def test_a_copy_that_is_stopped_half_way_is_told_too(lola: Appliance) -> None:
    """systemd ends a copy that takes hours with SIGINT."""

    class Stopped(Shelf):
        def copy(self, file: Path) -> None:
            raise KeyboardInterrupt

    told_to_copy(lola, Stopped())
    made = make(lola, AT + timedelta(days=9))
    with pytest.raises(KeyboardInterrupt):
        copy_away(lola, made, AT)
    assert alarms.holds(lola.db, make_backup.FAILED)
    last = backup_runs.last_good(lola.db)
    assert last
    assert "stopped" in str(last.error)


def test_a_tool_that_may_not_be_run_is_told_too(lola: Appliance) -> None:
    class Forbidden(Shelf):
        def copy(self, file: Path) -> None:
            raise PermissionError(13, "Permission denied", "rsync")

    told_to_copy(lola, Forbidden())
    assert "Permission denied" in str(copy_away(lola, make(lola, AT + timedelta(days=9)), AT))
    assert alarms.holds(lola.db, make_backup.FAILED)


@pytest.mark.parametrize("condition", [make_backup.FAILED, alarms.BOX_RESTORED])
def test_staff_are_told_in_words(condition: str) -> None:
    kind = kind_of(condition)
    assert kind
    assert WORDS[kind.name].advice
    assert ALARMS[condition]


def told_to_copy(box: Appliance, shelf: Shelf) -> Shelf:
    place: Offsite = shelf
    box.offsite = lambda: place
    return shelf
