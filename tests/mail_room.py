"""A mail account for the tests of what goes to the team: connected, and leading to the test's own mail server."""

from __future__ import annotations

from datetime import datetime

from tests.smtp_server import SmtpServer
from waitlist_appliance.adapters.messengers.smtp import SmtpAccount, SmtpMessenger
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import provider_credentials, staff


def connect_mail(box: Appliance, server: SmtpServer, now: datetime) -> None:
    """From now on the box writes through this server."""
    settings = {
        "host": "127.0.0.1", "port": str(server.port), "security": "none", "sender": "hola@casalola.example",
        "sender_name": "Casa Lola", "allow_unencrypted": "true",
    }  # fmt: skip
    with box.db.write():
        provider_credentials.keep(box.db, box.vault, "smtp", settings, now)
    mailer = SmtpMessenger(SmtpAccount.from_mapping(settings))
    box.messengers = {**box.messengers, "email": mailer}


def colleague(box: Appliance, name: str, role: str, now: datetime, locale: str | None = "en") -> int:
    """Somebody who works here and has come in once; the user's id."""
    with box.db.write():
        user = staff.insert_user(box.db, f"{name.lower()}@casalola.example", name, role, now)
        box.db.execute("UPDATE staff_user SET password_hash = 'x', locale = ? WHERE id = ?", locale, user)
    return user


def heard(server: SmtpServer) -> list[tuple[str, str]]:
    """Who got what, in order: address and subject."""
    return [(mail.recipients[0], str(mail.mail["Subject"])) for mail in server.received]


def text_of(server: SmtpServer, number: int = -1) -> str:
    """The plain text of a mail that arrived, its lines joined."""
    body = server.received[number].mail.get_body(("plain",))
    assert body
    return str(body.get_content())
