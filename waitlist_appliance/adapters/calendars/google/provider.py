"""Google behind the `CalendarProvider` and `Push` ports."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from googleapiclient.discovery import build

from waitlist_appliance.adapters.calendars.google import errors
from waitlist_appliance.adapters.calendars.google.calendar import GONE, GoogleCalendar
from waitlist_appliance.adapters.calendars.google.conversation import Conversation
from waitlist_appliance.adapters.calendars.google.endpoints import GoogleEndpoints, Limits
from waitlist_appliance.adapters.calendars.google.session import Session
from waitlist_appliance.adapters.calendars.google.transport import Http
from waitlist_appliance.ports.calendars import Calendar, CalendarAccess, CalendarChoice, ConsentClient, WatchChannel

WRITERS = {"owner", "writer", "writerWithoutPrivateAccess"}


class GoogleProvider:
    """Google Calendar for all connections of the box. ``client`` tells the owner's OAuth client at this moment."""

    def __init__(
        self, endpoints: GoogleEndpoints, client: Callable[[], ConsentClient | None], limits: Limits | None = None
    ) -> None:
        self._endpoints = endpoints
        self._client = client
        self._limits = limits or Limits()
        self._sessions: dict[int, Session] = {}
        self._lock = threading.Lock()
        # Builds requests only. It gets an Http that is never used, lest it look for credentials of the machine.
        self._service: Any = build(
            "calendar", "v3", http=Http(self._limits.read), static_discovery=True, cache_discovery=False,
            client_options={"api_endpoint": endpoints.api_url},
        )  # fmt: skip

    def open(self, access: CalendarAccess) -> Calendar:
        return GoogleCalendar(access, self._service, lambda: Conversation(self._session(access)))

    def choices(self, access: CalendarAccess) -> Sequence[CalendarChoice]:
        """Those whose events may be seen; of one that tells only free or busy, nothing could be learnt."""
        with Conversation(self._session(access)) as talk:
            found = [_choice(entry) for entry in self._calendar_list(talk) if _readable(entry)]
        return sorted(found, key=lambda choice: not choice.primary)

    def forget(self, access: CalendarAccess) -> None:
        """Revokes the grant; one that is no longer good is fine."""
        with self._lock:
            self._sessions.pop(access.connection_id, None)
        refresh_token = access.credentials.get("refresh_token")
        if refresh_token:
            self._revoke(refresh_token)

    def watch(self, access: CalendarAccess, channel_id: str, secret: str, address: str, ttl: timedelta) -> WatchChannel:
        if not address.startswith("https://"):
            raise errors.GoogleError("Google sends notices to https addresses only", "not_configured")
        body = {
            "id": channel_id, "type": "web_hook", "address": address, "token": secret,
            "params": {"ttl": str(int(ttl.total_seconds()))},
        }  # fmt: skip
        with Conversation(self._session(access)) as talk:
            return _channel(
                channel_id, talk.ask(self._service.events().watch(calendarId=access.calendar_id, body=body))
            )

    def stop(self, access: CalendarAccess, channel_id: str, resource_id: str) -> None:
        with Conversation(self._session(access)) as talk:
            try:
                talk.tell(self._service.channels().stop(body={"id": channel_id, "resourceId": resource_id}))
            except errors.GoogleError as error:
                if error.status not in GONE:
                    raise

    def _session(self, access: CalendarAccess) -> Session:
        with self._lock:
            session = self._sessions.get(access.connection_id)
            if session is None:
                session = Session(access, self._endpoints, self._limits, self._client)
                self._sessions[access.connection_id] = session
        session.meet(access)
        return session

    def _calendar_list(self, talk: Conversation) -> Iterator[Mapping[str, Any]]:
        page = None
        while True:
            answer = talk.ask(self._service.calendarList().list(maxResults=250, pageToken=page))
            yield from answer.get("items", ())
            page = answer.get("nextPageToken")
            if page is None:
                return

    def _revoke(self, refresh_token: str) -> None:
        http = Http(self._limits.read)
        body, headers = urlencode({"token": refresh_token}), {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            status = int(http.request(self._endpoints.revoke_url, "POST", body, headers)[0].status)
        except errors.RAISED as error:
            raise errors.from_google(error) from None
        finally:
            http.close()
        # 400: it was no longer good
        if status not in (200, 400):
            raise errors.GoogleError(f"Google answered {status} when asked to revoke", "unreachable", status=status)


def _readable(entry: Mapping[str, Any]) -> bool:
    return "id" in entry and not entry.get("deleted") and entry.get("accessRole") != "freeBusyReader"


def _choice(entry: Mapping[str, Any]) -> CalendarChoice:
    calendar_id, role = str(entry["id"]), entry.get("accessRole")
    name = str(entry.get("summaryOverride") or entry.get("summary") or calendar_id)
    return CalendarChoice(calendar_id, name, entry.get("timeZone"), role in WRITERS, bool(entry.get("primary")))


def _channel(channel_id: str, answer: Mapping[str, Any]) -> WatchChannel:
    try:
        expires_at = datetime.fromtimestamp(int(answer["expiration"]) / 1000, UTC)
        return WatchChannel(channel_id, str(answer["resourceId"]), expires_at)
    except (LookupError, TypeError, ValueError, OverflowError):
        raise errors.garbage("a channel that never ends") from None
