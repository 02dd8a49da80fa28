"""config check, config show, routes."""

from __future__ import annotations

import click

from waitlist_appliance.cli.context import Cli, pass_cli
from waitlist_appliance.cli.tables import json_option, show_json, table


@click.group()
def config() -> None:
    """Check or show the configuration."""


@config.command()
@json_option
@pass_cli
def check(cli: Cli, as_json: bool) -> None:
    """Check the configuration, the keys and the database's version, without starting anything."""
    found, path = cli.config, cli.config_path
    _check_key_file(cli)
    if as_json:
        return show_json({"ok": True, "config": str(path), "data_directory": str(found.data_directory)})
    click.echo(f"{path} is right; the database in {found.data_directory} is at this version.")


def _check_key_file(cli: Cli) -> None:
    """The calendars' credentials can be opened. Raises ConfigError."""
    from waitlist_appliance.config import ConfigError
    from waitlist_appliance.storage import sealed
    from waitlist_appliance.storage.vault import VaultError

    app, file = cli.app, cli.config.credentials_key_path
    try:
        app.vault.check()
        sealed.check(app.db, app.vault)
    except VaultError as error:
        missing = "restore it from your backup" if sealed.count(app.db) else "`waitlist migrate` makes one"
        allowed = str(error) if file.exists() else f"there is no such file; {missing}"
        raise ConfigError("keys.credentials_key_file", str(file), allowed) from error


@config.command("show")
@json_option
@pass_cli
def show_config(cli: Cli, as_json: bool) -> None:
    """Show the configuration in force, environment included. Secrets stay hidden."""
    from waitlist_appliance.config import show

    sections = show(cli.config)
    if as_json:
        return show_json(sections)
    rows = [[f"{section}.{key}", str(value)] for section, keys in sections.items() for key, value in keys.items()]
    click.echo(table(["key", "value"], rows))


@click.command()
@json_option
def routes(as_json: bool) -> None:
    """List every address that the server answers, and what a caller must prove."""
    from waitlist_appliance.web import routes as table_of

    served = table_of.every()
    found = [
        {"path": route.path, "methods": list(route.methods), "proof": route.auth, "permission": route.permission}
        for route in served
    ]
    if as_json:
        return show_json(found)
    cells = [[" ".join(r.methods), r.path, r.auth, r.permission or "–"] for r in served]
    click.echo(table(["methods", "path", "proof", "permission"], cells))
