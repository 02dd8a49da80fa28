"""What every command shares: the configuration and the appliance, made when they are first needed."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import click

if TYPE_CHECKING:
    from waitlist_appliance.config import Config
    from waitlist_appliance.services.appliance import Appliance

PLACES: Final = (Path("config.toml"), Path("/etc/waitlist/config.toml"))


@dataclass
class Cli:
    """The command line's own state. ``given_path`` is --config or WAITLIST_CONFIG."""

    given_path: Path | None = None
    debug: bool = False

    @property
    def config_path(self) -> Path:
        """The configuration file in use: the one given, else the first that exists, else ./config.toml."""
        if self.given_path is not None:
            return self.given_path
        return next((place for place in PLACES if place.exists()), PLACES[0])

    @functools.cached_property
    def config(self) -> Config:
        """The configuration, checked. Raises ConfigError."""
        from waitlist_appliance.config import load

        return load(self.config_path)

    @functools.cached_property
    def app(self) -> Appliance:
        """The appliance on a database of exactly this version. Raises ConfigError or SchemaMismatch."""
        from waitlist_appliance.bootstrap import build
        from waitlist_appliance.config import ConfigError
        from waitlist_appliance.storage import schema

        if self.config.data_directory.is_dir() and not self.config.database_path.exists():
            allowed = f"there is no database {self.config.database_path.name} in it; run `waitlist migrate`"
            raise ConfigError("data.directory", str(self.config.data_directory), allowed)
        app = build(self.config)
        schema.check(app.db)
        return app

    @property
    def zone(self) -> ZoneInfo:
        """The business's zone."""
        from waitlist_appliance.services.business import business

        return business(self.app).tz

    def when(self, option: str, text: str) -> datetime:
        """The moment in ``text``, in the business's zone when it names no offset. Raises BadParameter."""
        from waitlist_appliance.domain.moments import parse_when

        try:
            return parse_when(text, self.zone)
        except ValueError as error:
            example = datetime.now(self.zone).strftime("%Y-%m-%dT19:30")
            raise click.BadParameter(
                f"{text!r} cannot be read ({error}); write it like {example} ({self.zone.key})", param_hint=option
            ) from error

    def clock(self, when: datetime | None) -> str:
        """A moment for the terminal, in the business's zone; "–" for none."""
        return "–" if when is None else when.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")


def now() -> datetime:
    """The present moment. The command line is an edge, where the clock may be read."""
    return datetime.now(UTC)


pass_cli = click.make_pass_decorator(Cli)
