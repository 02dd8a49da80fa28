"""Who wants to be told of what, and the addresses of services that are told for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.ids import public_id
from waitlist_appliance.storage.vault import Vault


@dataclass(frozen=True, slots=True)
class Choice:
    """A wish that differs from the default, of a user or for an address."""

    kind: str
    user_id: int | None
    address_id: int | None
    wanted: bool


@dataclass(frozen=True, slots=True)
class Address:
    """A service's address; ``shown`` is as much of it as may be shown."""

    id: int
    public_id: str
    name: str
    shown: str
    allow_private: bool


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody who works here; ``locale`` None means the business's language."""

    id: int
    public_id: str
    name: str
    email: str
    role: str
    locale: str | None


@dataclass(frozen=True, slots=True)
class Last:
    """How the newest telling of an address or a user went."""

    address_id: int | None
    user_id: int | None
    kind: str
    state: str
    error: str | None
    sent_at: datetime | None


_ADDRESS = "id, public_id, name, shown, allow_private"
_LISTENER = "id, public_id, name, email, role, locale"


def choices(db: Database) -> list[Choice]:
    return db.rows(Choice, "SELECT kind, user_id, address_id, wanted FROM notice_choice")


def choose(db: Database, kind: str, wanted: bool, *, user: int | None = None, address: int | None = None) -> None:
    """Write the wish down in place of an older one."""
    db.execute(
        """INSERT INTO notice_choice (kind, user_id, address_id, wanted) VALUES (?, ?, ?, ?)
           ON CONFLICT (kind, COALESCE(user_id, 0), COALESCE(address_id, 0)) DO UPDATE SET wanted = excluded.wanted""",
        kind, user, address, int(wanted),
    )  # fmt: skip


def listeners(db: Database) -> list[Listener]:
    """Everybody who has come in once and still may, oldest first."""
    sql = f"SELECT {_LISTENER} FROM staff_user WHERE disabled_at IS NULL AND password_hash IS NOT NULL ORDER BY id"
    return db.rows(Listener, sql)


def listener(db: Database, user_id: int) -> Listener | None:
    """The user, unless their access was taken away."""
    return db.row(Listener, f"SELECT {_LISTENER} FROM staff_user WHERE id = ? AND disabled_at IS NULL", user_id)


def set_locale(db: Database, user_id: int, locale: str | None) -> None:
    db.execute("UPDATE staff_user SET locale = ? WHERE id = ?", locale, user_id)


def addresses(db: Database) -> list[Address]:
    return db.rows(Address, f"SELECT {_ADDRESS} FROM notice_address ORDER BY id")


def address(db: Database, address_id: int) -> Address | None:
    return db.row(Address, f"SELECT {_ADDRESS} FROM notice_address WHERE id = ?", address_id)


def address_by_public_id(db: Database, wanted: str) -> Address | None:
    return db.row(Address, f"SELECT {_ADDRESS} FROM notice_address WHERE public_id = ?", wanted)


def add_address(
    db: Database, vault: Vault, name: str, shown: str, secret: str, allow_private: bool, now: datetime
) -> int:  # fmt: skip
    """Keep a new address, sealed; its id. VaultError."""
    found = db.insert(
        "notice_address",
        public_id=public_id(),
        name=name,
        shown=shown,
        allow_private=int(allow_private),
        created_at=now,
    )
    sealed = vault.seal(secret.encode(), place(found))
    db.execute("UPDATE notice_address SET sealed = ? WHERE id = ?", sealed, found)
    return found


def secret_of(db: Database, vault: Vault, address_id: int) -> str:
    """The whole address. VaultError; LookupError when there is none."""
    sealed = db.value("SELECT sealed FROM notice_address WHERE id = ?", address_id)
    if sealed is None:
        raise LookupError(f"address {address_id}")
    return vault.open(sealed, place(address_id)).decode()


def remove_address(db: Database, address_id: int) -> bool:
    return db.execute("DELETE FROM notice_address WHERE id = ?", address_id) > 0


def place(key: object) -> str:
    """What an address is sealed for."""
    return f"notice_address:{key}"


def last_of_addresses(db: Database) -> dict[int, Last]:
    """Address → how its newest telling went."""
    rows = db.rows(
        Last,
        """SELECT d.address_id, d.user_id, notice.kind, d.state, d.error, d.sent_at FROM notice_delivery d
             JOIN notice ON notice.id = d.notice_id
            WHERE d.id IN (SELECT MAX(id) FROM notice_delivery WHERE address_id IS NOT NULL GROUP BY address_id)""",
    )  # fmt: skip
    return {row.address_id: row for row in rows if row.address_id is not None}


def last_test_of(db: Database, user_id: int) -> Last | None:
    """How the user's newest test mail went."""
    return db.row(
        Last,
        """SELECT d.address_id, d.user_id, notice.kind, d.state, d.error, d.sent_at FROM notice_delivery d
             JOIN notice ON notice.id = d.notice_id WHERE d.user_id = ? AND notice.kind = 'test' ORDER BY d.id DESC LIMIT 1""",
        user_id,
    )  # fmt: skip
