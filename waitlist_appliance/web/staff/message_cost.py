"""What today's SMS cost, as far as the box can tell: the parts that were sent, times the price of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from waitlist_appliance.storage import message_costs
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import money


@dataclass(frozen=True, slots=True)
class Cost:
    """``price`` in words of the desk's language, empty where the owner gave no price."""

    messages: int
    segments: int
    price: str


def today() -> Cost:
    """Since midnight in the business's zone."""
    setup = box().setup()
    day = current_time().astimezone(setup.zone).date()
    since, until = (datetime.combine(one, time(), setup.zone) for one in (day, day + timedelta(days=1)))
    sent = message_costs.sms(box().db, since, until)
    cents = sent.segments * setup.policies.sms_price_cents
    price = money.cents(cents) if cents else ""
    return Cost(sent.messages, sent.segments, price)
