"""Letters to the team: invitations and links to a new password, sealed until they go and wiped afterwards."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from tests.mail_room import heard, text_of
from tests.smtp_server import SmtpServer
from tests.story import OLIVIA
from waitlist_appliance.domain.errors import Conflict, NotFound
from waitlist_appliance.services import manage_staff, rotate_keys, staff_letters, staff_login
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import staff

HANNAS = "hanna@casalola.example"
IP = "192.0.2.7"
MINUTE = timedelta(minutes=1)


def link_in(text: str) -> str:
    found = re.search(r"/welcome/(\S+)", text)
    assert found
    return found[1]


def letters(box: Appliance) -> list[tuple[str, bool, str | None]]:
    """State, whether anything of it is kept, error."""
    rows = box.db.tuples("SELECT state, sealed IS NOT NULL, error FROM staff_letter ORDER BY id")
    return [(state, bool(kept), error) for state, kept, error in rows]


def test_an_invitation_goes_by_email_and_its_link_opens_the_door(
    staffed: Appliance, mail: SmtpServer, now: datetime
) -> None:  # fmt: skip
    user, token = manage_staff.invite(staffed, "otto@casalola.example", "Otto", "host", now, OLIVIA)
    assert staff_letters.send_link(staffed, user, token, now)
    assert staff_letters.send_due(staffed, now) == 1
    assert [address for address, _ in heard(mail)] == ["otto@casalola.example"]
    assert link_in(text_of(mail)) == token
    assert staff_login.use_link(staffed, token, "a long sentence", now).name == "Otto"


def test_a_letter_lies_sealed_and_is_wiped_when_it_left(staffed: Appliance, now: datetime) -> None:
    user, token = manage_staff.invite(staffed, "otto@casalola.example", "Otto", "host", now, OLIVIA)
    staff_letters.send_link(staffed, user, token, now)
    sealed = staffed.db.value("SELECT sealed FROM staff_letter")
    assert token.encode() not in sealed
    assert b"Otto" not in sealed
    staff_letters.send_due(staffed, now)
    assert letters(staffed) == [("sent", False, None)]


def test_a_letter_survives_a_change_of_keys(staffed: Appliance, mail: SmtpServer, now: datetime) -> None:
    user, token = manage_staff.invite(staffed, "otto@casalola.example", "Otto", "host", now, OLIVIA)
    staff_letters.send_link(staffed, user, token, now)
    rotate_keys.rotate(staffed, now, OLIVIA)
    staff_letters.send_due(staffed, now)
    assert link_in(text_of(mail)) == token


def test_a_letter_is_tried_again_with_the_same_message_id(staffed: Appliance, mail: SmtpServer, now: datetime) -> None:
    mail.after_text = "drop"  # taken, and never said so
    user, token = manage_staff.invite(staffed, "otto@casalola.example", "Otto", "host", now, OLIVIA)
    staff_letters.send_link(staffed, user, token, now)
    assert staff_letters.send_due(staffed, now) == 0
    mail.after_text = ""
    assert staff_letters.send_due(staffed, now + MINUTE) == 1
    first, second = (str(received.mail["Message-ID"]) for received in mail.received)
    assert first == second


def test_a_letter_to_nowhere_is_given_up_and_wiped(staffed: Appliance, mail: SmtpServer, now: datetime) -> None:
    mail.refuse("otto@casalola.example", "550 5.1.1 no such user")
    user, token = manage_staff.invite(staffed, "otto@casalola.example", "Otto", "host", now, OLIVIA)
    staff_letters.send_link(staffed, user, token, now)
    staff_letters.send_due(staffed, now)
    ((state, kept, error),) = letters(staffed)
    assert (state, kept) == ("failed", False)
    assert "550" in str(error)


def test_without_a_mail_account_no_letter_is_written(box: Appliance, now: datetime) -> None:
    user, token = manage_staff.invite(box, "otto@casalola.example", "Otto", "host", now, OLIVIA)
    assert not staff_letters.send_link(box, user, token, now)
    staff_letters.forgot(box, "otto@casalola.example", IP, now)
    assert box.db.value("SELECT (SELECT COUNT(*) FROM staff_letter) + (SELECT COUNT(*) FROM forgotten_password)") == 0


def test_whoever_forgot_the_password_gets_a_link_for_half_an_hour(
    staffed: Appliance, mail: SmtpServer, now: datetime
) -> None:  # fmt: skip
    staff_letters.forgot(staffed, " Hanna@CasaLola.example ", IP, now)
    staff_letters.send_due(staffed, now + timedelta(seconds=10))
    token = link_in(text_of(mail))
    assert staff_login.link_user(staffed, token, now + timedelta(minutes=29)).name == "Hanna"
    with pytest.raises(NotFound):
        staff_login.link_user(staffed, token, now + timedelta(minutes=30))


def test_such_a_link_works_once(staffed: Appliance, mail: SmtpServer, now: datetime) -> None:
    staff_letters.forgot(staffed, HANNAS, IP, now)
    staff_letters.send_due(staffed, now)
    token = link_in(text_of(mail))
    staff_login.use_link(staffed, token, "a long sentence", now)
    with pytest.raises(NotFound):
        staff_login.use_link(staffed, token, "another sentence", now)


def test_asking_writes_the_same_whether_or_not_anybody_is_there(staffed: Appliance, now: datetime) -> None:
    counts = []
    for email in (HANNAS, "nobody@casalola.example"):
        before = staffed.db.value("SELECT total_changes()")
        staff_letters.forgot(staffed, email, IP, now)
        counts.append(staffed.db.value("SELECT total_changes()") - before)
    assert counts[0] == counts[1] > 0


def test_nobody_unknown_and_nobody_without_access_is_written_to(
    staffed: Appliance, mail: SmtpServer, now: datetime
) -> None:  # fmt: skip
    staffed.db.execute("UPDATE staff_user SET disabled_at = ?", now)
    staff_letters.forgot(staffed, HANNAS, IP, now)
    staff_letters.forgot(staffed, "nobody@casalola.example", IP, now)
    assert staff_letters.send_due(staffed, now) == 0
    assert heard(mail) == []
    assert staffed.db.value("SELECT COUNT(*) FROM staff_link") == 0


def test_a_stranger_who_asks_ends_no_link_that_is_there(staffed: Appliance, mail: SmtpServer, now: datetime) -> None:
    user, invitation = manage_staff.invite(staffed, "otto@casalola.example", "Otto", "host", now, OLIVIA)
    staff_letters.forgot(staffed, user.email, IP, now)
    staff_letters.send_due(staffed, now)
    assert len(mail.received) == 1
    assert staff_login.link_user(staffed, invitation, now).name == "Otto"


def test_a_request_that_lay_too_long_makes_no_link(staffed: Appliance, mail: SmtpServer, now: datetime) -> None:
    staff_letters.forgot(staffed, HANNAS, IP, now)
    staff_letters.send_due(staffed, now + timedelta(minutes=31))
    assert heard(mail) == []
    assert staffed.db.value("SELECT COUNT(*) FROM staff_link") == 0


def test_a_letter_whose_link_ended_meanwhile_is_not_sent(staffed: Appliance, mail: SmtpServer, now: datetime) -> None:
    mail.refuse(HANNAS, "451 4.3.0 later", times=1)
    staff_letters.forgot(staffed, HANNAS, IP, now)
    staff_letters.send_due(staffed, now)
    staff_letters.send_due(staffed, now + timedelta(hours=1))
    assert heard(mail) == []
    assert letters(staffed) == [("failed", False, "its link is too old by now")]


def test_nobodys_mailbox_is_filled(staffed: Appliance, mail: SmtpServer, now: datetime) -> None:
    for minute in range(8):
        staff_letters.forgot(staffed, HANNAS, f"192.0.2.{minute}", now + minute * 4 * MINUTE)
        staff_letters.send_due(staffed, now + minute * 4 * MINUTE)
    assert len(mail.received) == staff_letters.LETTERS_AN_HOUR


@pytest.mark.parametrize("email", [HANNAS, "nobody@casalola.example"])
def test_the_brake_is_the_same_for_every_address(staffed: Appliance, now: datetime, email: str) -> None:
    for _ in range(4):
        staff_letters.forgot(staffed, email, IP, now)
    with pytest.raises(Conflict, match="rate_limited"):
        staff_letters.forgot(staffed, email, IP, now)


def test_one_machine_cannot_ask_for_address_after_address(staffed: Appliance, now: datetime) -> None:
    for number in range(11):
        staff_letters.forgot(staffed, f"guess{number}@casalola.example", IP, now)
    with pytest.raises(Conflict, match="rate_limited"):
        staff_letters.forgot(staffed, "one-more@casalola.example", IP, now)


def test_asking_for_links_slows_no_log_in_down(staffed: Appliance, now: datetime) -> None:
    for _ in range(4):
        staff_letters.forgot(staffed, HANNAS, IP, now)
    user = staff.user_by_email(staffed.db, HANNAS)
    assert user
    token = staff_login.reset_link(staffed, HANNAS, now)
    staff_login.use_link(staffed, token, "a long sentence", now)
    assert staff_login.log_in(staffed, HANNAS, "a long sentence", IP, now).session
