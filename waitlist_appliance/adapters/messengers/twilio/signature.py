"""Whether a request to our hooks comes from Twilio."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

SIGNATURE: Final = "x-twilio-signature"
SETTINGS: Final = "x-twilio-webhooks-signature-settings"


class Headers(Protocol):
    """A dict, or werkzeug's headers."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Names and values."""


class _Fields(dict[str, list[str]]):
    """Every value of every field, in the way in which Twilio's validator asks."""

    def getall(self, name: str) -> list[str]:
        return self[name]


def is_genuine(
    auth_token: str, public_url: str, raw_path: str, raw_query: str, form: Mapping[str, Any], headers: Headers
) -> bool:
    """Whether Twilio signed this form for this address. Never raises.

    ``public_url`` is the configured address that Twilio was given, never one that the request claims; path and query are
    as they arrived, not decoded. ``form``: a mapping to texts or to lists of texts, or a werkzeug MultiDict, with blank
    fields kept.
    """
    given = {name.lower(): value for name, value in headers.items()}
    signature = given.get(SIGNATURE, "")
    if not auth_token or not signature:  # anybody can sign with an empty token
        return False
    address = public_url.rstrip("/") + raw_path + (f"?{raw_query}" if raw_query else "")
    try:
        return _validates(auth_token, address, _fields(form), signature, given.get(SETTINGS, ""))
    except Exception:  # whatever was posted to make the check fall over is not from Twilio
        return False


def _validates(auth_token: str, address: str, fields: _Fields, signature: str, settings: str) -> bool:
    # Not at the top: most boxes never see such a request.
    from twilio.request_validator import HMAC_SHA1, HMAC_SHA256, RequestValidator, get_signature_algorithm

    algorithm = get_signature_algorithm(settings).upper()
    if algorithm not in (HMAC_SHA1, HMAC_SHA256):  # Twilio's validator would repeat the stranger's words in the log
        return False
    return bool(RequestValidator(auth_token).validate(address, fields, signature, algorithm))


def _fields(form: Mapping[str, Any]) -> _Fields:
    if hasattr(form, "getlist"):
        return _Fields({name: list(form.getlist(name)) for name in form})
    return _Fields({name: _values(value) for name, value in form.items()})


def _values(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
