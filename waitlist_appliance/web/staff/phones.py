"""The phone simulator: what customers see when no message provider is connected."""

from __future__ import annotations

import re

from flask import Response, request
from markupsafe import Markup, escape

from waitlist_appliance.domain.errors import Invalid, NotFound
from waitlist_appliance.services import receive_reply
from waitlist_appliance.storage import lists, staff_lists, staff_pages
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import page, words

HOME = "/staff/phones"
CHANNELS = tuple(words.CHANNELS)
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")


def overview() -> str:
    """Every phone with its last message."""
    return page.render("phones.html", "phones", phones=staff_lists.phones(box().db), chosen=None)


def phone(phone: str) -> str:
    """One phone: its conversation, a field to answer, and a way to make the next message fail."""
    owner = _owner(phone)
    return page.render(
        "phones.html", "phones", phones=staff_lists.phones(box().db), chosen=owner,
        bubbles=lists.conversation(box().db, phone, owner.email), linked=linked, channels=CHANNELS,
        failing=staff_pages.failing(box().db, _addresses(owner)),
    )  # fmt: skip


def reply(phone: str) -> Response:
    """What the customer answers. It goes the way every answer goes."""
    owner = _owner(phone)
    body, channel = request.form.get("body", "").strip()[:1600], request.form.get("channel", "sms")
    here = f"{HOME}/{phone}"

    def receive() -> None:
        if not body:
            raise Invalid("reply_empty", "body")
        if channel not in CHANNELS:
            raise Invalid("bad_value", "channel")
        sender = owner.email if channel == "email" and owner.email else phone
        receive_reply.receive(box(), sender, channel, body, current_time())

    _ = page.say().gettext
    return page.act(receive, _("Sent as {name}.").format(name=owner.name or phone), here)


def make_fail(phone: str) -> Response:
    """Make the next messages to this phone fail, to see what happens then."""
    _ = page.say().gettext
    owner = _owner(phone)
    channel, outcome = request.form.get("channel", ""), request.form.get("outcome", "")
    times = request.form.get("times", "1")

    def script() -> None:
        if channel not in CHANNELS or outcome not in words.OUTCOMES or not re.fullmatch(r"\d{1,2}", times, re.ASCII):
            raise Invalid("bad_value", "outcome", params={"field": "outcome"})
        address = owner.email if channel == "email" and owner.email else phone
        staff_pages.make_next_fail(box().db, address, channel, outcome, int(times))

    done = _("Cleared: messages arrive again.") if times == "0" else _("The next message to this phone will fail.")
    return page.act(script, done, f"{HOME}/{phone}")


def linked(text: str) -> Markup:
    """The text with its links made tappable; everything else is escaped."""
    parts: list[Markup] = []
    end = 0
    for found in _LINK.finditer(text):
        parts += [escape(text[end : found.start()]), _anchor(found[0])]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def _anchor(address: str) -> Markup:
    shown = re.sub(r"^https?://", "", address)
    return Markup('<a href="{}" target="_blank" rel="noopener">{}</a>').format(address, shown)


def _owner(phone: str) -> staff_pages.PhoneOwner:
    owner = staff_pages.phone_owner(box().db, phone)
    if owner is None:
        raise NotFound("not_found")
    return owner


def _addresses(owner: staff_pages.PhoneOwner) -> list[str]:
    return [address for address in (owner.phone, owner.email) if address]
