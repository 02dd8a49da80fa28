"""From one version to the next: undone by itself when it fails, carried on with when it was cut short, and taken back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.boot.box import WHEELHOUSE, Box
from tests.boot.machine import Done
from tests.boot.versions import FAILING, HARMLESS, SLOW, migration, version

OLD, NEW = "0.1.0", "0.9.9"


@pytest.fixture(scope="module")
def box(box: Box) -> Box:
    """With somebody on the list, who must be there whatever happens."""
    box.trigger()
    return box


def upgrade(box: Box, number: str, *, check: bool = True) -> Done:
    return box.machine.run(f"/mnt/sources/{number}/scripts/upgrade --wheelhouse {WHEELHOUSE}", check=check, seconds=300)


def runs(box: Box) -> str:
    """The version of what runs; the database must be its own."""
    box.waits_until_well()
    return box.machine.run("/opt/waitlist/current/bin/waitlist --version").out.split()[-1]


def stage(box: Box) -> str:
    """How far the change that is under way came."""
    written = box.machine.run("cat /opt/waitlist/upgrade.json", check=False).out
    return str(json.loads(written)["stage"]) if written else ""


def test_a_migration_that_fails_is_undone(box: Box, sources: Path) -> None:
    version(sources / "now", "0.9.1", migrating=FAILING)
    names, had = box.entries(), box.migrations()
    done = upgrade(box, "0.9.1", check=False)
    assert done.code == 1
    assert "there_is_no_such_table" in done.err
    assert "was undone" in done.err
    assert (runs(box), box.entries(), box.migrations()) == (OLD, names, had)


def test_a_version_that_cannot_start_is_undone_with_its_migration(box: Box, sources: Path) -> None:
    version(sources / "now", "0.9.2", migrating=HARMLESS, broken=True)
    names, had = box.entries(), box.migrations()
    done = upgrade(box, "0.9.2", check=False)
    assert done.code == 1
    assert "this version cannot start" in done.err
    assert (runs(box), box.entries(), box.migrations()) == (OLD, names, had)


def test_an_upgrade_that_is_killed_and_then_loses_its_power_ends_new(box: Box, sources: Path) -> None:
    names, had = box.entries(), box.migrations()
    version(sources / "now", NEW, migrating=SLOW)
    start = f"systemd-run --unit=upgrade --collect /mnt/sources/{NEW}/scripts/upgrade --wheelhouse {WHEELHOUSE}"

    box.machine.run(start)
    box.machine.until(lambda: stage(box) == "data", "the database is being migrated", seconds=300)
    box.machine.run("systemctl kill --signal=KILL upgrade.service")
    box.machine.until(lambda: not box.machine.run("pgrep -f scripts/upgrade", check=False).out, "it is dead")
    assert stage(box) == "data"

    box.machine.run(start)
    box.machine.until(lambda: stage(box) == "start", "the new version is being started", seconds=300)
    box.machine.cut_power()
    box.machine.boot()

    upgrade(box, NEW)
    assert (runs(box), stage(box)) == (NEW, "")
    assert (box.entries(), box.migrations()) == (names, [*had, migration(sources / "now")])


def test_what_was_migrated_is_taken_back_only_with_its_backup(box: Box) -> None:
    names = box.entries()
    command = f"PYTHONPATH=/mnt/sources/{NEW} python3 -m waitlist_appliance.installation rollback"
    refused = box.machine.run(command, check=False)
    assert refused.code == 1
    assert "--backup" in refused.err
    backup = box.machine.run("ls -t /var/backups/waitlist/* | head -1").out.strip()
    box.machine.run(f"{command} --backup {backup}")
    assert (runs(box), box.entries()) == (OLD, names)
