"""What is asked of the machine: its service manager, its users, its programs. A trial leaves the first two alone."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from waitlist_appliance.installation.failure import Failed
from waitlist_appliance.installation.places import ONCE, SERVICES, STARTED, USER, Places

# What an earlier run left behind, such as a pip, is given this long to end.
WAIT_FOR_LOCK_SECONDS: Final = 60.0
# So many last lines are shown of what went wrong.
_TAIL: Final = 20
# The unit in which the owner's command runs for an installer; a second one of that name is not started.
_CHILD: Final = "waitlist-installation"


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    code: int
    output: str
    errors: str

    @property
    def tail(self) -> str:
        """The last lines of what it said, for the reader."""
        return "\n".join((self.output + self.errors).strip().splitlines()[-_TAIL:])


class Machine:
    """This machine. Everything that needs root, systemd or the network goes through here."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self._lock: int | None = None

    @property
    def runs_services(self) -> bool:
        """Whether the services run here, and can be asked how they are."""
        return True

    def run(
        self, command: Sequence[str | Path], *, as_service: bool = False, env: Mapping[str, str] | None = None,
        heard: Callable[[str], None] | None = None,
    ) -> Done:  # fmt: skip
        """Runs to the end. `heard` gets each line as it comes. What is started keeps the lock, as long as it lives."""
        words = [str(word) for word in command]
        options = self._options(as_service, env)
        if heard is not None:
            return _run_aloud(words, options, heard)
        done = subprocess.run(words, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
        return Done(done.returncode, done.stdout, done.stderr)

    def must(self, title: str, command: Sequence[str | Path], *, as_service: bool = False) -> str:
        """Runs and returns the output. Raises Failed with what the command said."""
        done = self.run(command, as_service=as_service)
        if done.code != 0:
            raise Failed(f"{title} failed:\n{done.tail}")
        return done.output

    def cli(self, release: Path, *words: str) -> Done:
        """`waitlist WORDS…` of this release, as the service's user with the service's secrets."""
        self.end_orphan()
        return self.run([wrapper(release), *words], env={"WAITLIST_RELEASE": str(release), "WAITLIST_UNIT": _CHILD})

    def end_orphan(self) -> None:
        """Ends a `waitlist` that outlived the installer that asked for it: systemd runs it, and the lock is not held by it."""
        self.systemctl("stop", f"{_CHILD}.service")

    def systemctl(self, *words: str) -> Done:
        return self.run(["systemctl", *words])

    def add_user(self) -> None:
        """The system user, its home the data folder, without a shell or password."""
        home, shell = str(self.places.data), "/usr/sbin/nologin"
        self.must("Making the user", [
            "useradd", "--system", "--user-group", "--home-dir", home, "--no-create-home", "--shell", shell, USER,
        ])  # fmt: skip

    def remove_user(self) -> str:
        self.must("Removing the user", ["userdel", USER])
        return USER

    def has_user(self) -> bool:
        try:
            pwd.getpwnam(USER)
        except KeyError:
            return False
        return True

    def give(self, path: Path, owner: str, group: str, mode: int) -> None:
        """Whose the path is, and who may do what with it."""
        os.chmod(path, mode)
        shutil.chown(path, owner, group)

    def running(self) -> bool:
        """Whether systemd runs this machine."""
        return Path("/run/systemd/system").is_dir()

    def stop(self) -> None:
        """Ends everything of ours, timers first; returns when it has ended."""
        self.must("Stopping the services", ["systemctl", "stop", *reversed(STARTED), *ONCE])

    def start(self) -> None:
        """Starts what starts with the machine; Type=notify: returns when web answers and the worker sweeps."""
        wanted = [unit for unit in STARTED if self.systemctl("is-enabled", "--quiet", unit).code == 0]
        # On a busy machine a first start may fail, which systemd mends by itself (Restart=always): no reason to go back.
        if self.systemctl("start", *wanted).code != 0:
            self.must("Starting the services", ["systemctl", "start", *wanted])

    def health(self, port: int) -> str:
        """ "" when web and worker are well, otherwise what is not."""
        for unit in SERVICES:
            if self.systemctl("is-active", unit).code != 0:
                return f"{unit} does not run"
        return _answer(f"http://127.0.0.1:{port}/healthz")

    def journal(self, since: float = 0) -> str:
        """What the services said last; `since` in seconds since 1970."""
        units = [word for unit in SERVICES for word in ("-u", unit)]
        words = ["--no-pager", "-q", "-o", "short-iso", "-n", str(_TAIL), f"--since=@{int(since)}"]
        return self.run(["journalctl", *words, *units]).output.strip()

    def port_is_free(self, port: int) -> bool:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                return False
        return True

    @contextmanager
    def alone(self, wait: float = WAIT_FOR_LOCK_SECONDS) -> Iterator[None]:
        """Nobody else changes the installation meanwhile. Raises Failed when somebody does."""
        self.places.lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.places.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _take(descriptor, wait)
            self._lock = descriptor
            yield
        finally:
            self._lock = None
            os.close(descriptor)

    def _options(self, as_service: bool, env: Mapping[str, str] | None) -> dict[str, object]:
        options: dict[str, object] = {"stdin": subprocess.DEVNULL}
        if self._lock is not None:
            options["pass_fds"] = (self._lock,)
        # Whatever let Python find this installer must not let a release find it too.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        options["env"] = {**kept, **(env or {})}
        if as_service:
            options |= {"user": USER, "group": USER, "extra_groups": [], "umask": 0o077, "cwd": "/"}
        return options


class Trial(Machine):
    """A folder instead of the machine: files are real; users, services and ownership are left out."""

    @property
    def runs_services(self) -> bool:
        return False

    def cli(self, release: Path, *words: str) -> Done:
        return self.run([release / "bin" / "waitlist", *words], env={"WAITLIST_CONFIG": str(self.places.config)})

    def run(
        self, command: Sequence[str | Path], *, as_service: bool = False, env: Mapping[str, str] | None = None,
        heard: Callable[[str], None] | None = None,
    ) -> Done:  # fmt: skip
        return super().run(command, as_service=False, env=env, heard=heard)

    def systemctl(self, *words: str) -> Done:
        return Done(0, "", "")

    def add_user(self) -> None: ...

    def remove_user(self) -> str:
        return USER

    def has_user(self) -> bool:
        return True

    def give(self, path: Path, owner: str, group: str, mode: int) -> None:
        os.chmod(path, mode)

    def running(self) -> bool:
        return True

    def stop(self) -> None: ...

    def start(self) -> None: ...

    def health(self, port: int) -> str:
        return ""

    def journal(self, since: float = 0) -> str:
        return ""

    def port_is_free(self, port: int) -> bool:
        return True


def wrapper(release: Path) -> Path:
    """The release's own copy of the owner's command."""
    return deploy(release) / "bin" / "waitlist"


def deploy(release: Path) -> Path:
    """What the release puts on the machine: units, command, snippets. Raises Failed for one that is incomplete."""
    found = sorted(release.glob("lib/python3*/site-packages/waitlist_appliance/deploy"))
    if not found:
        raise Failed(f"{release} is incomplete: it holds no units")
    return found[0]


def _run_aloud(words: list[str], options: dict[str, object], heard: Callable[[str], None]) -> Done:
    lines: list[str] = []
    child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)  # type: ignore[call-overload]
    with child:
        for line in child.stdout:
            lines.append(line)
            heard(line.rstrip())
    return Done(child.returncode, "".join(lines), "")


def _take(descriptor: int, wait: float) -> None:
    end = time.monotonic() + wait
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise Failed(
                    "another installation, upgrade or roll-back is under way on this machine. Wait until it has ended."
                ) from None
            time.sleep(0.2)


def _answer(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return ""
    except urllib.error.HTTPError as error:
        return f"{url} answers {error.code}: {error.read(500).decode(errors='replace')}"
    except OSError as error:
        return f"{url} does not answer: {error}"
