"""What the commands that open backups share: which file, with which key, where, and bars for what takes long."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from waitlist_appliance.cli.context import Cli
from waitlist_appliance.cli.failures import Failed

if TYPE_CHECKING:
    from waitlist_appliance.config import Config
    from waitlist_appliance.services.backups.container import Header
    from waitlist_appliance.services.backups.progress import Steps
    from waitlist_appliance.services.backups.restore import Place
    from waitlist_appliance.services.backups.sealing import Keys

Command = TypeVar("Command", bound=Callable[..., Any])
MEGABYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Opening:
    """What was given to open it with."""

    passphrase_file: str | None
    identity: Path | None

    def find(self, cli: Cli, file: Path | None, *, latest: bool) -> Path:
        """The file: as given, or of that name in the folder of backups, or the newest one there. Failed."""
        from waitlist_appliance.services.backups import folder

        if latest == (file is not None):
            raise click.UsageError("name a file, or say --latest")
        if file is None:
            found = folder.backups(cli.config.backup_path)
            if not found:
                raise Failed(f"there is no backup in {cli.config.backup_path}")
            return found[0]
        if not file.exists() and file.name == str(file) and (config := _config(cli)) is not None:
            file = config.backup_path / file
        if not file.exists():
            raise Failed(f"there is no file {file}")
        return file

    def keys(self, cli: Cli, header: Header, *, needed: bool = True) -> Keys:
        """What was given; else the configured passphrase, if it fits; else the one that is typed."""
        from waitlist_appliance.services.backups.errors import WrongKey
        from waitlist_appliance.services.backups.sealing import Keys, identities

        if self.passphrase_file is not None or self.identity is not None:
            return Keys(_first_line(self.passphrase_file), _whole(self.identity))
        config = _config(cli)
        known = Keys(passphrase=config.backup_passphrase if config else "")
        if not (header.sealed_key is not None and sys.stdin.isatty()):
            return known if header.sealed_key is not None or needed else Keys()
        try:
            identities(known, header.sealed_key)
        except WrongKey:
            return Keys(passphrase=click.prompt("Passphrase of this backup", hide_input=True, err=True))
        return known

    def workplace(self, cli: Cli, file: Path) -> Path:
        """Where there is room to open it: the folder of backups, or beside the file where there is no box."""
        config = _config(cli)
        return config.backup_path if config is not None and config.backup_path.is_dir() else file.absolute().parent

    def place(self, cli: Cli, header: Header, keys: Keys, into: Path | None, *, with_config: bool) -> Place:
        """Where it is to go. ConfigError where there is no configuration and none is to be put back."""
        from waitlist_appliance.services.backups import open_backup, restore

        if with_config:
            found = restore.Place.of_restored(open_backup.configuration(header, keys), cli.config_path)
        else:
            found = restore.Place.of(cli.config, cli.config_path)
        return found if into is None else found.moved(into.absolute())

    def differing_secrets(self, cli: Cli, header: Header, keys: Keys) -> list[str]:
        """Which secrets of the backup are other than the configured ones."""
        from waitlist_appliance.services.backups import open_backup

        return open_backup.differing_secrets(cli.config, header, keys)


def opening_options(command: Command) -> Command:
    """Adds --passphrase-file and --identity, given to the command as ``opening``."""

    @click.option(
        "--passphrase-file", type=click.Path(allow_dash=True), metavar="FILE",
        help='File with the passphrase; "-" reads it from standard input. Default: the configured one, else it is asked.',
    )  # fmt: skip
    @click.option(
        "--identity", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
        help="File with the private key of age, as age-keygen writes it.",
    )  # fmt: skip
    @functools.wraps(command)
    def given(*arguments: Any, passphrase_file: str | None, identity: Path | None, **options: Any) -> Any:
        return command(*arguments, opening=Opening(passphrase_file, identity), **options)

    return given  # type: ignore[return-value]


@contextmanager
def told() -> Iterator[None]:
    """Refusals in one line."""
    from waitlist_appliance.services.backups.errors import BackupError
    from waitlist_appliance.storage.snapshot import CopyError

    try:
        yield
    except (BackupError, CopyError) as error:
        raise Failed(str(error)) from error


def bars(*, quiet: bool) -> Steps:
    """One bar for each long step, with the time left; nothing where nobody watches."""

    @contextmanager
    def steps(label: str, total: int) -> Iterator[Callable[[int], None]]:
        if quiet or not sys.stderr.isatty():
            yield lambda done: None
        elif not total:
            click.echo(f"{label} …", err=True)
            yield lambda done: None
        else:
            with click.progressbar(length=total, label=f"{label:<20}", file=sys.stderr, show_eta=True) as bar:
                yield lambda done: bar.update(min(done, total) - bar.pos)
                bar.update(total - bar.pos)

    return steps


def megabytes(size: int) -> str:
    """For people: 12.3 MB."""
    return f"{size / MEGABYTE:.1f} MB"


def _config(cli: Cli) -> Config | None:
    """The configuration, where there is one: backups are opened on empty machines, too."""
    from waitlist_appliance.config import ConfigError

    try:
        return cli.config
    except ConfigError:
        return None


def _first_line(file: str | None) -> str:
    if file is None:
        return ""
    with click.open_file(file, encoding="utf-8") as source:
        return str(source.readline()).strip()


def _whole(file: Path | None) -> str:
    return file.read_text("utf-8") if file is not None else ""


__all__ = ["Opening", "bars", "megabytes", "opening_options", "told"]
