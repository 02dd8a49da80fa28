"""After the storm: what is still due is done, and what was promised is looked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from tests.chaos.invariants import unfinished
from tests.chaos.people import Journal
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.sweep import provider_pass, sweep
from waitlist_appliance.storage.database import Database

# The leases of the killed (60 and 90 s) must run out, and every opening must run through those who stay silent.
STEP: Final = timedelta(seconds=20)
STEPS: Final = 600

# Each query finds what was lost or doubled, whatever was promised to whom.
LOST: Final[dict[str, str]] = {
    "messages that never left": "SELECT id, kind, state, error FROM message WHERE state NOT IN ('sent', 'delivered', 'dropped')",
    "messages on a phone that the outbox does not know": """
        SELECT s.provider_id FROM simulated_message s
         WHERE NOT EXISTS (SELECT 1 FROM message m WHERE s.provider_id = 'sim-' || m.public_id)
    """,
    # A message may be on the phone although it was dropped: handed over, killed, and no longer true at the next look.
    "messages dropped without a reason": "SELECT id FROM message WHERE state = 'dropped' AND error IS NULL",
    "one thing said twice": """
        SELECT s.address, s.channel, m.kind, count(*)
          FROM simulated_message s JOIN message m ON s.provider_id = 'sim-' || m.public_id
         WHERE m.kind IN ('join_link', 'joined', 'confirmed')
         GROUP BY s.address, s.channel, m.kind, coalesce(m.booking_id, m.entry_id) HAVING count(*) > 1
    """,
    "one offer told twice": """
        SELECT m.offer_id FROM simulated_message s JOIN message m ON s.provider_id = 'sim-' || m.public_id
         WHERE m.kind IN ('offer', 'offer_race') GROUP BY m.offer_id HAVING count(*) > 1
    """,
    "silences of people who were never asked": """
        SELECT o.id FROM offer o WHERE o.state = 'expired' AND o.ended_reason = 'silence' AND NOT EXISTS
               (SELECT 1 FROM message m JOIN simulated_message s ON s.provider_id = 'sim-' || m.public_id
                 WHERE m.offer_id = o.id AND m.kind IN ('offer', 'offer_race'))
    """,
    "entries without their link": """
        SELECT e.id FROM entry e WHERE NOT EXISTS
               (SELECT 1 FROM message m WHERE m.entry_id = e.id AND m.kind = 'join_link')
    """,
    "signed up and never told so": """
        SELECT e.id FROM entry e WHERE e.registered_at IS NOT NULL AND NOT EXISTS
               (SELECT 1 FROM message m WHERE m.entry_id = e.id AND m.kind = 'joined')
    """,
    "bookings that never reached the calendar": "SELECT id, status FROM booking WHERE status <> 'confirmed'",
    "calendar writes that failed": "SELECT id, kind, state FROM calendar_write WHERE state NOT IN ('done', 'dropped')",
    "tentative events that stayed": "SELECT uid, tag FROM local_event WHERE status = 'tentative'",
    "steps that failed": "SELECT subject, subject_id, reason FROM activity WHERE verb = 'failed_step'",
}  # fmt: skip


def drain(app: Appliance) -> list[str]:
    """Do what is due with the clock moved on, until nothing is left and nobody is being asked; what does not end."""
    now = datetime.now(UTC)
    for _ in range(STEPS):
        sweep(app, now)
        provider_pass(app, now)
        if not unfinished(app.db, to_ms(now)) and not _being_asked(app.db):
            return []
        now += STEP
    return [f"does not end: {unfinished(app.db, to_ms(now))}, {_being_asked(app.db)} live offers"]


def _being_asked(db: Database) -> int:
    return int(db.value("SELECT count(*) FROM offer WHERE state IN ('proposed', 'live')"))


def lost(db: Database, journal: Journal) -> list[str]:
    """What the box has promised, or had to do, and has not; empty when nothing is lost or doubled."""
    found = [(what, db.tuples(sql)) for what, sql in LOST.items()]
    broken = [f"{what}: {len(rows)}, such as {rows[:3]}" for what, rows in found if rows]
    return broken + [f"promised and lost: {line}" for line in _promises(db, journal)]


def _promises(db: Database, journal: Journal) -> list[str]:
    entry_of = dict(db.tuples("SELECT c.phone, e.public_id FROM entry e JOIN customer c ON c.id = e.customer_id"))
    status_of = dict(db.tuples("SELECT c.phone, e.status FROM entry e JOIN customer c ON c.id = e.customer_id"))
    registered = _column(
        db, "SELECT c.phone FROM entry e JOIN customer c ON c.id = e.customer_id WHERE registered_at > 0"
    )
    booked = _column(
        db, "SELECT c.phone FROM booking b JOIN customer c ON c.id = b.customer_id WHERE b.status = 'confirmed'"
    )
    declined = _column(db, "SELECT public_id FROM offer WHERE state = 'declined'")
    standing = _column(db, "SELECT public_id FROM event WHERE busy = 1 AND tag IS NULL")
    return [
        *(f"the entry of {phone}" for phone, entry in journal.entries.items() if entry_of.get(phone) != entry),
        *(f"the sign-up of {phone}" for phone in journal.signed_up - registered),
        *(f"the yes of {phone}" for phone in journal.accepted - booked),
        *(f"the no to {offer}" for offer in journal.declined - declined),
        *(f"the leaving of {phone}" for phone in journal.left if status_of.get(phone) != "cancelled"),
        *(f"the cancelling of {event}" for event in journal.cancelled & standing),
        *([] if db.value("SELECT count(*) FROM entry") == len(entry_of) else ["one entry of each, some have two"]),
    ]


def _column(db: Database, sql: str) -> set[str]:
    return {str(row[0]) for row in db.tuples(sql)}


def numbers(db: Database) -> dict[str, int]:
    """What went through the storm."""
    counts = {
        "entries": "SELECT count(*) FROM entry",
        "offers": "SELECT count(*) FROM offer",
        "silences": "SELECT count(*) FROM offer WHERE state = 'expired'",
        "bookings": "SELECT count(*) FROM booking",
        "messages": "SELECT count(*) FROM simulated_message",
        "of them tried again": "SELECT count(*) FROM message WHERE attempts > 1",
        "calendar writes tried again": "SELECT count(*) FROM calendar_write WHERE attempts > 1",
    }
    return {what: int(db.value(sql)) for what, sql in counts.items()}
