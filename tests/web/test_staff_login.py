"""Who may come in: links, passwords, sessions, and the brake on guessing (behaviour 56)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from waitlist_appliance.domain.errors import Conflict, Forbidden, Invalid, NotFound
from waitlist_appliance.services import sessions, staff_login
from waitlist_appliance.services.appliance import Appliance

PASSWORD = "a long password"
OLIVIA = "olivia@casalola.example"


@pytest.fixture
def olivia(box: Appliance, now: datetime) -> str:
    """Olivia, the owner, with her password set."""
    _, token = staff_login.add_user(box, OLIVIA, "Olivia", "owner", now)
    staff_login.use_link(box, token, PASSWORD, now)
    return OLIVIA


def log_in(box: Appliance, now: datetime) -> str:
    """The secret of the session that Olivia's password opens."""
    opened = staff_login.log_in(box, OLIVIA, PASSWORD, "192.0.2.1", now).session
    assert opened
    return opened


def fail(box: Appliance, email: str, now: datetime, times: int, ip: str = "192.0.2.1") -> None:
    for _ in range(times):
        with pytest.raises(Forbidden, match="wrong_login"):
            staff_login.log_in(box, email, "a wrong password", ip, now)


def test_the_first_link_sets_the_password_that_opens_the_desk(box: Appliance, now: datetime, olivia: str) -> None:
    session = log_in(box, now)
    user = sessions.who(box, session, now)
    assert user is not None
    assert (user.name, user.role) == ("Olivia", "owner")


def test_a_link_works_once(box: Appliance, now: datetime) -> None:
    _, token = staff_login.add_user(box, OLIVIA, "Olivia", "owner", now)
    staff_login.use_link(box, token, PASSWORD, now)
    with pytest.raises(NotFound, match="token_gone"):
        staff_login.use_link(box, token, "another password", now)


def test_a_link_is_too_old_after_seven_days(box: Appliance, now: datetime) -> None:
    _, token = staff_login.add_user(box, OLIVIA, "Olivia", "owner", now)
    staff_login.link_user(box, token, now + timedelta(days=7) - timedelta(milliseconds=1))
    with pytest.raises(NotFound, match="token_gone"):
        staff_login.use_link(box, token, PASSWORD, now + timedelta(days=7))


def test_a_password_of_nine_characters_is_refused_and_the_link_stays_good(box: Appliance, now: datetime) -> None:
    _, token = staff_login.add_user(box, OLIVIA, "Olivia", "owner", now)
    with pytest.raises(Invalid, match="password_short"):
        staff_login.use_link(box, token, "nine char", now)
    staff_login.use_link(box, token, "ten chars!", now)


def test_every_session_ends_when_the_password_changes(box: Appliance, now: datetime, olivia: str) -> None:
    session = log_in(box, now)
    staff_login.use_link(box, staff_login.reset_link(box, olivia, now), "a newer password", now)
    assert sessions.who(box, session, now) is None
    with pytest.raises(Forbidden):
        staff_login.log_in(box, olivia, PASSWORD, "192.0.2.1", now)


def test_a_new_link_ends_the_older_ones(box: Appliance, now: datetime, olivia: str) -> None:
    older, newer = staff_login.reset_link(box, olivia, now), staff_login.reset_link(box, olivia, now)
    with pytest.raises(NotFound):
        staff_login.link_user(box, older, now)
    assert staff_login.link_user(box, newer, now).email == olivia


def test_a_session_ends_after_twelve_idle_hours_and_slides_with_use(box: Appliance, now: datetime, olivia: str) -> None:
    session = log_in(box, now)
    assert sessions.who(box, session, now + timedelta(hours=11))
    assert sessions.who(box, session, now + timedelta(hours=22))
    assert sessions.who(box, session, now + timedelta(hours=34)) is None


def test_a_session_ends_after_thirty_days_however_busy(box: Appliance, now: datetime, olivia: str) -> None:
    session = log_in(box, now)
    for half_days in range(1, 61):
        sessions.who(box, session, now + timedelta(hours=11.9 * half_days))
    assert sessions.who(box, session, now + timedelta(days=29, hours=23))
    assert sessions.who(box, session, now + timedelta(days=30)) is None


def test_logging_out_ends_the_session(box: Appliance, now: datetime, olivia: str) -> None:
    session = log_in(box, now)
    sessions.log_out(box, session, now)
    assert sessions.who(box, session, now) is None


