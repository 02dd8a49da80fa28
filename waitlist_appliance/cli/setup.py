"""init and migrate: a box from nothing, and a database brought to this version."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from waitlist_appliance.cli import checks
from waitlist_appliance.cli.context import PLACES, Cli, now, pass_cli
from waitlist_appliance.cli.failures import Failed
from waitlist_appliance.cli.tables import json_option, show_json

if TYPE_CHECKING:
    from waitlist_appliance.config import Config
    from waitlist_appliance.services.appliance import Appliance

_TABLES: Final = re.compile(r"\s*(\d{1,3})\s*[x×]\s*(\d{1,2})(?:\s+(\S.*?))?\s*")


@dataclass(frozen=True, slots=True)
class Answers:
    """What init has to know; `public_url` "" means the port on this machine."""

    name: str
    zone: str
    locale: str
    region: str
    tables: str
    owner_email: str
    data_dir: Path
    port: int
    public_url: str

    @property
    def url(self) -> str:
        return self.public_url or f"http://127.0.0.1:{self.port}"


@click.command()
@click.option("--defaults", is_flag=True, help="Ask nothing: take the options and believable defaults.")
@click.option("--name", default="My restaurant", help="What the business is called.")
@click.option("--zone", default="Europe/Madrid", help="Its time zone.")
@click.option("--locale", type=click.Choice(["es", "fr", "en"]), default="es", help="Its language.")
@click.option("--region", default="ES", help="Country of phone numbers without a country code.")
@click.option("--tables", default="8x2, 4x4", help='How many tables for how many: "8x2, 4x4 Terraza".')
@click.option("--owner-email", default="owner@localhost.local", help="Who gets the first log-in.")
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Default: data/ beside the file.")
@click.option("--port", type=click.IntRange(1, 65535), default=8080, help="Where the server listens.")
@click.option("--public-url", default="", help="What customers open. Default: the port on this machine.")
@click.option("--existing-config", is_flag=True, help="Keep the configuration that is there; ask nothing, fill its database.")
@json_option
@pass_cli
def init(
    cli: Cli, defaults: bool, name: str, zone: str, locale: str, region: str, tables: str, owner_email: str,
    data_dir: Path | None, port: int, public_url: str, existing_config: bool, as_json: bool,
) -> None:  # fmt: skip
    """Set up a new box: configuration with fresh keys, database, business, owner and API key.

    Asks for what it needs; with --defaults (or --json) it does not ask. Never overwrites anything.
    """
    path = cli.given_path or PLACES[0]
    if existing_config:
        own = cli.config
        answers = Answers(name, zone, locale, region, tables, owner_email, own.data_directory, own.port, own.public_url)
        _check(answers)
        return show_json(_fill_existing(cli, answers)) if as_json else _tell(_fill_existing(cli, answers))
    folder = data_dir or path.absolute().parent / "data"
    answers = Answers(name, zone, locale, region, tables, owner_email, folder.absolute(), port, public_url)
    _refuse_to_overwrite(path, answers)
    if not defaults and not as_json:
        answers = _ask(answers)
        _refuse_to_overwrite(path, answers)
    _check(answers)
    made = _make(path, answers)
    if as_json:
        return show_json(made)
    _tell(made)


@click.command()
@json_option
@pass_cli
def migrate(cli: Cli, as_json: bool) -> None:
    """Bring the database to this version; a new one is made. Safe to run again."""
    done = _migrate(cli)
    if as_json:
        return show_json({"applied": done})
    click.echo(f"applied: {', '.join(done)}" if done else "nothing to do: the database is at this version already")


def _migrate(cli: Cli) -> list[str]:
    from waitlist_appliance.bootstrap import build
    from waitlist_appliance.storage import schema, sealed
    from waitlist_appliance.storage.database import create_private
    from waitlist_appliance.storage.vault import make_key_file

    app = build(cli.config)
    _refuse_half_restored(cli.config)
    create_private(cli.config.database_path)
    done = schema.migrate(app.db)
    if not sealed.count(app.db):  # a lost key must not be replaced in silence while something is sealed with it
        make_key_file(cli.config.credentials_key_path)
    app.db.close()
    return done


def _refuse_half_restored(config: Config) -> None:
    """A restore that was killed has put the old database away: an empty one in its place would be served as the box."""
    if config.database_path.exists():
        return
    from waitlist_appliance.services.backups.restore import ASIDE

    aside = sorted(config.data_directory.glob(f"{ASIDE}*"))
    if aside:
        raise Failed(
            f"there is no database in {config.data_directory}, and the one before lies in {aside[-1].name}: a restore was "
            "interrupted. Run it again: waitlist backup restore (for an empty box, move that folder away first)"
        )


def _refuse_to_overwrite(path: Path, answers: Answers) -> None:
    if path.exists():
        raise Failed(
            f"{path} exists already and is never overwritten. To use it: waitlist --config {path} dev. "
            "For another box: waitlist --config OTHER.toml init --data-dir OTHER"
        )
    database = answers.data_dir / "waitlist.db"
    if database.exists():
        raise Failed(f"--data-dir {answers.data_dir}: there is a database in it already; name another folder")


def _ask(answers: Answers) -> Answers:
    click.echo("A few questions; Enter takes what stands in brackets.\n")
    port = click.prompt("Port to listen on", answers.port, type=click.IntRange(1, 65535))
    return replace(
        answers,
        name=click.prompt("Name of the business", answers.name),
        zone=click.prompt("Time zone", answers.zone),
        locale=click.prompt("Language", answers.locale, type=click.Choice(["es", "fr", "en"])),
        region=click.prompt("Country of its phone numbers", answers.region),
        tables=click.prompt("Tables (how many x for how many)", answers.tables),
        owner_email=click.prompt("Your email, to log in with", answers.owner_email),
        data_dir=Path(click.prompt("Folder of the data", str(answers.data_dir))).expanduser().absolute(),
        port=port,
        public_url=click.prompt("Address that customers open", answers.public_url or f"http://127.0.0.1:{port}"),
    )


def _check(answers: Answers) -> None:
    """Raises before anything is written."""
    from waitlist_appliance.config_checks import public_url

    public_url("--public-url", answers.url)
    _zone(answers.zone)
    tables_of(answers.tables)
    if not answers.name.strip():
        raise click.BadParameter("it must not be empty", param_hint="--name")
    if not re.fullmatch(r"[A-Za-z]{2}", answers.region):
        raise click.BadParameter(f"{answers.region!r} is no country of two letters, such as ES", param_hint="--region")
    checks.email(answers.owner_email, "--owner-email")


def _zone(name: str) -> None:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        problem = f"{name!r} is no time zone; write it like Europe/Madrid"
        raise click.BadParameter(problem, param_hint="--zone") from error


def tables_of(text: str) -> list[tuple[int, int, str | None]]:
    """(how many, seats, zone) of each group in "8x2, 4x4 Terraza". Raises BadParameter."""
    found = [(part, _TABLES.fullmatch(part)) for part in text.split(",")]
    for part, match in found:
        if match is None or not 1 <= int(match[1]) <= 200 or int(match[2]) < 1:
            allowed = 'write groups like "8x2, 4x4 Terraza": 1 to 200 tables, seats each, perhaps a zone'
            raise click.BadParameter(f"{part.strip()!r} cannot be read; {allowed}", param_hint="--tables")
    return [(int(match[1]), int(match[2]), match[3]) for _, match in found if match]


def _make(path: Path, answers: Answers) -> dict[str, object]:
    from waitlist_appliance.config import write_default

    with _all_or_nothing(path, answers.data_dir / "waitlist.db"):
        write_default(path, answers.data_dir, answers.port, answers.url)
        cli = Cli(given_path=path)
        _migrate(cli)
        return {"config": str(path.absolute()), "data_directory": str(answers.data_dir), **_fill(cli.app, answers)}


def _fill_existing(cli: Cli, answers: Answers) -> dict[str, object]:
    """What an installation does: the configuration was written before, the database is made or brought up to date."""
    _migrate(cli)
    if _is_set_up(cli.app):
        raise Failed("this box is set up already; see: waitlist users list, waitlist api-key list")
    with cli.app.db.write():  # cut short, it leaves nothing, and can simply be run again
        made = _fill(cli.app, answers)
    return {"config": str(cli.config_path.absolute()), "data_directory": str(answers.data_dir), **made}


def _is_set_up(app: Appliance) -> bool:
    from waitlist_appliance.domain.errors import NotFound

    try:
        app.setup()
    except NotFound:
        return False
    return True


@contextmanager
def _all_or_nothing(*made: Path) -> Iterator[None]:
    """Removes what was made when anything fails, so that init can simply be run again."""
    try:
        yield
    except BaseException:
        for path in made:
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        raise


def _fill(app: Appliance, answers: Answers) -> dict[str, object]:
    from waitlist_appliance.services import staff_login
    from waitlist_appliance.services.business import SetUp, Tables, set_up
    from waitlist_appliance.storage import api_keys
    from waitlist_appliance.storage.activity import SYSTEM

    wanted = SetUp(
        name=answers.name.strip(), zone=answers.zone, locale=answers.locale, phone_region=answers.region.upper(),
        email=answers.owner_email, tables=tuple(Tables(*group) for group in tables_of(answers.tables)),
    )  # fmt: skip
    business = set_up(app, wanted, now(), SYSTEM)
    owner, token = staff_login.add_user(app, answers.owner_email, "Owner", "owner", now())
    _, secret = api_keys.create(app.db, "voice agent", api_keys.SCOPES, now())
    return {
        "public_url": app.config.public_url,
        "business": {"id": business.public_id, "name": business.name, "zone": business.zone},
        "owner": {"email": owner.email, "first_login_url": app.url(f"/welcome/{token}")},
        "api_key": secret,
        "cron_secret": app.config.cron_secret,
    }


def _tell(made: dict[str, object]) -> None:
    owner = made["owner"]
    assert isinstance(owner, dict)
    click.echo(f"\nReady. The configuration is {made['config']}, the data lies in {made['data_directory']}.\n")
    start = "waitlist dev" if made["config"] == str(PLACES[0].absolute()) else f"waitlist --config {made['config']} dev"
    click.echo(f"1. Start it:                {start}")
    click.echo(f"2. Choose your password:    {owner['first_login_url']}\n   (works once, for {owner['email']})")
    click.echo(f"3. Give the voice agent:    {made['public_url']}/api/waitlist/trigger")
    click.echo(f"   with this API key:       {made['api_key']}\n   (shown this once only)")
