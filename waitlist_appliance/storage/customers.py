"""Customers: a person, known by phone."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.domain.records import Customer
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.ids import public_id


def by_id(db: Database, customer_id: int) -> Customer:
    found = db.row(Customer, "SELECT * FROM customer WHERE id = ?", customer_id)
    if found is None:
        raise LookupError(f"customer {customer_id}")
    return found


def by_phone(db: Database, phone: str) -> Customer | None:
    """By E.164 number, or by an alias of it."""
    return db.row(
        Customer,
        """SELECT * FROM customer WHERE phone = ?1
            UNION ALL SELECT c.* FROM customer_alias a JOIN customer c ON c.id = a.customer_id WHERE a.alias = ?1""",
        phone,
    )


def by_email(db: Database, email: str) -> Customer | None:
    return db.row(Customer, "SELECT * FROM customer WHERE email = ? COLLATE NOCASE ORDER BY id DESC", email)


def add(
    db: Database, phone: str, phone_kind: str, first_name: str | None, last_name: str | None, email: str | None,
    locale: str | None, now: datetime,
) -> Customer:  # fmt: skip
    return db.insert_row(
        Customer, "customer", public_id=public_id(), phone=phone, phone_kind=phone_kind, first_name=first_name,
        last_name=last_name, email=email, locale=locale, created_at=now,
    )  # fmt: skip


def update(
    db: Database, customer_id: int, *, first_name: str | None = None, last_name: str | None = None,
    email: str | None = None, locale: str | None = None,
) -> None:  # fmt: skip
    """Set what is given; None leaves the column as it is."""
    db.execute(
        """UPDATE customer SET first_name = COALESCE(?, first_name), last_name = COALESCE(?, last_name),
                  email = COALESCE(?, email), locale = COALESCE(?, locale) WHERE id = ?""",
        first_name, last_name, email, locale, customer_id,
    )  # fmt: skip


def rename(db: Database, customer_id: int, first_name: str, last_name: str | None) -> None:
    """Another name altogether: without a last name there is none."""
    db.execute("UPDATE customer SET first_name = ?, last_name = ? WHERE id = ?", first_name, last_name, customer_id)


def consent(db: Database, customer_id: int, now: datetime) -> None:
    db.execute("UPDATE customer SET consent_at = COALESCE(consent_at, ?) WHERE id = ?", now, customer_id)


def change_phone(db: Database, customer: Customer, phone: str, kind: str) -> None:
    """The new number; the old one stays as an alias. IntegrityError when somebody else has it."""
    db.execute("UPDATE customer SET phone = ?, phone_kind = ?, undeliverable_at = NULL WHERE id = ?",
               phone, kind, customer.id)  # fmt: skip
    db.execute("INSERT OR REPLACE INTO customer_alias (alias, customer_id) VALUES (?, ?)", customer.phone, customer.id)


def opt_out(db: Database, customer_id: int, now: datetime) -> int:
    return db.execute("UPDATE customer SET opted_out_at = ? WHERE id = ? AND opted_out_at IS NULL", now, customer_id)


def opt_in(db: Database, customer_id: int) -> int:
    return db.execute(
        "UPDATE customer SET opted_out_at = NULL WHERE id = ? AND opted_out_at IS NOT NULL", customer_id
    )


def mark_reachable(db: Database, customer_id: int) -> None:
    db.execute("UPDATE customer SET undeliverable_at = NULL WHERE id = ? AND undeliverable_at IS NOT NULL", customer_id)


def mark_undeliverable(db: Database, customer_id: int, now: datetime) -> None:
    db.execute("UPDATE customer SET undeliverable_at = ? WHERE id = ?", now, customer_id)


def count_no_shows(db: Database, customer_id: int, by: int) -> int:
    """One more (or, taken back, one less) time that the customer did not come."""
    return db.execute("UPDATE customer SET no_shows = MAX(no_shows + ?, 0) WHERE id = ?", by, customer_id)
