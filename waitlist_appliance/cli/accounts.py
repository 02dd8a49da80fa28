"""Who may come in: staff users and API keys."""

from __future__ import annotations

import click

from waitlist_appliance.cli import checks
from waitlist_appliance.cli.context import Cli, now, pass_cli
from waitlist_appliance.cli.failures import Failed
from waitlist_appliance.cli.tables import json_option, show, show_json

ROLES = ("owner", "manager", "host", "viewer")


@click.group()
def users() -> None:
    """Staff users: add, list, reset a password."""


@users.command("add")
@click.argument("email")
@click.option("--name", help="How the history calls them. Default: what stands before the @.")
@click.option("--role", type=click.Choice(ROLES), default="host", show_default=True)
@json_option
@pass_cli
def add_user(cli: Cli, email: str, name: str | None, role: str, as_json: bool) -> None:
    """Add a staff user and print the one-time link with which they choose their password."""
    from waitlist_appliance.services import staff_login

    user, token = staff_login.add_user(cli.app, checks.email(email, "EMAIL"), name or email.split("@")[0], role, now())
    _tell_link(cli, user.email, user.role, token, as_json)


@users.command("reset-password")
@click.argument("email")
@json_option
@pass_cli
def reset_password(cli: Cli, email: str, as_json: bool) -> None:
    """Print a new one-time link for a user who cannot log in. Older links end."""
    from waitlist_appliance.services import staff_login

    _tell_link(cli, email, None, staff_login.reset_link(cli.app, email, now()), as_json)


@users.command("list")
@json_option
@pass_cli
def list_users(cli: Cli, as_json: bool) -> None:
    """List staff users."""
    from waitlist_appliance.storage import staff

    found = [
        {
            "id": user.public_id, "email": user.email, "name": user.name, "role": user.role,
            "has_password": user.password_hash is not None, "last_login_at": user.last_login_at,
            "disabled": user.disabled_at is not None,
        }
        for user in staff.users(cli.app.db)
    ]  # fmt: skip
    columns = {
        "email": lambda u: u["email"],
        "name": lambda u: u["name"],
        "role": lambda u: u["role"],
        "password": lambda u: "set" if u["has_password"] else "not yet",
        "last log-in": lambda u: cli.clock(u["last_login_at"]),
    }
    show(found, columns, as_json=as_json, empty="No users yet: waitlist users add EMAIL --role owner")


@click.group("api-key")
def api_key() -> None:
    """API keys: create, list, revoke."""


@api_key.command("create")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, help="What it may do; repeat for several. Default: everything.")
@json_option
@pass_cli
def create_key(cli: Cli, name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Create a key for NAME (say: voice agent) and print its secret, which is shown this once only."""
    from waitlist_appliance.storage import api_keys

    unknown = [scope for scope in scopes if scope not in api_keys.SCOPES]
    if unknown:
        allowed = ", ".join(api_keys.SCOPES)
        raise click.BadParameter(f"{unknown[0]!r} is no scope; there are: {allowed}", param_hint="--scope")
    key, secret = api_keys.create(cli.app.db, name, scopes or api_keys.SCOPES, now())
    if as_json:
        granted = sorted(api_keys.scopes_of(key))
        return show_json({"id": key.public_id, "name": key.name, "scopes": granted, "api_key": secret})
    click.echo(f"{secret}\n\nKeep it now: it cannot be shown again. Callers send it as `Authorization: Bearer …`.")


@api_key.command("list")
@json_option
@pass_cli
def list_keys(cli: Cli, as_json: bool) -> None:
    """List API keys; their secrets are not known any more."""
    from waitlist_appliance.storage import api_keys

    found = [
        {
            "id": key.public_id, "name": key.name, "scopes": sorted(api_keys.scopes_of(key)),
            "created_at": key.created_at, "last_used_at": key.last_used_at, "revoked_at": key.revoked_at,
        }
        for key in api_keys.every(cli.app.db)
    ]  # fmt: skip
    columns = {
        "id": lambda k: k["id"],
        "name": lambda k: k["name"],
        "state": lambda k: "revoked" if k["revoked_at"] else "in force",
        "last used": lambda k: cli.clock(k["last_used_at"]),
    }
    show(found, columns, as_json=as_json, empty="No API keys yet: waitlist api-key create NAME")


@api_key.command("revoke")
@click.argument("key_id")
@pass_cli
def revoke_key(cli: Cli, key_id: str) -> None:
    """End the key with this id (see `waitlist api-key list`) at once."""
    from waitlist_appliance.storage import api_keys

    if not api_keys.revoke(cli.app.db, key_id, now()):
        raise Failed(f"KEY_ID {key_id!r}: no key in force has this id; see `waitlist api-key list`")
    click.echo(f"{key_id} is revoked.")


def _tell_link(cli: Cli, email: str, role: str | None, token: str, as_json: bool) -> None:
    url = cli.app.url(f"/welcome/{token}")
    if as_json:
        return show_json({"email": email, "role": role, "url": url})
    click.echo(f"{email} chooses a password here, once, within seven days:\n{url}")
