"""`waitlist messaging`, `sms`, `whatsapp` and `email`: what they do, what they say, and that no secret is an argument."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.messaging_accounts import NUMBER
from tests.smtp_server import SmtpServer
from tests.twilio_server import ACCOUNT_SID, AUTH_TOKEN, TwilioServer
from waitlist_appliance.cli import messaging as commands

Run = Callable[..., Result]
ANA = "+34600000001"


@pytest.fixture
def twilio(monkeypatch: pytest.MonkeyPatch) -> Iterator[TwilioServer]:
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM_NUMBER", "TWILIO_WHATSAPP_FROM"):
        monkeypatch.delenv(name, raising=False)
    with TwilioServer() as server:
        yield server
        server.assert_clean()


@pytest.fixture
def mail() -> Iterator[SmtpServer]:
    with SmtpServer(users={"lola": "the-kitchen"}) as server:
        yield server


def connect(waitlist: Run, twilio: TwilioServer, *options: str, token: str = AUTH_TOKEN) -> Result:
    line = ["messaging", "connect", "twilio", ACCOUNT_SID, "--from", NUMBER, "--whatsapp-from", NUMBER]
    line += ["--per-second", "1000"]  # the tests share one process, and with it the number's pace
    return waitlist(*line, "--api-url", twilio.url, "--secrets-stdin", *options, input=f"{token}\n")


def connect_mail(waitlist: Run, mail: SmtpServer, *options: str, password: str = "the-kitchen") -> Result:
    line = ["messaging", "connect", "smtp", "127.0.0.1", "hola@casalola.example", "--port", str(mail.port)]
    line += ["--security", "none", "--allow-unencrypted", "--username", "lola", "--password-stdin"]
    return waitlist(*line, *options, input=f"{password}\n")


def test_twilio_is_connected_and_the_next_steps_are_said(box: Path, waitlist: Run, twilio: TwilioServer) -> None:
    result = connect(waitlist, twilio)
    assert result.exit_code == 0, result.output
    assert "is connected: sms, whatsapp." in result.output
    assert "http://127.0.0.1:8080/twilio/sms/incoming#rc=5&rp=all" in result.output
    assert "waitlist sms test NUMBER" in result.output
    assert AUTH_TOKEN not in result.output
    assert AUTH_TOKEN.encode() not in (box.parent / "data" / "waitlist.db").read_bytes()


def test_the_auth_token_is_asked_for_and_not_shown(waitlist: Run, twilio: TwilioServer) -> None:
    line = ["messaging", "connect", "twilio", ACCOUNT_SID, "--from", NUMBER, "--api-url", twilio.url]
    result = waitlist(*line, input=f"{AUTH_TOKEN}\n")
    assert result.exit_code == 0, result.output
    assert "Auth token" in result.output
    assert AUTH_TOKEN not in result.output


def test_wrong_credentials_are_one_line_and_exit_code_one(waitlist: Run, twilio: TwilioServer) -> None:
    result = connect(waitlist, twilio, token="9f" * 16)
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert "does not take these credentials" in result.output
    assert "not connected" in waitlist("messaging", "status").output


def test_wrong_settings_are_named_field_by_field(waitlist: Run, twilio: TwilioServer) -> None:
    result = waitlist("messaging", "connect", "twilio", "AC1", "--secrets-stdin", input="x\n")
    assert result.exit_code == 1
    assert "account_sid:" in result.output
    assert "auth_token:" in result.output


def test_the_status_says_what_is_connected_and_gives_no_secret(
    waitlist: Run, twilio: TwilioServer, mail: SmtpServer
) -> None:
    assert "simulated phones" in waitlist("messaging", "status").output
    connect(waitlist, twilio)
    assert connect_mail(waitlist, mail).exit_code == 0
    said, told = waitlist("messaging", "status").output, waitlist("messaging", "status", "--json").output
    assert ACCOUNT_SID in said
    assert "hola@casalola.example" in said
    assert {account["provider"]: account["channels"] for account in json.loads(told)["accounts"]} == {
        "twilio": ["sms", "whatsapp"], "smtp": ["email"],
    }  # fmt: skip
    for secret in (AUTH_TOKEN, "the-kitchen"):
        assert secret not in said + told


def test_the_environment_is_named_as_where_the_account_comes_from(
    waitlist: Run, twilio: TwilioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT_SID)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", AUTH_TOKEN)
    monkeypatch.setenv("TWILIO_FROM_NUMBER", NUMBER)
    assert "from the environment" in waitlist("messaging", "status").output
    refused = waitlist("messaging", "disconnect", "twilio", "--yes")
    assert (refused.exit_code, "environment" in refused.output) == (1, True)


def test_a_test_text_message_goes_out(waitlist: Run, twilio: TwilioServer) -> None:
    connect(waitlist, twilio)
    result = waitlist("sms", "test", ANA, "--wait", "0")
    assert result.exit_code == 0, result.output
    assert ANA in result.output
    assert len(twilio.sent(ANA)) == 1


def test_a_test_is_followed_until_its_fate_is_known(
    waitlist: Run, twilio: TwilioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(waitlist, twilio)
    monkeypatch.setattr(commands, "ASKED_EVERY", 0.01)
    twilio.before("messages.fetch", lambda request: twilio.progress())
    arrived = waitlist("sms", "test", ANA)
    assert (arrived.exit_code, "it has arrived" in arrived.output) == (0, True)


def test_a_test_that_comes_to_nothing_says_why(
    waitlist: Run, twilio: TwilioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(waitlist, twilio)
    monkeypatch.setattr(commands, "ASKED_EVERY", 0.01)
    twilio.before("messages.fetch", lambda request: twilio.progress())
    result = waitlist("whatsapp", "test", ANA)
    assert result.exit_code == 1
    assert "63016" in result.output
    assert "WhatsApp" in result.output


def test_a_refused_test_is_told_in_json_with_the_providers_code(waitlist: Run, twilio: TwilioServer) -> None:
    connect(waitlist, twilio)
    twilio.refuse(ANA, 21211)
    result = waitlist("sms", "test", ANA, "--json")
    told = json.loads(result.output)
    assert (result.exit_code, told["ok"], told["trouble"], told["code"]) == (1, False, "dead", "21211")


def test_a_test_email_arrives(waitlist: Run, twilio: TwilioServer, mail: SmtpServer) -> None:
    connect_mail(waitlist, mail)
    result = waitlist("email", "test", "ana@example.org")
    assert result.exit_code == 0, result.output
    assert mail.received[0].recipients == ("ana@example.org",)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (("sms", "test", "12"), "NUMBER '12'"), (("whatsapp", "test", "not a number"), "NUMBER 'not a number'"),
        (("email", "test", "ana"), "ADDRESS 'ana'"),
    ],
)  # fmt: skip
def test_a_wrong_number_or_address_is_named(
    waitlist: Run, twilio: TwilioServer, line: tuple[str, ...], named: str
) -> None:
    result = waitlist(*line)
    assert (result.exit_code, named in result.output) == (1, True)
    assert result.output.count("\n") == 1


def test_with_nothing_connected_a_test_lies_on_the_simulated_phone(waitlist: Run, twilio: TwilioServer) -> None:
    result = waitlist("sms", "test", ANA)
    assert (result.exit_code, "simulated phone" in result.output) == (0, True)


def test_pausing_and_resuming(waitlist: Run, twilio: TwilioServer) -> None:
    assert waitlist("messaging", "pause").exit_code == 0
    assert "Sending is paused since" in waitlist("messaging", "status").output
    assert "Sending goes on" in waitlist("messaging", "resume").output
    assert "was not paused" in waitlist("messaging", "resume").output


def test_disconnecting_asks_first_and_names_what_is_not_there(waitlist: Run, twilio: TwilioServer) -> None:
    missing = waitlist("messaging", "disconnect", "twilio")
    assert (missing.exit_code, "not connected" in missing.output) == (1, True)
    connect(waitlist, twilio)
    assert waitlist("messaging", "disconnect", "twilio", input="n\n").exit_code == 1
    assert "is disconnected." in waitlist("messaging", "disconnect", "twilio", "--yes").output
    assert "not connected" in waitlist("messaging", "status").output


def test_no_command_takes_a_secret_as_an_argument() -> None:
    arguments: set[str] = set()
    groups: list[Any] = [commands.messaging, commands.sms, commands.whatsapp, commands.email]
    while groups:
        for command in groups.pop().commands.values():
            arguments |= {parameter.name for parameter in command.params if not getattr(parameter, "is_flag", False)}
            groups += [command] if hasattr(command, "commands") else []
    assert not arguments & {"password", "secret", "auth_token", "token", "api_key_secret"}
