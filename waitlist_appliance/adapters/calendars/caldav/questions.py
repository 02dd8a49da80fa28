"""The XML that we send."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape

_SPACES: Final = (
    'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/"'
)  # fmt: skip


def properties(*names: str) -> bytes:
    """A PROPFIND for these properties, each with its prefix: D (DAV:), C (CalDAV), S (calendarserver.org)."""
    return _document("D:propfind", _prop(names))


def in_span(since: datetime, until: datetime) -> bytes:
    """A calendar-query for the whole text of whatever overlaps the span, series not expanded."""
    times = f'<C:time-range start="{_utc(since)}" end="{_utc(until)}"/>'
    return _query(("D:getetag", "C:calendar-data"), times)


def with_uid(uid: str) -> bytes:
    """A calendar-query for where the event with this UID lies."""
    match = f'<C:text-match collation="i;octet">{escape(uid)}</C:text-match>'
    return _query(("D:getetag",), f'<C:prop-filter name="UID">{match}</C:prop-filter>')


def these(hrefs: Sequence[str]) -> bytes:
    """A calendar-multiget."""
    named = "".join(f"<D:href>{escape(href)}</D:href>" for href in hrefs)
    return _document("C:calendar-multiget", _prop(("D:getetag", "C:calendar-data")) + named)


def changed_since(token: str) -> bytes:
    """A sync-collection report. It sets no limit: some servers then leave changes out."""
    told = f"<D:sync-token>{escape(token)}</D:sync-token><D:sync-level>1</D:sync-level>"
    return _document("D:sync-collection", told + _prop(("D:getetag",)))


def _query(names: Sequence[str], condition: str) -> bytes:
    events = f'<C:comp-filter name="VEVENT">{condition}</C:comp-filter>'
    condition = f'<C:filter><C:comp-filter name="VCALENDAR">{events}</C:comp-filter></C:filter>'
    return _document("C:calendar-query", _prop(names) + condition)


def _prop(names: Sequence[str]) -> str:
    return f"<D:prop>{''.join(f'<{name}/>' for name in names)}</D:prop>"


def _document(root: str, inside: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>\n<{root} {_SPACES}>{inside}</{root}>'.encode()


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
