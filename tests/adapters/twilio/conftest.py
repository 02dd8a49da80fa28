"""A Twilio account, and messengers on it that let their connections go."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.adapters.twilio.access import twilio_messenger
from tests.twilio_server import TwilioServer
from waitlist_appliance.adapters.messengers.twilio import TwilioMessenger, client

Make = Callable[..., TwilioMessenger]


@pytest.fixture
def twilio() -> Iterator[TwilioServer]:
    with TwilioServer() as server:
        yield server


@pytest.fixture
def make(twilio: TwilioServer) -> Iterator[Make]:
    """Makes a messenger for a channel, with templates and changes of the account."""
    made: list[TwilioMessenger] = []

    def build(channel: str = "sms", *rest: object, **changes: object) -> TwilioMessenger:
        made.append(twilio_messenger(twilio, channel, *rest, **changes))  # type: ignore[arg-type]
        return made[-1]

    yield build
    for messenger in made:
        messenger.close()


@pytest.fixture
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A silent server is given up after a moment."""
    monkeypatch.setattr(client, "READ_SECONDS", 0.3)


@pytest.fixture
def say() -> Iterator[Callable[[str], str]]:
    """The address of a server that says "created" and these words, once."""
    with ExitStack() as running:

        def serve(words: str) -> str:
            listening = running.enter_context(socket.create_server(("127.0.0.1", 0)))
            thread = threading.Thread(target=_say, args=(listening, words))
            thread.start()
            running.callback(thread.join)
            return f"http://127.0.0.1:{listening.getsockname()[1]}"

        yield serve


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[str]:
    """A server with a certificate that it wrote for itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_own_certificate(tmp_path / "own.pem"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_shake_hands, args=(listening, context))
        thread.start()
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def _say(listening: socket.socket, words: str) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.recv(65_536)
        head = f"HTTP/1.1 201 Created\r\nContent-Length: {len(words)}\r\nConnection: close\r\n\r\n"
        connection.sendall(f"{head}{words}".encode())


def _shake_hands(listening: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listening.accept()
    with connection, suppress(OSError):
        context.wrap_socket(connection, server_side=True).close()


def _own_certificate(path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    encoded = serialization.Encoding.PEM
    secret = key.private_bytes(encoded, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + certificate.public_bytes(encoded))
    return path
