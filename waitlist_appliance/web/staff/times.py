"""Days and times as forms send them."""

from __future__ import annotations

from datetime import date, datetime

from flask import request

from waitlist_appliance.domain.errors import Invalid
from waitlist_appliance.domain.moments import YEARS, resolve_local
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import the_business


def today() -> date:
    """The business's date."""
    return current_time().astimezone(the_business().tz).date()


def day_of(text: str | None) -> date | None:
    """The date of a date field; None for what is none."""
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    # The ends of the calendar cannot be moved by a day or a zone.
    return day if day.year in YEARS else None


def moment(day: str | None, clock: str | None, field: str = "starts_at") -> datetime:
    """The moment of a date field and a time field on the business's clock. Invalid bad_date_time."""
    if day_of(day) is None:
        raise Invalid("bad_date_time", field)
    try:
        naive = datetime.fromisoformat(f"{day}T{clock}")
        return resolve_local(naive, the_business().tz)
    except ValueError as error:
        raise Invalid("bad_date_time", field) from error


def typed(numbers: tuple[str, ...]) -> tuple[datetime, ...]:
    """The further times of a form, one in each pair of fields that is not empty. Invalid, about `times`."""
    pairs = ((request.form.get(f"date_{number}"), request.form.get(f"time_{number}")) for number in numbers)
    return tuple(moment(day, clock, "times") for day, clock in pairs if day or clock)
