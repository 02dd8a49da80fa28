"""Accounts for messages, for tests: a box that can connect them, and accounts kept as if they had been."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.twilio_server import ACCOUNT_SID, AUTH_TOKEN, TwilioServer
from waitlist_appliance.adapters.messengers.accounts import SmtpAccounts, TwilioAccounts, TwilioHooks
from waitlist_appliance.adapters.messengers.smtp import SmtpAccount, SmtpMessenger
from waitlist_appliance.adapters.messengers.twilio import TwilioAccount, TwilioMessenger
from waitlist_appliance.adapters.messengers.twilio.pace import Pace
from waitlist_appliance.ports import Messenger
from waitlist_appliance.services import messaging_accounts
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import provider_credentials

NUMBER = "+34911230000"
TWILIO: Mapping[str, str] = {
    "account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN, "sms_from": NUMBER, "whatsapp_from": NUMBER,
}  # fmt: skip
SMTP: Mapping[str, str] = {
    "host": "127.0.0.1", "security": "none", "allow_unencrypted": "yes", "sender": "hola@casalola.example",
    "sender_name": "Casa Lola",
}  # fmt: skip


def equip(box: Appliance) -> Appliance:
    """The box can check accounts and read what Twilio posts."""
    box.accounts = {"twilio": TwilioAccounts(), "smtp": SmtpAccounts()}
    box.hooks = {"twilio": TwilioHooks()}
    return box


def on(server: TwilioServer, **values: str) -> dict[str, str]:
    """What an owner types in to connect this server's account."""
    return {**TWILIO, "base_url": server.url, **values}


def keep(box: Appliance, provider: str, now: datetime, given: Mapping[str, Any]) -> None:
    """The account is connected, and nobody was asked."""
    with box.db.write():
        provider_credentials.keep(box.db, box.vault, provider, box.accounts[provider].read(given).settings, now)


def use(box: Appliance) -> None:
    """Messages go through what is connected."""
    messengers: dict[str, Messenger] = {}
    if messaging_accounts.is_connected(box, "twilio"):
        twilio = TwilioAccount.from_mapping(messaging_accounts.settings(box, "twilio"))
        messengers |= {way: TwilioMessenger(twilio, way, lambda kind, locale: None, Pace()) for way in twilio.channels}
    if messaging_accounts.is_connected(box, "smtp"):
        messengers["email"] = SmtpMessenger(SmtpAccount.from_mapping(messaging_accounts.settings(box, "smtp")))
    box.messengers = messengers or box.messengers
