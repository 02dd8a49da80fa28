"""Letters to the team."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from waitlist_appliance.texts import dates
from waitlist_appliance.texts.catalogues import LOCALES
from waitlist_appliance.texts.staff_letters import Sender, StaffLetter, invitation, new_password

LOLA = Sender("Casa Lola", None, ZoneInfo("Europe/Madrid"))
LINK = "https://waitlist.example/welcome/AbC-dEf"
UNTIL = datetime(2027, 1, 22, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("write", [invitation, new_password])
def test_a_letter_names_house_person_link_and_until_when(write: Callable[..., StaffLetter], locale: str) -> None:
    letter = write(locale, LOLA, "Ana", LINK, UNTIL)
    assert "Casa Lola" in letter.subject
    for part in ("Ana", "Casa Lola", LINK, dates.day_and_time(UNTIL, LOLA.zone, locale)):
        assert part in letter.text
    assert letter.html.count(f'href="{LINK}"') == 2


def test_braces_and_lines_in_a_name_are_only_letters() -> None:
    letter = invitation("en", LOLA, "Ana {link}\r\nBcc: eve <b>", LINK, UNTIL)
    assert letter.text.startswith("Hello Ana {link} Bcc: eve <b>,\n\nYou can now")
    assert "Bcc: eve &lt;b&gt;," in letter.html


def test_a_name_of_the_house_cannot_break_the_subject() -> None:
    sender = Sender("Casa\r\nLola {x}", None, ZoneInfo("Europe/Madrid"))
    assert new_password("en", sender, "Ana", LINK, UNTIL).subject == "Casa Lola {x}: choose a new password"
