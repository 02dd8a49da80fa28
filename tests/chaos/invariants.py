"""What must be true of the database at every moment, whoever did what before, and however they were stopped."""

from __future__ import annotations

from waitlist_appliance.storage.database import Database

# Each query finds the rows that break its rule; the rows found are the evidence.
RULES: dict[str, str] = {
    "two live offers for one customer": """
        SELECT customer_id, count(*) FROM offer WHERE state IN ('proposed', 'live') GROUP BY customer_id HAVING count(*) > 1
    """,
    "one resource occupied twice at a time": """
        SELECT a.id, b.id FROM occupancy a JOIN occupancy b ON b.resource_id = a.resource_id AND b.id > a.id
         WHERE a.starts_at < b.ends_at AND b.starts_at < a.ends_at
    """,
    "two active bookings overlap on one resource": """
        SELECT a.id, b.id FROM booking a JOIN booking b ON b.resource_id = a.resource_id AND b.id > a.id
         WHERE a.status IN ('pending', 'confirmed', 'in_progress') AND b.status IN ('pending', 'confirmed', 'in_progress')
           AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at
    """,
    "a live hold without its one occupancy row": """
        SELECT h.id FROM hold h JOIN slot s ON s.id = h.slot_id WHERE h.state = 'live' AND 1 <>
               (SELECT count(*) FROM occupancy o WHERE o.hold_id = h.id AND o.resource_id = h.resource_id
                   AND o.starts_at <= s.starts_at AND o.ends_at >= s.ends_at)
    """,
    "a live hold that nobody is being asked about": """
        SELECT h.id FROM hold h WHERE h.state = 'live'
           AND NOT EXISTS (SELECT 1 FROM offer o WHERE o.hold_id = h.id AND o.state IN ('proposed', 'live'))
    """,
    "a live offer without a live hold": """
        SELECT o.id FROM offer o JOIN hold h ON h.id = o.hold_id
         WHERE o.state IN ('proposed', 'live') AND h.state <> 'live'
    """,
    "a hold shared outside a race": """
        SELECT o.hold_id FROM offer o JOIN hold h ON h.id = o.hold_id
         WHERE o.state IN ('proposed', 'live') AND h.race = 0 GROUP BY o.hold_id HAVING count(*) > 1
    """,
    "an active booking without its one occupancy row": """
        SELECT b.id FROM booking b WHERE b.status IN ('pending', 'confirmed', 'in_progress') AND 1 <>
               (SELECT count(*) FROM occupancy o WHERE o.booking_id = b.id AND o.resource_id = b.resource_id
                   AND o.starts_at <= b.starts_at AND o.ends_at >= b.ends_at)
    """,
    "an occupancy row of nobody": """
        SELECT o.id FROM occupancy o LEFT JOIN hold h ON h.id = o.hold_id LEFT JOIN booking b ON b.id = o.booking_id
         WHERE coalesce(h.state, '') <> 'live' AND coalesce(b.status, '') NOT IN ('pending', 'confirmed', 'in_progress')
    """,
    "one opening offered twice to one customer": """
        SELECT opening_id, customer_id FROM offer WHERE late = 0 GROUP BY opening_id, customer_id HAVING count(*) > 1
    """,
    "one customer wishes one slot twice": """
        SELECT customer_id, slot_id FROM wish WHERE state IN ('proposed', 'live', 'offered')
         GROUP BY customer_id, slot_id HAVING count(*) > 1
    """,
    "an opening of a closed slot that is not over": """
        SELECT p.id, p.state FROM opening p JOIN slot s ON s.id = p.slot_id
         WHERE s.status = 'expired' AND p.state NOT IN ('booked', 'taken', 'past')
    """,
    "an opening and its hold disagree": """
        SELECT p.id, p.state FROM opening p
         WHERE (p.state = 'held') <> EXISTS (SELECT 1 FROM hold h WHERE h.opening_id = p.id AND h.state = 'live')
    """,
    "a booked opening without a booked hold": """
        SELECT p.id FROM opening p WHERE p.state = 'booked'
           AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.opening_id = p.id AND h.state = 'booked')
    """,
    "a wish and its offers disagree": """
        SELECT w.id, w.state FROM wish w WHERE (w.state = 'offered') <>
               ((SELECT count(*) FROM offer o WHERE o.wish_id = w.id AND o.state IN ('proposed', 'live')) = 1)
    """,
    "a closed slot that is still wished for": """
        SELECT w.id FROM wish w JOIN slot s ON s.id = w.slot_id
         WHERE s.status = 'expired' AND w.state IN ('proposed', 'live', 'offered')
    """,
    "a notified entry with neither offer nor pending booking": """
        SELECT e.id FROM entry e WHERE e.status = 'notified'
           AND NOT EXISTS (SELECT 1 FROM offer o WHERE o.entry_id = e.id AND o.state IN ('proposed', 'live'))
           AND NOT EXISTS (SELECT 1 FROM booking b WHERE b.entry_id = e.id AND b.status = 'pending')
    """,
    "an entry with a live offer or a pending booking that is not notified": """
        SELECT e.id, e.status FROM entry e WHERE e.status <> 'notified'
           AND (EXISTS (SELECT 1 FROM offer o WHERE o.entry_id = e.id AND o.state IN ('proposed', 'live'))
             OR EXISTS (SELECT 1 FROM booking b WHERE b.entry_id = e.id AND b.status = 'pending'))
    """,
    # Between a yes and its confirmation an entry may wait for nothing (decision 9).
    "an entry that waits for nothing": """
        SELECT e.id, e.status FROM entry e WHERE e.status IN ('waiting', 'invited')
           AND NOT EXISTS (SELECT 1 FROM wish w WHERE w.entry_id = e.id AND w.state IN ('live', 'proposed'))
           AND NOT EXISTS (SELECT 1 FROM wish w JOIN booking b ON b.id = w.ended_by_booking_id
                            WHERE w.entry_id = e.id AND b.status = 'pending')
    """,
    "an invited entry that stands in line": """
        SELECT e.id FROM entry e WHERE e.status = 'invited' AND (e.registered_at IS NOT NULL
            OR EXISTS (SELECT 1 FROM wish w WHERE w.entry_id = e.id AND w.state IN ('live', 'offered')))
    """,
    "an ended entry that still wishes": """
        SELECT e.id, e.status, w.id FROM entry e JOIN wish w ON w.entry_id = e.id
         WHERE e.status IN ('confirmed', 'declined', 'expired', 'cancelled') AND w.state IN ('proposed', 'live', 'offered')
    """,
    "a confirmed entry that was never booked": """
        SELECT e.id FROM entry e WHERE e.status = 'confirmed' AND NOT EXISTS
               (SELECT 1 FROM booking b WHERE b.entry_id = e.id AND b.confirmed_at IS NOT NULL)
    """,
    "a confirmed booking without its one event": """
        SELECT b.id, count(v.uid) FROM booking b JOIN resource r ON r.id = b.resource_id
          JOIN connection c ON c.id = r.connection_id AND c.provider = 'local'
          LEFT JOIN local_event v ON v.tag = 'booking:' || b.public_id AND v.status = 'confirmed'
               AND v.starts_at = b.starts_at AND v.ends_at = b.ends_at
         WHERE b.status IN ('confirmed', 'in_progress') GROUP BY b.id HAVING count(v.uid) <> 1
    """,
    "two events for one booking": """
        SELECT tag, count(*) FROM local_event WHERE tag LIKE 'booking:%' GROUP BY tag HAVING count(*) > 1
    """,
    "an event of an ended booking that nobody will remove": """
        SELECT v.uid, b.status FROM local_event v JOIN booking b ON v.tag = 'booking:' || b.public_id
         WHERE b.status IN ('cancelled', 'expired') AND NOT EXISTS
               (SELECT 1 FROM calendar_write c WHERE c.event_id = v.uid AND c.state IN ('pending', 'running'))
    """,
    "an event of ours that belongs to nothing": """
        SELECT v.uid, v.tag FROM local_event v WHERE v.tag IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM booking b WHERE v.tag = 'booking:' || b.public_id)
           AND NOT EXISTS (SELECT 1 FROM hold h WHERE v.tag = 'hold:' || h.id)
    """,
    "a tentative event of an ended hold that nobody will remove": """
        SELECT v.uid, v.tag FROM local_event v JOIN hold h ON v.tag = 'hold:' || h.id
         WHERE h.state = 'released' AND NOT EXISTS
               (SELECT 1 FROM calendar_write c WHERE c.event_id = v.uid AND c.state IN ('pending', 'running'))
    """,
    "a tentative event beside a settled booking that nobody will remove": """
        SELECT v.uid, b.id, b.status FROM local_event v JOIN hold h ON v.tag = 'hold:' || h.id AND h.state = 'booked'
          JOIN offer o ON o.hold_id = h.id AND o.state IN ('accepted', 'withdrawn') JOIN booking b ON b.offer_id = o.id
         WHERE b.status <> 'pending' AND NOT EXISTS
               (SELECT 1 FROM calendar_write c WHERE c.event_id = v.uid AND c.state IN ('pending', 'running'))
    """,
    "a pending booking that nobody will write": """
        SELECT b.id FROM booking b WHERE b.status = 'pending' AND NOT EXISTS
               (SELECT 1 FROM calendar_write c WHERE c.booking_id = b.id AND c.kind = 'booking'
                   AND c.state IN ('pending', 'running'))
    """,
    "an accepted offer without its one booking": """
        SELECT o.id FROM offer o WHERE o.state = 'accepted' AND 1 <>
               (SELECT count(*) FROM booking b WHERE b.offer_id = o.id AND b.customer_id = o.customer_id)
    """,
    "a booking out of an offer that was not accepted": """
        SELECT b.id, o.state FROM booking b JOIN offer o ON o.id = b.offer_id WHERE o.state <> 'accepted'
           AND NOT (o.state = 'withdrawn' AND b.status IN ('cancelled', 'expired'))
    """,
    "a confirmed booking whose customer was not told once": """
        SELECT b.id FROM booking b JOIN customer c ON c.id = b.customer_id
         WHERE b.confirmed_at IS NOT NULL AND c.opted_out_at IS NULL AND c.undeliverable_at IS NULL
           AND (c.phone_kind IN ('mobile', 'maybe') OR c.email IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM message m WHERE m.booking_id = b.id AND m.kind = 'confirmed')
    """,
    "one confirmation told twice on one channel": """
        SELECT booking_id, channel FROM message WHERE kind = 'confirmed' GROUP BY booking_id, channel HAVING count(*) > 1
    """,
    "an offer whose clock runs although its message never left": """
        SELECT o.id FROM offer o WHERE o.state = 'live' AND o.sent_at IS NOT NULL AND NOT EXISTS
               (SELECT 1 FROM message m WHERE m.offer_id = o.id AND m.kind IN ('offer', 'offer_race')
                   AND m.state IN ('sending', 'sent', 'delivered'))
    """,
    "a live offer that nobody was or will be told of": """
        SELECT o.id FROM offer o JOIN customer c ON c.id = o.customer_id WHERE o.state = 'live'
           AND c.opted_out_at IS NULL AND c.undeliverable_at IS NULL
           AND (c.phone_kind IN ('mobile', 'maybe') OR c.email IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM message m WHERE m.offer_id = o.id AND m.kind IN ('offer', 'offer_race')
                              AND m.state IN ('pending', 'sending', 'sent', 'delivered'))
    """,
    "a message sent that is on no phone": """
        SELECT m.id FROM message m WHERE m.state = 'sent' AND NOT EXISTS
               (SELECT 1 FROM simulated_message s WHERE s.provider_id = m.provider_id)
    """,
    # One act, one line: who ended an offer twice, or counted one silence twice, shows here.
    "an offer's end that is not in the history once": """
        SELECT o.id, o.state FROM offer o WHERE o.state IN ('declined', 'expired', 'failed') AND 1 <>
               (SELECT count(*) FROM activity a WHERE a.subject = 'offer' AND a.subject_id = o.id
                   AND a.verb = 'offer_' || o.state)
    """,
    "more silences counted than kept": """
        SELECT e.id, e.silences FROM entry e WHERE e.silences >
               (SELECT count(*) FROM offer o WHERE o.entry_id = e.id AND o.state = 'expired')
    """,
    "an entry without any wish": """
        SELECT e.id FROM entry e WHERE NOT EXISTS (SELECT 1 FROM wish w WHERE w.entry_id = e.id)
    """,
}  # fmt: skip


