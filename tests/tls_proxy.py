"""Certificates of an authority of our own, and a reverse proxy that shows one: how the world reaches a box."""

from __future__ import annotations

import http.client
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# sets: as the snippets in deploy/ do; passes_on: what the caller said; drops: says nothing of the caller at all.
Forwarding = Literal["sets", "passes_on", "drops"]
DAY = timedelta(days=1)


@dataclass
class Authority:
    """Signs certificates; `file` is its own."""

    folder: Path

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Casa Lola's authority")])
        now = datetime.now(UTC)
        own = x509.CertificateBuilder(
            self._name, self._name, self._key.public_key(), x509.random_serial_number(), now - 90 * DAY, now + 90 * DAY
        ).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.file = self.folder / "authority.pem"
        self.file.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def certificate(self, host: str = "localhost", begins: timedelta = -DAY, ends: timedelta = 60 * DAY) -> Path:
        """A file with a certificate for this host, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        now = datetime.now(UTC)
        made = x509.CertificateBuilder(
            self._name, name, key.public_key(), x509.random_serial_number(), now + begins, now + ends
        ).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]), False
        )
        file = self.folder / f"{host}-{ends.days}.pem"
        file.write_bytes(
            made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return file


@contextmanager
def proxy(certificate: Path, to_port: int, forwarding: Forwarding = "sets", scheme: str = "https") -> Iterator[int]:
    """Shows the certificate and passes every GET on to a port of this machine; its own port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = {"X-Forwarded-Proto": scheme, "Host": str(self.headers["Host"])}
            if forwarding == "sets":
                said["X-Forwarded-For"] = "198.51.100.7"
            elif forwarding == "passes_on":
                said["X-Forwarded-For"] = str(self.headers["X-Forwarded-For"])
            onwards = http.client.HTTPConnection("127.0.0.1", to_port, timeout=20)
            onwards.request("GET", self.path, headers=said)
            answer = onwards.getresponse()
            body = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            onwards.close()

        def log_message(self, format: str, *args: object) -> None:
            """Tests are quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
