"""A restore, tried out beside: into a folder of its own, served by a real web process, and gone afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from waitlist_appliance.cli.processes import free_port
from waitlist_appliance.services.backups import open_backup, payload
from waitlist_appliance.services.backups.errors import BackupError
from waitlist_appliance.storage import snapshot

if TYPE_CHECKING:
    from waitlist_appliance.services.backups.container import Header
    from waitlist_appliance.services.backups.open_backup import Verdict
    from waitlist_appliance.services.backups.progress import Steps
    from waitlist_appliance.services.backups.sealing import Keys

STARTING_SECONDS: Final = 60.0
STOPPING_SECONDS: Final = 20.0
# What systemd handed to this command is the live box's: its secrets, and its ear.
_LIVE: Final = ("CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "WAITLIST_CONFIG")


def drill(header: Header, keys: Keys, place: Path, steps: Steps) -> Verdict:
    """Open it, let the web server run on it, ask for its health, count. BackupError when any of it fails.

    No worker is started, so nothing is sent and no calendar is asked.
    """
    with open_backup.opened(header, keys, place, steps) as files:
        with steps("Checking the database", 0):
            _, migrated = open_backup.judge(header, files)
        with steps("Serving it", 0):
            port = free_port()
            with _served(_configured(files, port)):
                _ask(f"http://127.0.0.1:{port}/healthz")
        if not snapshot.settle(files / payload.DATABASE):
            raise BackupError("the drill's database could not be closed")
        found = snapshot.inspect(files / payload.DATABASE)
        if found.faults or found.counts != header.manifest.counts:
            raise BackupError("after it was served, the restored database is no longer the one of the backup")
        return open_backup.Verdict(header, True, found.counts, migrated)


def _configured(files: Path, port: int) -> Path:
    """A configuration of its own: the secrets of the backup, and nothing that reaches outside."""
    named = {
        attribute: files / name for attribute, name in payload.SECRET_FILES.items() if (files / name).exists()
    }  # fmt: skip
    secrets = "".join(
        f"{attribute}_file = {json.dumps(str(file))}\n"
        for attribute, file in named.items()
        if attribute != "sentry_dsn"
    )
    config = files / "drill.toml"
    config.write_text(
        f'[server]\nport = {port}\npublic_url = "http://127.0.0.1:{port}"\n'
        f"[data]\ndirectory = {json.dumps(str(files))}\n[keys]\n{secrets}"
    )
    config.chmod(0o600)
    return config


@contextlib.contextmanager
def _served(config: Path) -> Iterator[None]:
    environ = {name: value for name, value in os.environ.items() if name not in _LIVE}
    with (config.parent / "drill.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "waitlist_appliance", "--config", str(config), "serve"], stdin=subprocess.DEVNULL,
            stdout=log, stderr=log, env=environ, start_new_session=True,
        )  # fmt: skip
    try:
        yield
    except BackupError as error:
        words = (config.parent / "drill.log").read_text("utf-8", "replace").strip().splitlines()
        raise BackupError(f"{error}; its last words: {words[-1] if words else 'none'}") from error
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(STOPPING_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _ask(address: str) -> None:
    """Until it answers that it is well."""
    ends, problem = time.monotonic() + STARTING_SECONDS, "it did not answer"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < ends:
        try:
            with opener.open(address, timeout=5) as answer:
                if answer.status == 200:
                    return
                problem = f"it answered {answer.status}"
        except urllib.error.HTTPError as error:
            problem = f"it answered {error.code}"
        except OSError:
            time.sleep(0.1)
    raise BackupError(f"the web server on the restored database was not well: {problem}")
