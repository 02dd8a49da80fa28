"""What is wrong with a calendar is said in every language: what happened and what to do next."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from waitlist_appliance.ports.calendars import Trouble
from waitlist_appliance.texts import calendar_trouble, errors
from waitlist_appliance.texts.catalogues import LOCALES

PACKAGE = Path(calendar_trouble.__file__).parents[1]
RAISED_BY = ("services/connect_calendar.py", "services/manage_calendars.py", "web/api/calendars.py")


def test_every_trouble_of_the_port_has_words() -> None:
    assert set(get_args(Trouble)) <= set(calendar_trouble.TROUBLES)


@pytest.mark.parametrize("locale", LOCALES)
def test_each_is_what_happened_and_what_to_do_next(locale: str) -> None:
    for trouble in calendar_trouble.TROUBLES:
        words = calendar_trouble.told(trouble, locale)
        assert words.what.endswith((".", "!"))
        assert calendar_trouble.sentence(trouble, locale) == f"{words.what} {words.next}"


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale != "en"])
@pytest.mark.parametrize("trouble", calendar_trouble.TROUBLES)
def test_each_is_translated_whole(trouble: str, locale: str) -> None:
    ours, english = calendar_trouble.told(trouble, locale), calendar_trouble.told(trouble, "en")
    assert ours.what != english.what
    assert ours.next != english.next


def test_a_refusal_says_both() -> None:
    assert "seven days" in errors.explain("calendar_testing_ended", "en")
    assert "In production" in errors.explain("calendar_testing_ended", "en")


def test_every_code_that_connecting_may_refuse_with_has_words() -> None:
    source = "".join((PACKAGE / name).read_text(encoding="utf-8") for name in RAISED_BY)
    codes = set(re.findall(r'(?:Conflict|Invalid|NotFound)\("(calendar_[a-z_]+)"', source))
    assert len(codes) > 10
    assert codes <= set(errors.SENTENCES)
