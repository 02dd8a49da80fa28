"""Owners on the way to a provider's page and back: one row per attempt, good once and for a short time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.vault import Vault


@dataclass(frozen=True, slots=True)
class Attempt:
    """What must be shown at the provider's again. ``connection_id`` is the one being connected again."""

    verifier: str
    redirect_uri: str
    connection_id: int | None


@dataclass(frozen=True, slots=True)
class _Row:
    verifier: bytes
    redirect_uri: str
    connection_id: int | None


def add(
    db: Database, vault: Vault, provider: str, state: str, session: str, attempt: Attempt, now: datetime,
    until: datetime,
) -> None:  # fmt: skip
    """Remember the attempt; those that nobody finished in time are forgotten."""
    state_hash = _hash(state)
    with db.write():
        sealed = vault.seal(attempt.verifier.encode(), place(state_hash))
        db.execute("DELETE FROM consent_attempt WHERE expires_at <= ?", now)
        db.insert(
            "consent_attempt", state_hash=state_hash, provider=provider, verifier=sealed,
            redirect_uri=attempt.redirect_uri, session_hash=_hash(session), connection_id=attempt.connection_id,
            expires_at=until, created_at=now,
        )  # fmt: skip


def take(db: Database, vault: Vault, provider: str, state: str, session: str, now: datetime) -> Attempt | None:
    """The attempt, which is thereby used up; None for a state that is unknown, used, late or another session's."""
    state_hash = _hash(state)
    with db.write():
        found = db.row(
            _Row,
            """DELETE FROM consent_attempt WHERE state_hash = ? AND provider = ? AND session_hash = ? AND expires_at > ?
               RETURNING verifier, redirect_uri, connection_id""",
            state_hash, provider, _hash(session), now,
        )  # fmt: skip
    if found is None:
        return None
    return Attempt(vault.open(found.verifier, place(state_hash)).decode(), found.redirect_uri, found.connection_id)


def whose(db: Database, state: str, sessions: Iterable[str]) -> str | None:
    """Which of these sessions began the attempt with this state."""
    begun_by = db.value("SELECT session_hash FROM consent_attempt WHERE state_hash = ?", _hash(state))
    return next((session for session in sessions if _hash(session) == begun_by), None)


def place(state_hash: str) -> str:
    """What the verifier is sealed for."""
    return f"consent:{state_hash}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
