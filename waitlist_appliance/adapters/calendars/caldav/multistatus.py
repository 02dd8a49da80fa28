"""What WebDAV servers answer: XML, read without entities, document types or surprises."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from waitlist_appliance.ports import CalendarError

DAV: Final = "{DAV:}"
CALDAV: Final = "{urn:ietf:params:xml:ns:caldav}"
DEEPEST: Final = 40
_STATUS = re.compile(r"HTTP/\S+ +(\d{3})")


@dataclass(frozen=True, slots=True)
class Resource:
    """One answer of a multistatus. ``href`` as the server wrote it; ``status`` is 200 unless it says otherwise."""

    href: str
    status: int
    properties: Mapping[str, Element]

    def text(self, name: str) -> str:
        """A property's text, "" when there is none."""
        found = self.properties.get(name)
        return (found.text or "").strip() if found is not None else ""

    def kinds(self, name: str) -> set[str]:
        """The names of the elements inside a property."""
        found = self.properties.get(name)
        return {inner.tag for inner in found.iter()} - {name} if found is not None else set()

    def hrefs(self, name: str) -> list[str]:
        """The addresses inside a property."""
        found = self.properties.get(name)
        inside = found.iter(f"{DAV}href") if found is not None else ()
        return [text for inner in inside if (text := (inner.text or "").strip())]


@dataclass(frozen=True, slots=True)
class Multistatus:
    """All answers of one, and the sync token that a sync-collection report ends with."""

    resources: tuple[Resource, ...]
    sync_token: str


def parse_xml(body: bytes) -> Element:
    """The root of a document; CalendarError for what is none, has a document type or is nested absurdly."""
    builder, depth = TreeBuilder(), 0
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise _garbage()
        builder.start(_clark(name), {_clark(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_clark(name))

    def doctype(*_: object) -> None:
        raise _garbage()

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(body, True)
        return builder.close()
    except (expat.ExpatError, AssertionError, ValueError, LookupError) as failure:
        raise _garbage() from failure


def parse_multistatus(body: bytes) -> Multistatus:
    """The answers of a 207; CalendarError when it is something else."""
    root = parse_xml(body)
    if root.tag != f"{DAV}multistatus":
        raise _garbage()
    resources = tuple(found for response in root.iter(f"{DAV}response") for found in _resources(response))
    return Multistatus(resources, (root.findtext(f"{DAV}sync-token") or "").strip())


def preconditions(body: bytes) -> set[str]:
    """What a refusal says was not met (DAV:error); empty for a body that says nothing."""
    try:
        root = parse_xml(body)
    except CalendarError:
        return set()
    return {inner.tag for inner in root} if root.tag == f"{DAV}error" else set()


def path_of(base: str, href: str) -> str:
    """The path that an href means, decoded, however it was written: what resources are compared by."""
    return unquote(urlsplit(urljoin(base, href)).path)


def url_of(base: str, href: str) -> str:
    """The whole address behind an href; spaces and the like that a server left bare are quoted."""
    return urljoin(base, quote(href, safe="%/:=&?~#+!$,;'@()*[]"))


def _resources(response: Element) -> Iterator[Resource]:
    """One for each href: a response with a status of its own may name several."""
    status = _status(response.findtext(f"{DAV}status"))
    good = [part for part in response.iter(f"{DAV}propstat") if _status(part.findtext(f"{DAV}status")) < 300]
    found = {one.tag: one for part in good for holder in part.iter(f"{DAV}prop") for one in holder}
    for href in response.findall(f"{DAV}href"):
        yield Resource((href.text or "").strip(), status, found)


def _status(line: str | None) -> int:
    found = _STATUS.match((line or "").strip())
    return int(found.group(1)) if found else 200


def _clark(name: str) -> str:
    return "{" + name if "}" in name else name


def _garbage() -> CalendarError:
    return CalendarError("the server's answer is not WebDAV", retryable=True, trouble="garbage")
