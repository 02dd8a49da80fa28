"""The owner lets us in: what is asked for, and what must come of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from waitlist_appliance.adapters.calendars.google import errors
from waitlist_appliance.adapters.calendars.google.endpoints import GoogleEndpoints, Limits
from waitlist_appliance.adapters.calendars.google.transport import Http
from waitlist_appliance.ports.calendars import ConsentClient, Grant

# Reading and writing events, and seeing which calendars there are; nothing else.
SCOPES = (
    "https://www.googleapis.com/auth/calendar.events",
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
)


class GoogleConsent:
    """ports.Consent. Nothing is remembered between ``url`` and ``exchange``: the caller keeps state and verifier."""

    def __init__(self, endpoints: GoogleEndpoints, limits: Limits | None = None) -> None:
        self._endpoints = endpoints
        self._limits = limits or Limits()

    def url(self, client: ConsentClient, redirect_uri: str, state: str, verifier: str) -> str:
        url: str = self._flow(client, redirect_uri, verifier).url(state)
        return url

    def exchange(self, client: ConsentClient, redirect_uri: str, code: str, verifier: str) -> Grant:
        token = self._flow(client, redirect_uri, verifier).token(code, self._limits.read)
        granted = frozenset(str(scope) for scope in token.scopes)
        missing = [scope.rpartition("/")[2] for scope in SCOPES if scope not in granted]
        if missing:
            raise errors.GoogleError(f"not allowed on Google's page: {', '.join(missing)}", "refused")
        if not token.get("refresh_token"):
            raise errors.GoogleError("Google sent no refresh token", "refused")
        credentials = {
            "refresh_token": str(token["refresh_token"]), "access_token": str(token["access_token"]),
            "expires_at": _expires_at(token), "scopes": " ".join(sorted(granted)),
        }  # fmt: skip
        return Grant(credentials, granted, self._account(credentials["access_token"]))

    def _flow(self, client: ConsentClient, redirect_uri: str, verifier: str) -> Any:
        # Only here: it costs some 10 MB, and the worker never asks for consent.
        from waitlist_appliance.adapters.calendars.google.code_flow import CodeFlow

        return CodeFlow(self._endpoints, client, SCOPES, redirect_uri, verifier)

    def _account(self, access_token: str) -> str | None:
        """Whose account it is: the primary calendar's id is its address. Good to know, and not worth failing for."""
        http = Http(self._limits.read)
        url = self._endpoints.api_url + "users/me/calendarList/primary"
        try:
            told = json.loads(http.request(url, headers={"Authorization": f"Bearer {access_token}"})[1])
        except errors.RAISED:
            return None
        finally:
            http.close()
        return str(told["id"]) if isinstance(told, dict) and "id" in told else None


def _expires_at(token: Mapping[str, Any]) -> str:
    """Empty when Google did not say: the token is then renewed before it is used."""
    told = token.get("expires_at")
    return datetime.fromtimestamp(float(told), UTC).isoformat() if told else ""
