"""Messages: from facts to the text in the customer's language, rendered when it is sent."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from waitlist_appliance.texts import dates
from waitlist_appliance.texts.catalogues import translator
from waitlist_appliance.texts.segments import to_gsm7
from waitlist_appliance.texts.wording import ALWAYS, CHANNELS, GREETING, KINDS, SIGNATURE, WORDINGS

__all__ = [
    "CHANNELS", "KINDS", "BadText", "BusinessFacts", "Rendered", "Template", "check_text", "default_text",
    "placeholders", "render", "sample_facts", "values_of",
]  # fmt: skip

MAX_TEXT = 1600  # what a carrier takes as one message
_LONGEST_FACT = 80
_TURNS_WRITING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Anybody can sign anybody up: a "name" must not carry an address of theirs into a message of ours.
_ADDRESS = re.compile(r"://|@|[^\s.]\.[^\s.]{2,}")
_ALLOWED_NODES: Final = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.If, nodes.Not, nodes.And, nodes.Or,
)  # fmt: skip


class BadText(ValueError):
    """A text that cannot be used: unknown placeholder, broken syntax or more than placeholders and conditions.

    ``code`` names the reason for the editor's words, ``params`` what they need.
    """

    def __init__(self, message: str, code: str = "text_unreadable", **params: object) -> None:
        super().__init__(message)
        self.code = code
        self.params = params


@dataclass(frozen=True, slots=True)
class BusinessFacts:
    """What every message knows of the business; `zone` is an IANA name, `phone` is shown as it stands."""

    name: str
    zone: str
    phone: str
    locale: str


@dataclass(frozen=True, slots=True)
class Template:
    """An editable text; only an email has a subject."""

    subject: str | None
    body: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """What is sent."""

    subject: str | None
    body: str


class _MustBeGiven(Undefined):
    """May be asked about (`{% if link %}`) but never be sent as a hole in a sentence."""

    __str__ = Undefined._fail_with_undefined_error


def placeholders(kind: str) -> frozenset[str]:
    """The names that a text of this kind may use; KeyError for an unknown kind."""
    return WORDINGS[kind].placeholders | ALWAYS


def default_text(kind: str, channel: str, locale: str) -> Template:
    """The text as delivered, before the owner edits it."""
    if channel not in CHANNELS:
        raise KeyError(channel)
    wording, say = WORDINGS[kind], translator(locale).gettext
    if channel != "email":
        return Template(None, say(wording.short))
    body = "\n\n".join((say(GREETING), say(wording.email or wording.short), say(SIGNATURE)))
    return Template(say(wording.subject), body)


def check_text(kind: str, text: str) -> None:
    """Raise BadText, with the reason, for a text that must not be saved."""
    if not text.strip():
        raise BadText("the text is empty", "text_empty")
    if len(text) > MAX_TEXT:
        raise BadText(f"the text is longer than {MAX_TEXT} characters", "too_long", length=MAX_TEXT)
    try:
        tree = _environment().parse(text)
    except TemplateSyntaxError as error:
        raise BadText(error.message or "the text cannot be read") from error
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED_NODES):
            raise BadText("only placeholders and simple conditions can be used", "text_too_clever")
    unknown = ", ".join(sorted({node.name for node in tree.find_all(nodes.Name)} - placeholders(kind)))
    if unknown:
        raise BadText(f"unknown placeholder: {unknown}", "text_unknown", names=unknown)


def render(
    kind: str,
    channel: str,
    locale: str,
    facts: Mapping[str, object],
    business: BusinessFacts,
    *,
    own: Template | None = None,
    now: datetime | None = None,
    gsm7: bool = True,
) -> Rendered:
    """The message to send; `own` is the owner's text. A deadline is told without its day only when `now` is given.

    `facts` are JSON values: `starts_at_ms`, `deadline_ms`, `old_starts_at_ms` (epoch ms), `link`, `code`, `service`,
    `first_name`, `party_size`, `position`, `keeps_place`. BadText when a placeholder in use has no fact.
    """
    template = own or default_text(kind, channel, locale)
    for text in (template.subject, template.body):
        if text is not None:
            check_text(kind, text)
    values = values_of(facts, business, locale, now)
    body = _fill(template.body, values)
    subject = _fill(template.subject, values) if template.subject is not None else None
    return Rendered(subject, to_gsm7(body).strip() if channel == "sms" and gsm7 else body)


def sample_facts(kind: str) -> dict[str, object]:
    """Facts for a preview: every one that this kind of message can name."""
    friday_evening = datetime(2027, 1, 15, 18, 30, tzinfo=UTC)
    start = int(friday_evening.timestamp() * 1000)
    known: dict[str, dict[str, object]] = {
        "when": {"starts_at_ms": start},
        "old_when": {"old_starts_at_ms": start - 3_600_000},
        "deadline": {"deadline_ms": start - 2 * 3_600_000},
        "link": {"link": "https://waitlist.example/wl_AbCdEfGhJkMnPqRsTuVwXy"},
        "code": {"code": "K7M4PX"},
        "service": {"service": "Dinner"},
        "party_size": {"party_size": 2},
        "position": {"position": 3},
        "keeps_place": {"keeps_place": True},
        "others_ended": {"others_ended": True},
        "first_name": {"first_name": "Ana"},
        "text": {"text": "We have kept the table by the window for you."},
    }
    allowed = placeholders(kind)
    return {fact: value for name, facts in known.items() if name in allowed for fact, value in facts.items()}


def _fill(text: str, values: Mapping[str, object]) -> str:
    try:
        return _environment().from_string(text).render(values).strip()
    except TemplateError as error:
        raise BadText(str(error)) from error


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(undefined=_MustBeGiven, autoescape=False)


def values_of(
    facts: Mapping[str, object], business: BusinessFacts, locale: str, now: datetime | None
) -> dict[str, object]:
    """What each placeholder stands for, in words; a placeholder without a fact is missing."""
    given = {name: _tidy(name, value) for name, value in facts.items() if value is not None}
    values = {"first_name": "", **given, "business": business.name, "phone": business.phone}
    return values | _times(facts, ZoneInfo(business.zone), locale, now)


def _times(facts: Mapping[str, object], zone: ZoneInfo, locale: str, now: datetime | None) -> dict[str, object]:
    values: dict[str, object] = {}
    if (start := _moment(facts, "starts_at_ms")) is not None:
        values["date"] = dates.day(start, zone, locale)
        values["time"] = dates.time_of_day(start, zone, locale)
        values["when"] = dates.day_and_time(start, zone, locale)
    if (old := _moment(facts, "old_starts_at_ms")) is not None:
        values["old_when"] = dates.day_and_time(old, zone, locale)
    if (deadline := _moment(facts, "deadline_ms")) is not None:
        values["deadline"] = dates.until(deadline, now, zone, locale)
    return values


def _moment(facts: Mapping[str, object], name: str) -> datetime | None:
    value = facts.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadText(f"{name} is not a time in epoch milliseconds")
    return datetime.fromtimestamp(value / 1000, UTC)


def _tidy(name: str, value: object) -> object:
    """A name of three lines or three hundred letters, or one that turns the writing around, must not take over."""
    if not isinstance(value, str) or name == "link":
        return value
    line = "".join(char for char in value if char not in _TURNS_WRITING)
    if name == "text":  # what staff wrote: as long as they wrote it, with its lines
        return line
    line = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in line)
    if name == "first_name" and _ADDRESS.search(line):
        return ""
    return " ".join(line.split())[:_LONGEST_FACT]
