"""Releases: one virtual environment each, side by side; `current` is the one that runs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from waitlist_appliance.installation import files
from waitlist_appliance.installation.failure import Failed
from waitlist_appliance.installation.machine import Machine
from waitlist_appliance.installation.places import Places
from waitlist_appliance.installation.source import Source

KEPT: Final = 2
_MARK: Final = "release.json"


@dataclass(frozen=True, slots=True)
class Release:
    """A complete release. `migrations`: the versions of the database that it knows."""

    folder: Path
    version: str
    made_at: str
    migrations: tuple[str, ...]
    wheel: str

    @property
    def name(self) -> str:
        return self.folder.name


@dataclass(frozen=True, slots=True)
class Supplies:
    """Where the packages come from: the index, or a folder of wheels; with or without the optional ones."""

    wheelhouse: Path | None = None
    extras: bool = False

    def pip(self) -> list[str]:
        return ["--no-index", "--find-links", str(self.wheelhouse)] if self.wheelhouse else []


Heard = Callable[[str], None]


def current(places: Places) -> Release | None:
    """The release that the link names; None when there is none, or only a broken one."""
    try:
        return read(places.releases / os.readlink(places.current).rsplit("/", 1)[-1])
    except OSError:
        return None


def read(folder: Path) -> Release | None:
    """The release in this folder; None when it was never finished."""
    try:
        found = json.loads((folder / _MARK).read_text(encoding="utf-8"))
        return Release(folder, found["version"], found["made_at"], tuple(found["migrations"]), found["wheel"])
    except (OSError, ValueError, KeyError):
        return None


def every(places: Places) -> list[Release]:
    """All complete releases, the newest last."""
    folders = places.releases.iterdir() if places.releases.is_dir() else []
    return sorted(filter(None, map(read, folders)), key=lambda release: (release.made_at, release.name))


def before(places: Places, release: Release) -> Release | None:
    """The newest release that is older than this one."""
    older = [other for other in every(places) if (other.made_at, other.name) < (release.made_at, release.name)]
    return older[-1] if older else None


def switch(places: Places, release: Release) -> None:
    """From now on this release runs."""
    files.link(places.current, f"releases/{release.name}")


def prune(places: Places) -> list[str]:
    """Removes what was never finished and all but the newest old releases; the names removed."""
    running = current(places)
    complete = every(places)
    keep = {release.name for release in [r for r in complete if r != running][-KEPT:]} | (
        {running.name} if running else set()
    )
    gone = [folder for folder in _folders(places) if folder.name not in keep]
    for folder in gone:
        shutil.rmtree(folder)
    return [folder.name for folder in gone]


def new_name(source: Source, now: datetime) -> str:
    """What a release made of `source` at `now` is called."""
    return f"{source.version}-{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}"


def build(machine: Machine, source: Source, supplies: Supplies, name: str, heard: Heard) -> Release:
    """A new release out of `source`, beside the others. What fails leaves nothing. Raises Failed."""
    folder = machine.places.releases / name
    origin = source.needed()
    try:
        with tempfile.TemporaryDirectory(prefix=".build-", dir=machine.places.releases) as scratch:
            wheel = _install(machine, source, origin, supplies, folder, Path(scratch), heard)
        mark = Release(folder, source.version, name.rsplit("-", 1)[-1], source.migrations, wheel)
        files.write(folder / _MARK, json.dumps(asdict(mark), indent=2, default=str) + "\n")
        files.sync_folder(machine.places.releases)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return mark


def _install(
    machine: Machine, source: Source, origin: Path, supplies: Supplies, folder: Path, scratch: Path, heard: Heard
) -> str:
    """Fills the folder; the SHA-256 of the wheel that went in."""
    base = getattr(sys, "_base_executable", sys.executable)
    machine.must("Making the virtual environment", [base, "-m", "venv", folder])
    python = folder / "bin" / "python"
    lock = scratch / "packages.lock"
    lock.write_text(source.lock("extras" if supplies.extras else "runtime"), encoding="utf-8")
    pip = Pip(machine, python, supplies, heard)
    pip.run("install", "--no-compile", "--require-hashes", "-r", str(lock))
    wheel = origin if source.is_wheel else _built(pip, source, origin, scratch)
    pip.run("install", "--no-compile", "--no-deps", str(wheel))
    heard("compiling")
    # What the service may not write must be there. Some packages ship templates that are no Python: not our failure.
    machine.run([python, "-m", "compileall", "-q", "-j", "0", folder / "lib"])
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def _built(pip: Pip, source: Source, checkout: Path, scratch: Path) -> Path:
    """The checkout as a wheel, made with the locked tools."""
    lock, tools = scratch / "build.lock", scratch / "tools"
    lock.write_text(source.lock("build"), encoding="utf-8")
    pip.run("install", "--target", str(tools), "--require-hashes", "-r", str(lock))
    pip.run(
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(scratch),
        str(checkout),
        env={"PYTHONPATH": str(tools)},
    )
    return next(scratch.glob("*.whl"))


@dataclass(frozen=True, slots=True)
class Pip:
    """pip of one release."""

    machine: Machine
    python: Path
    supplies: Supplies
    heard: Heard

    def run(self, verb: str, *words: str, env: dict[str, str] | None = None) -> None:
        command = [
            str(self.python), "-m", "pip", verb, "--disable-pip-version-check", "--no-input", "--no-cache-dir",
            *self.supplies.pip(), *words,
        ]  # fmt: skip
        done = self.machine.run(command, env=env, heard=self.heard)
        if done.code != 0:
            where = f"from {self.supplies.wheelhouse}" if self.supplies.wheelhouse else "from the network"
            raise Failed(f"The packages could not be installed {where}:\n{done.tail}")


def _folders(places: Places) -> list[Path]:
    return sorted(places.releases.iterdir()) if places.releases.is_dir() else []
