"""The waitlist from the terminal: trigger, and the lists."""

from __future__ import annotations

from datetime import date, datetime

import click

from waitlist_appliance.cli.context import Cli, now, pass_cli
from waitlist_appliance.cli.tables import json_option, show, show_json

LIMIT = click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="At most so many.")
STATUSES = ("invited", "waiting", "notified", "confirmed", "declined", "expired", "cancelled")


@click.command()
@click.argument("when")
@click.argument("phone")
@click.option("--first-name")
@click.option("--last-name")
@click.option("--email")
@click.option("--party-size", type=int, help="How many people.")
@click.option("--service", help="Default: the default service.")
@click.option("--resource", help="A table, person or room by name. Default: any.")
@click.option("--zone", help="Wanted zone, such as Terraza.")
@click.option("--locale", type=click.Choice(["es", "fr", "en"]), help="Default: the business's language.")
@click.option("--notes")
@click.option("--registered", is_flag=True, help="They wait at once, without signing up.")
@click.option("--force", is_flag=True, help="Queue them even where the time is free.")
@json_option
@pass_cli
def trigger(
    cli: Cli, when: str, phone: str, first_name: str | None, last_name: str | None, email: str | None,
    party_size: int | None, service: str | None, resource: str | None, zone: str | None, locale: str | None,
    notes: str | None, registered: bool, force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Put PHONE on the waitlist for WHEN (2026-05-01T19:30), as the voice agent does; they get the link by message."""
    from waitlist_appliance.services.join_waitlist import JoinRequest, join
    from waitlist_appliance.storage.activity import Actor

    request = JoinRequest(
        starts_at=cli.when("WHEN", when), phone=phone, first_name=first_name, last_name=last_name, email=email,
        party_size=party_size, source="manual", service=service, resource=resource, zone=zone, notes=notes,
        locale=locale, registered=registered, force=force,
    )  # fmt: skip
    joined = join(cli.app, request, now(), Actor("staff", "command line"))
    if as_json:
        return show_json(
            {"entry": joined.entry.public_id, "status": joined.entry.status, "created": joined.created,
             "position": joined.position, "url": joined.url}
        )  # fmt: skip
    click.echo("On the waitlist." if joined.created else "Was on the waitlist already; nothing was sent again.")
    click.echo(f"{joined.entry.status}, {cli.clock(joined.slot.starts_at)}: {joined.url}")


@click.group()
def entries() -> None:
    """People on the waitlist."""


@entries.command("list")
@click.option("--status", type=click.Choice(STATUSES), help="Only these.")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Only who wants a time on this day.")
@click.option("--q", "text", help="Only whose name, phone or email holds this.")
@LIMIT
@json_option
@pass_cli
def list_entries(cli: Cli, status: str | None, day: date | None, text: str | None, limit: int, as_json: bool) -> None:
    """List entries, newest first."""
    from waitlist_appliance.storage import api_reads

    bounds = _bounds(cli, day)
    page = api_reads.entries(cli.app.db, status=status, day=bounds, slot=None, q=text, cursor=None, limit=limit)
    columns = {
        "asked for": lambda e: cli.clock(e.requested_at),
        "name": lambda e: _name(e.first_name, e.last_name),
        "phone": lambda e: e.phone,
        "party": lambda e: _count(e.party_size),
        "status": lambda e: str(e.status),
        "id": lambda e: e.public_id,
    }
    show(page.items, columns, as_json=as_json, empty="Nobody is on the list.")


@click.group()
def offers() -> None:
    """Offers made."""


@offers.command("list")
@LIMIT
@json_option
@pass_cli
def list_offers(cli: Cli, limit: int, as_json: bool) -> None:
    """List offers, newest first."""
    from waitlist_appliance.storage import lists

    columns = {
        "made": lambda o: cli.clock(o.created_at),
        "to": lambda o: o.customer_name or o.phone,
        "for": lambda o: cli.clock(o.starts_at),
        "table": lambda o: o.resource_name,
        "state": lambda o: str(o.state),
        "until": lambda o: cli.clock(o.deadline_at),
        "id": lambda o: o.public_id,
    }
    show(lists.offers_list(cli.app.db, limit), columns, as_json=as_json, empty="No offers yet.")


@click.group()
def messages() -> None:
    """Messages sent and to be sent."""


@messages.command("list")
@LIMIT
@json_option
@pass_cli
def list_messages(cli: Cli, limit: int, as_json: bool) -> None:
    """List messages, newest first."""
    from waitlist_appliance.storage import lists

    columns = {
        "due": lambda m: cli.clock(m.due_at),
        "to": lambda m: m.customer_name or m.phone,
        "kind": lambda m: m.kind,
        "channel": lambda m: m.channel,
        "state": lambda m: m.state,
        "text": lambda m: m.error or m.body or "–",
    }
    show(lists.messages_list(cli.app.db, limit), columns, as_json=as_json, empty="No messages yet.")


@click.group()
def bookings() -> None:
    """Bookings."""


@bookings.command("list")
@LIMIT
@click.option("--all", "past_too", is_flag=True, help="Past ones too.")
@json_option
@pass_cli
def list_bookings(cli: Cli, limit: int, past_too: bool, as_json: bool) -> None:
    """List bookings from now on."""
    from waitlist_appliance.storage import lists

    columns = {
        "starts": lambda b: cli.clock(b.starts_at),
        "code": lambda b: b.code,
        "name": lambda b: b.customer_name or b.phone,
        "party": lambda b: _count(b.party_size),
        "table": lambda b: b.resource_name,
        "status": lambda b: str(b.status),
        "id": lambda b: b.public_id,
    }
    found = lists.bookings_list(cli.app.db, since=None if past_too else now(), limit=limit)
    show(found, columns, as_json=as_json, empty="No bookings.")


def _bounds(cli: Cli, day: date | None) -> tuple[datetime, datetime] | None:
    from waitlist_appliance.domain.moments import local_day_bounds

    return None if day is None else local_day_bounds(date(day.year, day.month, day.day), cli.zone)


def _name(first: str | None, last: str | None) -> str:
    return " ".join(part for part in (first, last) if part) or "–"


def _count(number: int | None) -> str:
    return "–" if number is None else str(number)
