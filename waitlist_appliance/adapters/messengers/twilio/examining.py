"""What Twilio knows of an account: whether it is active, and where it posts what customers answer."""

from __future__ import annotations

from typing import Any

from waitlist_appliance.adapters.messengers.twilio.account import TwilioAccount
from waitlist_appliance.ports.accounts import Examined


def examine(account: TwilioAccount) -> Examined:
    """Ask for the account and its number; DeliveryError. A messaging service has an address of its own, which is not
    asked for."""
    from waitlist_appliance.adapters.messengers.twilio import client as module

    client = module.connect(account)
    try:
        state = module.ask(lambda: client.api.v2010.accounts(account.account_sid).fetch().status, sends=False)
        hooks = module.ask(lambda: _hooks(client, account.sms_from), sends=False) if account.sms_from else {}
    finally:
        client.http_client.close()
    return Examined(str(state), hooks)


def _hooks(client: Any, number: str) -> dict[str, str]:
    found = client.incoming_phone_numbers.list(phone_number=number, limit=1)
    return {owned.phone_number: str(owned.sms_url or "") for owned in found if owned.phone_number == number}
