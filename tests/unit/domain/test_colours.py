"""Colours that can be read."""

from __future__ import annotations

import pytest

from waitlist_appliance.domain import colours


@pytest.mark.parametrize(("colour", "ink"), [("#ffffff", "#1c1917"), ("#000000", "#ffffff"), ("#f2c200", "#1c1917")])
def test_the_ink_is_the_one_that_can_be_read(colour: str, ink: str) -> None:
    assert colours.text_on(colour) == ink


def test_contrast_goes_from_one_to_twenty_one_whichever_comes_first() -> None:
    assert round(colours.contrast("#000000", "#ffffff"), 2) == round(colours.contrast("#ffffff", "#000000"), 2) == 21.0
    assert colours.contrast("#777777", "#777777") == 1.0


@pytest.mark.parametrize("colour", [None, "", "red", "#fff", "#12345g", "#123456;x:y", "#123456\n"])
def test_what_is_no_colour_gives_the_default(colour: str | None) -> None:
    assert colours.known(colour) == colours.DEFAULT
