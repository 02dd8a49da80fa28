from __future__ import annotations

import pytest

from waitlist_appliance.domain.event_texts import (
    PLACEHOLDERS,
    EventFacts,
    PersonalData,
    description,
    title,
    unknown_placeholders,
)

ANA = EventFacts("Ana Pérez", "+34600000001", 2, "K7M4PX", "allergic to nuts", "Dinner")
EVERYTHING = " / ".join(f"{{{{{name}}}}}" for name in PLACEHOLDERS)
FEWER = "{{code}}\n{{customer_phone}}\n{{notes}}"


def test_a_title_is_filled_in() -> None:
    assert title("{{customer_name}} · {{ party_size }}", ANA, "name") == "Ana Pérez · 2"


@pytest.mark.parametrize(
    ("personal", "withheld"),
    [("full", ()), ("name", ("+34600000001", "nuts")), ("none", ("Ana", "Pérez", "+34600000001", "nuts"))],
)
def test_nothing_beyond_the_setting_is_ever_said(personal: PersonalData, withheld: tuple[str, ...]) -> None:
    said = title(EVERYTHING, ANA, personal) + description(EVERYTHING, ANA, personal)
    assert [word for word in withheld if word in said] == []
    assert "K7M4PX" in said
    assert "Dinner" in said


def test_the_code_stands_where_no_name_may_or_can() -> None:
    assert title("{{customer_name}} · {{party_size}}", ANA, "none") == "K7M4PX · 2"
    nameless = EventFacts("", "+34600000001", 2, "K7M4PX", "", "Dinner")
    assert title("{{customer_name}} · {{party_size}}", nameless, "full") == "K7M4PX · 2"


def test_a_title_with_nothing_to_say_is_the_code() -> None:
    assert title("{{notes}}", ANA, "none") == "K7M4PX"


def test_lines_with_nothing_to_say_are_left_out() -> None:
    assert description(FEWER, ANA, "name") == "K7M4PX"
    assert description(FEWER, ANA, "full") == "K7M4PX\n+34600000001\nallergic to nuts"


def test_what_a_customer_wrote_is_never_a_template() -> None:
    sly = EventFacts("{{customer_phone}} {{ 7*7 }}", "+34600000001", 2, "K7M4PX", "", "Dinner")
    assert title("{{customer_name}}", sly, "name") == "{{customer_phone}} {{ 7*7 }}"


def test_a_name_of_several_lines_makes_one_line() -> None:
    assert title("{{customer_name}}", EventFacts("Ana\nBcc: x", "", 2, "K", "", ""), "name") == "Ana Bcc: x"


@pytest.mark.parametrize("template", ["{{phone}}", "{{ 7 * 7 }}", "{{customer_name", "{{customer_name.__class__}}"])
def test_a_template_with_something_unknown_is_found_out(template: str) -> None:
    assert unknown_placeholders(template)


def test_a_template_of_known_names_is_fine() -> None:
    assert unknown_placeholders(EVERYTHING + " {braces} %s") == []
