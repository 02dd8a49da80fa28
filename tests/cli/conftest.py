"""A box made by `waitlist init` itself, once; each test works on a copy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from waitlist_appliance.cli import main

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder of a fresh box, and what init printed."""
    folder = tmp_path_factory.mktemp("box")
    result = CliRunner().invoke(main, ["--config", str(folder / "config.toml"), "init", "--defaults", "--json"])
    assert result.exit_code == 0, result.output
    return folder, json.loads(result.output)


@pytest.fixture
def box(made: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    """A copy of the fresh box; the path of its configuration."""
    shutil.copytree(made[0], tmp_path / "box")
    config = tmp_path / "box" / "config.toml"
    config.write_text(config.read_text().replace(str(made[0]), str(tmp_path / "box")))
    return config


@pytest.fixture
def waitlist(box: Path) -> Run:
    """Runs `waitlist` on the box."""

    def run(*command: str, input: str | None = None) -> Result:
        return CliRunner().invoke(main, ["--config", str(box), *command], input=input)

    return run
