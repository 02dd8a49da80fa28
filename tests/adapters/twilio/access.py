"""The Twilio messenger on the stand-in server, as the contract suite and these tests want it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.twilio_server import TwilioServer
from waitlist_appliance.adapters.messengers.twilio import TwilioAccount, TwilioMessenger
from waitlist_appliance.adapters.messengers.twilio.pace import Pace
from waitlist_appliance.adapters.messengers.twilio.sending import Templates
from waitlist_appliance.ports import Letter

ANA = "+34600000001"
TEXT = "Se ha liberado una mesa. Responda SI o NO: https://casa.example/o/ab12cd34"
CALLBACK = "https://casa.example/twilio/status/7"


def account(server: TwilioServer, **changes: Any) -> TwilioAccount:
    """The server's account, with its number for SMS and for WhatsApp."""
    known = TwilioAccount(
        server.account_sid, server.auth_token, sms_from=server.number,
        whatsapp_from=server.whatsapp_sender.removeprefix("whatsapp:"), sms_per_second=1000.0, base_url=server.url,
    )  # fmt: skip
    return replace(known, **changes)


def twilio_messenger(
    server: TwilioServer, channel: str, templates: Templates = lambda kind, locale: None, **changes: Any
) -> TwilioMessenger:
    """A messenger of its own pace on the server; ``changes`` are fields of the account."""
    return TwilioMessenger(account(server, **changes), channel, templates, Pace())


def sms(body: str = TEXT, *, key: str = "7", valid_for: timedelta | None = None, callback: str | None = None) -> Letter:
    """A text message for Ana."""
    return Letter(key, "sms", ANA, None, body, kind="offer", locale="es", valid_for=valid_for, callback=callback)


def whatsapp(*, body: str = TEXT, in_session: bool = False, variables: dict[str, str] | None = None) -> Letter:
    """A WhatsApp message for Ana."""
    return Letter(
        "7", "whatsapp", ANA, None, body, kind="offer", locale="es", variables=variables or {}, in_session=in_session
    )
