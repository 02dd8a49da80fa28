"""Connecting the accounts that messages go through: proved first, sealed, never shown, never sent to somebody else."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.messaging_accounts import NUMBER, SMTP, TWILIO, equip, keep, on, use
from tests.smtp_server import OddServer, SmtpServer
from tests.story import OLIVIA
from tests.twilio_server import ACCOUNT_SID, AUTH_TOKEN, TwilioServer
from waitlist_appliance.bootstrap import build
from waitlist_appliance.config import ConfigError
from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound
from waitlist_appliance.ports import BadAccount, DeliveryError
from waitlist_appliance.services import messaging_accounts, workflow
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.business import set_policy
from waitlist_appliance.services.say import channels_of
from waitlist_appliance.storage import customers, provider_credentials
from waitlist_appliance.texts import messaging_trouble

ANA = "+34600000001"
OTHER_TOKEN = "2c" * 16


@pytest.fixture
def box(box: Appliance) -> Appliance:
    return equip(box)


@pytest.fixture
def twilio() -> Iterator[TwilioServer]:
    with TwilioServer() as server:
        yield server
        server.assert_clean()


@pytest.fixture
def mail() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


def on_mail(server: SmtpServer, **values: str) -> dict[str, str]:
    return {**SMTP, "port": str(server.port), **values}


def deeds(box: Appliance) -> list[str]:
    rows = box.db.tuples("SELECT verb FROM activity WHERE verb LIKE 'messaging_%' OR verb LIKE 'sending_%' ORDER BY id")
    return [verb for (verb,) in rows]


def test_twilio_is_proved_then_kept_and_nothing_is_sent(box: Appliance, twilio: TwilioServer, now: datetime) -> None:
    account = messaging_accounts.connect_twilio(box, on(twilio), now, OLIVIA)
    assert account.channels == ("sms", "whatsapp")
    assert (twilio.count("messages.list"), twilio.count("messages.create")) == (1, 0)
    card = messaging_accounts.card(box, "twilio")
    assert (card.connected, card.trouble, card.connected_at, card.signs) == (True, None, now, True)
    assert deeds(box) == ["messaging_connected"]


def test_no_transaction_is_open_while_the_provider_is_asked(
    box: Appliance, twilio: TwilioServer, now: datetime
) -> None:
    open_then: list[bool] = []
    twilio.before("messages.list", lambda request: open_then.append(box.db.peewee.in_transaction()))
    messaging_accounts.connect_twilio(box, on(twilio), now, OLIVIA)
    assert open_then == [False]


def test_secrets_are_sealed_and_neither_shown_nor_logged(
    box: Appliance, twilio: TwilioServer, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    account = messaging_accounts.connect_twilio(box, on(twilio), now, OLIVIA)
    with pytest.raises(Conflict):
        messaging_accounts.connect_twilio(box, on(twilio, auth_token=OTHER_TOKEN), now, OLIVIA)
    box.db.tuples("PRAGMA wal_checkpoint(TRUNCATE)")
    seen = f"{account} {messaging_accounts.card(box, 'twilio')} {caplog.text} {box}"
    for secret in (AUTH_TOKEN, OTHER_TOKEN):
        assert secret not in seen
        assert secret.encode() not in box.config.database_path.read_bytes()


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        (20003, "login_refused"),
        (20005, "suspended"),
        (20429, "too_fast"),
        ("internal", "unreachable"),
        ("html", "unreachable"),
    ],
)
def test_what_twilio_says_against_an_account_is_told_in_words(
    box: Appliance, twilio: TwilioServer, now: datetime, fault: Any, trouble: str
) -> None:
    twilio.fail(fault, "messages.list")
    with pytest.raises(Conflict, match=f"messaging_{trouble}"):
        messaging_accounts.connect_twilio(box, on(twilio), now, OLIVIA)
    assert not messaging_accounts.is_connected(box, "twilio")
    assert deeds(box) == []


def test_nobody_listening_is_unreachable(box: Appliance, twilio: TwilioServer, now: datetime) -> None:
    twilio.refuse_connections()
    with pytest.raises(Conflict, match="messaging_unreachable"):
        messaging_accounts.connect_twilio(box, on(twilio), now, OLIVIA)


def test_every_verdict_and_every_known_code_has_words() -> None:
    verdicts = ("dead", "opted_out", "landline", "elsewhere", "message", "account", "slow", "later", "unknown")
    codes = (None, "20003", "21606", "20005", "certificate", "tls", "encryption", "unencrypted", "535 5.7.8", "99999")
    for verdict in verdicts:
        for code in codes:
            error = DeliveryError("…", verdict, code=code)  # type: ignore[arg-type]
            assert messaging_accounts.trouble_of(error) in messaging_trouble.TROUBLES


def test_wrong_fields_are_named_and_nobody_is_asked(box: Appliance, twilio: TwilioServer, now: datetime) -> None:
    with pytest.raises(BadAccount) as bad:
        messaging_accounts.connect_twilio(box, on(twilio, account_sid="AC1", whatsapp_from="911"), now, OLIVIA)
    assert set(bad.value.problems) == {"account_sid", "whatsapp_from"}
    with pytest.raises(Invalid, match="too_long"):
        messaging_accounts.connect_twilio(box, on(twilio, sms_from="1" * 600), now, OLIVIA)
    assert twilio.requests == []


def test_a_secret_left_empty_stays_while_the_account_is_the_same(
    box: Appliance, twilio: TwilioServer, now: datetime
) -> None:
    messaging_accounts.connect_twilio(box, on(twilio), now, OLIVIA)
    changed = {"account_sid": ACCOUNT_SID, "auth_token": "", "sms_from": "", "whatsapp_from": NUMBER}
    account = messaging_accounts.connect_twilio(box, changed, now, OLIVIA)
    assert account.channels == ("whatsapp",)
    assert messaging_accounts.settings(box, "twilio")["auth_token"] == AUTH_TOKEN
    assert deeds(box) == ["messaging_connected", "messaging_changed"]


def test_a_kept_secret_goes_to_no_other_account_and_no_other_server(
    box: Appliance, twilio: TwilioServer, mail: SmtpServer, now: datetime
) -> None:
    keep(box, "twilio", now, on(twilio))
    keep(box, "smtp", now, on_mail(mail, username="lola", password="kitchen"))
    with pytest.raises(BadAccount) as no_token:
        messaging_accounts.connect_twilio(box, on(twilio, auth_token="", account_sid="AC" + "9" * 32), now, OLIVIA)
    with pytest.raises(BadAccount) as no_other_place:
        messaging_accounts.connect_twilio(box, on(twilio, auth_token="", base_url="https://e.example"), now, OLIVIA)
    elsewhere = on_mail(mail, host="127.0.0.2", username="lola", password="")
    with pytest.raises(BadAccount) as no_password:
        messaging_accounts.connect_smtp(box, elsewhere, now, OLIVIA)
    assert "auth_token" in no_token.value.problems
    assert "auth_token" in no_other_place.value.problems
    assert "username" in no_password.value.problems


def test_a_mail_account_is_proved_then_kept_and_no_mail_is_sent(
    box: Appliance, mail: SmtpServer, now: datetime
) -> None:
    assert messaging_accounts.connect_smtp(box, on_mail(mail), now, OLIVIA).channels == ("email",)
    assert mail.received == []
    assert messaging_accounts.card(box, "smtp").shown["host"] == "127.0.0.1"


def test_a_wrong_mail_password_is_told_apart_from_a_silent_server(box: Appliance, now: datetime) -> None:
    with SmtpServer(users={"lola": "kitchen"}) as server, pytest.raises(Conflict, match="messaging_login_refused"):
        messaging_accounts.connect_smtp(box, on_mail(server, username="lola", password="wrong"), now, OLIVIA)
    with OddServer(b"", hang_up=True) as odd, pytest.raises(Conflict, match="messaging_unreachable"):
        messaging_accounts.connect_smtp(box, {**SMTP, "port": str(odd.port)}, now, OLIVIA)


def test_a_mail_server_without_encryption_is_told_so(box: Appliance, mail: SmtpServer, now: datetime) -> None:
    with pytest.raises(Conflict, match="messaging_encryption"):
        messaging_accounts.connect_smtp(box, on_mail(mail, security="starttls"), now, OLIVIA)


def test_disconnecting_forgets_the_account(box: Appliance, now: datetime) -> None:
    keep(box, "twilio", now, TWILIO)
    messaging_accounts.disconnect(box, "twilio", now, OLIVIA)
    assert messaging_accounts.settings(box, "twilio") == {}
    assert deeds(box) == ["messaging_disconnected"]
    with pytest.raises(NotFound):
        messaging_accounts.disconnect(box, "twilio", now, OLIVIA)
    with pytest.raises(NotFound):
        messaging_accounts.disconnect(box, "pigeon", now, OLIVIA)


def test_the_calendars_client_is_no_messengers_account(box: Appliance, now: datetime) -> None:
    with box.db.write():
        provider_credentials.keep(box.db, box.vault, "google", {"client_id": "7"}, now)
    with pytest.raises(NotFound):
        messaging_accounts.disconnect(box, "google", now, OLIVIA)
    assert provider_credentials.of(box.db, box.vault, "google") == {"client_id": "7"}


def test_the_environments_account_wins_and_is_changed_there_only(
    box: Appliance, twilio: TwilioServer, now: datetime
) -> None:
    keep(box, "twilio", now, on(twilio, sms_from="+34900000000"))
    box.given_accounts = {"twilio": box.accounts["twilio"].read(TWILIO).settings}
    card = messaging_accounts.card(box, "twilio")
    assert (card.fixed, card.shown["sms_from"]) == (True, NUMBER)
    for act in (
        lambda: messaging_accounts.connect_twilio(box, on(twilio), now, OLIVIA),
        lambda: messaging_accounts.disconnect(box, "twilio", now, OLIVIA),
    ):
        with pytest.raises(Conflict, match="messaging_fixed"):
            act()


def test_the_environment_is_read_when_the_box_is_built(box: Appliance) -> None:
    environ = {
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN, "TWILIO_FROM_NUMBER": "MG" + "0" * 32,
        "TWILIO_WHATSAPP_FROM": f"whatsapp:{NUMBER}",
    }  # fmt: skip
    given = build(box.config, environ=environ).given_accounts["twilio"]
    assert (given["messaging_service_sid"], given["sms_from"], given["whatsapp_from"]) == ("MG" + "0" * 32, "", NUMBER)
    assert build(box.config, environ={}).given_accounts == {}


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"TWILIO_AUTH_TOKEN": AUTH_TOKEN}, "TWILIO_ACCOUNT_SID"),
        ({"TWILIO_FROM_NUMBER": NUMBER, "TWILIO_ACCOUNT_SID": ACCOUNT_SID}, "TWILIO_AUTH_TOKEN"),
        ({"TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN}, "TWILIO_FROM_NUMBER"),
        ({"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": AUTH_TOKEN, "TWILIO_FROM_NUMBER": NUMBER}, "TWILIO_ACCOUNT"),
    ],
)  # fmt: skip
def test_half_an_account_in_the_environment_stops_the_box(box: Appliance, environ: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigError, match=named) as error:
        build(box.config, environ=environ)
    assert AUTH_TOKEN not in str(error.value)


def test_a_key_that_is_gone_is_told_on_the_card_and_in_the_workflow(box: Appliance, now: datetime) -> None:
    keep(box, "twilio", now, TWILIO)
    box.config.credentials_key_path.unlink()
    assert messaging_accounts.card(box, "twilio").trouble == "vault"
    step = next(step for step in workflow.steps(box, now) if step.key == "messages")
    assert not step.done


def test_a_test_message_arrives_and_is_no_row_of_the_outbox(
    box: Appliance, twilio: TwilioServer, now: datetime
) -> None:
    keep(box, "twilio", now, on(twilio))
    use(box)
    result = messaging_accounts.test_send(box, "sms", "600 000 001", now)
    assert (result.ok, result.address, result.state) == (True, ANA, "queued")
    assert "Casa Lola" in (twilio.sent(ANA)[0].body or "")
    twilio.progress()
    assert messaging_accounts.test_fate(box, result).state == "delivered"
    assert box.db.value("SELECT COUNT(*) FROM message") == 0


def test_a_test_email_arrives(box: Appliance, mail: SmtpServer, now: datetime) -> None:
    keep(box, "smtp", now, on_mail(mail))
    use(box)
    assert messaging_accounts.test_send(box, "email", " ana@example.org ", now).ok
    assert "Casa Lola" in str(mail.received[0].mail["Subject"])


@pytest.mark.parametrize(
    ("code", "trouble"), [(21211, "dead"), (21614, "landline"), (21610, "opted_out"), (21608, "message")]
)
def test_a_refused_test_message_says_why(
    box: Appliance, twilio: TwilioServer, now: datetime, code: int, trouble: str
) -> None:
    keep(box, "twilio", now, on(twilio))
    use(box)
    twilio.refuse(ANA, code)
    result = messaging_accounts.test_send(box, "sms", ANA, now)
    assert (result.ok, result.trouble, result.code) == (False, trouble, str(code))
    assert str(code) in result.detail


def test_a_test_message_that_fails_later_says_so(box: Appliance, twilio: TwilioServer, now: datetime) -> None:
    keep(box, "twilio", now, on(twilio))
    use(box)
    result = messaging_accounts.test_send(box, "whatsapp", ANA, now)
    twilio.progress()  # free text to somebody who has not written: 63016
    fate = messaging_accounts.test_fate(box, result)
    assert (fate.ok, fate.trouble, fate.code) == (False, "elsewhere", "63016")


def test_a_number_or_an_address_that_cannot_be_is_refused_before_anything(box: Appliance, now: datetime) -> None:
    for channel, address, code in (
        ("sms", "12", "bad_phone"),
        ("email", "ana", "bad_email"),
        ("fax", "1", "bad_value"),
    ):
        with pytest.raises(Invalid, match=code):
            messaging_accounts.test_send(box, channel, address, now)


def test_a_channel_that_no_account_serves_is_refused(box: Appliance, now: datetime) -> None:
    keep(box, "twilio", now, {**TWILIO, "whatsapp_from": ""})
    for channel, address in (("whatsapp", ANA), ("email", "ana@example.org")):
        with pytest.raises(Conflict, match="messaging_not_connected"):
            messaging_accounts.test_send(box, channel, address, now)


def test_with_nothing_connected_the_test_lies_on_the_simulated_phone(box: Appliance, now: datetime) -> None:
    assert messaging_accounts.test_send(box, "sms", ANA, now).simulated
    assert box.db.value("SELECT COUNT(*) FROM simulated_message WHERE address = ?", ANA) == 1


def test_pausing_is_noted_once_and_resuming_ends_it(box: Appliance, now: datetime) -> None:
    messaging_accounts.pause(box, now, OLIVIA)
    messaging_accounts.pause(box, now + timedelta(minutes=1), OLIVIA)
    pause = messaging_accounts.paused(box)
    assert pause is not None
    assert (pause.by_staff, pause.since_at) == (True, now)
    assert messaging_accounts.resume_sending(box, now, OLIVIA)
    assert messaging_accounts.paused(box) is None
    assert deeds(box) == ["sending_paused", "sending_resumed"]


def test_the_card_knows_the_last_message_out_and_in_since_it_was_connected(box: Appliance, now: datetime) -> None:
    keep(box, "twilio", now, TWILIO)
    with box.db.write():
        customer = box.db.insert("customer", public_id="c", phone=ANA, created_at=now)
        for number, (minutes, provider) in enumerate(((-5, "twilio"), (5, "twilio"), (9, "simulator"))):
            box.db.insert(
                "message", public_id=f"m{number}", customer_id=customer, kind="offer", channel="sms", due_at=now,
                state="sent", dedupe_key=str(number), created_at=now, sent_at=now + timedelta(minutes=minutes),
                provider=provider,
            )  # fmt: skip
        for minutes, provider_id in ((6, "SM1"), (8, None)):
            box.db.insert(
                "reply", customer_id=customer, sender=ANA, channel="sms", body="si", understood="yes",
                provider_id=provider_id, received_at=now + timedelta(minutes=minutes),
            )  # fmt: skip
    traffic = messaging_accounts.card(box, "twilio").traffic
    assert (traffic["sms"].out_at, traffic["sms"].in_at) == (now + timedelta(minutes=5), now + timedelta(minutes=6))
    assert (traffic["whatsapp"].out_at, traffic["whatsapp"].in_at) == (None, None)


def test_the_addresses_for_twilio_ask_it_to_try_again(box: Appliance) -> None:
    assert messaging_accounts.hook_addresses(box) == {
        "sms": "http://127.0.0.1:8080/twilio/sms/incoming#rc=5&rp=all",
        "whatsapp": "http://127.0.0.1:8080/twilio/whatsapp/incoming#rc=5&rp=all",
    }


@pytest.mark.parametrize(
    ("order", "connected", "ways"),
    [
        ("sms_email", ("sms", "whatsapp", "email"), ["sms", "email"]),
        ("whatsapp_sms_email", ("sms", "whatsapp", "email"), ["whatsapp", "sms", "email"]),
        ("email_sms", ("sms", "email"), ["email", "sms"]),
        ("sms_email", ("whatsapp", "email"), ["whatsapp", "email"]),
        ("sms_whatsapp_email", ("email",), ["email"]),
    ],
)
def test_who_has_not_chosen_is_written_to_in_the_houses_order(
    box: Appliance, now: datetime, order: str, connected: tuple[str, ...], ways: list[str]
) -> None:
    box.messengers = dict.fromkeys(connected, box.messengers["sms"])
    set_policy(box, "channel_order", order, OLIVIA, now)
    with box.db.write():
        ana = box.db.insert(
            "customer", public_id="ana", phone=ANA, phone_kind="mobile", email="ana@example.org", created_at=now
        )
    assert channels_of(box, customers.by_id(box.db, ana)) == ways
