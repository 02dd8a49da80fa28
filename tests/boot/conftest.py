"""Machines for the tests of this folder, and a box that is installed once and stood upon by those who need one."""

from __future__ import annotations

import fcntl
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.boot import provisions
from tests.boot.box import Box, install
from tests.boot.machine import Disk, Machine

NewMachine = Callable[..., Machine]
NewBox = Callable[[], Box]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.boot)


@pytest.fixture(scope="session")
def run_folder(testrun_uid: str) -> Iterator[Path]:
    """A folder shared by all processes of this run and removed by the last. scripts/test --boot says no where this skips."""
    try:
        provisions.require_tools()
    except provisions.NotToBeHad as reason:
        pytest.skip(str(reason))
    with provisions.shared_folder(testrun_uid) as folder:
        yield folder


@pytest.fixture(scope="session")
def sources(run_folder: Path) -> Path:
    """What the machines see as /mnt/sources; `now` in it is this checkout. More may be added at any time."""
    folder = run_folder / "sources"
    with _once(run_folder, "sources") as first:
        if first:
            provisions.checkout(folder / "now")
    return folder


@pytest.fixture(scope="session")
def shared(sources: Path) -> dict[Path, str]:
    """What every machine sees, read-only."""
    return {sources: "/mnt/sources", provisions.wheelhouse(): "/mnt/wheelhouse"}


@pytest.fixture(scope="session")
def installed(run_folder: Path, shared: dict[Path, str]) -> Disk:
    """The disk of a machine on which the box was installed out of the checkout, switched off since."""
    disk = Disk((provisions.bare_system(),), run_folder / "installed")
    with _once(run_folder, "installed") as first:
        if first:
            machine = Machine(disk, shared).boot()
            machine.write("/srv/installed.json", install(machine, flags="--json").out)
            machine.power_off()
    return disk


@pytest.fixture(scope="module")
def new_machine(run_folder: Path, shared: dict[Path, str], request: pytest.FixtureRequest) -> Iterator[NewMachine]:
    """Boots a machine on a disk of its own; ended with the module."""
    numbers = itertools.count(1)
    with ExitStack() as machines:

        def boot(*below: Path) -> Machine:
            folder = run_folder / f"{request.module.__name__.rpartition('.')[-1]}-{next(numbers)}"
            trees = below or (provisions.bare_system(),)
            return machines.enter_context(Machine(Disk(trees, folder), shared)).boot()

        yield boot


@pytest.fixture(scope="module")
def new_box(new_machine: NewMachine, installed: Disk) -> NewBox:
    """Boots a machine of its own on which the box is installed; returns when it is well."""

    def boot() -> Box:
        machine = new_machine(*installed.trees)
        box = Box(machine, json.loads(machine.read("/srv/installed.json")))
        box.waits_until_well()
        return box

    return boot


@pytest.fixture(scope="module")
def box(new_box: NewBox) -> Box:
    """A box of the module's own, as its first test finds it and the next find it left."""
    return new_box()


@contextmanager
def _once(folder: Path, name: str) -> Iterator[bool]:
    """Whether this process is the first to come; the others wait until it is through."""
    with (folder / f".{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / f".{name}.done"
        yield not done.exists()
        done.touch()
