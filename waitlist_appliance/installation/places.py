"""Where things lie on the machine (docs/architecture.md, "The box")."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

USER: Final = "waitlist"
SECRETS: Final = ("token_key", "session_key", "cron_secret", "metrics_token", "backup_passphrase")
# What is started with the machine, in the order in which it is told to the reader.
STARTED: Final = (
    "waitlist-web.service", "waitlist-worker.service", "waitlist-backup.timer", "waitlist-watch.timer",
)  # fmt: skip
SERVICES: Final = STARTED[:2]
# What the timers start.
ONCE: Final = ("waitlist-backup.service", "waitlist-watch.service")


@dataclass(frozen=True, slots=True)
class Places:
    """Every path below `root`: / on a machine, a folder for a trial."""

    root: Path = Path("/")

    @property
    def program(self) -> Path:
        return self.root / "opt/waitlist"

    @property
    def releases(self) -> Path:
        return self.program / "releases"

    @property
    def current(self) -> Path:
        """The link that the units run."""
        return self.program / "current"

    @property
    def journal(self) -> Path:
        """How far an upgrade came; there while one is under way or was cut short."""
        return self.program / "upgrade.json"

    @property
    def lock(self) -> Path:
        """Held while anything here is being changed."""
        return self.root / "run/lock/waitlist-installation"

    @property
    def settings(self) -> Path:
        return self.root / "etc/waitlist"

    @property
    def config(self) -> Path:
        return self.settings / "config.toml"

    @property
    def secrets(self) -> Path:
        return self.settings / "secrets"

    @property
    def data(self) -> Path:
        return self.root / "var/lib/waitlist"

    @property
    def database(self) -> Path:
        return self.data / "waitlist.db"

    @property
    def backups(self) -> Path:
        return self.root / "var/backups/waitlist"

    @property
    def units(self) -> Path:
        return self.root / "etc/systemd/system"

    @property
    def command(self) -> Path:
        """`waitlist`, for the owner's shell."""
        return self.root / "usr/local/bin/waitlist"

    def secret(self, name: str) -> Path:
        return self.secrets / f"{name}.txt"
