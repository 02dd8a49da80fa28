"""Who carries the messages: the simulator while nobody is connected, then exactly the connected accounts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.conftest import NOW
from waitlist_appliance import bootstrap
from waitlist_appliance.ports import DeliveryError, Letter, SilentTimers
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import provider_credentials

TWILIO = {"account_sid": "AC" + "0a" * 16, "auth_token": "1b" * 16, "sms_from": "+34911230000"}
SMTP = {"host": "127.0.0.1", "port": "9", "security": "none", "allow_unencrypted": "true", "sender": "a@example.org"}
ENVIRON = {
    "TWILIO_ACCOUNT_SID": "AC" + "0b" * 16, "TWILIO_AUTH_TOKEN": "2c" * 16, "TWILIO_WHATSAPP_FROM": "+34911230001",
}  # fmt: skip


@pytest.fixture
def built(box: Appliance) -> Iterator[Appliance]:
    """Casa Lola as bootstrap puts it together."""
    made = bootstrap.build(box.config, SilentTimers(), {})
    yield made
    made.db.close()


def keep(box: Appliance, provider: str, settings: dict[str, str], seconds: int = 0) -> None:
    provider_credentials.keep(box.db, box.vault, provider, settings, NOW + timedelta(seconds=seconds))


def carriers(box: Appliance) -> dict[str, str]:
    return {channel: str(getattr(messenger, "provider", "?")) for channel, messenger in box.messengers.items()}


def test_while_nobody_is_connected_every_channel_is_simulated(built: Appliance) -> None:
    assert carriers(built) == {"sms": "simulator", "whatsapp": "simulator", "email": "simulator"}


def test_once_somebody_is_connected_nothing_is_simulated_any_more(built: Appliance) -> None:
    keep(built, "twilio", TWILIO)
    assert carriers(built) == {"sms": "twilio"}
    assert built.channels() == {"sms"}


def test_a_change_of_the_account_is_seen_at_the_next_use(built: Appliance) -> None:
    keep(built, "twilio", TWILIO)
    before = built.messenger("sms")
    assert built.messenger("sms") is before
    keep(built, "twilio", TWILIO | {"whatsapp_from": "+34911230001"}, seconds=1)
    keep(built, "smtp", SMTP)
    assert carriers(built) == {"sms": "twilio", "whatsapp": "twilio", "email": "smtp"}
    assert built.messenger("sms") is not before


def test_after_disconnecting_messages_land_on_simulated_phones_again(built: Appliance) -> None:
    keep(built, "twilio", TWILIO)
    assert built.channels() == {"sms"}
    provider_credentials.forget(built.db, "twilio")
    assert carriers(built)["sms"] == "simulator"


def test_the_environment_goes_before_what_is_kept(box: Appliance) -> None:
    keep(box, "twilio", TWILIO)
    built = bootstrap.build(box.config, SilentTimers(), ENVIRON)
    assert carriers(built) == {"whatsapp": "twilio"}
    built.db.close()


def test_an_account_that_cannot_be_opened_is_an_account_fault_and_no_simulator(built: Appliance) -> None:
    keep(built, "twilio", TWILIO)
    built.db.execute("UPDATE provider_credential SET sealed = zeroblob(60)")
    assert built.channels() == {"sms", "whatsapp"}
    with pytest.raises(DeliveryError) as failure:
        built.messenger("sms").send(Letter("k", "sms", "+34600000001", None, "Hola"), NOW)
    assert failure.value.account_fault


def test_settings_that_make_no_sense_any_more_are_an_account_fault(built: Appliance) -> None:
    keep(built, "twilio", TWILIO | {"account_sid": "nonsense"})
    with pytest.raises(DeliveryError) as failure:
        built.messenger("whatsapp").inbound(NOW)
    assert failure.value.account_fault


def test_another_providers_credentials_connect_nobody(built: Appliance) -> None:
    keep(built, "google", {"client_id": "x", "client_secret": "y"})
    assert carriers(built)["sms"] == "simulator"
