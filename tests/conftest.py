"""The shared world of the tests: Casa Lola in Madrid, a fixed cast, a clock that stands still unless moved."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from werkzeug.routing import Rule

from waitlist_appliance.adapters.calendars.local import LocalCalendar
from waitlist_appliance.adapters.messengers.accounts import SmtpAccounts, TwilioAccounts, TwilioHooks
from waitlist_appliance.adapters.messengers.simulator import SimulatorMessenger
from waitlist_appliance.config import Config
from waitlist_appliance.ports import SilentTimers
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.business import SetUp, Tables, set_up
from waitlist_appliance.storage import schema
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.vault import Vault, new_key

MADRID = ZoneInfo("Europe/Madrid")
# A Thursday at eleven in Madrid: open, not quiet, far from both DST nights.
NOW = datetime(2026, 1, 15, 10, 0, tzinfo=UTC)


MEMORY = Path("/dev/shm")
ROOM = 1024**3


def pytest_configure(config: pytest.Config) -> None:
    """The databases of the tests lie in memory where there is room for them: nobody waits for a disk."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def at(text: str, day: str = "2026-01-16") -> datetime:
    """A time of day on the evening of the story, in Madrid."""
    return datetime.fromisoformat(f"{day}T{text}").replace(tzinfo=MADRID).astimezone(UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nearly every test of a page makes an app of its own, with the same templates and routes: compiled once for all."""
    pages = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("pages")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {**Flask.jinja_options, "bytecode_cache": pages})
        patch.setattr(Rule, "_compile_builder", _remembering(Rule._compile_builder))
        yield


def _remembering(compiling: Callable[..., Any]) -> Callable[..., Any]:
    """What builds an address out of a route: it reads the route's own converters, so that equal routes may share it."""
    known: dict[tuple[object, ...], Any] = {}

    def compile_builder(rule: Rule, append_unknown: bool = True) -> Any:
        key = (tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in known:
            known[key] = compiling(rule, append_unknown)
        return known[key]

    return compile_builder


@pytest.fixture(scope="session")
def ready_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database with Casa Lola in it, copied for every test."""
    folder = tmp_path_factory.mktemp("ready")
    box = build_box(folder)
    schema.migrate(box.db)
    set_up(
        box,
        SetUp(
            name="Casa Lola", phone="+34910000000", email="hola@casalola.example",
            tables=(Tables(1, 2, "Interior"), Tables(1, 4, "Terraza")),
        ),
        NOW - timedelta(days=30),
        SYSTEM,
    )  # fmt: skip
    box.db.tuples("PRAGMA wal_checkpoint(TRUNCATE)")
    box.db.close()
    return folder / "waitlist.db"


def build_box(folder: Path) -> Appliance:
    """An appliance on this folder that rings nobody: the tests are the clock."""
    config = Config(
        data_directory=folder, token_key=b"t" * 32, session_key=b"s" * 32, cron_secret="c" * 32,
        public_url="http://127.0.0.1:8080",
    )  # fmt: skip
    db = Database(folder / "waitlist.db")
    # What a test leaves need not outlive a power cut; a kill loses nothing without it either.
    db.peewee.pragma("synchronous", 0, permanent=True)
    simulator = SimulatorMessenger(db)
    return Appliance(
        config=config, db=db, vault=Vault(_key_file(folder)), timers=SilentTimers(), calendars={"local": LocalCalendar(db)},
        messengers={"sms": simulator, "whatsapp": simulator, "email": simulator}, token_key=config.token_key,
        accounts={"twilio": TwilioAccounts(), "smtp": SmtpAccounts()}, hooks={"twilio": TwilioHooks()},
    )  # fmt: skip


def _key_file(folder: Path) -> Path:
    """The key of the folder's vault, for its owner only."""
    key_file = folder / "credentials.key"
    if not key_file.exists():
        key_file.touch(mode=0o600)
        key_file.write_text(new_key() + "\n", "ascii")
    return key_file


@pytest.fixture
def box(ready_made: Path, tmp_path: Path) -> Iterator[Appliance]:
    """Casa Lola on its own database: table 1 for two (Interior), table 2 for four (Terraza)."""
    shutil.copy(ready_made, tmp_path / "waitlist.db")
    appliance = build_box(tmp_path)
    yield appliance
    appliance.db.close()
