"""Handing a letter to the mail server."""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from datetime import datetime

from waitlist_appliance.adapters.messengers.smtp import composing
from waitlist_appliance.adapters.messengers.smtp.account import SmtpAccount
from waitlist_appliance.adapters.messengers.smtp.addresses import MailAddress
from waitlist_appliance.adapters.messengers.smtp.connection import USUAL, Limits, connected, step
from waitlist_appliance.adapters.messengers.smtp.refusals import Reply, Stage, refusal
from waitlist_appliance.ports import DeliveryError, Fate, Handed, Inbound, Letter


class SmtpMessenger:
    """Email through one account: a connection for each letter, so that none waits for another's trouble."""

    def __init__(self, account: SmtpAccount, limits: Limits = USUAL) -> None:
        self._account = account
        self._limits = limits

    def send(self, letter: Letter, now: datetime) -> Handed:
        """Hand the letter to the mail server. ``unknown`` when the connection ended after the text was sent."""
        to = composing.recipient(letter)
        content = composing.compose(letter, self._account, now).as_bytes()
        with connected(self._account, self._limits) as wire:
            self._hand_over(wire, to, content)
        return Handed(composing.message_id(letter, self._account))

    def look_up(self, letter: Letter, since: datetime) -> Handed | None:
        """None: SMTP cannot tell. A second copy has the same Message-ID, by which the receiver knows it."""
        return None

    def fates(self, provider_ids: Sequence[str]) -> Sequence[Fate]:
        """None: what bounces comes back as mail."""
        return ()

    def inbound(self, since: datetime) -> Sequence[Inbound]:
        """None: answers go to the owner's own mailbox."""
        return ()

    def _hand_over(self, wire: smtplib.SMTP, to: MailAddress, content: bytes) -> None:
        host = self._account.host
        _check_size(wire, content)
        with step("sender", host):
            _expect_good(wire.mail(composing.sender(self._account).spec, _options(wire, to, content)), "sender")
        with step("recipient", host):
            _expect_good(wire.rcpt(to.spec), "recipient")
        with step("text", host, after_it="unknown"):
            code, said = wire.data(content)
        reply = Reply.of(code, said)
        if 200 <= code < 300:
            return
        if not 400 <= code < 600:
            raise DeliveryError(f"{host} answered what makes no sense ({reply.name})", "unknown", code=reply.name)
        raise refusal(reply, "text")


def check(account: SmtpAccount, limits: Limits = USUAL) -> None:
    """Connect, encrypt and log in as for a message, and send none. DeliveryError says what is wrong."""
    with connected(account, limits) as wire, step("hello", account.host):
        _expect_good(wire.noop(), "hello")


def _options(wire: smtplib.SMTP, to: MailAddress, content: bytes) -> list[str]:
    options = [f"SIZE={len(content)}"] if wire.has_extn("size") else []
    if to.needs_utf8:
        if not wire.has_extn("smtputf8"):
            words = "the mail server takes no addresses with signs outside ASCII before the @"
            raise DeliveryError(words, "elsewhere", code="smtputf8")
        options += ["SMTPUTF8", "BODY=8BITMIME"]
    return options


def _check_size(wire: smtplib.SMTP, content: bytes) -> None:
    """Said before it is sent: some servers break the connection off in the middle, which would look like bad luck."""
    announced = wire.esmtp_features.get("size", "").strip()
    if announced.isdecimal() and 0 < int(announced) < len(content):
        words = f"the message is bigger than the mail server takes ({len(content)} of {announced} bytes)"
        raise DeliveryError(words, "message", code="size")


def _expect_good(answer: tuple[int, bytes], stage: Stage) -> None:
    code, said = answer
    if not 200 <= code < 300:
        raise refusal(Reply.of(code, said), stage)
