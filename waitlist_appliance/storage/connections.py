"""Calendar connections: how they are reached, and what is known of their last read."""

from __future__ import annotations

import json
from collections.abc import Mapping

from waitlist_appliance.domain.records import Connection
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.vault import Vault


def by_public_id(db: Database, connection_public_id: str) -> Connection | None:
    return db.row(Connection, "SELECT * FROM connection WHERE public_id = ?", connection_public_id)


def credentials(db: Database, vault: Vault, connection_id: int) -> Mapping[str, str]:
    """What opens the calendar, unsealed; empty when nothing is kept. VaultError."""
    sealed = db.value("SELECT credentials FROM connection WHERE id = ?", connection_id)
    found: dict[str, str] = json.loads(vault.open(sealed, _place(connection_id))) if sealed else {}
    return found


def keep_credentials(db: Database, vault: Vault, connection_id: int, kept: Mapping[str, str]) -> None:
    """Seal and store them; an absent or empty refresh token never replaces one that is there."""
    with db.write():
        before = credentials(db, vault, connection_id)
        merged = {**before, **{name: value for name, value in kept.items() if value}}
        sealed = vault.seal(json.dumps(merged).encode(), _place(connection_id))
        db.execute("UPDATE connection SET credentials = ? WHERE id = ?", sealed, connection_id)


def _place(connection_id: int) -> str:
    return f"connection:{connection_id}"
