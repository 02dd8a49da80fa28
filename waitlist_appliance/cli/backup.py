"""Backups: made, listed, verified, tried out, put back, cleared away."""

from __future__ import annotations

import secrets
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from waitlist_appliance.cli.backup_opening import Opening, bars, megabytes, opening_options, told
from waitlist_appliance.cli.context import Cli, now, pass_cli
from waitlist_appliance.cli.failures import Failed
from waitlist_appliance.cli.tables import json_option, plain, show, show_json

if TYPE_CHECKING:
    from waitlist_appliance.services.backups.container import Header
    from waitlist_appliance.services.backups.make_backup import Made
    from waitlist_appliance.services.backups.open_backup import Verdict
    from waitlist_appliance.services.backups.prune import Pruned
    from waitlist_appliance.services.backups.restore import Restored
    from waitlist_appliance.storage.snapshot import Contents

# Six groups of five letters and digits that nobody confuses: some 150 bits.
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 6, 5


@click.group()
def backup() -> None:
    """Backups: sealed files from which this box can be set up again on an empty machine."""


@backup.command("create")
@click.option("--then-prune", is_flag=True, help="Clear away old ones afterwards, as `backup prune` does.")
@json_option
@pass_cli
def create(cli: Cli, then_prune: bool, as_json: bool) -> None:
    """Make a backup while the box works, open it again to see that it is whole, and copy it off the machine."""
    from waitlist_appliance.services.backups import copy_away, make_backup

    app, began, steps = cli.app, time.monotonic(), bars(quiet=as_json)
    with told():
        made = make_backup.make_backup(app, cli.config_path, now, steps)
    problem = copy_away.copy_away(app, made, now(), steps)
    pruned, uncleared = _then_prune(cli) if then_prune else ({}, None)
    if problem is None and uncleared is None:
        make_backup.all_is_well(app)
    _tell_made(cli, made, time.monotonic() - began, pruned, problem, as_json=as_json)
    if problem is not None or uncleared is not None:
        raise Failed("; ".join(said for said in (problem, uncleared) if said is not None))


