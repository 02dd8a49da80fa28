"""A Casa Lola that makes backups, and what the tests of backups share. Sealed for a public key: a passphrase takes time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyrage

from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.backups import make_backup, open_backup
from waitlist_appliance.services.backups.make_backup import Made
from waitlist_appliance.services.backups.sealing import Keys

IDENTITY = pyrage.x25519.Identity.generate()
KEYS = Keys(identity=f"# created: today\n{IDENTITY}\n")
PASSPHRASE = "correct horse battery staple"
AT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
CONFIG = 'greeting = "config.toml of the box"\n[data]\ndirectory = "data"\n[keys]\ntoken_key_file = "secrets/token_key.txt"\n'


def sealed_for_a_key(box: Appliance, **other: object) -> Appliance:
    """The box, told to make backups for KEYS."""
    told: dict[str, object] = {"backup_recipient": str(IDENTITY.to_public()), **other}
    box.config = replace(box.config, **told)  # type: ignore[arg-type]
    return box


def config_file(box: Appliance) -> Path:
    path = box.config.data_directory / "config.toml"
    path.write_text(CONFIG)
    return path


def make(box: Appliance, at: datetime = AT) -> Made:
    return make_backup.make_backup(box, config_file(box), lambda: at)


def verify(box: Appliance, path: Path, keys: Keys = KEYS) -> open_backup.Verdict:
    return open_backup.verify(path, keys, box.config.backup_path)


def fill(box: Appliance, megabytes: int) -> None:
    """Lines of history that do not compress."""
    for _ in range(megabytes):
        box.db.execute(
            """INSERT INTO activity (at, actor, verb, subject, detail)
               VALUES (0, 'system', 'noise', 'noise', json_object('x', hex(randomblob(524288))))"""
        )
