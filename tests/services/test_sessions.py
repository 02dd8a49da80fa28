"""Sessions: what is known of each, how they end, and browsers that were here before."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher

from tests.second_factor_story import PASSWORD, a_user, history
from waitlist_appliance.domain.errors import Conflict, Forbidden, Invalid, NotFound
from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import known_devices, sessions, staff_login
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.storage import staff

IP = "192.0.2.1"
ELSEWHERE = "198.51.100.7"


@pytest.fixture
def olivia(box: Appliance, now: datetime) -> StaffUser:
    return a_user(box, "Olivia", "owner", now)


def opened(box: Appliance, user: StaffUser, now: datetime, agent: str = "Firefox") -> str:
    return sessions.open_session(box, user, now, ip=IP, user_agent=agent, proved_by="password")


def with_password(box: Appliance, user: StaffUser, now: datetime) -> None:
    staff_login.use_link(box, staff_login.reset_link(box, user.email, now), PASSWORD, now)


def guess(box: Appliance, email: str, now: datetime, times: int, device: str | None = None, ip: str = ELSEWHERE) -> None:
    for _ in range(times):
        with pytest.raises(Forbidden, match="wrong_login"):
            staff_login.log_in(box, email, "a wrong password", ip, now, device=device)


def test_a_session_tells_browser_address_and_how_it_was_opened(
    box: Appliance, now: datetime, olivia: StaffUser
) -> None:
    opened(box, olivia, now, "Firefox")
    (row,) = sessions.of_user(box, olivia, now)
    assert (row.user_agent, row.ip, row.proved_by, row.created_at) == ("Firefox", IP, "password", now)


def test_a_very_long_browser_name_is_cut(box: Appliance, now: datetime, olivia: StaffUser) -> None:
    opened(box, olivia, now, "x" * 10_000)
    assert len(sessions.of_user(box, olivia, now)[0].user_agent) == 400


def test_only_sessions_in_force_are_listed(box: Appliance, now: datetime, olivia: StaffUser) -> None:
    opened(box, olivia, now - timedelta(hours=12))
    fresh = opened(box, olivia, now)
    assert len(sessions.of_user(box, olivia, now)) == 1
    assert sessions.who(box, fresh, now)


def test_one_session_can_be_ended_and_the_others_go_on(box: Appliance, now: datetime, olivia: StaffUser) -> None:
    here, there = opened(box, olivia, now, "here"), opened(box, olivia, now, "there")
    (row,) = (row for row in sessions.of_user(box, olivia, now) if row.user_agent == "there")
    sessions.end(box, olivia, row.public_id, now)
    assert (sessions.who(box, there, now), sessions.who(box, here, now) is not None) == (None, True)
    assert history(box)[-1] == "session_ended"


def test_nobody_ends_the_session_of_somebody_else(box: Appliance, now: datetime, olivia: StaffUser) -> None:
    hanna = a_user(box, "Hanna", "host", now)
    theirs = opened(box, olivia, now)
    with pytest.raises(NotFound, match="session_over"):
        sessions.end(box, hanna, sessions.of_user(box, olivia, now)[0].public_id, now)
    assert sessions.who(box, theirs, now)


def test_all_other_sessions_end_at_once(box: Appliance, now: datetime, olivia: StaffUser) -> None:
    here, *others = (opened(box, olivia, now) for _ in range(3))
    assert sessions.end_others(box, olivia, here, now) == 2
    assert [sessions.who(box, token, now) is not None for token in (here, *others)] == [True, False, False]


def test_the_owner_logs_somebody_out_everywhere_and_nobody_else(
    box: Appliance, now: datetime, olivia: StaffUser
) -> None:
    hanna = a_user(box, "Hanna", "host", now)
    mine, theirs = opened(box, olivia, now), [opened(box, hanna, now) for _ in range(2)]
    assert sessions.end_all(box, hanna, now, Actor("staff", "Olivia")) == 2
    assert [sessions.who(box, token, now) for token in theirs] == [None, None]
    assert sessions.who(box, mine, now)


def test_a_changed_password_ends_every_other_session_and_changes_the_secret_of_this_one(
    box: Appliance, now: datetime, olivia: StaffUser
) -> None:
    with_password(box, olivia, now)
    here, there = opened(box, olivia, now), opened(box, olivia, now)
    fresh = staff_login.change_password(box, olivia, here, PASSWORD, "a newer password", IP, now)
    assert [sessions.who(box, token, now) for token in (here, there)] == [None, None]
    assert sessions.who(box, fresh, now)
    with pytest.raises(Forbidden):
        staff_login.log_in(box, olivia.email, PASSWORD, IP, now)


def test_without_the_present_password_nothing_changes(box: Appliance, now: datetime, olivia: StaffUser) -> None:
    with_password(box, olivia, now)
    here, there = opened(box, olivia, now), opened(box, olivia, now)
    with pytest.raises(Invalid, match="wrong_password"):
        staff_login.change_password(box, olivia, here, "not it at all", "a newer password", IP, now)
    assert sessions.who(box, there, now)
    assert staff_login.log_in(box, olivia.email, PASSWORD, IP, now).session


def test_guessing_at_the_present_password_is_slowed_down_too(
    box: Appliance, now: datetime, olivia: StaffUser
) -> None:
    with_password(box, olivia, now)
    for _ in range(5):
        with pytest.raises(Invalid, match="wrong_password"):
            staff_login.prove_password(box, olivia, "not it at all", IP, now)
    with pytest.raises(Conflict, match="rate_limited"):
        staff_login.prove_password(box, olivia, PASSWORD, IP, now)


def test_ten_minutes_after_the_log_in_one_has_to_prove_oneself_again(
    box: Appliance, now: datetime, olivia: StaffUser
) -> None:
    token = opened(box, olivia, now)
    here = sessions.present(box, token, now)
    assert here
    assert sessions.recently_proved(here.session, now + timedelta(minutes=9, seconds=59))
    assert not sessions.recently_proved(here.session, now + timedelta(minutes=10))


def test_who_proves_themselves_again_goes_on_under_another_secret(
    box: Appliance, now: datetime, olivia: StaffUser
) -> None:
    token, later = opened(box, olivia, now), now + timedelta(hours=1)
    fresh = sessions.renew(box, token, later)
    assert sessions.present(box, token, later) is None
    here = sessions.present(box, fresh, later)
    assert here
    assert (here.session.created_at, here.session.proved_at) == (now, later)


def test_a_session_that_is_over_cannot_be_renewed(box: Appliance, now: datetime) -> None:
    with pytest.raises(NotFound, match="session_over"):
        sessions.renew(box, "made-up", now)


def test_a_password_that_is_changed_while_it_is_checked_opens_nothing(
    box: Appliance, now: datetime, olivia: StaffUser
) -> None:
    with_password(box, olivia, now)
    checked = staff_login.check_password(box, olivia.email, PASSWORD, IP, now)
    staff_login.use_link(box, staff_login.reset_link(box, olivia.email, now), "a newer password", now)
    with pytest.raises(Forbidden, match="wrong_login"):
        staff_login.enter(box, checked, IP, now)
    assert sessions.of_user(box, olivia, now) == []


# passwords and browsers that are known


def test_a_password_hashed_with_older_parameters_is_hashed_anew_when_it_is_typed(
    box: Appliance, now: datetime, olivia: StaffUser
) -> None:
    with box.db.write():
        weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1)
        staff.set_password(box.db, olivia.id, weak.hash(PASSWORD))
    assert staff_login.log_in(box, olivia.email, PASSWORD, IP, now).session
    assert box.db.value("SELECT password_hash FROM staff_user").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert staff_login.log_in(box, olivia.email, PASSWORD, IP, now).session


def test_guesses_from_elsewhere_do_not_lock_out_a_browser_that_was_here_before(
    box: Appliance, now: datetime, olivia: StaffUser
) -> None:
    with_password(box, olivia, now)
    marks = known_devices.with_mark(box, None, olivia.email, now)
    guess(box, olivia.email, now, 5)
    with pytest.raises(Conflict, match="rate_limited"):
        staff_login.log_in(box, olivia.email, PASSWORD, IP, now)
    device = known_devices.device(box, marks, olivia.email, now)
    assert staff_login.log_in(box, olivia.email, PASSWORD, IP, now, device=device).session


def test_logging_in_on_a_known_browser_gives_guesses_from_elsewhere_no_new_start(
    box: Appliance, now: datetime, olivia: StaffUser
) -> None:
    with_password(box, olivia, now)
    device = known_devices.device(
        box, known_devices.with_mark(box, None, olivia.email, now), olivia.email, now
    )  # fmt: skip
    guess(box, olivia.email, now, 5)
    staff_login.log_in(box, olivia.email, PASSWORD, IP, now, device=device)
    with pytest.raises(Conflict, match="rate_limited"):
        staff_login.log_in(box, olivia.email, "a wrong password", ELSEWHERE, now)


def test_guessing_on_a_known_browser_is_slowed_down_as_well(box: Appliance, now: datetime, olivia: StaffUser) -> None:
    guess(box, olivia.email, now, 5, device="the-tablet")
    with pytest.raises(Conflict, match="rate_limited"):
        staff_login.log_in(box, olivia.email, PASSWORD, IP, now, device="the-tablet")


def test_a_mark_counts_for_its_own_account_and_half_a_year_only(
    box: Appliance, now: datetime, olivia: StaffUser
) -> None:
    marks = known_devices.with_mark(box, None, olivia.email, now)
    assert known_devices.device(box, marks, olivia.email.upper(), now)
    assert known_devices.device(box, marks, "marco@casalola.example", now) is None
    assert known_devices.device(box, marks, olivia.email, now + timedelta(days=180)) is None


@pytest.mark.parametrize(
    "made_up", ["", "~", "a.b.c", "tablet.99999999999.", "tablet.99999999999.0000", "tablet.٩.x", "x" * 5000, "é.1.é"]
)
def test_a_made_up_mark_is_none(box: Appliance, now: datetime, olivia: StaffUser, made_up: str) -> None:
    assert known_devices.device(box, made_up, olivia.email, now) is None


def test_a_mark_with_another_name_or_a_later_end_is_none(box: Appliance, now: datetime, olivia: StaffUser) -> None:
    name, until, signature = known_devices.with_mark(box, None, olivia.email, now).split(".")
    assert known_devices.device(box, f"other.{until}.{signature}", olivia.email, now) is None
    assert known_devices.device(box, f"{name}.{int(until) + 1}.{signature}", olivia.email, now) is None


def test_eight_people_share_one_browser(box: Appliance, now: datetime) -> None:
    marks, team = None, [f"colleague{number}@casalola.example" for number in range(9)]
    for email in team:
        marks = known_devices.with_mark(box, marks, email, now)
    assert [bool(known_devices.device(box, marks, email, now)) for email in team] == [False] + [True] * 8
