"""What the command line checks before a service is asked, so that the option and its value can be named."""

from __future__ import annotations

import re

import click

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]{2,}")


def email(value: str, option: str) -> str:
    """An email address. Raises BadParameter."""
    if not _EMAIL.fullmatch(value) or len(value) > 254:
        raise click.BadParameter(f"{value!r} is no email address; write it like name@domain.es", param_hint=option)
    return value
