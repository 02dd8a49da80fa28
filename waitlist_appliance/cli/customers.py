"""A customer's data from the terminal: hand it out, or erase it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from waitlist_appliance.cli.context import Cli, now, pass_cli
from waitlist_appliance.cli.failures import Failed
from waitlist_appliance.cli.tables import json_option, show_json


@click.group()
def customers() -> None:
    """A customer's data: hand it out whole, or erase it."""


@customers.command("export")
@click.argument("phone")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A new file. Default: the terminal.")
@pass_cli
def export(cli: Cli, phone: str, out: Path | None) -> None:
    """Hand out everything that is kept of the customer with this number, as JSON."""
    from waitlist_appliance.config import write_private
    from waitlist_appliance.services import personal_data

    text = json.dumps(personal_data.hand_out(cli.app, _public_id(cli, phone), now()), ensure_ascii=False, indent=2)
    if out is None:
        return click.echo(text)
    try:
        write_private(out, text + "\n")
    except FileExistsError as error:
        raise Failed(f"{out} exists already and is never overwritten; name another file with --out") from error
    except OSError as error:
        raise Failed(f"{out} cannot be written: {error.strerror}") from error
    click.echo(f"written to {out}; hand it only to the person themselves")


@customers.command("erase")
@click.argument("phone")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_cli
def erase(cli: Cli, phone: str, yes: bool, as_json: bool) -> None:
    """Forget everything that says who the customer with this number is. There is no way back."""
    from waitlist_appliance.services import personal_data
    from waitlist_appliance.storage.activity import Actor

    public_id = _public_id(cli, phone)
    if not yes and not as_json:
        click.confirm("Names, numbers, notes and messages will be gone for good. Erase them?", abort=True)
    personal_data.erase(cli.app, public_id, now(), Actor("staff", "command line"))
    if as_json:
        return show_json({"erased": public_id})
    click.echo("erased; what is counted in the statistics stays, without a name")


def _public_id(cli: Cli, phone: str) -> str:
    from waitlist_appliance.domain.phones import BadPhone, parse
    from waitlist_appliance.services.business import business
    from waitlist_appliance.storage import customers as stored

    try:
        number = parse(phone, business(cli.app).phone_region).e164
    except BadPhone as error:
        problem = f"{phone!r} is no telephone number ({error}); write it like +34600111222"
        raise click.BadParameter(problem, param_hint="PHONE") from error
    found = stored.by_phone(cli.app.db, number)
    if found is None:
        raise Failed(f"nobody with the number {number} is known to this box")
    return found.public_id
