"""The account: what is refused when it is typed in, logging in, and encryption that is never given up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.smtp.access import NOW, QUICK, account_of, letter, outcome
from tests.adapters.smtp.conftest import Authority
from tests.smtp_server import SmtpServer
from waitlist_appliance.adapters.messengers.smtp import SmtpAccount, SmtpMessenger, check
from waitlist_appliance.adapters.messengers.smtp.account import is_near
from waitlist_appliance.ports import DeliveryError
from waitlist_appliance.ports.accounts import BadAccount

GOOD = {"host": "smtp.example.org", "sender": "mesa@casalola.example"}
LOGIN = {"username": "lola", "password": "s3cret-pass"}
PROBLEMS: list[tuple[dict[str, Any], str]] = [
    ({"host": ""}, "host"),
    ({"host": "smtp.example.org:587"}, "host"),
    ({"host": "smtp .example.org"}, "host"),
    ({"port": "many"}, "port"),
    ({"port": 70000}, "port"),
    ({"port": "0"}, "port"),
    ({"security": "ssl3"}, "security"),
    ({"security": "none"}, "security"),
    ({"security": "none", "allow_unencrypted": True, "host": "8.8.8.8"}, "security"),
    ({"sender": ""}, "sender"),
    ({"sender": "Casa Lola <mesa@casalola.example>"}, "sender"),
    ({"sender": "niña@casalola.example"}, "sender"),
    ({"sender_name": "Lola\r\nBcc: eve@example.org"}, "sender_name"),
    ({"reply_to": "nobody"}, "reply_to"),
    ({"username": "lola"}, "username"),
    ({"password": "s3cret-pass"}, "username"),
    ({"username": "lola", "password": "a\r\nb"}, "password"),
]


@pytest.mark.parametrize(("changed", "field"), PROBLEMS)
def test_a_setting_that_cannot_be_right_is_named(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(BadAccount) as refused:
        SmtpAccount.from_mapping(GOOD | changed)
    assert list(refused.value.problems) == [field]
    assert refused.value.problems[field].endswith(".")


def test_every_setting_at_fault_is_named_at_once() -> None:
    with pytest.raises(BadAccount) as refused:
        SmtpAccount.from_mapping({})
    assert set(refused.value.problems) == {"host", "sender"}


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465)])
def test_the_usual_port_goes_with_the_encryption(security: str, port: int) -> None:
    assert SmtpAccount.from_mapping(GOOD | {"security": security}).port == port


def test_encryption_is_on_unless_it_is_turned_off() -> None:
    assert SmtpAccount.from_mapping(GOOD).security == "starttls"


def test_the_password_is_never_shown() -> None:
    account = SmtpAccount.from_mapping(GOOD | LOGIN)
    assert "s3cret-pass" not in f"{account} {account!r}"


@pytest.mark.parametrize(
    ("address", "near"),
    [("127.0.0.1", True), ("::1", True), ("192.168.1.9", True), ("10.0.0.1", True), ("fd00::1", True),
     ("fe80::1%eth0", True), ("::ffff:10.0.0.1", True), ("8.8.8.8", False), ("::ffff:8.8.8.8", False),
     ("2001:4860:4860::8888", False), ("0.0.0.0", False)],
)  # fmt: skip
def test_only_our_own_network_is_near(address: str, near: bool) -> None:
    assert is_near(address) is near


@pytest.mark.parametrize("password", ["s3cret-pass", "contraseña-€"])
def test_with_the_right_password_the_letter_is_taken(password: str) -> None:
    with SmtpServer(users={"lola": password}) as server:
        account = account_of(server.port, username="lola", password=password)
        check(account)
        assert outcome(SmtpMessenger(account)) == "taken"


@pytest.mark.parametrize("password", ["wrong-s3cret", "falsch-ü"])
def test_a_wrong_password_is_a_fault_of_the_account_and_stays_secret(password: str) -> None:
    with SmtpServer(users={"lola": "right"}) as server, pytest.raises(DeliveryError) as failure:
        check(account_of(server.port, username="lola", password=password))
    assert failure.value.verdict == "account"
    assert failure.value.code == "535 5.7.8"
    assert password not in str(failure.value)


def test_a_missing_password_is_a_fault_of_the_account() -> None:
    with SmtpServer(users={"lola": "right"}) as server:
        assert outcome(SmtpMessenger(account_of(server.port))) == "account"


def test_trying_the_account_sends_nothing(server: SmtpServer) -> None:
    check(account_of(server.port))
    assert server.received == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_encrypted_letter_arrives_encrypted(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.trusted))
    with SmtpServer(users={"lola": "right"}, tls=authority.context, implicit=security == "tls") as server:
        account = account_of(server.port, security=security, username="lola", password="right")
        SmtpMessenger(account).send(letter(), NOW)
        assert [received.encrypted for received in server.received] == [True]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_stops_everything(authority: Authority, security: str) -> None:
    with SmtpServer(tls=authority.context, implicit=security == "tls") as server:
        with pytest.raises(DeliveryError) as failure:
            check(account_of(server.port, security=security))
        assert (failure.value.verdict, failure.value.code) == ("account", "certificate")


def test_a_certificate_for_another_name_stops_everything(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.trusted))
    with SmtpServer(tls=authority.context) as server, pytest.raises(DeliveryError) as failure:
        check(account_of(server.port, security="starttls", host="localhost"))
    assert failure.value.code == "certificate"


def test_a_server_without_starttls_gets_neither_password_nor_letter(server: SmtpServer) -> None:
    messenger = SmtpMessenger(account_of(server.port, security="starttls", **LOGIN))
    assert (outcome(messenger), server.received) == ("account", [])


def test_tls_to_a_server_that_speaks_plainly_first_is_a_fault_of_the_account(server: SmtpServer) -> None:
    assert outcome(SmtpMessenger(account_of(server.port, security="tls"), QUICK)) == "account"
