"""An upgrade that is killed before any of its acts is brought to an end by running it again: wholly old, or wholly new."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from tests.installation.house import AFTER, House, builder, cut_files, install, leftovers, source
from waitlist_appliance.installation import journal, releases, system
from waitlist_appliance.installation.change import Change
from waitlist_appliance.installation.failure import Failed
from waitlist_appliance.installation.releases import Supplies
from waitlist_appliance.installation.screen import Screen

pytestmark = pytest.mark.slow
OLD = source("1.0", "0001")
NEW = source("2.0", "0001", "0002", "0003")
# More acts than an upgrade has: the loop ends by itself when one was not cut off any more.
MOST = 400


def upgrade(house: House, *marks: str) -> None:
    """What `upgrade` does: what was cut short is settled, then the new version is brought in unless it is there."""
    change = Change(house, Screen(io.StringIO()), build=builder(*marks), well_seconds=0.0)
    now = releases.current(house.places)
    if change.settle() == "finished" and (now := releases.current(house.places)) and now.version == NEW.version:
        return
    change.upgrade(NEW, Supplies())


def cut_off(root: Path, act: int, change: Callable[[House], None]) -> bool:
    """Runs the change in a process of its own that is killed before this act; whether it was."""
    child = os.fork()
    if child == 0:
        house = House(root, cut_before=act)
        cut_files(house)
        try:
            change(house)
        except Failed:
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 1.0, running. Copied for every cut: its paths are those of the one place where it is put."""
    root = tmp_path_factory.mktemp("houses") / "house"
    root.mkdir()
    house = House(root)
    install(house, OLD)
    house.write_down("before the upgrade")
    return root


def fresh(installed: Path) -> Path:
    """The house as it was before anything was cut."""
    kept = installed.with_name("kept")
    if not kept.exists():
        shutil.copytree(installed, kept, symlinks=True)
    shutil.rmtree(installed)
    shutil.copytree(kept, installed, symlinks=True)
    return installed


def assert_whole(house: House, act: int, version: str, others: Collection[str] = ("1.0",)) -> None:
    """One release wholly, the database its own, nothing lost, nothing left lying about."""
    current = releases.current(house.places)
    assert current is not None, act
    assert (act, current.version, house.running) == (act, version, current.name)
    assert (act, house.migrations()) == (act, current.migrations)
    assert "before the upgrade" in house.lines(), act
    assert (act, leftovers(house.places), journal.read(house.places)) == (act, [], None)
    assert system.fits(house, current), act
    assert {release.version for release in releases.every(house.places)} <= {version, *others}, act


@pytest.mark.parametrize("power_returns", [False, True], ids=["killed", "power cut and reboot"])
def test_an_upgrade_cut_off_anywhere_is_finished_by_running_it_again(installed: Path, power_returns: bool) -> None:
    for act in range(1, MOST):
        root = fresh(installed)
        was_cut = cut_off(root, act, upgrade)
        house = House(root)
        if power_returns:
            house.boot()
        upgrade(house)
        assert_whole(house, act, "2.0")
        if not was_cut:
            break
    assert act > 20


@pytest.mark.parametrize(
    "mark",
    [
        "sick",
        pytest.param("cannot-migrate", marks=pytest.mark.soak),
        pytest.param("does-not-start", marks=pytest.mark.soak),
    ],
)
def test_a_failing_upgrade_cut_off_anywhere_ends_with_the_old_release_and_its_database(
    installed: Path, mark: str
) -> None:
    for act in range(1, MOST):
        root = fresh(installed)
        was_cut = cut_off(root, act, lambda house: upgrade(house, mark))
        house = House(root)
        with pytest.raises(Failed):
            upgrade(house, mark)
        assert_whole(house, act, "1.0")
        if not was_cut:
            break
    assert act > 20


def test_what_was_written_after_a_power_cut_is_in_the_database_or_in_a_copy_that_is_kept(installed: Path) -> None:
    for act in range(1, MOST):
        root = fresh(installed)
        was_cut = cut_off(root, act, lambda house: upgrade(house, "sick"))
        house = House(root)
        house.boot()
        written = AFTER in house.lines()
        with pytest.raises(Failed):
            upgrade(house, "sick")
        assert_whole(house, act, "1.0")
        kept = [house.lines(), *(house.lines(copy) for copy in house.places.backups.glob("undone-*.db"))]
        assert not written or any(AFTER in lines for lines in kept), act
        if not was_cut:
            break


def roll_back(house: House) -> None:
    """What `rollback --backup` does, again until the old version runs."""
    change = Change(house, Screen(io.StringIO()), build=builder(), well_seconds=0.0)
    change.settle()
    now = releases.current(house.places)
    if now and now.version == NEW.version:
        change.rollback(next(house.places.backups.glob("before-upgrade-*.db")))


@pytest.mark.soak
def test_a_roll_back_with_its_backup_cut_off_anywhere_is_finished_by_running_it_again(installed: Path) -> None:
    upgrade(House(fresh(installed)))
    upgraded = installed.with_name("upgraded")
    shutil.copytree(installed, upgraded, symlinks=True)
    for act in range(1, MOST):
        shutil.rmtree(installed)
        shutil.copytree(upgraded, installed, symlinks=True)
        was_cut = cut_off(installed, act, roll_back)
        house = House(installed)
        roll_back(house)
        assert_whole(house, act, "1.0", others={"2.0"})
        if not was_cut:
            break
    assert act > 10
