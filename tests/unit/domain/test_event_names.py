from __future__ import annotations

import pytest

from waitlist_appliance.domain.event_names import party_in, resource_named
from waitlist_appliance.domain.records import Resource


def tables(*names: str) -> list[Resource]:
    return [Resource(n, f"r{n}", name, "table", 1, 4, None, 100, None, 1) for n, name in enumerate(names, 1)]


HOUSE = tables("Table 1", "Table 12", "Terrace Table 1", "Salón Rosé", "Marta")


@pytest.mark.parametrize(
    ("title", "named"),
    [("Table 1", "Table 1"), ("Ana, table 1, 2p", "Table 1"), ("TABLE  12 · Bruno", "Table 12"),
     ("Terrace table 1", "Terrace Table 1"), ("salon rose (20)", "Salón Rosé"), ("SALÓN ROSÉ", "Salón Rosé"),
     ("Corte con Marta", "Marta"), ("Marta's lunch", "Marta"), ("[Table 12]", "Table 12"), ("#t12 Ana", "Table 12"),
     ("Ana [T1]", "Table 1"), ("Table-1", "Table 1")],
)  # fmt: skip
def test_a_title_names_a_resource_by_its_whole_words(title: str, named: str) -> None:
    found = resource_named((title, ""), HOUSE)
    assert found is not None
    assert found.name == named


@pytest.mark.parametrize(
    "title",
    ["Fiesta", "Table", "Tables 1", "Table 13", "Table 123", "1", "Martabella", "T1", "#13", "",
     "Table 1 and Table 12", "Table 1 + Terrace Table 1"],
)  # fmt: skip
def test_a_title_that_names_nobody_or_several_names_none(title: str) -> None:
    assert resource_named((title, ""), HOUSE) is None


def test_the_place_of_an_event_can_name_it_too() -> None:
    found = resource_named(("Ana", "Table 12"), HOUSE)
    assert found is not None
    assert found.name == "Table 12"


def test_a_title_and_a_place_that_disagree_name_none() -> None:
    assert resource_named(("Marta", "Table 12"), HOUSE) is None


def test_a_short_name_that_two_could_mean_names_none() -> None:
    assert resource_named(("#T4",), tables("Table 4", "Terrace 4")) is None


@pytest.mark.parametrize(
    ("title", "party"),
    [("Ana · 4", 4), ("cena 6 personas", 6), ("4p Bruno", 4), ("x12", 12), ("Table 12, 3 people", 3), ("Table 12", None),
     ("19:30 Ana", None), ("19:30 Ana 5", 5), ("20h Ana 2", 2), ("Ana +34600000001", None), ("Ana 600000001", None),
     ("Ana", None), ("12/3 Ana, 8", 8), ("50 € Ana", None), ("", None)],
)  # fmt: skip
def test_the_party_is_the_first_number_that_is_nothing_else(title: str, party: int | None) -> None:
    assert party_in(title, HOUSE) == party
