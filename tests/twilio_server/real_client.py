"""Twilio's own client on the server."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests.twilio_server import TwilioServer


class Retargeted(TwilioHttpClient):
    """Sends to the server what is meant for api.twilio.com."""

    def __init__(self, base_url: str, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self._base = urlsplit(base_url)

    def request(self, method: str, url: str, *rest: Any, **named: Any) -> Any:
        parts = urlsplit(url)
        local = urlunsplit((self._base.scheme, self._base.netloc, parts.path, parts.query, ""))
        return super().request(method, local, *rest, **named)

    def close(self) -> None:
        """Let the connections go."""
        self.session.close()


def client(twilio: TwilioServer, user: str | None = None, secret: str | None = None, *, timeout: float = 5.0) -> Client:
    """Twilio's client with the account's token, or with this user and secret (an API key's, or another account's)."""
    name = user or twilio.account_sid
    account = twilio.account_sid if name.startswith("SK") else name
    return Client(name, secret or twilio.auth_token, account, http_client=Retargeted(twilio.url, timeout))
