"""How a text will read: filled in for a sample customer, counted as an SMS, and what in it makes it dear."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from waitlist_appliance.domain.errors import Invalid
from waitlist_appliance.services import edit_texts
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.edit_texts import Which
from waitlist_appliance.texts import segments
from waitlist_appliance.texts.email_html import as_html
from waitlist_appliance.texts.messages import BusinessFacts, Rendered, Template, render, sample_facts, values_of
from waitlist_appliance.texts.segments import Segments

# As long as the links that are sent.
_TOKEN: Final = "wl_AbCdEfGhJkMnPqRsTuVwXy"
_TIMES: Final = ("when", "old_when", "date", "time", "deadline")


@dataclass(frozen=True, slots=True)
class DearLetter:
    """A character outside the plain ones: ``instead`` is its plain form, "" where it is left out, None without one.

    ``typed`` tells that it stands in the text itself; otherwise the sample customer or the date brought it.
    """

    char: str
    instead: str | None
    typed: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """The message as the sample customer gets it. ``cost`` and ``dear`` are for an SMS.

    ``plain``: the letters were made plain. ``accented``: what it would cost as it was typed.
    """

    said: Rendered
    cost: Segments | None = None
    accented: Segments | None = None
    dear: tuple[DearLetter, ...] = ()
    plain: bool = False


def preview(app: Appliance, text: Which, wanted: Template, now: datetime) -> Preview:
    """Fill it in. Invalid as edit_texts.check, for what could not be saved either."""
    edit_texts.check(text, wanted)
    as_typed = _rendered(app, text, wanted, now)
    if text.channel != "sms":
        return Preview(as_typed)
    plain = app.setup().policies.sms_plain_letters
    said = Rendered(None, segments.to_gsm7(as_typed.body).strip()) if plain else as_typed
    dear = tuple(
        DearLetter(char, segments.instead_of(char), char in wanted.body) for char in segments.expensive(as_typed.body)
    )
    return Preview(said, segments.count(said.body), segments.count(as_typed.body), dear, plain)


def mail_page(app: Appliance, text: Which, wanted: Template, now: datetime) -> str:
    """The email as HTML, as it will arrive. Invalid as edit_texts.check; only for the email channel."""
    said = preview(app, text, wanted, now).said
    facts, about = _sample(app, text), business_facts(app)
    values = values_of(facts, about, text.locale, now)
    return as_html(
        text.kind, text.locale, said.subject or "", said.body, about.name, app.setup().business.brand_colour,
        str(facts["link"]) if "link" in facts else None, code=str(facts.get("code", "")) or None,
        times=[str(values[name]) for name in _TIMES if name in values],
    )  # fmt: skip


def business_facts(app: Appliance) -> BusinessFacts:
    """What every message knows of the business."""
    business = app.setup().business
    return BusinessFacts(business.name, business.zone, business.phone or "", business.locale)


def _rendered(app: Appliance, text: Which, wanted: Template, now: datetime) -> Rendered:
    return render(
        text.kind, text.channel, text.locale, _sample(app, text), business_facts(app), own=wanted, now=now, gsm7=False
    )


def _sample(app: Appliance, text: Which) -> dict[str, object]:
    """The sample customer's facts, with links as long as those of this box."""
    facts = sample_facts(text.kind)
    if "link" in facts:
        facts["link"] = app.link("offer", _TOKEN)
    if "service" in facts:
        facts["service"] = app.setup().default_service.name
    return facts


def problem(app: Appliance, text: Which, wanted: Template, now: datetime) -> tuple[Preview | None, Invalid | None]:
    """The preview, or what stands against it."""
    try:
        return preview(app, text, wanted, now), None
    except Invalid as error:
        return None, error
