"""What Twilio posts to our hooks. Pure: believe nothing here that ``signature.is_genuine`` has not passed.

Twilio adds fields without notice; what is not known is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from waitlist_appliance.adapters.messengers.twilio import numbers
from waitlist_appliance.adapters.messengers.twilio.states import fate
from waitlist_appliance.ports import Fate, Inbound

_OPT_OUTS: Final[Mapping[str, Literal["stop", "start"]]] = {"STOP": "stop", "START": "start"}


def parse_status(form: Mapping[str, str]) -> Fate:
    """What became of a message of ours; ValueError when the form does not say which message or what."""
    status = _first(form, "MessageStatus", "SmsStatus")
    return fate(_first(form, "MessageSid", "SmsSid"), status, form.get("ErrorCode"), form.get("NumSegments"))


def parse_inbound(form: Mapping[str, str], received_at: datetime) -> Inbound:
    """A customer's message by SMS or WhatsApp, written or tapped; ValueError when it has no id or no sender.

    A picture or a place comes without words and is an empty text here.
    """
    channel, number = numbers.read(_first(form, "From"))
    return Inbound(
        provider_id=_first(form, "MessageSid", "SmsMessageSid", "SmsSid"),
        channel=channel,
        address=number,
        body=form.get("Body") or form.get("ButtonText") or "",
        received_at=received_at,
        aliases=numbers.aliases(number, form.get("WaId")),
        answers=form.get("OriginalRepliedMessageSid") or None,
        payload=form.get("ButtonPayload") or None,
        opt_out=_OPT_OUTS.get(form.get("OptOutType", "").upper()),
    )


def _first(form: Mapping[str, str], *names: str) -> str:
    """The first of these fields that is there; Twilio writes some of them under an older name as well."""
    for name in names:
        if form.get(name):
            return form[name]
    raise ValueError(f"the form has no {names[0]}")
