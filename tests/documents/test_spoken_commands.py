"""Every `waitlist …` that a document mentions is a command that exists, with options that exist."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from tests.documents.commands import spoken
from waitlist_appliance.cli import main

SPOKEN = spoken()


def resolved(command: str) -> str | None:
    """What is wrong with it; None when there is such a command with such options. Values are not looked at."""
    words = shlex.split(command.replace("…", "").replace("...", ""))[1:]
    at: click.Command = main
    context = click.Context(main)
    while words:
        word = words.pop(0)
        if word.startswith("-"):
            known = {option: parameter for parameter in at.params for option in (*parameter.opts, *parameter.secondary_opts)}
            name, _, value = word.partition("=")
            if name not in known and name not in ("--help", "-h"):
                return f"`{at.name}` has no option {word}"
            if words and not value and not getattr(known.get(name), "is_flag", True):
                words.pop(0)
        elif isinstance(at, click.Group):
            # `keys rotate|list` names two at once; CAPITALS stand for what the reader puts in.
            names = word.split("|")
            missing = [name for name in names if at.get_command(context, name) is None]
            if missing and not word.isupper():
                return f"`{at.name}` has no command {', '.join(missing)}"
            at = at.get_command(context, names[0]) or at
    return None


@pytest.mark.parametrize(("document", "command"), SPOKEN, ids=[f"{d}: {c}" for d, c in SPOKEN])
def test_a_command_that_is_mentioned_exists(document: str, command: str) -> None:
    assert resolved(command) is None


def test_a_command_that_does_not_exist_would_be_noticed() -> None:
    assert resolved("waitlist bakcup create")
    assert resolved("waitlist keys rotate --quickly")
    assert resolved("waitlist keys spin")
    assert resolved("waitlist keys rotate --json") is None


def test_documents_mention_commands_at_all() -> None:
    assert len(SPOKEN) > 10
    assert all(re.match(r"waitlist\b", command) for _, command in SPOKEN)
