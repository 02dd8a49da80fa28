"""OAuth authorization code with PKCE through Google's own library, without what it asks of the whole process."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import requests
from google_auth_oauthlib.flow import Flow
from oauthlib.oauth2.rfc6749.errors import OAuth2Error  # type: ignore[import-untyped]
from requests.adapters import HTTPAdapter

from waitlist_appliance.adapters.calendars.google import errors
from waitlist_appliance.adapters.calendars.google.endpoints import GoogleEndpoints
from waitlist_appliance.adapters.calendars.google.transport import CONNECT_SECONDS
from waitlist_appliance.ports.calendars import ConsentClient

# At DEBUG these write codes, secrets and tokens into the log.
for _name in ("requests_oauthlib", "oauthlib"):
    logging.getLogger(_name).setLevel(logging.INFO)


class CodeFlow:
    """One way to Google's page and back."""

    def __init__(
        self, endpoints: GoogleEndpoints, client: ConsentClient, scopes: Sequence[str], redirect_uri: str, verifier: str
    ) -> None:
        self._auth_url, self._token_url = endpoints.auth_url, endpoints.token_url
        config = {
            "client_id": client.client_id, "client_secret": client.client_secret,
            "auth_uri": _as_https(self._auth_url), "token_uri": _as_https(self._token_url),
        }  # fmt: skip
        self._flow = Flow.from_client_config({"web": config}, scopes, redirect_uri=redirect_uri, code_verifier=verifier)

    def url(self, state: str) -> str:
        """Where to send the owner."""
        # always offline and asked anew: otherwise no refresh token comes
        url, _ = self._flow.authorization_url(
            access_type="offline", prompt="consent", include_granted_scopes="false", state=state
        )
        return str(url).replace(_as_https(self._auth_url), self._auth_url, 1)

    def token(self, code: str, read_seconds: float) -> Any:
        """oauthlib's token, whatever scopes it has. GoogleError."""
        with self._flow.oauth2session as session:
            if _is_loopback(self._token_url):
                session.mount(_as_https(self._token_url), _Loopback())
            try:
                return self._flow.fetch_token(
                    code=code, include_client_id=True, timeout=(CONNECT_SECONDS, read_seconds)
                )
            except Warning as changed:
                # oauthlib's way of saying that other scopes were granted than asked for; it brings the token along
                return changed.token  # type: ignore[attr-defined]
            except OAuth2Error as error:
                raise errors.from_token_error(error.error) from None
            except requests.exceptions.SSLError:
                raise errors.GoogleError("the certificate of Google's server is not good", "unsafe") from None
            except requests.RequestException as error:
                raise errors.GoogleError(f"Google did not answer ({type(error).__name__})", "unreachable") from None
            except (ValueError, TypeError, AttributeError):
                # oauthlib takes any answer for an object
                raise errors.garbage("no token") from None


class _Loopback(HTTPAdapter):
    """oauthlib wants https everywhere, or else a variable of the whole process. A server of our own on this machine is
    therefore called https up to here."""

    def send(self, request: Any, *rest: Any, **more: Any) -> Any:
        request.url = request.url.replace("https:", "http:", 1)
        return super().send(request, *rest, **more)


def _is_loopback(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname == "127.0.0.1"


def _as_https(url: str) -> str:
    return url.replace("http:", "https:", 1) if _is_loopback(url) else url
