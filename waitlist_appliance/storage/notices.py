"""What staff are told of, and each telling of it to one person or one service's address."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.storage.alarms import Alarm
from waitlist_appliance.storage.database import Database

# As in storage/messages.py: who dies while sending leaves the row to the next.
_CLAIMABLE = "(state = 'pending' OR (state = 'sending' AND lease_until_at <= ?2))"


@dataclass(frozen=True, slots=True)
class Notice:
    """``since_at``: when its condition began, None for what simply happened; ``facts`` is JSON text without names."""

    id: int
    kind: str
    condition: str
    facts: str
    over: bool
    since_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One telling: to a user by email, or to a service's address."""

    id: int
    notice_id: int
    user_id: int | None
    address_id: int | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """A telling that failed, or is being tried again."""

    kind: str
    over: bool
    name: str
    by_email: bool
    state: str
    attempts: int
    error: str
    created_at: datetime


_NOTICE = "id, kind, condition, facts, over, since_at, ended_at"


def happened(db: Database, kind: str, condition: str, facts: Mapping[str, object], now: datetime) -> None:
    """Note something that staff may want to hear of, once. Inside the transaction that makes it true."""
    _add(db, kind, condition, facts, now, key=f"{kind}:{condition}")


def begun(
    db: Database, kind: str, alarm: Alarm, now: datetime, *, told: bool = True, ended: bool = False
) -> int | None:
    """Note that a condition began; the row's id, None when that was noted before."""
    return _add(
        db, kind, alarm.condition, {"detail": alarm.detail}, now, key=f"{alarm.condition}:{to_ms(alarm.since_at)}",
        since_at=alarm.since_at, told=told, ended_at=now if ended else None,
    )  # fmt: skip


def over(db: Database, notice: Notice, now: datetime) -> int | None:
    """Note that what this notice told of is over; the row's id."""
    return _add(
        db, notice.kind, notice.condition, json.loads(notice.facts), now, key=f"over:{notice.id}", over=1,
        since_at=notice.since_at, ended_at=now, told=True,
    )  # fmt: skip


def test(db: Database, now: datetime, to: str) -> int | None:
    """A notice that only tries whether one arrives; the row's id, None when that was asked in the same instant."""
    return _add(db, "test", "test", {}, now, key=f"test:{to}:{to_ms(now)}", told=True)


def _add(
    db: Database, kind: str, condition: str, facts: Mapping[str, object], now: datetime, *, key: str, over: int = 0,
    since_at: datetime | None = None, ended_at: datetime | None = None, told: bool = False,
) -> int | None:  # fmt: skip
    found = db.value(
        """INSERT INTO notice (kind, condition, facts, over, since_at, ended_at, told, dedupe_key, created_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (dedupe_key) DO NOTHING RETURNING id""",
        kind, condition, json.dumps(dict(facts)), over, since_at, ended_at, int(told), key, now,
    )  # fmt: skip
    return None if found is None else int(found)


def by_id(db: Database, notice_id: int) -> Notice | None:
    return db.row(Notice, f"SELECT {_NOTICE} FROM notice WHERE id = ?", notice_id)


def untold(db: Database) -> list[Notice]:
    """What happened and was handed to nobody yet."""
    return db.rows(Notice, f"SELECT {_NOTICE} FROM notice WHERE told = 0 ORDER BY id LIMIT 100")


def open_ones(db: Database) -> list[Notice]:
    """Conditions that were noted and are not known to be over."""
    sql = f"SELECT {_NOTICE} FROM notice INDEXED BY notice_open WHERE since_at IS NOT NULL AND ended_at IS NULL ORDER BY id"
    return db.rows(Notice, sql)


def set_told(db: Database, notice_id: int) -> None:
    db.execute("UPDATE notice SET told = 1 WHERE id = ?", notice_id)


