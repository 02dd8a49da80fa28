"""`waitlist`: the operator's toolbox. Commands are imported when they are used, so that --help is quick."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Final

import click

from waitlist_appliance import __version__
from waitlist_appliance.cli.context import Cli
from waitlist_appliance.cli.failures import told_in_one_line

COMMANDS: Final = {
    "init": ("setup:init", "Set up a new box: configuration, keys, database, owner, API key."),
    "demo": ("demo:demo", "See the main job played on a temporary box."),
    "dev": ("run:dev", "Run the server and the worker together until Ctrl-C."),
    "serve": ("run:serve", "Run the web server."),
    "worker": ("run:worker", "Run the worker: checks, offers, messages, calendar."),
    "migrate": ("setup:migrate", "Bring the database to this version."),
    "config": ("configuration:config", "Check or show the configuration."),
    "routes": ("configuration:routes", "List every address that the server answers."),
    "doctor": ("doctor:doctor", "Look at everything that can be wrong, and say what to do."),
    "watch": ("watch:watch", "One look from outside, as the timer does it: tell staff while the worker cannot."),
    "users": ("accounts:users", "Staff users: add, list, reset a password."),
    "api-key": ("accounts:api_key", "API keys: create, list, revoke."),
    "keys": ("keys:keys", "The key that seals calendars' tokens and passwords: rotate it."),
    "backup": ("backup:backup", "Backups: make, list, verify, try out, restore."),
    "calendar": ("calendars:calendar", "Calendars: connect, choose, try, let go."),
    "messaging": ("messaging:messaging", "SMS, WhatsApp and email: connect, pause, resume."),
    "sms": ("messaging:sms", "Text messages: send a test."),
    "whatsapp": ("messaging:whatsapp", "WhatsApp: send a test."),
    "email": ("messaging:email", "Email: send a test."),
    "trigger": ("waitlist:trigger", "Put somebody on the waitlist, as the voice agent does."),
    "entries": ("waitlist:entries", "People on the waitlist."),
    "offers": ("waitlist:offers", "Offers made."),
    "messages": ("waitlist:messages", "Messages sent and to be sent."),
    "bookings": ("waitlist:bookings", "Bookings."),
    "customers": ("customers:customers", "A customer's data: hand it out, or erase it."),
    "events": ("events:events", "The built-in calendar: list, add, cancel."),
}


class LazyGroup(click.Group):
    """Knows its commands by name and one line each; the module is imported when a command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(f"waitlist_appliance.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest commands named when there is none of that name."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"there is no command {args[0]!r}.{_nearest(args[0])} See `waitlist --help`.")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        with told_in_one_line(debug=bool(ctx.params.get("debug"))):
            return super().invoke(ctx)


def _nearest(name: str) -> str:
    import difflib

    close = difflib.get_close_matches(name, COMMANDS, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config", "config_path", envvar="WAITLIST_CONFIG", type=click.Path(dir_okay=False, path_type=Path),
    help="The configuration file. Default: WAITLIST_CONFIG, else ./config.toml, else /etc/waitlist/config.toml.",
)  # fmt: skip
@click.option("--debug", is_flag=True, help="Show the whole traceback of an error.")
@click.version_option(__version__, prog_name="waitlist")
@click.pass_context
def main(ctx: click.Context, config_path: Path | None, debug: bool) -> None:
    """Waitlist Appliance: turns "sorry, that time is full" into a booking.

    New here? `waitlist demo` shows it at work; `waitlist init`, then `waitlist dev`, sets up a box of your own.
    """
    ctx.obj = Cli(given_path=config_path, debug=debug)


__all__ = ["COMMANDS", "main"]
