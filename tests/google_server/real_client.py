"""Google's own client on the server."""

from __future__ import annotations

from typing import Any

from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from tests.google_server import GoogleServer

TEAM = "team@group.calendar.google.com"
# The profile of the appliance's first list.
PROFILE = {"singleEvents": True, "showDeleted": True, "maxResults": 2500, "maxAttendees": 1}
WINDOW = {"timeMin": "2025-12-16T10:00:00Z", "timeMax": "2026-04-15T10:00:00Z"}


def client(google: GoogleServer, access_token: str) -> Any:
    """Google's client with this token."""
    credentials = Credentials(token=access_token)  # type: ignore[no-untyped-call]
    options = {"api_endpoint": google.url}
    return build("calendar", "v3", credentials=credentials, client_options=options, cache_discovery=False)


def status_and_reason(error: HttpError) -> tuple[int, str]:
    """What a refusal says."""
    return int(error.resp.status), error.error_details[0]["reason"]
