"""Who may come in: staff users and API keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from waitlist_appliance.cli import checks
from waitlist_appliance.cli.context import Cli, now, pass_cli
from waitlist_appliance.cli.failures import Failed
from waitlist_appliance.cli.tables import json_option, show, show_json
from waitlist_appliance.domain.errors import Conflict

if TYPE_CHECKING:
    from waitlist_appliance.domain.records import ApiKey

DAY = click.DateTime(["%Y-%m-%d"])
ROLES = ("owner", "manager", "host", "viewer")


@click.group()
def users() -> None:
    """Staff users: add, list, reset a password or a second factor."""


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


@users.command("reset-second-factor")
@click.argument("email")
@json_option
@pass_cli
def reset_second_factor(cli: Cli, email: str, as_json: bool) -> None:
    """Take app, passkeys and recovery codes off a user who has lost them; they are logged out everywhere."""
    from waitlist_appliance.services import manage_staff
    from waitlist_appliance.storage import staff
    from waitlist_appliance.storage.activity import Actor

    user = staff.user_by_email(cli.app.db, email.strip())
    if user is None:
        raise Failed(f"EMAIL {email!r}: nobody has this address; see `waitlist users list`")
    try:
        manage_staff.reset_second_factor(cli.app, user.public_id, None, now(), Actor("staff", "command line"))
    except Conflict:
        raise Failed(f"{user.email} has no second factor: the log-in asks for the password only") from None
    if as_json:
        return show_json({"email": user.email, "second_factor": []})
    click.echo(f"{user.email} logs in with the password only, and can set the second step up again under Your account.")


@users.command("list")
@json_option
@pass_cli
def list_users(cli: Cli, as_json: bool) -> None:
    """List staff users."""
    from waitlist_appliance.storage import second_factors, staff

    kinds = second_factors.kinds_by_user(cli.app.db)
    found = [
        {
            "id": user.public_id, "email": user.email, "name": user.name, "role": user.role,
            "has_password": user.password_hash is not None, "last_login_at": user.last_login_at,
            "disabled": user.disabled_at is not None, "second_factor": sorted(kinds.get(user.id, ())),
        }
        for user in staff.users(cli.app.db)
    ]  # fmt: skip
    columns = {
        "email": lambda u: u["email"],
        "name": lambda u: u["name"],
        "role": lambda u: u["role"],
        "password": lambda u: "set" if u["has_password"] else "not yet",
        "second factor": lambda u: ", ".join(u["second_factor"]) or "none",
        "last log-in": lambda u: cli.clock(u["last_login_at"]),
    }
    show(found, columns, as_json=as_json, empty="No users yet: waitlist users add EMAIL --role owner")


@click.group("api-key")
def api_key() -> None:
    """API keys: create, list, change the secret, revoke."""


@api_key.command("create")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, help="What it may do; repeat for several. Default: everything.")
@click.option("--expires", type=DAY, metavar="YYYY-MM-DD", help="The last day on which it works. Default: no end.")
@json_option
@pass_cli
def create_key(cli: Cli, name: str, scopes: tuple[str, ...], expires: datetime | None, as_json: bool) -> None:
    """Create a key for NAME (say: voice agent) and print its secret, which is shown this once only."""
    from waitlist_appliance.services import manage_keys
    from waitlist_appliance.services.appliance import SYSTEM
    from waitlist_appliance.storage import api_keys

    unknown = [scope for scope in scopes if scope not in api_keys.SCOPES]
    if unknown:
        allowed = ", ".join(api_keys.SCOPES)
        raise click.BadParameter(f"{unknown[0]!r} is no scope; there are: {allowed}", param_hint="--scope")
    with _naming_the_date():
        key, secret = manage_keys.create(cli.app, name, scopes or api_keys.SCOPES, now(), SYSTEM, _day(expires))
    _tell_secret(cli, key, secret, as_json)


@api_key.command("rotate")
@click.argument("key", metavar="NAME|ID")
@click.option(
    "--overlap", type=click.Choice(("0", "1h", "24h", "7d")), default="24h", show_default=True,
    help="How long the secret until now goes on working.",
)  # fmt: skip
@click.option("--expires", type=DAY, metavar="YYYY-MM-DD", help="The last day on which it works. Default: no end.")
@json_option
@pass_cli
def rotate_key(cli: Cli, key: str, overlap: str, expires: datetime | None, as_json: bool) -> None:
    """Give a key a new secret and print it, this once only. Whoever calls is changed over without a gap."""
    from waitlist_appliance.services import manage_keys
    from waitlist_appliance.services.appliance import SYSTEM

    key_id = _key_id(cli, key)
    with _naming_the_date():
        found, secret = manage_keys.rotate(cli.app, key_id, overlap, now(), SYSTEM, _day(expires))
    _tell_secret(cli, found, secret, as_json)


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
            "expires_at": key.expires_at, "old_secret_until": key.previous_until_at,
        }
        for key in api_keys.every(cli.app.db)
    ]  # fmt: skip
    columns = {
        "id": lambda k: k["id"],
        "name": lambda k: k["name"],
        "state": _state_of_key,
        "last used": lambda k: cli.clock(k["last_used_at"]),
        "ends": lambda k: cli.clock(k["expires_at"]),
    }
    show(found, columns, as_json=as_json, empty="No API keys yet: waitlist api-key create NAME")


@api_key.command("revoke")
@click.argument("key_id")
@pass_cli
def revoke_key(cli: Cli, key_id: str) -> None:
    """End the key with this id (see `waitlist api-key list`) at once."""
    from waitlist_appliance.domain.errors import NotFound
    from waitlist_appliance.services import manage_keys
    from waitlist_appliance.services.appliance import SYSTEM

    try:
        manage_keys.revoke(cli.app, key_id, now(), SYSTEM)
    except NotFound:
        raise Failed(f"KEY_ID {key_id!r}: no key in force has this id; see `waitlist api-key list`") from None
    click.echo(f"{key_id} is revoked.")


def _key_id(cli: Cli, wanted: str) -> str:
    """The id of the one key, not revoked, that has this id or name."""
    from waitlist_appliance.storage import api_keys

    found = [
        key.public_id for key in api_keys.every(cli.app.db)
        if key.revoked_at is None and wanted in (key.public_id, key.name)
    ]  # fmt: skip
    if not found:
        raise Failed(f"NAME|ID {wanted!r}: no key in force is called so; see `waitlist api-key list`")
    if len(found) > 1:
        raise Failed(f"NAME|ID {wanted!r}: several keys are called so; give one of the ids {', '.join(found)}")
    return found[0]


@contextmanager
def _naming_the_date() -> Iterator[None]:
    from waitlist_appliance.domain.errors import Invalid

    try:
        yield
    except Invalid as error:
        if error.code != "key_date_past":
            raise
        raise click.BadParameter("that day has passed already", param_hint="--expires") from None


def _day(given: datetime | None) -> date | None:
    return given.date() if given else None


def _state_of_key(key: dict[str, Any]) -> str:
    if key["revoked_at"]:
        return "revoked"
    if key["expires_at"] and key["expires_at"] <= now():
        return "ended"
    until = key["old_secret_until"]
    return "in force, and its old secret" if until and until > now() else "in force"


def _tell_secret(cli: Cli, key: ApiKey, secret: str, as_json: bool) -> None:
    from waitlist_appliance.storage import api_keys

    if as_json:
        granted = sorted(api_keys.scopes_of(key))
        told = {
            "id": key.public_id, "name": key.name, "scopes": granted, "api_key": secret, "expires_at": key.expires_at,
            "old_secret_until": key.previous_until_at,
        }  # fmt: skip
        return show_json(told)
    click.echo(f"{secret}\n\nKeep it now: it cannot be shown again. Callers send it as `Authorization: Bearer …`.")
    if key.previous_until_at:
        click.echo(f"The secret until now works until {cli.clock(key.previous_until_at)}.")


def _tell_link(cli: Cli, email: str, role: str | None, token: str, as_json: bool) -> None:
    url = cli.app.url(f"/welcome/{token}")
    if as_json:
        return show_json({"email": email, "role": role, "url": url})
    click.echo(f"{email} chooses a password here, once, within seven days:\n{url}")
