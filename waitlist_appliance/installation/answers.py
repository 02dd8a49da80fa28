"""What only the owner knows: the same questions as `waitlist init`, as flags or on a terminal."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from waitlist_appliance.config_checks import ConfigError, public_url
from waitlist_appliance.installation.failure import Failed

LOCALES: Final = ("es", "fr", "en")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True)
class Answers:
    """`url` is the address that customers open; "" while nobody has said it."""

    name: str = ""
    url: str = ""
    email: str = ""
    zone: str = "Europe/Madrid"
    locale: str = "es"
    region: str = "ES"
    tables: str = "8x2, 4x4"
    host: str = "127.0.0.1"
    port: int = 8080

    @property
    def domain(self) -> str:
        return urlsplit(self.url).hostname or ""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that answer the questions."""
    known = Answers()
    group = parser.add_argument_group("the business")
    group.add_argument("--name", help="what it is called")
    address = group.add_mutually_exclusive_group()
    address.add_argument("--domain", help="its domain, such as waitlist.casa-lola.es; customers arrive over https")
    address.add_argument("--public-url", help="the whole address, where it is not https on the usual port")
    group.add_argument("--owner-email", help="who gets the first log-in")
    group.add_argument("--zone", default=known.zone, help="its time zone (%(default)s)")
    group.add_argument("--locale", default=known.locale, choices=LOCALES, help="its language (%(default)s)")
    group.add_argument("--region", default=known.region, help="country of its phone numbers (%(default)s)")
    group.add_argument("--tables", default=known.tables, help='how many for how many: "8x2, 4x4 Terraza" (%(default)s)')
    group.add_argument("--host", default=known.host, help="address of this machine to listen on (%(default)s)")
    group.add_argument("--port", type=int, default=known.port, help="port to listen on (%(default)s)")


def from_flags(flags: argparse.Namespace) -> Answers:
    """What the flags say."""
    url = f"https://{flags.domain}" if flags.domain else flags.public_url or ""
    return Answers(
        flags.name or "", url, flags.owner_email or "", flags.zone, flags.locale, flags.region, flags.tables, flags.host,
        flags.port,
    )  # fmt: skip


def complete(answers: Answers, *, ask: bool, defaults: bool) -> Answers:
    """Every answer, checked: asked for on a terminal, believable ones with `defaults`. Raises Failed for a wrong one."""
    if ask:
        return _asked(answers)
    if defaults:
        answers = replace(
            answers, name=answers.name or "My restaurant", url=answers.url or f"http://127.0.0.1:{answers.port}",
            email=answers.email or "owner@localhost.local",
        )  # fmt: skip
    missing = [flag for flag, value in _needed(answers) if not value]
    if missing:
        raise Failed(
            f"{' and '.join(missing)} must be given, for there is no terminal to ask on. --yes takes believable defaults instead."
        )
    return _checked(answers)


def can_ask() -> bool:
    """Whether somebody sits at a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _needed(answers: Answers) -> list[tuple[str, str]]:
    return [("--name", answers.name), ("--domain (or --public-url)", answers.url), ("--owner-email", answers.email)]


def _asked(answers: Answers) -> Answers:
    print("A few questions; Enter takes what stands in brackets.\n")
    answers = replace(answers, name=_ask("Name of the business", answers.name, _name))
    answers = replace(answers, url=_ask("Domain, such as waitlist.casa-lola.es", answers.url, _address))
    answers = replace(answers, email=_ask("Your email, to log in with", answers.email, _email))
    answers = replace(answers, zone=_ask("Time zone", answers.zone, _zone))
    answers = replace(answers, locale=_ask("Language: es, fr or en", answers.locale, _locale))
    answers = replace(answers, region=_ask("Country of its phone numbers", answers.region, _region))
    answers = replace(answers, tables=_ask("Tables (how many x for how many)", answers.tables, _tables))
    print()
    return _checked(answers)


def _checked(answers: Answers) -> Answers:
    return replace(
        answers, name=_name(answers.name), url=_address(answers.url), email=_email(answers.email), zone=_zone(answers.zone),
        locale=_locale(answers.locale), region=_region(answers.region), tables=_tables(answers.tables),
    )  # fmt: skip


def _ask(question: str, default: str, check: Callable[[str], str]) -> str:
    while True:
        given = input(f"{question} [{default}]: " if default else f"{question}: ").strip() or default
        try:
            return check(given)
        except Failed as error:
            print(f"  {error}")


def _name(value: str) -> str:
    if not value.strip():
        raise Failed("--name: the business needs a name")
    return value.strip()


def _address(value: str) -> str:
    """A bare domain means https."""
    try:
        return public_url("--domain", value if "://" in value else f"https://{value}")
    except ConfigError as error:
        raise Failed(str(error)) from error


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise Failed(f"--owner-email: {value!r} is no email address")
    return value


def _zone(value: str) -> str:
    if not available_timezones():
        return value  # a machine without the package tzdata: the release brings its own and checks it
    try:
        return ZoneInfo(value).key
    except (ValueError, OSError, KeyError) as error:
        raise Failed(f"--zone: {value!r} is no time zone; write it like Europe/Madrid") from error


def _locale(value: str) -> str:
    if value not in LOCALES:
        raise Failed(f"--locale: {value!r} is none of {', '.join(LOCALES)}")
    return value


def _region(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2}", value):
        raise Failed(f"--region: {value!r} is no country of two letters, such as ES")
    return value.upper()


def _tables(value: str) -> str:
    for part in value.split(","):
        if not re.fullmatch(r"\s*\d{1,3}\s*[x×]\s*\d{1,2}(\s+\S.*)?\s*", part):
            raise Failed(f'--tables: {part.strip()!r} cannot be read; write groups like "8x2, 4x4 Terraza"')
    return value
