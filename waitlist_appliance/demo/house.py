"""Casa Lola: twelve tables, and a calendar so full that tomorrow's 19:30 has to be waited for."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from waitlist_appliance.bootstrap import build
from waitlist_appliance.config import load, write_default
from waitlist_appliance.domain.moments import parse_clock, resolve_clock
from waitlist_appliance.ports import SilentTimers
from waitlist_appliance.services import edit_events, first_run, staff_login
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.business import SetUp, Tables, set_policy, set_up
from waitlist_appliance.storage import api_keys, schema
from waitlist_appliance.storage.activity import SYSTEM, Actor
from waitlist_appliance.storage.database import create_private

ZONE: Final = ZoneInfo("Europe/Madrid")
WANTED: Final = "19:30"
OWNER: Final = "olivia@casalola.test"
LOLA: Final = Actor("staff", "Olivia")
TABLES: Final = (Tables(4, 2, "Interior"), Tables(4, 4, "Interior"), Tables(2, 2, "Terraza"), Tables(2, 4, "Terraza"))
# An evening's sittings, everyone the same on every table, so that what is freed at 19:00 is free until 21:30 only.
SITTINGS: Final = (("17:00", "19:00"), ("19:00", "21:30"), ("21:30", "23:30"))
GUESTS: Final = (
    "Ortega", "Prieto", "Vidal", "Moreau", "Castillo", "Navarro", "Rossi", "Iglesias", "Fuentes", "Lindqvist",
    "Serrano", "Delgado", "Campos", "Marín", "Herrero", "Pascual", "Santos", "Vega", "Ibáñez", "Crespo",
)  # fmt: skip
# What a business would have in minutes and days is here in seconds; nobody waits for the morning.
PROFILE: Final = {
    "offer_window_minimum_seconds": 5,
    "offer_window_seconds": 10,
    "cutoff_seconds": 60,
    "race_from_seconds": 0,
    "quiet_hours": False,
    "offers_per_day": 50,
    "messages_per_day": 200,
}


@dataclass(frozen=True, slots=True)
class House:
    """The demo box as its player needs to know it."""

    config_path: Path
    database_path: Path
    public_url: str
    port: int
    api_key: str
    password: str
    wanted: datetime
    cancelled_event: str
    cancelled_title: str


def furnish(folder: Path, port: int, now: datetime) -> House:
    """A configured, migrated, filled box in this folder; tomorrow evening is full."""
    config_path, url = folder / "config.toml", f"http://127.0.0.1:{port}"
    write_default(config_path, folder / "data", port, url)
    config = load(config_path, {})
    app = build(config, SilentTimers())
    create_private(config.database_path)
    schema.migrate(app.db)
    password = _open(app, now)
    _, secret = api_keys.create(app.db, "voice agent", api_keys.SCOPES, now)
    tomorrow = now.astimezone(ZONE).date() + timedelta(days=1)
    event_id, title = _fill(app, tomorrow, now)
    app.db.close()
    wanted = resolve_clock(tomorrow, parse_clock(WANTED), ZONE).astimezone(UTC)
    return House(config_path, config.database_path, url, port, secret, password, wanted, event_id, title)


def _open(app: Appliance, now: datetime) -> str:
    """Business, policies and owner; the owner's password."""
    set_up(app, SetUp(name="Casa Lola", zone=ZONE.key, phone="+34 910 000 000", tables=TABLES), now, SYSTEM)
    for key, value in PROFILE.items():
        set_policy(app, key, value, LOLA, now)
    first_run.finish(app, now, LOLA)
    password = f"lola-{secrets.token_hex(4)}"
    _, link = staff_login.add_user(app, OWNER, "Olivia", "owner", now)
    staff_login.use_link(app, link, password, now)
    return password


def _fill(app: Appliance, tomorrow: date, now: datetime) -> tuple[str, str]:
    """Every sitting of tomorrow on every table, and some of the days after; the 19:00 event of the first table."""
    tables = sorted(app.setup().resources.values(), key=lambda resource: resource.id)
    names = iter(GUESTS * 10)
    first: tuple[str, str] | None = None
    for start, end in SITTINGS:
        for table in tables:
            title = f"{next(names)} · {table.max_party}"
            event_id = _add(app, title, tomorrow, start, end, table.public_id, now)
            if start == "19:00" and first is None:
                first = (event_id, title)
    for ahead, table in zip((2, 2, 3, 3, 4, 5, 6), tables, strict=False):
        _add(app, f"{next(names)} · {table.max_party}", tomorrow + timedelta(days=ahead - 1), "20:00", "22:00",
             table.public_id, now)  # fmt: skip
    assert first is not None
    return first


def _add(app: Appliance, title: str, day: date, start: str, end: str, resource: str, now: datetime) -> str:
    since, until = (resolve_clock(day, parse_clock(clock), ZONE) for clock in (start, end))
    return edit_events.add_event(app, title, since, until, resource, now, LOLA).public_id
