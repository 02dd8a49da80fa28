"""The systemd units: what must stand in them, and that every line is explained."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))


def directives(unit: Path) -> list[str]:
    return [line for line in unit.read_text(encoding="utf-8").splitlines() if "=" in line and not line.startswith("#")]


def test_there_are_two_units() -> None:
    assert [unit.name for unit in UNITS] == ["waitlist-web.service", "waitlist-worker.service"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
@pytest.mark.parametrize(
    "directive",
    ["Type=exec", "Restart=always", "KillSignal=SIGINT", "Environment=TZ=UTC", "NoNewPrivileges=yes", "User=waitlist"],
)
def test_both_units_hold_what_the_processes_rely_on(unit: Path, directive: str) -> None:
    assert directive in directives(unit)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_every_directive_is_explained_in_the_line_above(unit: Path) -> None:
    lines = unit.read_text(encoding="utf-8").splitlines()
    bare = [line for above, line in zip(["", *lines], lines, strict=False) if "=" in line[:40] and above[:1] != "#"]
    assert [line for line in bare if line[0] != "#"] == []


def test_only_the_web_unit_migrates() -> None:
    migrating = [unit.name for unit in UNITS if any("waitlist migrate" in line for line in directives(unit))]
    assert migrating == ["waitlist-web.service"]


def test_the_web_unit_is_pinned_to_one_cpu() -> None:
    assert "CPUAffinity=0" in directives(FOLDER / "waitlist-web.service")
