"""A Debian that really boots: systemd as process 1, a loopback of its own and no other network, gone when it is closed.

What it changes lies in a folder above read-only trees (overlayfs), so that it survives a reboot and a power cut, and may
be the ground on which other machines stand. The mount lives in a namespace of the machine's own process: whatever ends
that process ends the mount as well.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

BOOT_SECONDS: Final = 90
POWER_OFF_SECONDS: Final = 60
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MOUNT: Final = 'mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$3" "$4" && shift 4 && exec "$@"'
# Root in the machine is root of the host's clock and kernel as well, unless it is told not to be.
CONFINED: Final = ("setpriv", "--bounding-set", "-sys_time,-sys_module,-sys_rawio,-syslog")
T = TypeVar("T")


class MachineError(Exception):
    """The machine did not boot, or a command in it did not end as it should."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command in the machine ended."""

    command: str
    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Both streams, for looking things up in what people would have read."""
        return self.out + self.err


@dataclass(frozen=True, slots=True)
class Disk:
    """Read-only trees, the topmost first, and the folder that takes what is changed on them."""

    below: tuple[Path, ...]
    folder: Path

    def ready(self) -> None:
        """Makes the folder's parts."""
        for name in ("changes", "work", "root"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    @property
    def trees(self) -> tuple[Path, ...]:
        """What another disk stands on to begin where this one is; this one may not be written meanwhile."""
        return (self.folder / "changes", *self.below)

    def mounting(self, command: Sequence[str]) -> list[str]:
        """`command` with this disk mounted on its root/, in a mount namespace of its own."""
        lower = ":".join(map(str, self.below))
        parts = [lower, *(str(self.folder / name) for name in ("changes", "work", "root"))]
        # A process namespace as well: when the process that made it ends, all that runs in the machine ends with it.
        apart = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"]
        return [*apart, "--", "sh", "-c", MOUNT, "disk", *parts, *command]


class Machine:
    """One booted system. Use it as a context manager, or `close` it: closing ends it and removes its disk."""

    def __init__(self, disk: Disk, shared: Mapping[Path, str]) -> None:
        self.disk = disk
        self._shared = shared
        self._process: subprocess.Popen[bytes] | None = None
        self._init = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def log(self) -> Path:
        """What the console said since the last boot."""
        return self.disk.folder / "console.log"

    def boot(self) -> Self:
        """Returns when systemd has started everything it was to start. Raises MachineError."""
        self.disk.ready()
        root = self.disk.folder / "root"
        binds = [f"--bind-ro={host}:{inside}" for host, inside in self._shared.items()]
        command = [
            "systemd-nspawn", f"--directory={root}", "--boot", "--quiet", "--register=no", "--keep-unit",
            "--private-network", "--console=pipe", "--link-journal=no", "--hostname=box", *binds,
        ]  # fmt: skip
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                # Should the tests be killed, the kernel ends the machine.
                ["setpriv", "--pdeathsig", "KILL", *self.disk.mounting(command)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._init = self._wait_for(self._find_init, "the machine's process 1 did not start")
        self._wait_for(self._has_started, "the machine did not finish starting")
        return self

    def run(self, command: str, *, check: bool = True, seconds: float = 120, given: str = "") -> Done:
        """The command, by sh as root in the machine. With `check`, another exit code than 0 raises MachineError."""
        environment = [f"PATH={PATH}", "HOME=/root", "LANG=C.UTF-8"]
        enter = ["nsenter", "--target", str(self._init), "--all", *CONFINED, "env", "-i", *environment, "sh", "-c", command]
        try:
            ended = subprocess.run(enter, input=given, capture_output=True, text=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired as error:
            raise MachineError(f"`{command}` did not end within {seconds:g} s:\n{error.output}\n{error.stderr}") from None
        if check and ended.returncode:
            raise MachineError(f"`{command}` ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
        return Done(command, ended.returncode, ended.stdout, ended.stderr)

    def read(self, path: str) -> str:
        """The text of a file in the machine."""
        return self.run(f"cat {shlex.quote(path)}").out

    def write(self, path: str, text: str) -> None:
        """Puts a file of root's into the machine, with its folder."""
        self.run(f"mkdir -p {shlex.quote(str(Path(path).parent))} && cat > {shlex.quote(path)}", given=text)

    def shows(self, unit: str, *properties: str) -> dict[str, str]:
        """What `systemctl show` says of a unit."""
        wanted = " ".join(f"--property={name}" for name in properties)
        lines = self.run(f"systemctl show {wanted} {shlex.quote(unit)}").out.splitlines()
        return dict(line.split("=", 1) for line in lines)

    def until(self, asked: Callable[[], T], what: str, *, seconds: float = 60) -> T:
        """The first true answer; MachineError with the last one when there is none in time."""
        end = time.monotonic() + seconds
        while not (answer := asked()):
            if time.monotonic() > end:
                raise MachineError(f"{what}: not within {seconds:g} s; the last answer was {answer!r}\n{self.journal()}")
            time.sleep(0.05)
        return answer

    def journal(self, *arguments: str) -> str:
        """The newest lines of the machine's journal, or those that the arguments choose."""
        return self.run(f"journalctl --no-pager {shlex.join(arguments or ('-n', '60'))}", check=False).out

    def power_off(self) -> None:
        """A clean end: every unit is stopped, then the machine."""
        process = self._running()
        self.run("systemctl poweroff", check=False)
        try:
            process.wait(POWER_OFF_SECONDS)
        except subprocess.TimeoutExpired:
            raise MachineError(f"the machine did not power off:\n{self._console()}") from None
        self._process = None

    def cut_power(self) -> None:
        """Everything in it ends at once; nobody is asked."""
        process = self._running()
        process.kill()
        process.wait()
        self._wait_until_gone()
        self._process = None

    def reboot(self) -> None:
        """Off and on again; what was written is still there."""
        self.power_off()
        self.boot()

    def close(self) -> None:
        """Ends the machine, however it is, and removes its disk."""
        if self._process is not None:
            self.cut_power()
        shutil.rmtree(self.disk.folder, ignore_errors=True)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise MachineError("the machine is off")
        return self._process

    def _wait_for(self, asked: Callable[[], T], problem: str) -> T:
        end = time.monotonic() + BOOT_SECONDS
        while not (answer := asked()):
            if self._running().poll() is not None or time.monotonic() > end:
                raise MachineError(f"{problem}:\n{self._console()}")
            time.sleep(0.02)
        return answer

    def _find_init(self) -> int:
        """Its number outside; 0 while there is none. Whoever is number 1 in a namespace of its own is process 1."""
        container = [pid for launcher in _children(self._running().pid) for pid in _children(launcher)]
        return next((pid for pid in container if _number_inside(pid) == "1"), 0)

    def _has_started(self) -> bool:
        return self.run("systemctl is-system-running", check=False).out.strip() in {"running", "degraded"}

    def _wait_until_gone(self) -> None:
        end = time.monotonic() + POWER_OFF_SECONDS
        while Path(f"/proc/{self._init}").exists():
            if time.monotonic() > end:
                raise MachineError("the machine's processes did not end with it")
            time.sleep(0.01)

    def _console(self) -> str:
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-30:])


def _children(pid: int) -> Iterable[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _number_inside(pid: int) -> str:
    """What a process is called in its innermost process namespace, "" when it is gone or has none of its own."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return ""
    numbers = next(line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:"))
    return numbers[-1] if len(numbers) > 1 else ""
