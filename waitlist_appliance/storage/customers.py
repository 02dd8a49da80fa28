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


def by_public_id(db: Database, customer_public_id: str) -> Customer | None:
    return db.row(Customer, "SELECT * FROM customer WHERE public_id = ?", customer_public_id)


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
    """Set what is given; None leaves the column as it is. Another address has not refused anything."""
    db.execute(
        """UPDATE customer SET first_name = COALESCE(?1, first_name), last_name = COALESCE(?2, last_name),
                  email_refused_at = CASE WHEN ?3 <> COALESCE(email, '') COLLATE NOCASE THEN NULL
                                          ELSE email_refused_at END,
                  email = COALESCE(?3, email), locale = COALESCE(?4, locale) WHERE id = ?5""",
        first_name, last_name, email, locale, customer_id,
    )  # fmt: skip


def rename(db: Database, customer_id: int, first_name: str, last_name: str | None) -> None:
    """Another name altogether: without a last name there is none."""
    db.execute("UPDATE customer SET first_name = ?, last_name = ? WHERE id = ?", first_name, last_name, customer_id)


def consent(db: Database, customer_id: int, now: datetime) -> None:
    db.execute("UPDATE customer SET consent_at = COALESCE(consent_at, ?) WHERE id = ?", now, customer_id)


def change_phone(db: Database, customer: Customer, phone: str, kind: str) -> None:
    """The new number; the old one stays as an alias. IntegrityError when somebody else has it."""
    db.execute("UPDATE customer SET phone = ?, phone_kind = ?, undeliverable_at = NULL, whatsapp_refused_at = NULL WHERE id = ?",
               phone, kind, customer.id)  # fmt: skip
    db.execute("INSERT OR REPLACE INTO customer_alias (alias, customer_id) VALUES (?, ?)", customer.phone, customer.id)


def opt_out(db: Database, customer_id: int, now: datetime) -> int:
    return db.execute("UPDATE customer SET opted_out_at = ? WHERE id = ? AND opted_out_at IS NULL", now, customer_id)


def opt_in(db: Database, customer_id: int) -> int:
    return db.execute("UPDATE customer SET opted_out_at = NULL WHERE id = ? AND opted_out_at IS NOT NULL", customer_id)


def mark_reachable(db: Database, customer_id: int) -> None:
    db.execute("UPDATE customer SET undeliverable_at = NULL WHERE id = ? AND undeliverable_at IS NOT NULL", customer_id)


def mark_undeliverable(db: Database, customer_id: int, now: datetime) -> None:
    db.execute("UPDATE customer SET undeliverable_at = ? WHERE id = ?", now, customer_id)


def mark_landline(db: Database, customer_id: int) -> None:
    """The number turned out to be one that receives no text messages."""
    db.execute("UPDATE customer SET phone_kind = 'landline' WHERE id = ?", customer_id)


def refuse_whatsapp(db: Database, customer_id: int, now: datetime) -> None:
    """The number is not on WhatsApp, or its owner has blocked us there."""
    db.execute(
        "UPDATE customer SET whatsapp_refused_at = ? WHERE id = ? AND whatsapp_refused_at IS NULL", now, customer_id
    )


def wrote_on_whatsapp(db: Database, customer_id: int, at: datetime) -> None:
    """The customer wrote: free text may go back for a day, and whoever had blocked us has not any more."""
    db.execute(
        """UPDATE customer SET whatsapp_wrote_at = MAX(COALESCE(whatsapp_wrote_at, 0), ?), whatsapp_refused_at = NULL
            WHERE id = ?""",
        at, customer_id,
    )  # fmt: skip


def add_alias(db: Database, customer_id: int, alias: str) -> None:
    """Another name of the customer's phone; nothing happens where it names a customer already."""
    db.execute(
        """INSERT OR IGNORE INTO customer_alias (alias, customer_id)
           SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM customer WHERE phone = ?1)""",
        alias, customer_id,
    )  # fmt: skip


def count_no_shows(db: Database, customer_id: int, by: int) -> int:
    """One more (or, taken back, one less) time that the customer did not come."""
    return db.execute("UPDATE customer SET no_shows = MAX(no_shows + ?, 0) WHERE id = ?", by, customer_id)
