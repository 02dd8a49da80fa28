"""events.watch, channels.stop, and the notices themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from zlib import crc32

from tests.google_server.browser import call
from tests.google_server.errors import ApiError, bad
from tests.google_server.state import Request, World
from tests.google_server.times import Body

CHANNEL_ID = re.compile(r"[A-Za-z0-9\-_+/=]{1,64}")
DEFAULT_TTL = timedelta(days=7)


@dataclass
class Channel:
    """A channel as it was opened. ``expires_at`` is what was granted."""

    id: str
    resource_id: str
    resource_uri: str
    calendar_id: str
    address: str
    token: str | None
    expires_at: datetime
    stopped: bool = False
    messages: int = 0

    def post(self, state: str, to: str, now: datetime) -> int:
        """Send one notice; the status that came back."""
        self.messages += 1
        headers = {
            "Content-Type": "application/json; utf-8",
            "User-Agent": "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)",
            "X-Goog-Channel-ID": self.id,
            "X-Goog-Channel-Expiration": format_datetime(self.expires_at.astimezone(UTC), usegmt=True),
            "X-Goog-Resource-ID": self.resource_id,
            "X-Goog-Resource-URI": self.resource_uri,
            "X-Goog-Resource-State": state,
            "X-Goog-Message-Number": str(self.messages),
        }
        if self.token is not None:
            headers["X-Goog-Channel-Token"] = self.token
        return call("POST", to, headers)[0]


def watch(world: World, channels: dict[str, Channel], request: Request) -> Body:
    """events.watch."""
    calendar = world.calendar(request.params["calendarId"])
    body = request.body
    if not CHANNEL_ID.fullmatch(body.get("id", "")):
        raise bad("Invalid channel id.", "channelIdInvalid", "calendar")
    if body["id"] in channels:
        raise bad(f"Channel id {body['id']} not unique", "channelIdNotUnique")
    if body.get("type") not in ("web_hook", "webhook"):
        raise bad("Unknown channel type.", "channelUnknown")
    if not body.get("address", "").startswith("https://"):
        raise bad(f"WebHook callback must be HTTPS: {body.get('address')}", "push.webhookUrlNotHttps")
    if len(body.get("token", "")) > 256:
        raise bad("Channel token is too long.")
    channel = Channel(
        id=body["id"], resource_id=f"res{crc32(calendar.id.encode()):010d}", calendar_id=calendar.id,
        resource_uri=f"https://www.googleapis.com/calendar/v3/calendars/{request.params['calendarId']}/events?alt=json",
        address=body["address"], token=body.get("token"), expires_at=_expiry(world, body),
    )  # fmt: skip
    channels[channel.id] = channel
    answer = {
        "kind": "api#channel", "id": channel.id, "resourceId": channel.resource_id, "resourceUri": channel.resource_uri,
        "expiration": str(int(channel.expires_at.timestamp() * 1000)),
    }  # fmt: skip
    return answer | ({"token": channel.token} if channel.token is not None else {})


def stop(world: World, channels: dict[str, Channel], request: Request) -> None:
    """channels.stop: 404 unless both ids name an open channel."""
    channel = channels.get(request.body.get("id", ""))
    if channel is None or channel.stopped or channel.resource_id != request.body.get("resourceId"):
        name = request.body.get("id")
        raise ApiError(404, "notFound", f"Channel '{name}' not found for project '123456789012'")
    if channel.expires_at <= world.clock:
        raise ApiError(404, "notFound", f"Channel '{channel.id}' not found for project '123456789012'")
    channel.stopped = True


def _expiry(world: World, body: Body) -> datetime:
    asked = world.clock + DEFAULT_TTL
    if "expiration" in body:
        asked = datetime.fromtimestamp(int(body["expiration"]) / 1000, UTC)
    elif "ttl" in body.get("params", {}):
        asked = world.clock + timedelta(seconds=int(body["params"]["ttl"]))
    if asked <= world.clock:
        raise bad("The channel would already have expired.", "channelExpired")
    return min(asked, world.clock + world.channel_ttl_limit)
