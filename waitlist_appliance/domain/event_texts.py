"""What stands in the events that we write. Personal data beyond the owner's setting never reaches a calendar."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

PersonalData = Literal["full", "name", "none"]

PLACEHOLDERS = ("customer_name", "customer_phone", "party_size", "code", "notes", "service")
# What each setting keeps out.
_WITHHELD: Mapping[PersonalData, frozenset[str]] = {
    "full": frozenset(),
    "name": frozenset({"customer_phone", "notes"}),
    "none": frozenset({"customer_name", "customer_phone", "notes"}),
}
_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
# Of a template; what it becomes with a long name or long notes in it may be longer.
LONGEST_TITLE = 200
LONGEST_DESCRIPTION = 2000
_LONGEST_FILLED = 8000
_LONGEST_FILLED_TITLE = 1000


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What can be said of a booking; an unknown name is empty."""

    customer_name: str
    customer_phone: str
    party_size: int
    code: str
    notes: str
    service: str


def unknown_placeholders(template: str) -> list[str]:
    """The names in ``{{…}}`` that mean nothing, and braces that close nothing."""
    found = [name for name in _PLACEHOLDER.findall(template) if name not in PLACEHOLDERS]
    left = _PLACEHOLDER.sub("", template)
    return found + [braces for braces in ("{{", "}}") if braces in left]


def title(template: str, facts: EventFacts, personal: PersonalData) -> str:
    """One line, never empty: where nothing may be said it is the booking's code."""
    filled = " ".join(_fill(template, facts, personal).split()).strip(" ·-,;:|/")
    return filled[:_LONGEST_FILLED_TITLE] or facts.code


def description(template: str, facts: EventFacts, personal: PersonalData) -> str:
    """The lines that have something to say."""
    lines = (line.rstrip() for line in _fill(template, facts, personal).splitlines())
    return "\n".join(line for line in lines if line.strip())[:_LONGEST_FILLED]


def may_name(personal: PersonalData) -> bool:
    return "customer_name" not in _WITHHELD[personal]


def _fill(template: str, facts: EventFacts, personal: PersonalData) -> str:
    """Each placeholder once; what a customer wrote is text, whatever it looks like."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in PLACEHOLDERS:
            return ""
        known = "" if name in _WITHHELD[personal] else str(getattr(facts, name))
        return known or (facts.code if name == "customer_name" else "")

    return _PLACEHOLDER.sub(value, template)
