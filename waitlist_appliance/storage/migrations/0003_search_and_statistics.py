"""What search, statistics, the bell and the activity log read, so that none of them ever walks through every row."""

from __future__ import annotations

from typing import Any

# How far an entry has come: 0 asked, 1 signed up, 2 offered, 3 said yes, 4 booked. It never goes back, so that the
# statistics of a period are counts over an index instead of a look at every entry's offers and bookings.
STAGE = (
    "ALTER TABLE entry ADD COLUMN stage INTEGER NOT NULL DEFAULT 0 CHECK (stage BETWEEN 0 AND 4)",
    "UPDATE entry SET stage = 1 WHERE registered_at IS NOT NULL",
    "UPDATE entry SET stage = 2 WHERE EXISTS (SELECT 1 FROM offer WHERE entry_id = entry.id AND sent_at IS NOT NULL)",
    "UPDATE entry SET stage = 3 WHERE EXISTS (SELECT 1 FROM offer WHERE entry_id = entry.id AND state = 'accepted')",
    "UPDATE entry SET stage = 4 WHERE EXISTS "
    "(SELECT 1 FROM booking WHERE entry_id = entry.id AND confirmed_at IS NOT NULL)",
)
REACHES = """
CREATE TRIGGER {name} AFTER {when} WHEN {condition}
BEGIN
    UPDATE entry SET stage = {stage} WHERE id = {entry} AND stage < {stage};
END
"""
_SENT = "NEW.sent_at IS NOT NULL"
_BOOKED = "NEW.entry_id IS NOT NULL AND NEW.confirmed_at IS NOT NULL"
STAGES = (
    ("entry_comes_signed_up", "INSERT ON entry", "NEW.registered_at IS NOT NULL", 1, "NEW.id"),
    ("entry_signs_up", "UPDATE OF registered_at ON entry", "NEW.registered_at IS NOT NULL", 1, "NEW.id"),
    ("offer_comes_sent", "INSERT ON offer", _SENT, 2, "NEW.entry_id"),
    ("offer_is_sent", "UPDATE OF sent_at ON offer", _SENT, 2, "NEW.entry_id"),
    ("offer_comes_accepted", "INSERT ON offer", "NEW.state = 'accepted'", 3, "NEW.entry_id"),
    ("offer_is_accepted", "UPDATE OF state ON offer", "NEW.state = 'accepted'", 3, "NEW.entry_id"),
    ("booking_comes_confirmed", "INSERT ON booking", _BOOKED, 4, "NEW.entry_id"),
    ("booking_is_confirmed", "UPDATE OF confirmed_at, entry_id ON booking", _BOOKED, 4, "NEW.entry_id"),
)

# One row per word of a customer: the names and addresses they gave, also in their entries, and their number backwards.
# `search_words` is the appliance's own function (storage/database.py), the only place that knows how words are folded.
SEARCH = (
    "CREATE TABLE search_word (word TEXT NOT NULL, customer_id INTEGER NOT NULL REFERENCES customer ON DELETE CASCADE, "
    "PRIMARY KEY (word, customer_id)) STRICT, WITHOUT ROWID",
    "CREATE INDEX search_word_of_customer ON search_word (customer_id, word)",
)
WORDS = """
    INSERT INTO search_word (word, customer_id)
    SELECT DISTINCT found.value, customer.id FROM customer, json_each(search_words(customer.phone,
        COALESCE(first_name, '') || ' ' || COALESCE(last_name, '') || ' ' || COALESCE(email, '') || ' ' || COALESCE((
            SELECT group_concat(said, ' ') FROM (
                SELECT DISTINCT COALESCE(entry.first_name, '') || ' ' || COALESCE(entry.last_name, '') || ' '
                    || COALESCE(entry.email, '') AS said
                FROM entry WHERE entry.customer_id = customer.id LIMIT 20
            )), ''))) AS found
    WHERE {which}
"""
FOUND = """
CREATE TRIGGER customer_is_found AFTER INSERT ON customer
BEGIN
    {words};
END
"""
FOUND_AGAIN = """
CREATE TRIGGER {name} AFTER {when}
BEGIN
    DELETE FROM search_word WHERE customer_id = {customer};
    {words};
END
"""
OTHER_WORDS = """WHEN NEW.first_name IS NOT OLD.first_name OR NEW.last_name IS NOT OLD.last_name
    OR NEW.email IS NOT OLD.email OR NEW.phone IS NOT OLD.phone"""
# Most entries carry the customer's own name: only another one is worth a second writing.
OTHER_NAME = """WHEN (NEW.first_name IS NOT NULL OR NEW.last_name IS NOT NULL OR NEW.email IS NOT NULL) AND EXISTS (
    SELECT 1 FROM customer WHERE id = NEW.customer_id AND (
        COALESCE(NEW.first_name, first_name) IS NOT first_name OR COALESCE(NEW.last_name, last_name) IS NOT last_name
        OR COALESCE(NEW.email, email) IS NOT email))"""
SEARCHED = (
    ("customer_is_found_again", f"UPDATE OF first_name, last_name, email, phone ON customer {OTHER_WORDS}", "NEW.id"),
    ("entry_is_found", f"INSERT ON entry {OTHER_NAME}", "NEW.customer_id"),
    ("entry_is_found_again", f"UPDATE OF first_name, last_name, email ON entry {OTHER_NAME}", "NEW.customer_id"),
)

INDEXES = (
    # statistics: counts and sums out of the index alone
    "CREATE INDEX entry_tally ON entry (source, stage, created_at)",
    "CREATE INDEX entry_demand ON entry (requested_slot_id, created_at, stage)",
    "CREATE INDEX offer_tally ON offer (state, sent_at) WHERE sent_at IS NOT NULL",
    "CREATE INDEX opening_tally ON opening (state, freed_at)",
    # in the order of the minutes, so that their median needs no sorting
    "CREATE INDEX opening_filled ON opening ((ended_at - freed_at) / 60000, freed_at) WHERE state = 'booked'",
    "CREATE INDEX booking_won ON booking (created_at, status, party_size) WHERE offer_id IS NOT NULL",
    # the bell
    "CREATE INDEX reply_unclear ON reply (received_at) WHERE understood = 'unclear'",
    "CREATE INDEX activity_conflict ON activity (at) WHERE verb = 'booking_conflict'",
    # the activity log; each ends in the row's id, the order of the log
    "CREATE INDEX activity_by_time ON activity (at)",
    "CREATE INDEX activity_by_verb ON activity (verb)",
    "CREATE INDEX activity_by_actor ON activity (actor, actor_name)",
    "CREATE INDEX activity_by_customer ON activity (customer_id) WHERE customer_id IS NOT NULL",
)


def up(migrator: Any, db: Any) -> None:
    for statement in (*STAGE, *SEARCH, WORDS.format(which="1"), *INDEXES):
        db.execute_sql(statement)
    for name, when, condition, stage, entry in STAGES:
        db.execute_sql(REACHES.format(name=name, when=when, condition=condition, stage=stage, entry=entry))
    db.execute_sql(FOUND.format(words=WORDS.format(which="customer.id = NEW.id")))
    for name, when, customer in SEARCHED:
        words = WORDS.format(which=f"customer.id = {customer}")
        db.execute_sql(FOUND_AGAIN.format(name=name, when=when, customer=customer, words=words))
