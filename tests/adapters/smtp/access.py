"""Messengers and letters for a mail server of the tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.smtp_server import HOST, SmtpServer
from waitlist_appliance.adapters.messengers.smtp import SmtpAccount, SmtpMessenger
from waitlist_appliance.adapters.messengers.smtp.connection import Limits
from waitlist_appliance.ports import DeliveryError, Letter, Messenger

NOW = datetime(2027, 1, 15, 15, 0, tzinfo=UTC)
ANA = "ana@example.org"
QUICK = Limits(step=0.3, good_bye=0.2, total=5.0)


def account_of(port: int, **changed: Any) -> SmtpAccount:
    """An account on the loopback address, without encryption unless ``changed`` says otherwise."""
    given = {
        "host": HOST, "port": port, "security": "none", "allow_unencrypted": True, "sender": "mesa@casalola.example",
        "sender_name": "Casa Lola",
    }  # fmt: skip
    return SmtpAccount.from_mapping(given | changed)


def smtp_messenger(server: SmtpServer) -> Messenger:
    """For the suite that every messenger must pass."""
    return SmtpMessenger(account_of(server.port))


def letter(**changed: Any) -> Letter:
    """A letter to Ana."""
    given: dict[str, Any] = {
        "key": "msg1", "channel": "email", "address": ANA, "subject": "A place is free", "body": "¿Vendrá usted? 😀",
    }  # fmt: skip
    return Letter(**(given | changed))


def outcome(messenger: Messenger, to_send: Letter | None = None) -> str:
    """The verdict of sending, "taken" when it was."""
    try:
        messenger.send(to_send or letter(), NOW)
    except DeliveryError as error:
        return error.verdict
    return "taken"
