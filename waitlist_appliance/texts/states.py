"""The shown words of states. A state is one word in code; what people read depends on what it is said of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from waitlist_appliance.texts.catalogues import NP_, translator

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "entry": {
        "invited": NP_("entry", "invited"),
        "waiting": NP_("entry", "waiting"),
        "notified": NP_("entry", "contacted"),
        "confirmed": NP_("entry", "confirmed"),
        "declined": NP_("entry", "declined"),
        "expired": NP_("entry", "expired"),
        "cancelled": NP_("entry", "cancelled"),
    },
    "wish": {
        "proposed": NP_("wish", "proposed"),
        "live": NP_("wish", "waiting"),
        "offered": NP_("wish", "offered"),
        "fulfilled": NP_("wish", "booked"),
        "declined": NP_("wish", "declined"),
        "withdrawn": NP_("wish", "withdrawn"),
        "passed": NP_("wish", "passed"),
    },
    "slot": {
        "expired": NP_("slot", "passed"),
        "available": NP_("slot", "a place is free"),
        "monitoring": NP_("slot", "being watched"),
        "pending": NP_("slot", "invitations only"),
        "filled": NP_("slot", "filled"),
        "cancelled": NP_("slot", "nobody waits"),
    },
    "opening": {
        "open": NP_("opening", "free"),
        "held": NP_("opening", "held"),
        "booked": NP_("opening", "booked"),
        "exhausted": NP_("opening", "nobody left to ask"),
        "taken": NP_("opening", "taken"),
        "past": NP_("opening", "past"),
    },
    "offer": {
        "proposed": NP_("offer", "to be approved"),
        "live": NP_("offer", "waiting for an answer"),
        "accepted": NP_("offer", "accepted"),
        "declined": NP_("offer", "declined"),
        "expired": NP_("offer", "no answer"),
        "withdrawn": NP_("offer", "withdrawn"),
        "failed": NP_("offer", "could not be delivered"),
    },
    "booking": {
        "pending": NP_("booking", "being written to the calendar"),
        "confirmed": NP_("booking", "confirmed"),
        "in_progress": NP_("booking", "in progress"),
        "completed": NP_("booking", "completed"),
        "cancelled": NP_("booking", "cancelled"),
        "no_show": NP_("booking", "did not come"),
        "expired": NP_("booking", "not written in time"),
        "refunded": NP_("booking", "refunded"),
    },
}


def shown(noun: str, state: str, locale: str) -> str:
    """The word for a state of an entry, wish, slot, opening, offer or booking; KeyError for what does not exist."""
    return translator(locale).pgettext(noun, WORDS[noun][state])
