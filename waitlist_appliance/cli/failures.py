"""Errors of the command line: one line that says what is wrong and what to do, never a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

UNFORESEEN = "unexpected "
UNEXPECTED = "run the command again with --debug (waitlist --debug …) to see where"


class Failed(click.ClickException):
    """A refusal: exit code 1."""

    def show(self, file: object = None) -> None:
        click.echo(f"error: {self.format_message()}", err=True)


@contextmanager
def told_in_one_line(*, debug: bool) -> Iterator[None]:
    """Turns every error into one line on stderr; with ``debug`` it passes as it is."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except Exception as error:
        if debug:
            raise
        words = in_words(error)
        if words.startswith(UNFORESEEN) and "sentry_sdk" in sys.modules:
            from waitlist_appliance.bootstrap import tell_fault

            tell_fault(error)
        raise Failed(words) from error


def in_words(error: Exception) -> str:
    """The error in one line."""
    from waitlist_appliance.config_checks import ConfigError
    from waitlist_appliance.domain.errors import Refused
    from waitlist_appliance.storage.database import DatabaseError, StorageUnavailable
    from waitlist_appliance.storage.schema import SchemaMismatch
    from waitlist_appliance.storage.vault import VaultError

    if isinstance(error, Refused):
        return refusal(error)
    if isinstance(error, ConfigError | SchemaMismatch):
        return str(error)
    if isinstance(error, VaultError):
        return f"keys.credentials_key_file: {error}; see: waitlist config check"
    if isinstance(error, StorageUnavailable | DatabaseError):
        return f"the database cannot be used just now: {error}. Is the disk full, or another program writing?"
    if isinstance(error, OSError):
        return f"{error.filename or 'the system'}: {error.strerror or error}"
    return f"{UNFORESEEN}{type(error).__name__}: {error}; {UNEXPECTED}".replace("\n", " ")


def refusal(error: Exception) -> str:
    """A rule's refusal: the field at fault, the sentence, and what the caller may want to know besides."""
    from waitlist_appliance.domain.errors import Refused
    from waitlist_appliance.texts import errors as texts

    assert isinstance(error, Refused)
    try:
        sentence = texts.explain(error.code, "en", **error.params)
    except KeyError:
        sentence = error.code.replace("_", " ")
    besides = ", ".join(f"{name}: {value}" for name, value in error.params.items() if name != "field")
    where = f"{error.field}: " if error.field else ""
    return f"{where}{sentence}" + (f" ({besides})" if besides and besides not in sentence else "")
