"""What must be true when the play is over, read from the database itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from waitlist_appliance.demo.house import House
from waitlist_appliance.demo.story import Cast
from waitlist_appliance.storage import demo_checks as reads
from waitlist_appliance.storage.database import Database

TABLE: Final = "Table 1"
LENGTH: Final = timedelta(minutes=90)


def problems(db: Database, house: House, cast: Cast, *, ana_went_behind: bool) -> list[str]:
    """Everything that is not as it should be, in words; empty when all is well."""
    found = [*_booking(db, house, cast), *_entries(db, cast), *_messages(db, cast)]
    return found if ana_went_behind else [*found, "Ana did not go behind the others after her silence"]


def _booking(db: Database, house: House, cast: Cast) -> Iterator[str]:
    bookings = reads.bookings(db)
    if len(bookings) != 1:
        yield f"there are {len(bookings)} bookings, not exactly one"
        return
    booking = bookings[0]
    if booking.status != "confirmed":
        yield f"the booking is {booking.status}, not confirmed"
    if (booking.phone, booking.starts_at, booking.resource) != (cast.chloe.phone, house.wanted, TABLE):
        yield f"the booking is for {booking.phone} on {booking.resource} at {booking.starts_at}"
    if reads.occupancy(db) != [(TABLE, house.wanted, house.wanted + LENGTH, booking.id)]:
        yield f"the occupied times are {reads.occupancy(db)}, not the booking's alone"
    if reads.written_events(db, booking.id) != 1:
        yield f"the calendar holds {reads.written_events(db, booking.id)} events of the booking, not one"


def _entries(db: Database, cast: Cast) -> Iterator[str]:
    wanted = {
        cast.ana: ("waiting", "expired"),
        cast.bruno: ("declined", "declined"),
        cast.chloe: ("confirmed", "accepted"),
    }
    for guest, (entry, offer) in wanted.items():
        found = reads.entry_and_offers(db, guest.phone)
        if found != (entry, [offer]):
            yield f"{guest.name}'s entry and offers are {found}, not {(entry, [offer])}"


def _messages(db: Database, cast: Cast) -> Iterator[str]:
    for guest in cast.everybody:
        kinds = reads.handed_over(db, guest.phone)
        missing = {"join_link", "offer", *(["confirmed"] if guest is cast.chloe else [])} - set(kinds)
        if missing:
            yield f"{guest.name} never got: {', '.join(sorted(missing))}"
