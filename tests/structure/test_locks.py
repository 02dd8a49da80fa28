"""The lock files: names, versions and hashes, and nothing that says where a package came from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
LOCKS = sorted((TOP / "deploy" / "locks").glob("*.lock"))
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))


def pins(name: str) -> dict[str, str]:
    text = (TOP / "deploy" / "locks" / f"{name}.lock").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", text, flags=re.MULTILINE))


def names(requirements: list[object]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9._-]", item)[0].lower() for item in requirements if isinstance(item, str)}


def test_there_is_a_lock_for_running_for_every_extra_for_building_and_for_developing() -> None:
    assert [lock.stem for lock in LOCKS] == ["build", "dev", "extras", "runtime"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_no_lock_file_holds_an_address_or_a_path(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert re.findall(r"\S*(?:://|index-url|find-links|trusted-host|/tmp/|/opt/|/home/|/ro{2}t/)\S*", text) == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_pinned_package_has_a_hash(lock: Path) -> None:
    blocks = re.split(r"^(?=[a-z0-9])", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert blocks
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_what_runs_is_pinned_alike_for_developing_and_building() -> None:
    dev = pins("dev")
    assert pins("runtime").items() <= dev.items()
    assert pins("build").items() <= dev.items()
    assert pins("runtime").items() <= pins("extras").items()


def test_every_declared_dependency_is_locked() -> None:
    assert names(PROJECT["project"]["dependencies"]) <= pins("runtime").keys()
    assert names([item for group in PROJECT["dependency-groups"].values() for item in group]) <= pins("dev").keys()


def test_every_runtime_dependency_has_its_reason_written_down() -> None:
    reasons = (TOP / "docs" / "decisions" / "0001-dependencies.md").read_text(encoding="utf-8")
    missing = {name for name in names(PROJECT["project"]["dependencies"]) if f"| {name} |" not in reasons}
    assert missing == set()
