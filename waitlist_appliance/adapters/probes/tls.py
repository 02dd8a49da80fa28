"""The certificate that a server shows: read even when it is not to be trusted, so that it can be said why not."""

from __future__ import annotations

import socket
import ssl
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from waitlist_appliance.ports.probes import Certificate, CertificateTrouble, Unreachable

SECONDS: Final = 5.0
# OpenSSL's verdicts: expired, not yet valid; another host, another address.
_TROUBLES: Final[dict[int, CertificateTrouble]] = {10: "expired", 9: "expired", 62: "name", 64: "name"}


def certificate(host: str, port: int) -> Certificate:
    """What is shown at this address; Unreachable."""
    context = ssl.create_default_context()
    trouble: CertificateTrouble | None = None
    try:
        try:
            shown = _shown(context, host, port)
        except ssl.SSLCertVerificationError as error:
            trouble = _TROUBLES.get(error.verify_code, "untrusted")
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            shown = _shown(context, host, port)
    except OSError as error:
        raise Unreachable(error.strerror or str(error) or type(error).__name__) from None
    found = x509.load_der_x509_certificate(shown)
    return Certificate(found.not_valid_after_utc, _issuer(found), _names(found), trouble)


def _shown(context: ssl.SSLContext, host: str, port: int) -> bytes:
    with (
        socket.create_connection((host, port), timeout=SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host) as wire,
    ):
        return wire.getpeercert(binary_form=True) or b""


def _issuer(found: x509.Certificate) -> str:
    for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        for attribute in found.issuer.get_attributes_for_oid(kind):
            return str(attribute.value)
    return ""


def _names(found: x509.Certificate) -> tuple[str, ...]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return (*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress)))
