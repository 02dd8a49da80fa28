"""The scripts are programs, and the shell finds nothing wrong with them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
NAMES = ("test", "demo", "bench", "soak", "lock", "install", "upgrade", "uninstall")
SCRIPTS = [TOP / ".ci" / "run", *(TOP / "scripts" / name for name in NAMES), TOP / "deploy" / "bin" / "waitlist"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_every_script_may_be_executed_and_stops_at_the_first_error(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert os.access(script, os.X_OK)
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in text


@pytest.mark.processes
@pytest.mark.parametrize("script", [*SCRIPTS, TOP / "scripts" / "setup-lib"], ids=lambda script: script.name)
def test_the_shell_can_parse_every_script(script: Path) -> None:
    subprocess.run(["bash", "-n", str(script)], check=True)
