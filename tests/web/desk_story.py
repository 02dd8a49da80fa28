"""What happened at Casa Lola before a test of the desk's overview pages looks at it."""

from __future__ import annotations

from datetime import datetime, timedelta

from waitlist_appliance.services.appliance import SYSTEM, Actor, Appliance
from waitlist_appliance.services.business import set_policy
from waitlist_appliance.services.deliver_messages import deliver_due
from waitlist_appliance.services.edit_events import add_event, cancel_event
from waitlist_appliance.services.join_waitlist import Joined, JoinRequest, join
from waitlist_appliance.services.receive_reply import receive
from waitlist_appliance.services.write_calendar import write_due
from waitlist_appliance.storage import heartbeats

OLIVIA = Actor("staff", "Olivia")


def party(box: Appliance, now: datetime) -> str:
    """A private party takes every table of Friday evening; its event."""
    starts_at = datetime.fromisoformat("2026-01-16T12:00+01:00")
    return add_event(box, "Private party", starts_at, starts_at + timedelta(hours=11), None, now, SYSTEM).public_id


def waits(box: Appliance, now: datetime, name: str = "Ana", phone: str = "+34600111222", email: str | None = None) -> Joined:
    """Somebody waits for Friday 19:30."""
    request = JoinRequest(
        starts_at=datetime.fromisoformat("2026-01-16T19:30+01:00"), phone=phone, first_name=name, email=email,
        party_size=2, registered=True, consent=True, force=True, alternatives=(),
    )  # fmt: skip
    return join(box, request, now, SYSTEM)


def ana_gets_a_table(box: Appliance, now: datetime) -> Joined:
    """Ana waits, the party is cancelled, Ana says yes four minutes later, the calendar takes it."""
    event = party(box, now)
    ana = waits(box, now, email="ana@example.com")
    cancel_event(box, event, now, OLIVIA)
    deliver_due(box, now)
    receive(box, "+34600111222", "sms", "sí", now + timedelta(minutes=4))
    write_due(box, now + timedelta(minutes=4))
    deliver_due(box, now + timedelta(minutes=4))
    return ana


def proposal_for_ana(box: Appliance, now: datetime) -> Joined:
    """Staff approve each offer; one for Ana waits for them."""
    set_policy(box, "offers", "approve_each", OLIVIA, now)
    event = party(box, now)
    ana = waits(box, now)
    cancel_event(box, event, now, OLIVIA)
    return ana


def worker_lives(box: Appliance, now: datetime) -> None:
    heartbeats.beat(box.db, "worker", now, '{"pid": 1, "failures": 0, "pass_ms": 7}')
