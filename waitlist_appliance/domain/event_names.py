"""Which resource an event of a shared calendar speaks of, and for how many people. What is unclear names nobody."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from waitlist_appliance.domain.records import Resource
from waitlist_appliance.domain.search_words import fold

# A number of people: not a time of day, a date, a price, a telephone number or the number of a table (#4).
_PARTY = re.compile(r"(?<![\d:.,/+#€$-])([1-9]\d{0,2})(?![\d:.,/€$-]|\s*(?:h|am|pm|eur)\b|\s*[€$%])")
_MARKED = re.compile(r"#\s*(\w+)|[\[(]\s*(\w+)\s*[\])]")
_SHORT = re.compile(r"(?:[^\W\d_]+\s+)+\d+")


def resource_named(texts: Sequence[str], resources: Sequence[Resource]) -> Resource | None:
    """The one resource that these texts (title, location) name; None when they name none, or more than one.

    A name counts as whole words, without capitals and accents, the longest first: "Terrace table 1" is not "Table 1".
    "#T4" and "[T4]" are short for "Table 4" where nothing else is called so.
    """
    found: set[int] = set()
    for text in texts:
        left = _plain(text)
        for resource in sorted(resources, key=lambda r: -len(_plain(r.name))):
            name = _plain(resource.name).strip()
            if name and f" {name} " in left:
                found.add(resource.id)
                left = left.replace(f" {name} ", " \n ")
        found |= _marked(fold(text), resources)
    return next((r for r in resources if r.id in found), None) if len(found) == 1 else None


def party_in(title: str, resources: Sequence[Resource]) -> int | None:
    """How many people a title speaks of ("Ana · 4", "cena 6 personas"); None when it tells no number."""
    left = _spelled(title)
    for resource in sorted(resources, key=lambda r: -len(r.name)):
        left = re.sub(rf"(?<!\w){re.escape(_spelled(resource.name))}(?!\w)", " ", left)
    found = _PARTY.search(left)
    return int(found[1]) if found else None


def _marked(text: str, resources: Sequence[Resource]) -> set[int]:
    short = {resource.id: _short(resource.name) for resource in resources}
    shared = {name for name, count in Counter(short.values()).items() if count > 1}
    said = {word for pair in _MARKED.findall(text) for word in pair if word}
    return {id_ for id_, name in short.items() if name is not None and name in said and name not in shared}


def _short(name: str) -> str | None:
    """What "Table 4" is called in short: "t4"."""
    plain = _plain(name).strip()
    if _SHORT.fullmatch(plain) is None:
        return None
    *words, number = plain.split()
    return "".join(word[0] for word in words) + number


def _plain(text: str) -> str:
    """Only words, folded, each with a space on either side of it."""
    return " " + " ".join(re.findall(r"\w+", fold(text))) + " "


def _spelled(text: str) -> str:
    return re.sub(r"\s+", " ", fold(text))
