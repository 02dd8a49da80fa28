"""Resources as answers write them."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from tests.twilio_server.state import FINAL, VERSION, Message, World


def resource(world: World, message: Message) -> dict[str, Any]:
    """A message."""
    uri = f"/{VERSION}/Accounts/{world.account_sid}/Messages/{message.sid}"
    return {
        "account_sid": world.account_sid, "api_version": VERSION, "body": message.body,
        "date_created": stamp(message.created_at), "date_sent": stamp(message.sent_at),
        "date_updated": stamp(message.updated_at or message.created_at), "direction": message.direction,
        "error_code": message.error_code, "error_message": message.error_message, "from": message.sender,
        "messaging_service_sid": message.service, "num_media": "0", "num_segments": _segments(message),
        "price": message.price, "price_unit": "USD" if message.price else None, "sid": message.sid,
        "status": message.status, "subresource_uris": {"media": f"{uri}/Media.json"}, "to": message.to,
        "uri": f"{uri}.json",
    }  # fmt: skip


def account(world: World) -> dict[str, Any]:
    """The account."""
    uri = f"/{VERSION}/Accounts/{world.account_sid}"
    return {
        "auth_token": world.auth_token, "date_created": "Thu, 30 Jul 2015 20:00:00 +0000",
        "date_updated": "Thu, 30 Jul 2015 20:00:00 +0000", "friendly_name": "Casa Lola",
        "owner_account_sid": world.account_sid, "sid": world.account_sid,
        "status": "suspended" if world.suspended else "active", "subresource_uris": {}, "type": "Full",
        "uri": f"{uri}.json",
    }  # fmt: skip


def stamp(moment: datetime | None) -> str | None:
    """RFC 2822 in GMT, to the second."""
    return format_datetime(moment.astimezone(UTC)) if moment else None


def _segments(message: Message) -> str:
    """Zero until a Messaging Service has chosen the sender."""
    unassigned = message.service is not None and message.sender is None and message.status not in FINAL
    return "0" if unassigned else str(message.segments)


def numbers(world: World) -> dict[str, Any]:
    """The account's own phone numbers, on one page."""
    uri = f"/{VERSION}/Accounts/{world.account_sid}/IncomingPhoneNumbers.json"
    owned = sorted(number for number in world.numbers if not number.startswith("whatsapp:"))
    return {
        "incoming_phone_numbers": [
            {
                "account_sid": world.account_sid, "sid": f"PN{n:032x}", "phone_number": number, "friendly_name": number,
                "api_version": VERSION, "capabilities": {"mms": False, "sms": True, "voice": True, "fax": False},
                "sms_method": "POST", "sms_url": world.sms_urls.get(number, ""),
            }
            for n, number in enumerate(owned)
        ],
        "page": 0, "page_size": 50, "start": 0, "end": max(len(owned) - 1, 0), "uri": uri, "first_page_uri": uri,
        "next_page_uri": None, "previous_page_uri": None,
    }  # fmt: skip
