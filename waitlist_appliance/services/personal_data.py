"""A person's data: handed out whole on request, forgotten on request, and by itself when it is old (domain.md, retention).

What is counted stays: entries, offers and bookings keep their times and states, and say nothing of the person any more.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from waitlist_appliance.domain.errors import Conflict, NotFound
from waitlist_appliance.domain.moments import from_ms
from waitlist_appliance.domain.records import Customer
from waitlist_appliance.services.appliance import SYSTEM, Actor, Appliance
from waitlist_appliance.storage import activity, customers, personal_data

# One customer is a dozen statements: few at a time, so that nobody waits long for the write lock.
BATCH: Final = 20
_DAYS_OF_A_MONTH: Final = 30.44


def hand_out(app: Appliance, public_id: str, now: datetime) -> dict[str, Any]:
    """Everything that is kept of the customer as plain JSON, moments in the business's zone. NotFound ``not_found``."""
    customer = _customer(app, public_id)
    zone = app.setup().zone

    def told(row: dict[str, Any]) -> dict[str, Any]:
        return {name: _moment(name, value, zone) for name, value in row.items()}

    found = personal_data.everything(app.db, customer.id)
    return {
        "business": app.setup().business.name,
        "handed_out_at": now.astimezone(zone).isoformat(timespec="seconds"),
        **{heading: [told(row) for row in rows] for heading, rows in found.items()},
    }


def erase(app: Appliance, public_id: str, now: datetime, actor: Actor) -> None:
    """Forget the customer. Erasing twice is fine. NotFound ``not_found``; Conflict ``still_in_play`` while they wait, have a
    booking ahead or a message on its way: forgetting those silently would let somebody stand before a closed door."""
    customer = _customer(app, public_id)
    with app.db.write():
        if personal_data.is_in_play(app.db, customer.id):
            raise Conflict("still_in_play")
        personal_data.forget_answers(app.db, customer.id)
        _erase(app, customer.id, now, actor, "asked")


def erase_old(app: Appliance, now: datetime, limit: int = 200) -> int:
    """Forget up to ``limit`` customers of whom nothing was heard for longer than the policy keeps them; how many."""
    before = _kept_since(app, now)
    old, done = personal_data.unseen_since(app.db, before, limit), 0
    for first in range(0, len(old), BATCH):
        with app.db.write():
            batch = [one for one in old[first : first + BATCH] if personal_data.is_unseen_since(app.db, before, one)]
            for customer_id in batch:
                _erase(app, customer_id, now, SYSTEM, "retention")
        done += len(batch)
    return done


def forget_strangers(app: Appliance, now: datetime, limit: int) -> int:
    """Forget up to ``limit`` messages from nobody we know, as old as people must be; how many. Inside a transaction."""
    return personal_data.forget_strangers(app.db, _kept_since(app, now), limit)


def _kept_since(app: Appliance, now: datetime) -> datetime:
    """What was last heard of before this moment is older than the policy keeps it."""
    return now - timedelta(days=app.setup().policies.retention_months * _DAYS_OF_A_MONTH)


def _erase(app: Appliance, customer_id: int, now: datetime, actor: Actor, reason: str) -> None:
    if personal_data.erase(app.db, customer_id, now):
        activity.record(
            app.db, now, actor, "customer_erased", "customer", customer_id, customer_id=customer_id, reason=reason
        )


def _customer(app: Appliance, public_id: str) -> Customer:
    found = customers.by_public_id(app.db, public_id)
    if found is None:
        raise NotFound("not_found")
    return found


def _moment(name: str, value: Any, zone: tzinfo) -> Any:
    is_moment = isinstance(value, int) and (name == "at" or name.endswith("_at") or name == "asked_for")
    return from_ms(value).astimezone(zone).isoformat(timespec="seconds") if is_moment else value