@backup.command("list")
@click.option("--from", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Another folder.")
@json_option
@pass_cli
def list_(cli: Cli, folder: Path | None, as_json: bool) -> None:
    """The backups on this machine, the newest first. Needs neither passphrase nor key."""
    from waitlist_appliance.services.backups.list_backups import Listed, list_backups
    from waitlist_appliance.storage import backup_runs

    place = folder or cli.config.backup_path
    runs = {} if folder else backup_runs.by_file(cli.app.db)

    def clock(moment: datetime | None) -> str:
        return "–" if moment is None else moment.strftime("%Y-%m-%d %H:%M UTC")

    columns = {
        "file": lambda b: b.file, "made": lambda b: clock(b.made_at), "size": lambda b: megabytes(b.bytes),
        "version": lambda b: b.program, "verified": lambda b: b.trouble or clock(b.verified_at),
        "off-site": lambda b: clock(b.offsite_at),
    }  # fmt: skip
    found: list[Listed] = list_backups(place, runs)
    show(found, columns, as_json=as_json, empty=f"There is no backup in {place}.")


@backup.command("verify")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--latest", is_flag=True, help="The newest one.")
@click.option("--drill", is_flag=True, help="Restore it into a folder beside and start the web server on it, too.")
@opening_options
@json_option
@pass_cli
def verify(cli: Cli, file: Path | None, latest: bool, drill: bool, opening: Opening, as_json: bool) -> None:
    """Whether a backup would restore: opened, every page and reference checked, counted. Exit code 1 when not.

    Touches nothing live, sends nothing, leaves nothing behind.
    """
    from waitlist_appliance.services.backups.errors import BackupError

    path = opening.find(cli, file, latest=latest)
    began = time.monotonic()
    try:
        verdict, tried = _verify(cli, path, opening, drill=drill, quiet=as_json)
    except BackupError as error:
        if as_json:
            show_json({"file": str(path), "ok": False, "problem": str(error)})
        raise Failed(f"{path.name}: {error}") from error
    if as_json:
        return show_json(
            {
                "file": str(path), "ok": True, "opened": verdict.opened, "verified": verdict.words, "drill": tried,
                "counts": verdict.counts, "migrated": verdict.migrated, "seconds": round(time.monotonic() - began, 3),
            }
        )  # fmt: skip
    click.echo(f"{path.name}: {verdict.words}")
    if tried:
        click.echo("drill: restored beside, served and counted; nothing is left of it")


@backup.command("extract")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--latest", is_flag=True, help="The newest one.")
@click.option(
    "--into", required=True, type=click.Path(file_okay=False, path_type=Path), help="A new folder, for your eyes only."
)
@opening_options
@json_option
@pass_cli
def extract(cli: Cli, file: Path | None, latest: bool, into: Path, opening: Opening, as_json: bool) -> None:
    """Open a backup into a folder: database, key files, secrets, configuration. Changes nothing else.

    Needs no box: it works on an empty machine, with the passphrase or the private key.
    """
    from waitlist_appliance.services.backups import open_backup

    path, steps = opening.find(cli, file, latest=latest), bars(quiet=as_json)
    with told():
        header = open_backup.look(path, steps)
        files = open_backup.extract(header, opening.keys(cli, header), into, steps)
    if as_json:
        return show_json({"into": str(into), "files": [str(found.relative_to(into)) for found in files]})
    click.echo("\n".join(str(found) for found in files))
    click.echo("These files hold every secret of the box: remove the folder when you are done.")


@backup.command("restore")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--latest", is_flag=True, help="The newest one.")
@click.option(
    "--into", type=click.Path(file_okay=False, path_type=Path), help="Another data folder than the configured one."
)
@click.option("--with-config", is_flag=True, help="Put configuration and secrets back, too (on an empty machine).")
@click.option("--resume", is_flag=True, help="Send messages at once; otherwise staff look first, and resume.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
@opening_options
@json_option
@pass_cli
def restore(
    cli: Cli, file: Path | None, latest: bool, into: Path | None, with_config: bool, resume: bool, yes: bool,
    opening: Opening, as_json: bool,
) -> None:  # fmt: skip
    """Put a backup in the place of what is there. The services must be stopped.

    What is there is kept in a folder beside. Interrupted, the same command can be run again. Nothing is sent
    afterwards until staff have looked and resume it.
    """
    from waitlist_appliance.services.backups import open_backup
    from waitlist_appliance.services.backups.restore import restore as put_back
    from waitlist_appliance.storage.activity import Actor

    path, steps, actor = opening.find(cli, file, latest=latest), bars(quiet=as_json), Actor("staff", "command line")
    with told():
        header = open_backup.look(path, steps)
        keys = opening.keys(cli, header)
        place = opening.place(cli, header, keys, into, with_config=with_config)

        def confirm(header: Header, contents: Contents) -> None:
            if not yes:
                _ask(header, contents, place.data)

        done = put_back(
            place, header, keys, now(), actor, confirm, with_config=with_config, resume=resume, steps=steps
        )  # fmt: skip
        others = [] if with_config else opening.differing_secrets(cli, header, keys)
    _tell_restored(done, others, resumed=resume, as_json=as_json)


@backup.command("prune")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@json_option
@pass_cli
def prune(cli: Cli, dry_run: bool, as_json: bool) -> None:
    """Clear away old backups, here and off the machine, as backup.keep_daily, keep_weekly and keep_monthly say.

    Only files that bear the name of a backup; never the newest good one.
    """
    found = _prune(cli, dry_run=dry_run)
    if as_json:
        return show_json({"dry_run": dry_run, **{where: plain(pruned) for where, pruned in found.items()}})
    for where, pruned in found.items():
        verb = "would go" if dry_run else "removed"
        click.echo(f"{where}: {len(pruned.kept)} kept, {len(pruned.removed)} {verb}")
        for name in pruned.removed:
            click.echo(f"  {name}")
        for name in pruned.damaged:
            click.echo(f"  {name} cannot be read and was left alone; see: waitlist backup verify {name}")


@backup.command("key")
@click.option("--to", "file", type=click.Path(dir_okay=False, path_type=Path), help="Where to keep it.")
@pass_cli
def key(cli: Cli, file: Path | None) -> None:
    """Make a passphrase that backups are sealed with, keep it in a file, and say what to write into config.toml."""
    target = (file or cli.config_path.absolute().parent / "backup_passphrase.txt").absolute()
    if target.exists():
        raise Failed(f"{target} exists already and is never overwritten: backups made so far open with what is in it")
    passphrase = "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    _write_private(target, passphrase + "\n")
    click.echo(f"Passphrase:  {passphrase}")
    click.echo(
        "Write it down away from this machine: without it nobody can open a backup, and this machine may be gone."
    )
    click.echo(f'It is kept in {target}. Write into [backup] of {cli.config_path}:\n\npassphrase_file = "{target}"')


def _verify(cli: Cli, path: Path, opening: Opening, *, drill: bool, quiet: bool) -> tuple[Verdict, bool]:
    from waitlist_appliance.services.backups import open_backup

    header, steps = open_backup.look(path), bars(quiet=quiet)
    keys = opening.keys(cli, header, needed=drill)
    if drill:
        from waitlist_appliance.cli.backup_drill import drill as try_out

        return try_out(header, keys, opening.workplace(cli, path), steps), True
    return open_backup.verify(path, keys, opening.workplace(cli, path), steps), False


def _then_prune(cli: Cli) -> tuple[dict[str, Pruned], str | None]:
    """What was cleared away, and why nothing could be: then staff are told, before a disk is full."""
    from waitlist_appliance.services.backups import make_backup

    try:
        return _prune(cli, dry_run=False), None
    except (Failed, OSError) as error:
        problem = f"the backup is made, but old ones could not be cleared away: {error}"
        make_backup.tell_staff(cli.app, problem, now())
        return {}, problem


def _prune(cli: Cli, *, dry_run: bool) -> dict[str, Pruned]:
    from waitlist_appliance.domain.backup_retention import Retention
    from waitlist_appliance.services.backups.prune import prune_away, prune_here
    from waitlist_appliance.storage import backup_runs

    config, offsite = cli.config, cli.app.offsite()
    rule = Retention(config.backup_keep_daily, config.backup_keep_weekly, config.backup_keep_monthly)
    with told():
        found = {str(config.backup_path): prune_here(config.backup_path, rule, dry_run=dry_run)}
        if offsite is not None and config.backup_prune_offsite:
            arrived = backup_runs.last_copied(cli.app.db)
            found[offsite.name] = prune_away(offsite, rule, arrived, dry_run=dry_run)
    return found


def _tell_made(
    cli: Cli, made: Made, seconds: float, pruned: dict[str, Pruned], problem: str | None, *, as_json: bool
) -> None:  # fmt: skip
    manifest, offsite = made.verdict.header.manifest, cli.app.offsite()
    copied = offsite.name if offsite is not None and problem is None else None
    if as_json:
        return show_json(
            {
                "file": str(made.path), "bytes": made.bytes, "database_bytes": manifest.database_bytes,
                "made_at": manifest.made_at, "opened": made.verdict.opened, "verified": made.verdict.words,
                "offsite": copied, "removed": {where: found.removed for where, found in pruned.items()},
                "counts": manifest.counts, "seconds": round(seconds, 3),
            }
        )  # fmt: skip
    click.echo(f"{made.path} ({megabytes(made.bytes)}; database {megabytes(manifest.database_bytes)})")
    click.echo(made.verdict.words)
    if copied:
        click.echo(f"copied to {copied}")
    for where, found in pruned.items():
        click.echo(f"{where}: {len(found.kept)} kept, {len(found.removed)} removed")


def _ask(header: Header, contents: Contents, data: Path) -> None:
    click.echo(
        f"The backup of {header.manifest.made_at:%Y-%m-%d %H:%M} UTC takes the place of what is in {data}. It holds "
        f"{contents.counts.get('entry', 0)} entries and {contents.counts.get('booking', 0)} bookings. "
        "Whatever happened since is not in it.",
        err=True,
    )
    typed = click.prompt(f"To go on, type the name of the business ({contents.business_name})", err=True)
    if typed.strip() != contents.business_name.strip():
        raise Failed("that is not its name: nothing was changed")


def _tell_restored(done: Restored, others: list[str], *, resumed: bool, as_json: bool) -> None:
    made_at = done.header.manifest.made_at
    if as_json:
        return show_json(
            {
                "data_directory": str(done.place.data), "made_at": made_at, "aside": str(done.aside) if done.aside else None,
                "migrated": done.migrated, "written": [str(path) for path in done.written],
                "differing_secrets": others, "sending": "on" if resumed else "paused", "counts": done.contents.counts,
            }
        )  # fmt: skip
    click.echo(f"Restored into {done.place.data}: the box as it was on {made_at:%Y-%m-%d %H:%M} UTC.")
    if done.aside:
        click.echo(f"What was there lies in {done.aside}; remove it when all is well.")
    for path in done.written:
        click.echo(f"Put back: {path}")
    if others:
        click.echo(
            f"The secrets {', '.join(others)} are other than those of the backup: links sent before open nothing. "
            "Put them back with --with-config, or with `waitlist backup extract`."
        )
    sending = "Messages are sent at once." if resumed else "Sending is paused: look, then resume it on the system page."
    click.echo(f"Now start the services. {sending} What to check: docs/backups.md, After a restore.")


def _write_private(path: Path, text: str) -> None:
    import os

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except PermissionError as error:
        raise Failed(f"{path} cannot be written; name another place with --to") from error
