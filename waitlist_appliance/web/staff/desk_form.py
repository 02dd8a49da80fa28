"""A form about a time and a person: read as a whole, so that everything that is wrong is said at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from waitlist_appliance.domain.errors import Invalid
from waitlist_appliance.services.join_waitlist import read_phone
from waitlist_appliance.web.context import box, the_business
from waitlist_appliance.web.errors import Fields
from waitlist_appliance.web.validation import Schema


def read(
    schema: Schema, given: Mapping[str, str], moment: Callable[[], datetime], *, consent: bool = False
) -> tuple[datetime, dict[str, Any]]:
    """The moment and the schema's values by their keys. Raises Fields with every problem, the moment's as starts_at.

    With ``consent`` the box must be ticked: who is added gets messages.
    """
    problems: dict[str, tuple[str, dict[str, object]]] = {}
    starts_at, said = None, {}
    try:
        starts_at = moment()
    except Invalid as fault:
        problems["starts_at"] = (fault.code, dict(fault.params))
    try:
        said = schema.read({field.key: given.get(field.key) for field in schema.fields}, the_business().tz)
    except Fields as fault:
        problems |= fault.problems
    if given.get("phone") and "phone" not in problems:
        problems |= _phone_problem(given["phone"])
    if consent and "consent" not in given:
        problems["consent"] = ("consent_required", {})
    if starts_at is None or problems:
        raise Fields(problems)
    return starts_at, said


def _phone_problem(raw: str) -> dict[str, tuple[str, dict[str, object]]]:
    try:
        read_phone(box().setup(), raw)
    except Invalid as fault:
        return {"phone": (fault.code, dict(fault.params))}
    return {}
