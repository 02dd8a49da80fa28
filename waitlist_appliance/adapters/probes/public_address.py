"""Reaching this box as everybody else does, by its public address; and asking others for the time."""

from __future__ import annotations

import ipaddress
import socket
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from waitlist_appliance.adapters.outward import Limits, Outward
from waitlist_appliance.adapters.probes.loopback import MAX_BYTES, PATH, read
from waitlist_appliance.ports import CalendarError
from waitlist_appliance.ports.probes import Clocks, Reached, Unreachable

LIMITS: Final = Limits(connect=4.0, read=5.0, total=8.0, max_bytes=100 * MAX_BYTES)


def reach(public_url: str, pretended: str) -> Reached:
    """Ask it once; Unreachable."""
    # The address is the owner's own, of config.toml: it may well be one of the local network.
    outward = Outward(allow_private=True, limits=LIMITS)
    try:
        answer = outward.ask("GET", public_url.rstrip("/") + PATH, {"X-Forwarded-For": pretended})
    except CalendarError as error:
        raise Unreachable(str(error)) from None
    return Reached(answer.status, read(answer.body), _is_at_home(urlsplit(public_url).hostname or ""))


def clocks(url: str, *, allow_private: bool) -> Clocks:
    """The Date that the server says, with the middle of our question; Unreachable."""
    outward, began = Outward(allow_private=allow_private, limits=LIMITS), datetime.now(UTC)
    parts = urlsplit(url)
    try:
        answer = outward.ask("HEAD", f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/")
    except CalendarError as error:
        raise Unreachable(str(error)) from None
    ours = began + (datetime.now(UTC) - began) / 2
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        raise Unreachable(f"{answer.host} does not say what time it has") from None
    return Clocks(theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC), ours)


def _is_at_home(host: str) -> bool:
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(ipaddress.ip_address(str(address)).is_loopback for address in found)
