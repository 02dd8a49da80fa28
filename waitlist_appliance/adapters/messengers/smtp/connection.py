"""A connection to the mail server: encrypted, logged in, and never longer than it may take."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final

from waitlist_appliance.adapters.messengers.smtp.account import SmtpAccount, is_near
from waitlist_appliance.adapters.messengers.smtp.refusals import Reply, Stage, refusal
from waitlist_appliance.ports import DeliveryError, Verdict


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: for one step, for the good-bye, and for everything together, however slowly it drips.

    The whole must stay below the time for which the outbox lends a message out.
    """

    step: float = 15.0
    good_bye: float = 3.0
    total: float = 45.0


USUAL: Final = Limits()


class _Watch:
    """Breaks the connection off when everything together has taken too long: a step's limit starts anew at every byte."""

    def __init__(self, seconds: float) -> None:
        self.over = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._break_off)
        self._timer.daemon = True

    def guard(self, connected: socket.socket) -> None:
        # A duplicate, since encryption takes the original over.
        self._socket = connected.dup()

    def __enter__(self) -> _Watch:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._socket is not None:
            self._socket.close()

    def _break_off(self) -> None:
        self.over = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


class _Wire(smtplib.SMTP):
    """smtplib's client on a socket that is watched, and encrypted from the start where the account says so."""

    def __init__(self, account: SmtpAccount, watch: _Watch, limits: Limits) -> None:
        self._account, self._watch = account, watch
        super().__init__(account.host, account.port, local_hostname=_our_name(), timeout=limits.step)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connected = socket.create_connection((host, port), timeout)
        self._watch.guard(connected)
        if self._account.security == "tls":
            # Made only where it is needed: reading all the authorities takes a while.
            return ssl.create_default_context().wrap_socket(connected, server_hostname=host)
        if self._account.security == "none" and not is_near(connected.getpeername()[0]):
            connected.close()
            words = f"{host} is outside our own network: nothing is sent there without encryption"
            raise DeliveryError(words, "account", code="unencrypted")
        return connected


@contextmanager
def connected(account: SmtpAccount, limits: Limits = USUAL) -> Iterator[smtplib.SMTP]:
    """A connection that is ready to take a mail. DeliveryError says why there is none; it ends with the block."""
    with _Watch(limits.total) as watch:
        wire = _open(account, watch, limits)
        try:
            _greet(wire, account)
            yield wire
        finally:
            _say_good_bye(wire, limits)


@contextmanager
def step(stage: Stage, host: str, *, after_it: Verdict = "later") -> Iterator[None]:
    """Whatever goes wrong in the block, in words. ``after_it``: what a broken connection means at this step."""
    try:
        yield
    except smtplib.SMTPServerDisconnected:
        raise DeliveryError(f"{host} broke the connection off", after_it, code="disconnected") from None
    except smtplib.SMTPResponseException as error:
        raise refusal(Reply.of(error.smtp_code, error.smtp_error), stage) from None
    except smtplib.SMTPNotSupportedError:
        words = f"{host} does not offer what is needed for {_NEEDS[stage]}"
        raise DeliveryError(words, "account", code=stage) from None
    except smtplib.SMTPException:
        raise DeliveryError(f"{host} offers no way to log in that we know", "account", code=stage) from None
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
        raise DeliveryError(f"{host} broke the connection off", after_it, code="disconnected") from None
    except ssl.SSLCertVerificationError as error:
        words = f"the certificate of {host} is not good ({error.verify_message})"
        raise DeliveryError(words, "account", code="certificate") from None
    except ssl.SSLError as error:
        words = f"{host} does not speak TLS as the settings say ({error.reason})"
        raise DeliveryError(words, "account", code="tls") from None
    except TimeoutError:
        raise DeliveryError(f"{host} did not answer in time", after_it, code="timeout") from None
    except (OSError, UnicodeError) as error:
        words = f"{host} cannot be reached ({type(error).__name__})"
        raise DeliveryError(words, after_it, code="unreachable") from None


_NEEDS: Final[dict[Stage, str]] = {
    "greeting": "this", "hello": "this", "encryption": "encryption", "login": "logging in", "sender": "the sender's name",
    "recipient": "this address", "text": "this message",
}  # fmt: skip


def _open(account: SmtpAccount, watch: _Watch, limits: Limits) -> _Wire:
    with step("greeting", account.host):
        return _Wire(account, watch, limits)


def _greet(wire: _Wire, account: SmtpAccount) -> None:
    with step("hello", account.host):
        wire.ehlo_or_helo_if_needed()
    if account.security == "starttls":
        with step("encryption", account.host):
            # Never without: a server, or somebody in between, that does not offer it gets no password.
            wire.starttls(context=ssl.create_default_context())
        with step("hello", account.host):
            wire.ehlo_or_helo_if_needed()
    if account.username:
        with step("login", account.host):
            _log_in(wire, account)


def _log_in(wire: _Wire, account: SmtpAccount) -> None:
    if (account.username + account.password).isascii():
        wire.login(account.username, account.password)
        return
    # smtplib writes ASCII only; RFC 4616 says UTF-8.
    if "PLAIN" not in wire.esmtp_features.get("auth", "").upper().split():
        raise smtplib.SMTPNotSupportedError("AUTH PLAIN")
    secret = base64.b64encode(f"\0{account.username}\0{account.password}".encode()).decode("ascii")
    code, said = wire.docmd("AUTH", f"PLAIN {secret}")
    if code not in (235, 503):
        raise smtplib.SMTPAuthenticationError(code, said)


def _say_good_bye(wire: _Wire, limits: Limits) -> None:
    """What was decided is decided: a server that does not say good-bye changes nothing."""
    with suppress(OSError):
        if wire.sock is not None:
            wire.sock.settimeout(limits.good_bye)
            wire.quit()
    wire.close()


def _our_name() -> str:
    """How we introduce ourselves. Not getfqdn: that asks the name servers, and may wait for them."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"