def set_ended(db: Database, notice_id: int, now: datetime) -> bool:
    return db.execute("UPDATE notice SET ended_at = ? WHERE id = ? AND ended_at IS NULL", now, notice_id) > 0


def remove(db: Database, notice_id: int) -> None:
    db.execute("DELETE FROM notice WHERE id = ?", notice_id)


def forget_before(db: Database, before: datetime) -> int:
    """Let go of what is long over."""
    return db.execute("DELETE FROM notice WHERE created_at < ? AND (since_at IS NULL OR ended_at IS NOT NULL)", before)


def deliver_to(
    db: Database, notice_id: int, due_at: datetime, *, user: int | None = None, address: int | None = None
) -> None:
    db.insert("notice_delivery", notice_id=notice_id, user_id=user, address_id=address, due_at=due_at)


def repeat_to_who_heard(db: Database, first: int, then: int, due_at: datetime) -> int:
    """Whoever heard the first notice, or may have, hears this one as well; how many."""
    return db.execute(
        """INSERT INTO notice_delivery (notice_id, user_id, address_id, due_at)
           SELECT ?, user_id, address_id, ? FROM notice_delivery WHERE notice_id = ? AND state IN ('sent', 'sending')""",
        then, due_at, first,
    )  # fmt: skip


def drop_unsent(db: Database, notice_id: int, reason: str) -> None:
    sql = "UPDATE notice_delivery SET state = 'dropped', error = ? WHERE notice_id = ? AND state = 'pending'"
    db.execute(sql, reason, notice_id)


def due(db: Database, now: datetime, limit: int) -> list[Delivery]:
    return db.rows(
        Delivery,
        f"""SELECT id, notice_id, user_id, address_id, attempts FROM notice_delivery INDEXED BY notice_delivery_due
             WHERE state IN ('pending', 'sending') AND due_at <= ?2 AND {_CLAIMABLE} ORDER BY due_at, id LIMIT ?1""",
        limit, now,
    )  # fmt: skip


def claim(db: Database, delivery_id: int, now: datetime, lease_until: datetime) -> bool:
    """Take it for sending until the lease ends; False when somebody else has it."""
    return db.execute(
        f"""UPDATE notice_delivery SET state = 'sending', lease_until_at = ?3, attempts = attempts + 1
             WHERE id = ?1 AND {_CLAIMABLE}""",
        delivery_id, now, lease_until,
    ) > 0  # fmt: skip


def sent(db: Database, delivery_id: int, now: datetime) -> None:
    sql = "UPDATE notice_delivery SET state = 'sent', sent_at = ?, error = NULL WHERE id = ? AND state = 'sending'"
    db.execute(sql, now, delivery_id)


def put_off(db: Database, delivery_id: int, due_at: datetime, error: str) -> None:
    sql = "UPDATE notice_delivery SET state = 'pending', due_at = ?, error = ? WHERE id = ? AND state = 'sending'"
    db.execute(sql, due_at, error, delivery_id)


def failed(db: Database, delivery_id: int, error: str) -> None:
    db.execute(
        "UPDATE notice_delivery SET state = 'failed', error = ? WHERE id = ? AND state = 'sending'", error, delivery_id
    )


def troubles(db: Database, since: datetime) -> list[Trouble]:
    """What was not delivered lately, or not yet, newest first."""
    return db.rows(
        Trouble,
        """SELECT notice.kind, notice.over, COALESCE(staff_user.name, notice_address.name) AS name,
                  d.user_id IS NOT NULL AS by_email, d.state, d.attempts, d.error, notice.created_at
             FROM notice JOIN notice_delivery d ON d.notice_id = notice.id
             LEFT JOIN staff_user ON staff_user.id = d.user_id LEFT JOIN notice_address ON notice_address.id = d.address_id
            WHERE notice.created_at > ? AND d.error IS NOT NULL AND d.state IN ('failed', 'pending', 'sending')
            ORDER BY notice.id DESC LIMIT 20""",
        since,
    )  # fmt: skip
