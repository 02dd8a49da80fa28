"""Nothing but the wheel and the system's Python on a bare machine."""

from __future__ import annotations

import json
from pathlib import Path

from tests.boot import provisions
from tests.boot.box import ANSWERS, SOURCE, WHEELHOUSE, Box, tree
from tests.boot.conftest import NewMachine


def test_the_wheel_installs_itself(new_machine: NewMachine, sources: Path) -> None:
    name = provisions.wheel(sources / "now", sources / "wheel").name
    machine = new_machine()
    command = f"PYTHONPATH=/mnt/sources/wheel/{name} python3 -m waitlist_appliance.installation"
    done = machine.run(f"cd / && {command} install {ANSWERS} --wheelhouse {WHEELHOUSE} --json", seconds=300)
    box = Box(machine, json.loads(done.out))
    box.waits_until_well()
    assert box.trigger().status == 201
    assert machine.run("systemctl --failed --plain --no-legend").out == ""


def test_a_dry_run_tells_the_plan_and_changes_nothing(new_machine: NewMachine) -> None:
    machine = new_machine()
    before = tree(machine, "/etc", "/opt", "/usr/local")
    told = machine.run(f"{SOURCE}/scripts/install {ANSWERS} --dry-run").out
    assert "waitlist-web.service" in told
    assert tree(machine, "/etc", "/opt", "/usr/local") == before
