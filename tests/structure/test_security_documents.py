"""docs/asvs.md is whole, and what it names as evidence exists."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
# Section → how many requirements of levels 1 and 2 it has in ASVS 5.0.0 (those of level 3 stand last in each).
SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2, "3.3": 4,
    "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5,
    "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4,
    "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip


def rows() -> list[list[str]]:
    cells = [
        [cell.strip() for cell in line.strip("| ").split(" | ")] for line in TEXT.splitlines() if line.startswith("|")
    ]
    return [row for row in cells if row[0][:1].isdigit()]


def numbers(cell: str) -> Iterator[str]:
    """ "1.2.6–1.2.8" and "1.3.8, 1.3.9" one by one."""
    for part in cell.split(", "):
        first, _, last = part.partition("–")
        section, _, start = first.rpartition(".")
        for number in range(int(start), int((last or first).rpartition(".")[2]) + 1):
            yield f"{section}.{number}"


def test_each_requirement_stands_there_once() -> None:
    found = Counter(number for row in rows() for number in numbers(row[0]))
    wanted = {f"{section}.{number}" for section, count in SECTIONS.items() for number in range(1, count + 1)}
    assert len(wanted) == 253
    assert (set(found) - wanted, wanted - set(found)) == (set(), set())
    assert max(found.values()) == 1


def test_each_has_a_level_a_state_and_something_to_show() -> None:
    levels = Counter(level for row in rows() for level in [row[1]] for _ in numbers(row[0]))
    assert levels == {"1": 70, "2": 183}
    for row in rows():
        assert len(row) == 5, row
        assert row[3] in ("held", "n/a", "open"), row
        assert row[4], row


def test_what_is_open_is_gathered_at_the_end() -> None:
    end = TEXT.partition("## What is open")[2]
    named = set(re.findall(r"\d+\.\d+\.\d+", end))
    assert named == {number for row in rows() if row[3] == "open" for number in numbers(row[0])}


def test_the_evidence_exists() -> None:
    missing = []
    for name in re.findall(r"`([\w./-]+(?:/|\.(?:py|md|html|conf|service|toml|lock))[\w./-]*)", TEXT):
        if "/" in name and not any((base / name.rstrip("/")).exists() for base in (ROOT, ROOT / "waitlist_appliance")):
            missing.append(name)
    assert missing == []
