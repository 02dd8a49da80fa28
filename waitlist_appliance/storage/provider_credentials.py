"""What the box as a whole shows to a provider (the owner's OAuth client), sealed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from waitlist_appliance.domain.moments import from_ms
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.vault import Vault


def keep(db: Database, vault: Vault, provider: str, kept: Mapping[str, str], now: datetime) -> None:
    """Seal and store them in place of what was there."""
    sealed = vault.seal(json.dumps(dict(kept)).encode(), place(provider))
    db.execute(
        """INSERT INTO provider_credential (provider, sealed, updated_at) VALUES (?, ?, ?)
           ON CONFLICT (provider) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at""",
        provider, sealed, now,
    )  # fmt: skip


def of(db: Database, vault: Vault, provider: str) -> Mapping[str, str]:
    """What is kept for the provider, empty when nothing is. VaultError."""
    sealed = db.value("SELECT sealed FROM provider_credential WHERE provider = ?", provider)
    found: dict[str, str] = json.loads(vault.open(sealed, place(provider))) if sealed else {}
    return found


def kept_at(db: Database, provider: str) -> datetime | None:
    """When they were stored; None when nothing is."""
    ms = db.value("SELECT updated_at FROM provider_credential WHERE provider = ?", provider)
    return None if ms is None else from_ms(ms)


def versions(db: Database) -> dict[str, int]:
    """Provider → a number that changes when what is kept for it does."""
    return {str(provider): int(at) for provider, at in db.tuples("SELECT provider, updated_at FROM provider_credential")}


def forget(db: Database, provider: str) -> bool:
    """Let them go; whether there were any."""
    return db.execute("DELETE FROM provider_credential WHERE provider = ?", provider) > 0


def place(provider: str) -> str:
    """What they are sealed for."""
    return f"provider:{provider}"
