"""What the database itself refuses, whatever the code says (domain.md). Each with its negative control: once the index
or trigger is dropped, in that test's own database, the very same statement succeeds."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.conftest import at
from tests.story import Story
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage.database import Database, IntegrityError


@pytest.fixture
def asked(box: Appliance) -> Story:
    """Ana has a live offer for 19:30 at table 1; Bruno waits behind her."""
    story = Story(box)
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.frees()
    story.passes()
    return story


def again(db: Database, table: str, row_id: int, **other: object) -> int:
    """Insert a copy of the row with some columns changed."""
    cursor = db.peewee.execute_sql(f"SELECT * FROM {table} WHERE id = ?", (row_id,))
    row = dict(zip((column[0] for column in cursor.description), cursor.fetchone(), strict=True))
    row |= other
    del row["id"]
    if "public_id" in row:
        row["public_id"] = f"copy-of-{row['public_id']}"
    return db.insert(table, **row)


def occupied(db: Database, booking_id: int, starts_at: datetime, minutes: int = 90, resource_id: int = 1) -> int:
    ends_at = starts_at + timedelta(minutes=minutes)
    return db.insert("occupancy", resource_id=resource_id, starts_at=starts_at, ends_at=ends_at, booking_id=booking_id)


@pytest.fixture
def booked(box: Appliance) -> int:
    """A booking at 13:00 on table 1; its id."""
    story = Story(box)
    return story.books("Diego", "13:00").booking.id


@pytest.mark.parametrize("state", ["live", "proposed"])
def test_a_second_live_offer_for_a_customer_is_refused(asked: Story, state: str) -> None:
    db, offer = asked.box.db, asked.offer("Ana")
    opening = again(db, "opening", offer.opening_id, resource_id=2)
    with pytest.raises(IntegrityError):
        again(db, "offer", offer.id, opening_id=opening, state=state)
    db.execute("DROP INDEX offer_one_live")
    assert again(db, "offer", offer.id, opening_id=opening, state=state)


def test_a_second_offer_to_a_customer_for_one_opening_is_refused(asked: Story) -> None:
    db, offer = asked.box.db, asked.offer("Ana")
    with pytest.raises(IntegrityError):
        again(db, "offer", offer.id, state="expired")
    db.execute("DROP INDEX offer_once")
    assert again(db, "offer", offer.id, state="expired")


def test_a_late_yes_may_be_a_second_offer_for_one_opening(asked: Story) -> None:
    assert again(asked.box.db, "offer", asked.offer("Ana").id, state="accepted", late=1)


def test_two_yeses_to_one_hold_are_refused(asked: Story) -> None:
    db, offer = asked.box.db, asked.offer("Ana")
    asked.yes("Ana")
    bruno = asked.entry("Bruno").customer_id
    with pytest.raises(IntegrityError):
        again(db, "offer", offer.id, customer_id=bruno, state="accepted")
    db.execute("DROP INDEX offer_one_yes")
    assert again(db, "offer", offer.id, customer_id=bruno, state="accepted")


def test_a_second_live_hold_of_an_opening_is_refused(asked: Story) -> None:
    db, hold = asked.box.db, asked.offer("Ana").hold_id
    with pytest.raises(IntegrityError):
        again(db, "hold", hold)
    db.execute("DROP INDEX hold_one_live")
    assert again(db, "hold", hold)


@pytest.mark.parametrize("state", ["open", "held", "exhausted"])
def test_a_second_active_opening_of_a_slot_and_resource_is_refused(asked: Story, state: str) -> None:
    db, opening = asked.box.db, asked.offer("Ana").opening_id
    with pytest.raises(IntegrityError):
        again(db, "opening", opening, state=state)
    db.execute("DROP INDEX opening_one_active")
    assert again(db, "opening", opening, state=state)


@pytest.mark.parametrize("state", ["proposed", "live", "offered"])
def test_a_second_active_wish_of_a_customer_for_a_slot_is_refused(asked: Story, state: str) -> None:
    db, wish = asked.box.db, asked.offer("Ana").wish_id
    with pytest.raises(IntegrityError):
        again(db, "wish", wish, state=state)
    db.execute("DROP INDEX wish_one_active")
    assert again(db, "wish", wish, state=state)


def test_a_wish_that_is_over_leaves_room_for_another(asked: Story) -> None:
    db, wish = asked.box.db, asked.offer("Ana").wish_id
    db.execute("UPDATE wish SET state = 'declined' WHERE id = ?", wish)
    assert again(db, "wish", wish, state="live")


@pytest.mark.parametrize(
    ("start", "minutes"),
    [("13:00", 90), ("12:30", 31), ("14:29", 30), ("13:10", 5), ("12:30", 240)],
    ids=["the same", "its beginning", "its end", "its middle", "all of it"],
)
def test_a_second_row_that_overlaps_on_a_resource_is_refused(
    box: Appliance, booked: int, start: str, minutes: int
) -> None:
    with pytest.raises(IntegrityError, match="overlaps"):
        occupied(box.db, booked, at(start), minutes)
    box.db.execute("DROP TRIGGER occupancy_no_overlap_insert")
    assert occupied(box.db, booked, at(start), minutes)


@pytest.mark.parametrize(("start", "minutes"), [("12:00", 60), ("14:30", 90)], ids=["before", "after"])
def test_rows_that_only_touch_are_welcome(box: Appliance, booked: int, start: str, minutes: int) -> None:
    assert occupied(box.db, booked, at(start), minutes)


def test_the_same_time_on_another_table_is_welcome(box: Appliance, booked: int) -> None:
    assert occupied(box.db, booked, at("13:00"), resource_id=2)


@pytest.mark.parametrize(
    "change",
    ["starts_at = starts_at - 7200000", "resource_id = 1, starts_at = starts_at - 7200000"],
    ids=["stretched", "moved to another table"],
)
def test_an_update_into_an_overlap_is_refused(box: Appliance, booked: int, change: str) -> None:
    row = occupied(box.db, booked, at("15:00"), resource_id=2 if "resource" in change else 1)
    with pytest.raises(IntegrityError, match="overlaps"):
        box.db.execute(f"UPDATE occupancy SET {change} WHERE id = ?", row)
    box.db.execute("DROP TRIGGER occupancy_no_overlap_update")
    assert box.db.execute(f"UPDATE occupancy SET {change} WHERE id = ?", row) == 1


def test_a_row_may_change_within_its_own_time(box: Appliance, booked: int) -> None:
    assert box.db.execute("UPDATE occupancy SET ends_at = ends_at - 60000 WHERE booking_id = ?", booked) == 1


def test_an_occupancy_is_of_a_hold_or_of_a_booking_never_of_both_or_neither(box: Appliance, booked: int) -> None:
    for booking_id, hold_id in ((None, None), (booked, 1)):
        with pytest.raises(IntegrityError, match="CHECK"):
            box.db.insert(
                "occupancy", resource_id=1, starts_at=at("18:00"), ends_at=at("19:00"), booking_id=booking_id,
                hold_id=hold_id,
            )  # fmt: skip


def test_a_second_business_is_refused(box: Appliance) -> None:
    for row_id in (1, 2):
        with pytest.raises(IntegrityError):
            box.db.execute(
                """INSERT INTO business (id, public_id, name, zone, locale, phone_region, created_at)
                   SELECT ?, 'another', name, zone, locale, phone_region, created_at FROM business""",
                row_id,
            )
    assert box.db.value("SELECT COUNT(*) FROM business") == 1


def test_a_second_business_succeeds_where_nothing_forbids_it(box: Appliance) -> None:
    box.db.execute("PRAGMA ignore_check_constraints = 1")
    copied = box.db.execute(
        """INSERT INTO business (id, public_id, name, zone, locale, phone_region, created_at)
           SELECT 2, 'another', name, zone, locale, phone_region, created_at FROM business"""
    )
    assert copied == 1


def test_a_message_written_twice_stays_one(asked: Story) -> None:
    db = asked.box.db
    message = db.value("SELECT id FROM message WHERE kind = 'offer'")
    with pytest.raises(IntegrityError):
        again(db, "message", message)
