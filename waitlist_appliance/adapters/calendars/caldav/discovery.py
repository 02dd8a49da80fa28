"""Finding an account's calendars from whatever address its owner was told (RFC 6764, RFC 4791)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urljoin

from waitlist_appliance.adapters.calendars.caldav import questions
from waitlist_appliance.adapters.calendars.caldav.multistatus import CALDAV, DAV, Resource, path_of, url_of
from waitlist_appliance.adapters.calendars.caldav.server import Server
from waitlist_appliance.adapters.calendars.icalendar_text import zone_of_text
from waitlist_appliance.ports import CalendarChoice, CalendarError

WELL_KNOWN: Final = "/.well-known/caldav"
WRITING: Final = frozenset(f"{DAV}{name}" for name in ("all", "write", "write-content", "bind"))
# What is a calendar in name only: Nextcloud's bin, and the boxes of scheduling.
NO_CALENDAR: Final = frozenset(
    {f"{CALDAV}schedule-inbox", f"{CALDAV}schedule-outbox", "{http://nextcloud.com/ns}trash-bin",
     "{http://nextcloud.com/ns}deleted-calendar"}
)  # fmt: skip
_START = questions.properties("D:resourcetype", "D:current-user-principal", "C:calendar-home-set")
_PRINCIPAL = questions.properties("C:calendar-home-set", "C:calendar-user-address-set")
_CALENDARS = questions.properties(
    "D:resourcetype", "D:displayname", "D:current-user-privilege-set", "C:calendar-timezone",
    "C:supported-calendar-component-set",
)  # fmt: skip


def choices(server: Server, address: str) -> list[CalendarChoice]:
    """The account's calendars for events; the one that the address itself names comes first. CalendarError."""
    given = path_of(address, "")
    start, where = _start(server, address)
    homes = _homes(server, start, where)
    found: dict[str, CalendarChoice] = {}
    for home in homes or [where]:
        listed, base = server.behind(home).multistatus("PROPFIND", home, _CALENDARS, "1" if homes else "0")
        for resource in filter(_is_calendar, listed.resources):
            choice = _choice(resource, url_of(base, resource.href), given)
            found[choice.calendar_id] = choice
    if not found:
        raise CalendarError("there is no calendar in this account", retryable=False, trouble="missing")
    return sorted(found.values(), key=lambda choice: (not choice.primary, not choice.writable, choice.name.casefold()))


def own_addresses(server: Server, principal: str) -> frozenset[str]:
    """The addresses under which the owner is invited, in small letters."""
    told, _ = server.behind(principal).multistatus("PROPFIND", principal, _PRINCIPAL, "0")
    hrefs = (href for found in told.resources for href in found.hrefs(f"{CALDAV}calendar-user-address-set"))
    return frozenset(href.lower().removeprefix("mailto:") for href in hrefs)


def _start(server: Server, address: str) -> tuple[Resource, str]:
    """The first place that knows who we are: the address itself, the well-known one, the server's root."""
    problem: CalendarError | None = None
    for url in _starts(address):
        try:
            told, where = server.multistatus("PROPFIND", url, _START, "0")
        except CalendarError as failure:
            if failure.trouble in ("signed_out", "unsafe", "unreachable", "too_fast"):
                raise
            problem = problem or failure
            continue
        for resource in told.resources:
            if _homes_in(resource) or resource.hrefs(f"{DAV}current-user-principal") or _is_calendar(resource):
                return resource, where
    raise problem or CalendarError("there is no CalDAV at this address", retryable=False, trouble="missing")


def _starts(address: str) -> Iterator[str]:
    yield address
    for path in (WELL_KNOWN, "/"):
        url = urljoin(address, path)
        if url != address:
            yield url


def _homes(server: Server, start: Resource, where: str) -> list[str]:
    """Where the calendars lie; none when the server tells no more than the calendar itself."""
    base = where
    homes = _homes_in(start)
    for href in start.hrefs(f"{DAV}current-user-principal")[:1]:
        principal = url_of(where, href)
        told, base = server.behind(principal).multistatus("PROPFIND", principal, _PRINCIPAL, "0")
        homes = [home for found in told.resources for home in _homes_in(found)] or homes
    return [url_of(base, home) for home in homes]


def _homes_in(resource: Resource) -> list[str]:
    return resource.hrefs(f"{CALDAV}calendar-home-set")


def _is_calendar(resource: Resource) -> bool:
    kinds = resource.kinds(f"{DAV}resourcetype")
    if resource.status >= 300 or f"{CALDAV}calendar" not in kinds or kinds & NO_CALENDAR:
        return False
    holds = resource.properties.get(f"{CALDAV}supported-calendar-component-set")
    names = {inner.get("name", "").upper() for inner in holds} if holds is not None else set()
    return not names or "VEVENT" in names


def _choice(resource: Resource, url: str, given: str) -> CalendarChoice:
    zone = zone_of_text(resource.text(f"{CALDAV}calendar-timezone"))
    path = path_of(url, "")
    name = resource.text(f"{DAV}displayname") or path.rstrip("/").rpartition("/")[2]
    return CalendarChoice(
        url, name, zone.key if zone else None, _writable(resource), path.rstrip("/") == given.rstrip("/")
    )


def _writable(resource: Resource) -> bool:
    """Whether we may write; a server that tells nothing is believed to let us."""
    told = f"{DAV}current-user-privilege-set"
    return told not in resource.properties or bool(resource.kinds(told) & WRITING)
