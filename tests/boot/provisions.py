"""What the machines are made of, kept below .venv/share/boot: a bare Debian, the locked wheels, the program as it is now.

`python -m tests.boot.provisions` makes all of it and boots a machine once; what cannot be had here is its one line of output.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.boot.machine import Disk, Machine, MachineError

ROOT: Final = Path(__file__).resolve().parents[2]
STORE: Final = ROOT / ".venv" / "share" / "boot"
TOOLS: Final = ("mmdebstrap", "systemd-nspawn", "nsenter", "unshare", "setpriv")
# What a provider's smallest image has, and rsync, with which backups leave the machine.
PACKAGES: Final = (
    "systemd", "systemd-sysv", "dbus", "python3", "python3-venv", "libsqlite3-0", "iproute2", "curl", "ca-certificates", "rsync",
)  # fmt: skip
MEMORY: Final = Path("/dev/shm")
ROOM: Final = 8 * 1024**3
NOT_TO_BE_HAD: Final = 3
RUN: Final = "waitlist-boot-"
LOCKS: Final = tuple(ROOT / "deploy" / "locks" / f"{name}.lock" for name in ("runtime", "build"))


class NotToBeHad(Exception):
    """No machine can be booted here; the reason in words."""


def bare_system() -> Path:
    """The tree of a freshly made system of this host's own release. Made once, in some twenty seconds."""
    sources, suite = _sources()
    texts = [path.read_text() for path in sources]
    stamp = _stamp(suite, platform.machine(), *PACKAGES, *texts)
    return _kept("system", stamp, lambda folder: _make_system(folder, suite, sources))


def wheelhouse() -> Path:
    """Every locked wheel, so that the machines need no network. Fetched when a lock changes."""
    stamp = _stamp(sys.version, *(lock.read_text() for lock in LOCKS))
    return _kept("wheelhouse", stamp, _fetch_wheels)


def checkout(folder: Path) -> Path:
    """A copy of the working tree, without what was made in it."""
    left_out = shutil.ignore_patterns(".venv", ".git", "__pycache__", ".*_cache", ".hypothesis", "node_modules", "var", "*.db")
    return Path(shutil.copytree(ROOT, folder, ignore=left_out, symlinks=True))


def wheel(source: Path, folder: Path) -> Path:
    """The checkout as the wheel that is released."""
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    _must("the wheel could not be built", command)
    return next(folder.glob("waitlist_appliance-*.whl"))


@contextmanager
def shared_folder(run: str) -> Iterator[Path]:
    """A folder for all processes of one test run. The last to leave removes it, and what dead runs left."""
    STORE.mkdir(parents=True, exist_ok=True)
    folder = (MEMORY if _has_room_in_memory() else STORE) / f"{RUN}{run}"
    folder.mkdir(exist_ok=True)
    with _in_use(folder):
        yield folder
    for other in [*STORE.glob(f"{RUN}*"), *MEMORY.glob(f"{RUN}*")]:
        _remove_if_unused(other)


def _has_room_in_memory() -> bool:
    """Whether the machines' disks may lie there: some twenty thousand small files each, which a disk takes its time over."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
        return min(free, shutil.disk_usage(MEMORY).free) > ROOM
    except OSError:
        return False


def _remove_if_unused(folder: Path) -> None:
    try:
        with _in_use(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(folder, ignore_errors=True)
    except (BlockingIOError, FileNotFoundError):
        pass  # somebody works in it, or was quicker


@contextmanager
def _in_use(folder: Path, kind: int = fcntl.LOCK_SH) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)


def require_tools() -> None:
    """Raises NotToBeHad without root, or without a program that is needed."""
    if os.geteuid() != 0:
        raise NotToBeHad("booting a machine needs root; run it with sudo")
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        raise NotToBeHad(f"{', '.join(missing)} not found; sudo apt-get install mmdebstrap systemd-container")


def probe() -> None:
    """Boots a bare machine once. Raises NotToBeHad where that cannot be done."""
    require_tools()
    _must("this machine may not make namespaces and mount in them", ["unshare", "-mpf", "mount", "-t", "tmpfs", "none", "/mnt"])
    _must_be_alike(bare_system())
    wheelhouse()
    with tempfile.TemporaryDirectory(dir=STORE, prefix="probe-") as folder:
        try:
            with Machine(Disk((bare_system(),), Path(folder) / "disk"), {}) as machine:
                machine.boot()
        except MachineError as error:
            raise NotToBeHad(f"systemd does not boot in a container of this machine: {error}") from error


def _must_be_alike(system: Path) -> None:
    """The wheels are fetched by the Python of these tests, and installed by that of the machines."""
    ours = f"python{sys.version_info.major}.{sys.version_info.minor}"
    theirs = os.readlink(system / "usr" / "bin" / "python3")
    if ours != theirs:
        raise NotToBeHad(f"the machines have {theirs}, .venv has {ours}; rm -rf .venv and set PYTHON=/usr/bin/python3")


def _kept(name: str, stamp: str, make: Callable[[Path], None]) -> Path:
    """STORE/name-stamp, made by `make` unless it is there; older ones go. Two who need it together make it once."""
    folder = STORE / f"{name}-{stamp}"
    STORE.mkdir(parents=True, exist_ok=True)
    with _alone(name):
        if not folder.exists():
            for old in STORE.glob(f"{name}-*"):
                shutil.rmtree(old)
            part = STORE / f"{name}-new"
            part.mkdir()
            make(part)
            part.rename(folder)
    return folder


@contextmanager
def _alone(name: str) -> Iterator[None]:
    with (STORE / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sources() -> tuple[list[Path], str]:
    """The package sources of this host that carry its own release, and the release's name."""
    release = platform.freedesktop_os_release()
    suite = release.get("VERSION_CODENAME", "")
    folder = Path("/etc/apt/sources.list.d")
    candidates = [Path("/etc/apt/sources.list"), *sorted([*folder.glob("*.list"), *folder.glob("*.sources")])]
    named = re.compile(rf"^(?!#).*\s{re.escape(suite)}(\s|$)", re.MULTILINE)
    found = [path for path in candidates if path.is_file() and named.search(path.read_text())]
    if not suite or not found:
        name = release.get("PRETTY_NAME", "this system")
        raise NotToBeHad(f"there is no package source of {name} in /etc/apt; it needs Debian or Ubuntu")
    return found, suite


def _make_system(folder: Path, suite: str, sources: list[Path]) -> None:
    _must("a bare system could not be made", [
        "mmdebstrap", "--mode=root", "--variant=apt", "--quiet", f"--include={','.join(PACKAGES)}",
        suite, str(folder), *map(str, sources),
    ])  # fmt: skip


def _fetch_wheels(folder: Path) -> None:
    locks = [word for lock in LOCKS for word in ("-r", str(lock))]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--dest", str(folder), *locks]
    _must("the locked packages could not be fetched", command)


def _must(problem: str, command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-10:])
        raise NotToBeHad(f"{problem}:\n{tail}")


def _stamp(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


if __name__ == "__main__":
    try:
        probe()
    except NotToBeHad as reason:
        print(reason)
        sys.exit(NOT_TO_BE_HAD)
