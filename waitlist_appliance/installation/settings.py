"""The configuration and its secrets in /etc/waitlist: written once, kept for ever after."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from waitlist_appliance import config
from waitlist_appliance.config_checks import ConfigError
from waitlist_appliance.installation import files
from waitlist_appliance.installation.answers import Answers
from waitlist_appliance.installation.failure import Failed
from waitlist_appliance.installation.machine import Machine
from waitlist_appliance.installation.places import SECRETS, USER, Places


def missing_secrets(places: Places) -> list[str]:
    """The secrets that are still to be made."""
    return [name for name in SECRETS if not places.secret(name).exists()]


def make_secrets(machine: Machine) -> list[str]:
    """Makes what is missing, root's alone; the names of those made."""
    made = missing_secrets(machine.places)
    for name in made:
        path = machine.places.secret(name)
        files.write(path, _new(name) + "\n", 0o600)
        machine.give(path, "root", "root", 0o600)
    return made


def write_config(machine: Machine, answers: Answers) -> None:
    """config.toml with every key explained. Raises Failed, and writes nothing, when it would not be valid."""
    places = machine.places
    text = config.render(_values(places, answers))
    check(text, places)
    files.write(places.config, text, 0o640)
    machine.give(places.config, "root", USER, 0o640)


def check(text: str, places: Places) -> None:
    """Raises Failed when this text would not do as config.toml."""
    descriptor, name = tempfile.mkstemp(prefix=".check-", dir=places.settings)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        config.load(Path(name), {})
    except ConfigError as error:
        raise Failed(f"This would be no valid configuration: {error}") from error
    finally:
        os.unlink(name)


def read(places: Places) -> config.Config:
    """The configuration in force. Raises Failed with what is wrong with it."""
    try:
        return config.load(places.config, {})
    except ConfigError as error:
        raise Failed(f"{places.config}: {error}") from error


def _values(places: Places, answers: Answers) -> dict[str, object]:
    values: dict[str, object] = {
        "server.host": answers.host,
        "server.port": answers.port,
        "server.public_url": answers.url,
        "data.directory": str(places.data),
        "backup.directory": str(places.backups),
    }
    section = {"backup_passphrase": "backup.passphrase"}
    values |= {f"{section.get(name, f'keys.{name}')}_file": str(places.secret(name)) for name in SECRETS}
    if answers.url.startswith("https://"):
        values["server.trusted_proxy"] = "127.0.0.1"
    return values


def _new(name: str) -> str:
    """A passphrase is written down by hand: letters and digits in groups, 125 bits. The others are never typed."""
    if name != "backup_passphrase":
        return secrets.token_urlsafe(48)
    letters = "abcdefghijkmnpqrstuvwxyz23456789"  # without l, o, 0 and 1, which look like one another
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(5))
