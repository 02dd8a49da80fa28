"""The key that seals the credentials of others."""

from __future__ import annotations

import click

from waitlist_appliance.cli.context import Cli, now, pass_cli
from waitlist_appliance.cli.tables import json_option, show_json


@click.group()
def keys() -> None:
    """The key that seals calendars' tokens and passwords."""


@keys.command("rotate")
@json_option
@pass_cli
def rotate(cli: Cli, as_json: bool) -> None:
    """Make a new key, seal everything with it, drop the old one. Interrupted, it can simply be run again."""
    from waitlist_appliance.services import rotate_keys
    from waitlist_appliance.storage.activity import Actor

    app, actor, file = cli.app, Actor("staff", "command line"), cli.config.credentials_key_path
    number = rotate_keys.secrets_kept(app)
    if as_json:
        rotate_keys.rotate(app, now(), actor)
        return show_json({"resealed": number, "key_file": str(file)})
    with click.progressbar(length=number, label="Sealing anew") as bar:
        rotate_keys.rotate(app, now(), actor, lambda: bar.update(1))
    click.echo(f"{number} secrets are sealed with a new key. Copy {file} to where your backup of it lies.")
