"""WhatsApp templates: a text with numbered gaps that the provider approves once, and what fills the gaps each time.

The gaps of a kind are numbered in the order of its default wording in English, in every language and whatever the owner
writes: a template that was approved long ago keeps its meaning. Conditions cannot be had; what is not always known is
left out, and what never changes (name and phone number of the business) is written out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Final

from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from waitlist_appliance.texts.messages import (
    BadText,
    BusinessFacts,
    Template,
    default_text,
    placeholders,
    values_of,
)

# What may have to be sent when the customer has not written for a day; answers to their messages never need one.
KINDS: Final = (
    "join_link", "join_nudge", "joined", "offer", "offer_race", "offer_lost", "confirmed", "apology", "reminder", "moved",
    "cancelled", "note",
)  # fmt: skip
WITH_BUTTONS: Final = frozenset({"offer", "offer_race"})
_CONSTANT: Final = ("business", "phone")
_MARK: Final = re.compile(r"\x00(\w+)\x00")
_GAP: Final = re.compile(r"\{\{(\d+)\}\}")


@cache
def gaps(kind: str) -> tuple[str, ...]:
    """The placeholders that {{1}}, {{2}} … stand for. KeyError for a kind that needs no template."""
    if kind not in KINDS:
        raise KeyError(kind)
    text = default_text(kind, "whatsapp", "en").body
    sure = placeholders(kind) - _asked_about(text)
    marked = _environment().from_string(text).render({name: f"\x00{name}\x00" for name in sure})
    return tuple(dict.fromkeys(name for name in _MARK.findall(marked) if name not in _CONSTANT))


def template_text(kind: str, locale: str, business: BusinessFacts, own: Template | None = None) -> str:
    """The text to hand in: the owner's where it has the same gaps, else the default one."""
    wanted = {str(number) for number in range(1, len(gaps(kind)) + 1)}
    default = _numbered(kind, default_text(kind, "whatsapp", locale), business)
    mine = _numbered(kind, own, business) if own else default
    return _not_at_the_edge(mine if set(_GAP.findall(mine)) == wanted else default, business.name)


def fillings(
    kind: str, facts: Mapping[str, object], business: BusinessFacts, locale: str, now: datetime | None
) -> dict[str, str]:
    """What goes into the gaps ("1" → "Friday 15 January"); BadText when one has no fact."""
    values = values_of(facts, business, locale, now)
    said = {name: " ".join(str(values.get(name, "")).split()) for name in gaps(kind)}
    if missing := [name for name, text in said.items() if not text]:
        raise BadText(f"no fact for {', '.join(missing)}")
    return {str(number): text for number, text in enumerate(said.values(), start=1)}


def _numbered(kind: str, template: Template, business: BusinessFacts) -> str:
    numbers = {name: f"{{{{{number}}}}}" for number, name in enumerate(gaps(kind), start=1)}
    values = {"business": business.name, "phone": business.phone} | numbers
    return _environment().from_string(template.body).render(values).strip()


def _not_at_the_edge(text: str, name: str) -> str:
    """WhatsApp refuses a template that begins or ends with a gap."""
    before = f"{name}: " if _GAP.match(text) else ""
    after = f" ({name})" if re.search(r"\{\{\d+\}\}\W*$", text) else ""
    return before + text + after


def _asked_about(text: str) -> set[str]:
    """The names that conditions ask about: what they stand for is not always known."""
    conditions = _environment().parse(text).find_all(nodes.If)
    return {name.name for condition in conditions for name in _names(condition.test)}


def _names(node: nodes.Node) -> list[nodes.Name]:
    return [node] if isinstance(node, nodes.Name) else list(node.find_all(nodes.Name))


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(autoescape=False)
