"""Who waits, books and cancels while the owner changes the set-up."""

from __future__ import annotations

from datetime import datetime

from tests.conftest import NOW, at
from waitlist_appliance.domain.records import Booking
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.book import BookRequest, book
from waitlist_appliance.services.check_slots import check_due
from waitlist_appliance.services.edit_events import add_event
from waitlist_appliance.services.join_waitlist import JoinRequest, join

OLIVIA = Actor("staff", "Olivia")
ANA = "+34600000001"
BRUNO = "+34600000002"


def books(box: Appliance, time: str = "19:30", party: int = 2) -> Booking:
    asked = BookRequest(at(time), "Bruno", BRUNO, party_size=party, source="manual")
    return book(box, asked, NOW, OLIVIA).booking


def fill(box: Appliance) -> None:
    """Every table is taken on the evening of the story."""
    for resource in list(box.setup().resources.values()):
        add_event(box, "Dinner", at("18:00"), at("23:00"), resource.public_id, NOW, OLIVIA)


def waits(box: Appliance, time: str = "19:30", party: int = 2) -> None:
    wanted = JoinRequest(
        at(time), ANA, first_name="Ana", party_size=party, registered=True, consent=True, force=True, source="manual",
        alternatives=(),
    )  # fmt: skip
    join(box, wanted, NOW, OLIVIA)


def offers_after(box: Appliance, now: datetime = NOW) -> int:
    """How many offers there are once what is due was looked at."""
    check_due(box, now)
    return int(box.db.value("SELECT COUNT(*) FROM offer"))


def deeds(box: Appliance, verb: str) -> int:
    return int(box.db.value("SELECT COUNT(*) FROM activity WHERE verb = ? AND actor_name = 'Olivia'", verb))
