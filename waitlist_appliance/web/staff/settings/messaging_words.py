"""Words of the page of the messengers' accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from waitlist_appliance.services.messaging_accounts import Card
from waitlist_appliance.texts.catalogues import N_

ICONS: Final[Mapping[str, str]] = {"twilio": "chat-dots", "smtp": "envelope"}
NAMES: Final[Mapping[str, str]] = {"twilio": N_("SMS and WhatsApp"), "smtp": N_("Email")}
ABOUT: Final[Mapping[str, str]] = {
    "twilio": N_("Through your own account at Twilio. Guests answer yes or no by text or by a button."),
    "smtp": N_("Through your own mailbox or mail server. Confirmations carry the date for the guest's calendar."),
}
PAGES: Final[Mapping[str, str]] = {"twilio": "staff.twilio", "smtp": "staff.smtp"}

# State of a card → its word and tone.
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "trouble": (N_("Does not work"), "bad"),
    "paused": (N_("Paused"), "warn"),
    "unused": (N_("Connected, nothing sent yet"), "info"),
    "well": (N_("Working"), "ok"),
}

# Field of the account → its name on a card, in this order.
SHOWN: Final[Mapping[str, str]] = {
    "account_sid": N_("Account"), "sms_from": N_("Text messages come from"),
    "messaging_service_sid": N_("Messaging service"), "whatsapp_from": N_("WhatsApp messages come from"),
    "host": N_("Mail server"), "sender": N_("Emails come from"), "reply_to": N_("Answers go to"),
}  # fmt: skip

# How a taken test message stands.
TAKEN: Final[Mapping[str, str]] = {
    "queued": N_("Twilio has the message and sends it. Look at the phone."),
    "sent": N_("It is sent. Look at the phone or the mailbox."),
    "delivered": N_("It has arrived."),
    "read": N_("It was read."),
}
SECURITY: Final[Mapping[str, str]] = {
    "starttls": N_("STARTTLS (usual, port 587)"), "tls": N_("TLS from the start (port 465)"),
    "none": N_("No encryption (own network only)"),
}  # fmt: skip


def state_of(card: Card, *, paused: bool) -> str:
    """The one word for an account: a key of STATES, the gravest that applies."""
    if card.trouble:
        return "trouble"
    if paused:
        return "paused"
    return "well" if any(seen.out_at for seen in card.traffic.values()) else "unused"
