"""Whoever has a mail account hears of it when their password or second factor changes."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.mail_room import colleague, heard, text_of
from tests.second_factor_story import a_phone
from tests.smtp_server import SmtpServer
from tests.story import OLIVIA
from waitlist_appliance.services import manage_staff, rotate_keys, staff_letters
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import staff
from waitlist_appliance.texts.staff_letters import ACCOUNT

HANNAS = "hanna@casalola.example"


def test_a_reset_second_step_is_told_to_whose_it_was(staffed: Appliance, mail: SmtpServer, now: datetime) -> None:
    hanna = staff.user_by_email(staffed.db, HANNAS)
    assert hanna
    a_phone(staffed, hanna, now)
    manage_staff.reset_second_factor(staffed, hanna.public_id, None, now, OLIVIA)
    assert staff_letters.send_due(staffed, now) == 1
    assert [address for address, _ in heard(mail)] == [HANNAS]
    said = text_of(mail)
    assert "took the second step off your access" in said
    assert "/staff/account" in said


@pytest.mark.parametrize("what", ACCOUNT)
def test_every_change_says_what_to_do_when_it_was_somebody_else(
    staffed: Appliance, mail: SmtpServer, now: datetime, what: str
) -> None:
    hanna = staff.user_by_email(staffed.db, HANNAS)
    assert hanna
    assert staff_letters.tell(staffed, hanna, what, now)
    rotate_keys.rotate(staffed, now, OLIVIA)
    assert staff_letters.send_due(staffed, now) == 1
    assert "That was not you?" in text_of(mail)


def test_without_a_mail_account_nothing_is_kept(box: Appliance, now: datetime) -> None:
    colleague(box, "Hanna", "host", now)
    hanna = staff.user_by_email(box.db, HANNAS)
    assert hanna
    assert not staff_letters.tell(box, hanna, "password_changed", now)
    assert box.db.value("SELECT COUNT(*) FROM staff_letter") == 0


def test_old_news_is_not_sent_any_more(staffed: Appliance, mail: SmtpServer, now: datetime) -> None:
    hanna = staff.user_by_email(staffed.db, HANNAS)
    assert hanna
    staff_letters.tell(staffed, hanna, "password_changed", now)
    staff_letters.send_due(staffed, now + timedelta(days=3))
    assert heard(mail) == []
