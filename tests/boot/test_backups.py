"""What a backup is worth: the night's run, a drill, and an empty machine that becomes the box again."""

from __future__ import annotations

import json

import pytest

from tests.boot.box import WEB, WORKER, Box
from tests.boot.conftest import NewBox

NIGHTLY = "waitlist-backup.service"
RESTING = f"{WEB} {WORKER} waitlist-watch.timer waitlist-backup.timer"


@pytest.fixture(scope="module")
def link(box: Box) -> str:
    """A customer's link, from before the backup."""
    return str(box.trigger("600000001").json["url"]).removeprefix("http://127.0.0.1:8080")


@pytest.fixture(scope="module")
def backup(box: Box, link: str) -> str:
    """The file that the night's run leaves."""
    box.machine.run(f"systemctl start {NIGHTLY}")
    return str(json.loads(box.cli("backup list --json").out)[0]["file"])


def test_the_nights_run_leaves_a_sealed_backup(box: Box, backup: str) -> None:
    path = f"/var/backups/waitlist/{backup}"
    assert box.machine.shows(NIGHTLY, "Result") == {"Result": "success"}
    assert box.machine.run(f"stat -c '%U %a' {path}").out.split() == ["waitlist", "600"]
    assert box.machine.run(f"grep -c 'Casa Lola' {path}", check=False).out == "0\n"
    assert json.loads(box.cli("backup list --json").out)[0]["verified_at"]


def test_a_drill_restores_it_beside_what_runs(box: Box, backup: str) -> None:
    before, pids = box.entries(), [box.pid(WEB), box.pid(WORKER)]
    tried = json.loads(box.cli(f"backup verify {backup} --drill --json").out)
    assert (tried["ok"], tried["drill"]) == (True, True)
    assert (box.entries(), [box.pid(WEB), box.pid(WORKER)]) == (before, pids)
    assert box.machine.run("ls -d /var/lib/waitlist/*drill* /var/backups/waitlist/*drill*", check=False).out == ""


def test_another_machine_becomes_the_box_with_the_file_and_the_passphrase(
    box: Box, backup: str, link: str, new_box: NewBox
) -> None:
    names = box.entries()
    box.trigger("600000009")  # after the backup: what is lost
    path = f"/var/backups/waitlist/{backup}"
    sealed, passphrase = box.machine.run(f"base64 {path}").out, box.made["backup_passphrase"]

    other = new_box()
    other.machine.run("base64 -d > /srv/old.backup", given=sealed)
    other.machine.write("/srv/passphrase.txt", passphrase)
    other.machine.run(f"systemctl stop {RESTING}")
    other.cli("backup restore /srv/old.backup --with-config --passphrase-file /srv/passphrase.txt --yes")
    other.machine.run(f"systemctl start {RESTING}")
    other.waits_until_well()

    found = Box(other.machine, box.made)
    assert found.entries() == names
    assert "Casa Lola" in found.asks(link).body
    assert found.trigger("600000010").status == 201
