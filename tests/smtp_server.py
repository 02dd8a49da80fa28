"""A mail server on the loopback address that keeps what it gets and refuses what it is told to refuse.

with SmtpServer() as server:
    server.refuse("gone@example.org", "550 5.1.1 no such user")
    server.refuse("new@example.org", "451 4.7.1 greylisted", times=1)
    ...
    server.received[0].mail                  # parsed with the email package
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

HOST = "127.0.0.1"
AT_SENDER, AT_TEXT = "(sender)", "(text)"


@dataclass(frozen=True)
class Received:
    """A mail as it arrived."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    encrypted: bool
    options: tuple[str, ...] = ()

    @property
    def mail(self) -> EmailMessage:
        """Parsed; its lines end as Python's do."""
        return message_from_bytes(self.content.replace(b"\r\n", b"\n"), policy=policy.default)


@dataclass
class SmtpServer:
    """``users``: only they may send. ``tls``: a context; ``implicit`` with it from the first byte, else by STARTTLS."""

    users: Mapping[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    utf8: bool = False
    size_limit: int = 1_000_000
    after_text: str = ""  # "drop" or "hang": taken, and never said so
    received: list[Received] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._refusals: dict[str, list[str]] = defaultdict(list)
        self._for_ever: dict[str, str] = {}
        encryption: dict[str, Any] = {"ssl_context": self.tls} if self.implicit else {"tls_context": self.tls}
        self._controller = _OnAnyPort(
            self, hostname=HOST, port=0, enable_SMTPUTF8=self.utf8, data_size_limit=self.size_limit,
            auth_require_tls=False, authenticator=self._is_user,
            server_hostname="mail.example.org", **encryption,
        )  # fmt: skip

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def refuse(self, what: str, answer: str, times: int | None = None) -> None:
        """Answer this to an address, to every sender (AT_SENDER) or after every text (AT_TEXT)."""
        if times is None:
            self._for_ever[what] = answer
        else:
            self._refusals[what] += [answer] * times

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.users and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self._refusal(AT_SENDER) or "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = self._refusal(address)
        if not refusal:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        refusal = self._refusal(AT_TEXT)
        if refusal:
            return refusal
        self.received.append(
            Received(
                envelope.mail_from or "", tuple(envelope.rcpt_tos), cast(bytes, envelope.content),
                session.ssl is not None or self.implicit, tuple(envelope.mail_options),
            )
        )  # fmt: skip
        if self.after_text == "hang":
            await asyncio.Event().wait()
        if self.after_text == "drop":
            cast(asyncio.Transport, server.transport).abort()
        return "250 OK"

    def _refusal(self, what: str) -> str | None:
        waiting = self._refusals.get(what)
        return waiting.pop(0) if waiting else self._for_ever.get(what)

    def _is_user(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        known = self.users.get(given.login.decode()) == given.password.decode()
        return AuthResult(success=known, handled=False)


class _OnAnyPort(Controller):
    def _trigger_server(self) -> None:
        self.port = cast(Any, self.server).sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


class OddServer:
    """Says these bytes to whoever connects, one by one with a pause between them, then nothing more; never hangs up."""

    def __init__(self, says: bytes, pause: float = 0.0, *, hang_up: bool = False) -> None:
        self._says, self._pause, self._hang_up = says, pause, hang_up
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        with connection:
            for byte in self._says:
                try:
                    connection.sendall(bytes([byte]))
                except OSError:
                    return
                if self._over.wait(self._pause):
                    return
            if not self._hang_up:
                self._over.wait(10)
