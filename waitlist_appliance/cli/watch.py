"""watch: what the timer runs every two minutes."""

from __future__ import annotations

import sys

import click

from waitlist_appliance.cli.context import Cli, now, pass_cli
from waitlist_appliance.cli.tables import json_option, show_json


@click.command()
@json_option
@pass_cli
def watch(cli: Cli, as_json: bool) -> None:
    """Look at the box from outside its processes; tell staff while the worker cannot. Exit code 1 when something is wrong."""
    from waitlist_appliance.cli.box_words import explain
    from waitlist_appliance.cli.run import start_logging
    from waitlist_appliance.services.watch_from_outside import look

    start_logging("error")
    found = look(cli.app, now())
    if as_json:
        show_json({"ok": not found, "findings": [{"check": f.check, "state": f.state, **f.facts} for f in found]})
    for finding in () if as_json else found:
        said = explain(finding)
        click.echo(f"{finding.check}: {said.sentence} {said.advice}".rstrip(), err=True)
    if not found and not as_json:
        click.echo("The box is well.")
    sys.exit(1 if found else 0)
