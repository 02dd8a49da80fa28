"""The owner's own texts: what may be saved, going back to the text as delivered, and approved WhatsApp templates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from waitlist_appliance.domain.errors import Invalid, NotFound
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.storage import activity, own_texts, text_edits, whatsapp_templates
from waitlist_appliance.texts import invited, whatsapp
from waitlist_appliance.texts.catalogues import LOCALES
from waitlist_appliance.texts.messages import (
    CHANNELS,
    KINDS,
    BadText,
    BusinessFacts,
    Template,
    check_text,
    default_text,
    placeholders,
    render,
    sample_facts,
)

ASKING: Final = ("offer", "offer_race")
LONGEST_SUBJECT: Final = 150
_CONTENT_SID: Final = re.compile(r"HX[0-9a-f]{32}")
_BEFORE_SAMPLE = "https://waitlist.example/"
_TRIAL = BusinessFacts("Casa Lola", "Europe/Madrid", "+34 911 234 567", "es")

# What a text may ask about but not name without asking: it is not known for every message of the kind.
_NOT_ALWAYS: Final = frozenset({"position", "party_size", "keeps_place", "others_ended"})
_LINK_FOR_SURE: Final = frozenset({"join_link", "join_nudge", "joined", "offer", "offer_race", "confirmed"})
_CODE_FOR_SURE: Final = frozenset({"confirmed", "cancelled"})
_FACTS: Final = {
    "date": "starts_at_ms", "time": "starts_at_ms", "when": "starts_at_ms", "old_when": "old_starts_at_ms",
    "deadline": "deadline_ms",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Which:
    """One of the texts."""

    kind: str
    channel: str
    locale: str


def which(kind: str, channel: str, locale: str) -> Which:
    """NotFound for what does not exist."""
    if kind not in KINDS or channel not in CHANNELS or locale not in LOCALES:
        raise NotFound("not_found")
    return Which(kind, channel, locale)


def present(app: Appliance, text: Which) -> tuple[Template, bool]:
    """What is said at present, and whether the owner wrote it."""
    own = own_texts.find(app.db, text.kind, text.channel, text.locale)
    if own is not None:
        return Template(*own), True
    return default_text(text.kind, text.channel, text.locale), False


def tidy(text: Which, subject: str, body: str) -> Template:
    """What a form says as a text: one line for the subject of an email, no blanks at the ends."""
    lines = "\n".join(line.rstrip() for line in body.replace("\r\n", "\n").split("\n")).strip()
    return Template(" ".join(subject.split()) if text.channel == "email" else None, lines)


def check(text: Which, wanted: Template) -> None:
    """Invalid, with the field and the reason, for a text that must not be sent."""
    for field, said in (("subject", wanted.subject), ("body", wanted.body)):
        if said is None:
            continue
        try:
            check_text(text.kind, said)
            _check_holes(text, said)
        except BadText as error:
            raise Invalid(error.code, field, params=dict(error.params)) from error
    if wanted.subject is not None and len(wanted.subject) > LONGEST_SUBJECT:
        raise Invalid("too_long", "subject", params={"length": LONGEST_SUBJECT})
    _check_answers(text, wanted)


def save(app: Appliance, text: Which, wanted: Template, now: datetime, actor: Actor) -> bool:
    """Say this from now on; whether anything changed. The text as delivered is kept as such, not as one's own.

    Invalid as `check`.
    """
    check(text, wanted)
    if wanted == default_text(text.kind, text.channel, text.locale):
        return reset(app, text, now, actor)
    with app.db.write():
        if wanted == present(app, text)[0]:
            return False
        text_edits.keep(app.db, text.kind, text.channel, text.locale, wanted.subject, wanted.body, now)
        _record(app, "text_changed", text, now, actor)
    return True


def reset(app: Appliance, text: Which, now: datetime, actor: Actor) -> bool:
    """Say what was delivered again; False when that was so."""
    with app.db.write():
        gone = text_edits.remove(app.db, text.kind, text.channel, text.locale)
        if gone:
            _record(app, "text_reset", text, now, actor)
    return gone


def set_template(app: Appliance, text: Which, content_sid: str, now: datetime, actor: Actor) -> bool:
    """Send this kind by the approved template, "" for none any more; whether that changed. Invalid content_sid_bad."""
    wanted = content_sid.strip()
    if text.kind not in whatsapp.KINDS:
        raise NotFound("not_found")
    if wanted and not _CONTENT_SID.fullmatch(wanted):
        raise Invalid("content_sid_bad", "content_sid")
    with app.db.write():
        if (whatsapp_templates.find(app.db, text.kind, text.locale) or "") == wanted:
            return False
        if wanted:
            whatsapp_templates.keep(app.db, text.kind, text.locale, wanted)
        else:
            whatsapp_templates.remove(app.db, text.kind, text.locale)
        _record(app, "whatsapp_template_set" if wanted else "whatsapp_template_removed", text, now, actor)
    return True


def not_always_known(kind: str) -> frozenset[str]:
    """The placeholders that a text of this kind names only inside {% if … %}."""
    lacking = set(_NOT_ALWAYS)
    if kind not in _LINK_FOR_SURE:
        lacking.add("link")
    if kind not in _CODE_FOR_SURE:
        lacking.add("code")
    if kind == "help":
        lacking |= {"date", "time", "when", "deadline"}
    return placeholders(kind) & lacking


def _record(app: Appliance, verb: str, text: Which, now: datetime, actor: Actor) -> None:
    activity.record(app.db, now, actor, verb, "text", name=f"{text.kind} · {text.channel} · {text.locale}")


def _check_holes(text: Which, said: str) -> None:
    """A name that is sometimes unknown would keep the whole message back."""
    facts = sample_facts(text.kind)
    _rendered(text, said, facts)
    for name in sorted(not_always_known(text.kind)):
        less = {key: value for key, value in facts.items() if key != _FACTS.get(name, name)}
        try:
            _rendered(text, said, less)
        except BadText as error:
            raise BadText(str(error), "text_needs_if", name=name) from error


def _check_answers(text: Which, wanted: Template) -> None:
    """An offer that cannot be answered is lost; a carrier's stop word as an answer loses the customer."""
    body = _rendered(text, wanted.body, sample_facts(text.kind))
    has_link = _BEFORE_SAMPLE in body
    if text.channel == "email":
        if text.kind in ASKING and not has_link:
            raise Invalid("text_no_link", "body")
        return
    if text.kind in ASKING and not has_link and not invited.asks_for_yes_and_no(body):
        raise Invalid("text_no_answer", "body")
    if stops := invited.stop_words(body):
        raise Invalid("text_stop_word", "body", params={"word": stops[0]})


def _rendered(text: Which, said: str, facts: dict[str, object]) -> str:
    return render(text.kind, "whatsapp", text.locale, facts, _TRIAL, own=Template(None, said)).body
