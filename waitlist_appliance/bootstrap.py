"""Builds the appliance out of its parts: the only place that picks adapters and timers."""

from __future__ import annotations

from waitlist_appliance.adapters.calendars.local import LocalCalendar
from waitlist_appliance.adapters.messengers.simulator import SimulatorMessenger
from waitlist_appliance.config import Config, ConfigError
from waitlist_appliance.ports import Timers
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage.database import Database
from waitlist_appliance.worker.timers import HueyTimers

TOKEN_KEY_BYTES = 32
CHANNELS = ("sms", "whatsapp", "email")


def build(config: Config, timers: Timers | None = None) -> Appliance:
    """The appliance on this configuration; without ``timers`` it rings the worker through Huey.

    Opens the database, which must be migrated already. Raises ConfigError without a data directory or a real key.
    """
    _fail_closed(config)
    db = Database(config.database_path)
    simulator = SimulatorMessenger(db)
    return Appliance(
        config=config,
        db=db,
        timers=timers or HueyTimers(config.huey_path, checks=config.internal_timers),
        calendars={"local": LocalCalendar(db)},
        messengers=dict.fromkeys(CHANNELS, simulator),
        token_key=config.token_key,
    )


def _fail_closed(config: Config) -> None:
    if len(config.token_key) < TOKEN_KEY_BYTES:
        short = f"it has {len(config.token_key)} bytes (hidden); at least {TOKEN_KEY_BYTES} are needed"
        raise ConfigError("keys.token_key", None, f"{short}; `waitlist init` makes one")
    if not config.data_directory.is_dir():
        allowed = "there is no such folder; `waitlist init` makes it"
        raise ConfigError("data.directory", str(config.data_directory), allowed)