def test_a_wrong_password_many_times_is_slowed_down_and_logged(box: Appliance, now: datetime, olivia: str) -> None:
    fail(box, olivia, now, 5)
    with pytest.raises(Conflict) as slowed:
        staff_login.log_in(box, olivia, PASSWORD, "192.0.2.1", now)
    assert (slowed.value.code, slowed.value.params) == ("rate_limited", {"seconds": 2})
    assert box.db.value("SELECT COUNT(*) FROM activity WHERE verb = 'login_slowed' AND reason = 'account'") == 1


def test_each_further_failure_doubles_the_wait_up_to_a_quarter_of_an_hour(
    box: Appliance, now: datetime, olivia: str
) -> None:
    fail(box, olivia, now, 5)
    for seconds in (4, 8, 16, 32, 64, 128, 256, 512, 900, 900):
        now += timedelta(minutes=15)
        fail(box, olivia, now, 1)
        with pytest.raises(Conflict) as slowed:
            staff_login.log_in(box, olivia, PASSWORD, "192.0.2.1", now)
        assert slowed.value.params == {"seconds": seconds}


def test_the_right_password_after_the_wait_opens_and_forgets_the_failures(
    box: Appliance, now: datetime, olivia: str
) -> None:
    fail(box, olivia, now, 5)
    staff_login.log_in(box, olivia, PASSWORD, "192.0.2.1", now + timedelta(seconds=2))
    fail(box, olivia, now + timedelta(seconds=2), 4)
    staff_login.log_in(box, olivia, PASSWORD, "192.0.2.1", now + timedelta(seconds=3))


def test_guessing_at_many_accounts_from_one_address_is_slowed_down(box: Appliance, now: datetime) -> None:
    for number in range(21):
        fail(box, f"somebody{number}@casalola.example", now, 1)
    with pytest.raises(Conflict, match="rate_limited"):
        staff_login.log_in(box, "new@casalola.example", PASSWORD, "192.0.2.1", now)
    fail(box, "new@casalola.example", now, 1, ip="192.0.2.2")


def test_one_good_log_in_gives_an_address_no_new_guesses_at_others(box: Appliance, now: datetime, olivia: str) -> None:
    for number in range(19):
        fail(box, f"somebody{number}@casalola.example", now, 1)
    staff_login.log_in(box, olivia, PASSWORD, "192.0.2.1", now)
    fail(box, "one@casalola.example", now, 1)
    fail(box, "two@casalola.example", now, 1)
    with pytest.raises(Conflict, match="rate_limited"):
        staff_login.log_in(box, "three@casalola.example", PASSWORD, "192.0.2.1", now)


def test_an_unknown_email_is_answered_like_a_wrong_password(box: Appliance, now: datetime, olivia: str) -> None:
    fail(box, "nobody@casalola.example", now, 5)
    with pytest.raises(Conflict, match="rate_limited"):
        staff_login.log_in(box, "NOBODY@casalola.example", PASSWORD, "192.0.2.1", now)


def test_the_database_never_holds_a_password_a_link_or_a_session(box: Appliance, now: datetime, olivia: str) -> None:
    secrets = [PASSWORD, staff_login.reset_link(box, olivia, now)]
    secrets.append(log_in(box, now))
    tables = [name for (name,) in box.db.tuples("SELECT name FROM sqlite_master WHERE type = 'table'")]
    stored = repr([box.db.tuples(f"SELECT * FROM {table}") for table in tables])
    assert not [secret for secret in secrets if secret in stored]
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in stored


@pytest.mark.parametrize(
    ("email", "name", "role", "field"),
    [("olivia", "Olivia", "owner", "email"), (OLIVIA, " ", "owner", "name"), (OLIVIA, "Olivia", "king", "role")],
)
def test_a_user_who_cannot_be_is_refused_by_field_and_not_stored(
    box: Appliance, now: datetime, email: str, name: str, role: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        staff_login.add_user(box, email, name, role, now)
    assert refused.value.field == field
    assert box.db.value("SELECT COUNT(*) FROM staff_user") == 0


def test_an_email_is_taken_in_whatever_case(box: Appliance, now: datetime, olivia: str) -> None:
    with pytest.raises(Invalid, match="email_taken"):
        staff_login.add_user(box, OLIVIA.upper(), "Another", "host", now)


def test_every_role_holds_only_known_permissions_and_each_more_than_the_next() -> None:
    owner, manager, host, viewer = (staff_login.ROLES[role] for role in ("owner", "manager", "host", "viewer"))
    assert owner > manager > host > viewer
    assert owner == staff_login.PERMISSIONS