def check(db: Database) -> list[str]:
    """The invariants that the database breaks, each with the rows that show it; empty when all is well.

    Holds between any two transactions, whatever is still under way; see ``unfinished`` for what is.
    """
    found = [(rule, db.tuples(sql)) for rule, sql in RULES.items()]
    broken = [f"{rule}: {rows[:5]}" for rule, rows in found if rows]
    return broken + _counts(db) + _integrity(db)


def unfinished(db: Database, now_ms: int) -> list[str]:
    """Due work that nobody has done yet; empty once the worker has drained everything due at ``now_ms``."""
    kinds = {
        "messages": "SELECT count(*) FROM message WHERE state IN ('pending', 'sending') AND due_at <= ?",
        "calendar writes": "SELECT count(*) FROM calendar_write WHERE state IN ('pending', 'running') AND due_at <= ?",
        "overdue offers": "SELECT count(*) FROM offer WHERE state = 'live' AND deadline_at <= ?",
        "pending bookings": "SELECT count(*) FROM booking WHERE status = 'pending' AND created_at <= ?",
    }
    counts = {kind: db.value(sql, now_ms) for kind, sql in kinds.items()}
    return [f"{count} {kind}" for kind, count in counts.items() if count]


def _counts(db: Database) -> list[str]:
    """The same thing counted in two places gives the same number."""
    pairs = {
        "holds that became bookings, and offers that did": (
            "SELECT count(*) FROM hold WHERE state = 'booked'",
            "SELECT count(DISTINCT o.hold_id) FROM booking b JOIN offer o ON o.id = b.offer_id",
        ),
        "offers made by the history, and offers there are": (
            "SELECT count(*) FROM activity WHERE verb IN ('offer_made', 'offer_proposed')",
            "SELECT count(*) FROM offer WHERE late = 0",
        ),
        "yeses by the history, and bookings out of offers": (
            "SELECT count(*) FROM activity WHERE verb = 'offer_accepted'",
            "SELECT count(*) FROM booking WHERE offer_id IS NOT NULL",
        ),
        "confirmations by the history, and bookings confirmed": (
            "SELECT count(*) FROM activity WHERE verb = 'booking_confirmed'",
            "SELECT count(*) FROM booking WHERE confirmed_at IS NOT NULL",
        ),
    }
    counted = {name: (db.value(left), db.value(right)) for name, (left, right) in pairs.items()}
    return [f"{name}: {left} and {right}" for name, (left, right) in counted.items() if left != right]


def _integrity(db: Database) -> list[str]:
    """SQLite's own checks: the file is sound, and every reference points to something."""
    found = [f"SQLite: {row[0]}" for row in db.tuples("PRAGMA integrity_check") if row[0] != "ok"]
    return found + [f"a dangling reference: {row}" for row in db.tuples("PRAGMA foreign_key_check")]
