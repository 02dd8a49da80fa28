"""Every column that holds something sealed, and sealing it all anew when the key is changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from waitlist_appliance.storage import consents, notice_choices, provider_credentials, second_factors, staff_letters
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.vault import Vault


@dataclass(frozen=True, slots=True)
class Column:
    """A sealed column; ``about`` names the place of a row by its key, as it was named when it was sealed."""

    table: str
    key: str
    column: str
    about: Callable[[object], str]


COLUMNS = (
    Column("connection", "id", "credentials", lambda key: f"connection:{key}"),
    Column("provider_credential", "provider", "sealed", lambda key: provider_credentials.place(str(key))),
    Column("consent_attempt", "state_hash", "verifier", lambda key: consents.place(str(key))),
    Column("notice_address", "id", "sealed", notice_choices.place),
    Column("staff_letter", "id", "sealed", staff_letters.place),
    Column("staff_totp", "user_id", "secret", second_factors.place),
)


def count(db: Database) -> int:
    """How many secrets are kept."""
    return sum(db.value(f"SELECT COUNT({column.column}) FROM {column.table}") for column in COLUMNS)


def check(db: Database, vault: Vault) -> None:
    """VaultError unless every secret can be opened."""
    for column in COLUMNS:
        for key, sealed in _rows(db, column):
            vault.open(sealed, column.about(key))


def reseal(db: Database, vault: Vault, done: Callable[[], None]) -> None:
    """Seal every secret with the vault's first key, all or none of them; ``done`` is called for each. VaultError."""
    with db.write():
        for column in COLUMNS:
            _reseal(db, vault, column, done)


def _reseal(db: Database, vault: Vault, column: Column, done: Callable[[], None]) -> None:
    for key, sealed in _rows(db, column):
        about = column.about(key)
        anew = vault.seal(vault.open(sealed, about), about)
        db.execute(f"UPDATE {column.table} SET {column.column} = ? WHERE {column.key} = ?", anew, key)
        done()


def _rows(db: Database, column: Column) -> list[tuple[Any, ...]]:
    return db.tuples(
        f"SELECT {column.key}, {column.column} FROM {column.table} WHERE {column.column} IS NOT NULL ORDER BY 1"
    )
