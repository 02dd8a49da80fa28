"""What the owner is told, and what comes back by itself: a worker that stands still, a full disk, a read-only disk."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.boot.box import WEB, WORKER, Box

DATA = "/var/lib/waitlist"
WATCH = "waitlist-watch.service"


def findings(box: Box) -> tuple[int, dict[str, Any]]:
    """The exit code of `waitlist doctor`, and what it found by the name of the check."""
    done = box.cli("doctor --offline --json", check=False)
    return done.code, {finding["check"]: finding for finding in json.loads(done.out)["findings"]}


def problems(box: Box) -> set[str]:
    """The checks that found a problem; each says what to do."""
    code, found = findings(box)
    bad = {name for name, finding in found.items() if finding["state"] == "problem"}
    assert (code == 0) == (not bad)
    assert all(found[name]["advice"] for name in bad)
    return bad


def test_the_doctor_finds_a_fresh_box_well(box: Box) -> None:
    code, found = findings(box)
    assert code == 0
    assert not [finding for finding in found.values() if finding["state"] in ("problem", "unknown")]
    assert found["config.permissions"]["state"] == found["data.directory"]["state"] == found["worker"]["state"] == "ok"


def test_the_watch_tells_of_a_worker_that_stands_still(box: Box) -> None:
    box.machine.run(f"systemctl stop {WORKER}")
    box.writes("UPDATE heartbeat SET at = at - 600000 WHERE name = 'worker'")  # as if that had been ten minutes ago
    box.machine.run(f"systemctl start {WATCH}", check=False)
    assert box.machine.shows(WATCH, "Result") == {"Result": "exit-code"}
    assert "worker" in box.machine.journal("-u", WATCH, "-o", "cat")
    assert "worker" in problems(box)
    assert box.rows("SELECT condition FROM alarm WHERE condition = 'worker_silent'") == ["worker_silent"]

    box.machine.run(f"systemctl start {WORKER}")
    box.waits_until_well()
    box.machine.run(f"systemctl start {WATCH}")


@pytest.fixture(scope="module")
def small(box: Box) -> Box:
    """The box with its data on a disk of its own, of 48 MB."""
    box.machine.run(f"systemctl stop {WEB} {WORKER}")
    box.machine.run(f"cp -a {DATA} /srv/data && mount -t tmpfs -o size=48m tmpfs {DATA}")
    box.machine.run(f"cp -a /srv/data/. {DATA}/")
    box.machine.run(f"systemctl start {WEB} {WORKER} || systemctl start {WEB} {WORKER}")
    box.waits_until_well()
    return box


def is_refused_in_words(box: Box) -> bool:
    """A caller is told that nothing was kept, and when to try again."""
    answer = box.trigger("600000077")
    return answer.status == 503 and "try again" in answer.body.lower() and box.health() == 503


def test_a_full_disk_is_told_and_forgotten_when_it_has_room_again(small: Box) -> None:
    names = small.entries()
    small.machine.run(f"head -c 100M /dev/zero > {DATA}/ballast", check=False)
    small.machine.until(lambda: is_refused_in_words(small), "callers are refused")
    assert problems(small) & {"disk.data", "database.writable"}
    assert small.entries() == names
    warnings = ("-t", "waitlist-worker", "-p", "warning", "-o", "cat")
    small.machine.until(lambda: small.machine.journal(*warnings), "the journal says it")

    pids = [small.pid(WEB), small.pid(WORKER)]
    small.machine.run(f"rm {DATA}/ballast")
    small.waits_until_well()
    assert small.trigger("600000077").status == 201
    assert [small.pid(WEB), small.pid(WORKER)] == pids


def test_a_box_on_a_read_only_disk_comes_back_when_it_can_be_written(small: Box) -> None:
    names = small.entries()
    small.machine.run(f"systemctl stop {WEB} {WORKER} && mount -o remount,ro {DATA}")
    small.machine.run(f"systemctl start --no-block {WEB} {WORKER}")
    small.machine.until(lambda: int(small.machine.shows(WORKER, "NRestarts")["NRestarts"]) > 1, "systemd keeps trying")
    assert small.health() in (0, 503)
    assert problems(small) & {"disk.data", "database", "database.writable"}

    small.machine.run(f"mount -o remount,rw {DATA}")
    small.waits_until_well()
    assert small.entries() == names
    assert small.trigger("600000078").status == 201
