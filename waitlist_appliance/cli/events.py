"""The built-in calendar from the terminal."""

from __future__ import annotations

from datetime import date, timedelta

import click

from waitlist_appliance.cli.context import Cli, now, pass_cli
from waitlist_appliance.cli.tables import json_option, show, show_json


@click.group()
def events() -> None:
    """The built-in calendar: list, add, cancel."""


@events.command("list")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="First day. Default: today.")
@click.option("--days", type=click.IntRange(1, 366), default=7, show_default=True)
@json_option
@pass_cli
def list_events(cli: Cli, day: date | None, days: int, as_json: bool) -> None:
    """List events and bookings in the calendar."""
    from waitlist_appliance.domain.moments import local_day_bounds
    from waitlist_appliance.services import edit_events
    from waitlist_appliance.storage import setup

    first = date(day.year, day.month, day.day) if day else now().astimezone(cli.zone).date()
    since, _ = local_day_bounds(first, cli.zone)
    _, until = local_day_bounds(first + timedelta(days=days - 1), cli.zone)
    names = {resource.id: resource.name for resource in setup.load(cli.app.db).resources.values()}
    columns = {
        "starts": lambda e: cli.clock(e.starts_at),
        "ends": lambda e: cli.clock(e.ends_at),
        "title": lambda e: e.title,
        "where": lambda e: names.get(e.resource_id, "everywhere"),
        "busy": lambda e: "busy" if e.busy else "free",
        "id": lambda e: e.public_id,
    }
    found = edit_events.list_events(cli.app, since, until)
    show(found, columns, as_json=as_json, empty="Nothing in the calendar on these days.")


@events.command("add")
@click.argument("title")
@click.argument("starts")
@click.argument("ends")
@click.option("--resource", help="The table, person or room it takes, by name. Default: all of them.")
@click.option("--free", is_flag=True, help="It blocks nothing.")
@json_option
@pass_cli
def add_event(cli: Cli, title: str, starts: str, ends: str, resource: str | None, free: bool, as_json: bool) -> None:
    """Add an event from STARTS to ENDS (2026-05-01T19:30)."""
    from waitlist_appliance.services import edit_events
    from waitlist_appliance.storage.activity import Actor

    since, until = cli.when("STARTS", starts), cli.when("ENDS", ends)
    if until <= since:
        raise click.BadParameter(f"{ends!r} is not after STARTS ({starts})", param_hint="ENDS")
    actor = Actor("staff", "command line")
    event = edit_events.add_event(cli.app, title, since, until, resource, now(), actor, busy=not free)
    if as_json:
        return show_json({"id": event.public_id, "title": event.title})
    click.echo(f"{event.title}, {cli.clock(event.starts_at)} to {cli.clock(event.ends_at)}: {event.public_id}")


@events.command("cancel")
@click.argument("event_id")
@pass_cli
def cancel_event(cli: Cli, event_id: str) -> None:
    """Cancel the event with this id; the time is offered to whoever waits for it."""
    from waitlist_appliance.services import edit_events
    from waitlist_appliance.storage.activity import Actor

    edit_events.cancel_event(cli.app, event_id, now(), Actor("staff", "command line"))
    click.echo(f"{event_id} is cancelled.")
