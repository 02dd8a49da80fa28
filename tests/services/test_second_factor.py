"""The second half of a log-in: codes of an app and recovery codes, each good once, and guessing at them."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from tests.second_factor_story import PASSWORD, Phone, a_phone, a_user, history
from waitlist_appliance.domain.errors import Conflict, Forbidden, Invalid, NotFound
from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import (
    manage_staff,
    recovery_codes,
    rotate_keys,
    second_factor,
    sessions,
    set_up_second_factor,
    staff_login,
)
from waitlist_appliance.services.appliance import SYSTEM, Actor, Appliance
from waitlist_appliance.storage import second_factors, staff

IP = "192.0.2.1"
STEP = timedelta(seconds=30)
MARCO = Actor("staff", "Marco")


@pytest.fixture
def olivia(box: Appliance, now: datetime) -> StaffUser:
    return a_user(box, "Olivia", "owner", now)


@pytest.fixture
def phone(box: Appliance, olivia: StaffUser, now: datetime) -> Phone:
    return a_phone(box, olivia, now)


def begun(box: Appliance, user: StaffUser, now: datetime) -> str:
    return second_factor.begin(box, user, IP, now)


def answer(box: Appliance, secret: str, code: str, now: datetime, *, ip: str = IP, **more: bool) -> str:
    return second_factor.answer(box, secret, code, now, ip=ip, **more)


def with_password(box: Appliance, user: StaffUser, now: datetime) -> None:
    staff_login.use_link(box, staff_login.reset_link(box, user.email, now), PASSWORD, now)


def with_codes(box: Appliance, user: StaffUser) -> list[str]:
    codes, hashes = recovery_codes.make(user)
    with box.db.write():
        second_factors.replace_codes(box.db, user.id, hashes)
    return codes


# the log-in


def test_without_a_second_factor_the_password_opens_the_desk(box: Appliance, now: datetime, olivia: StaffUser) -> None:
    with_password(box, olivia, now)
    entrance = staff_login.log_in(box, olivia.email, PASSWORD, IP, now)
    assert (entrance.session is not None, entrance.challenge) == (True, None)


def test_with_an_app_the_password_alone_opens_nothing_and_its_code_does(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone
) -> None:
    with_password(box, olivia, now)
    entrance = staff_login.log_in(box, olivia.email, PASSWORD, IP, now)
    assert entrance.session is None
    assert box.db.value("SELECT COUNT(*) FROM staff_session") == 0
    assert entrance.challenge
    session = answer(box, entrance.challenge, phone.code(now), now)
    assert sessions.who(box, session, now) == staff.user_by_id(box.db, olivia.id)


def test_a_password_from_a_mailed_link_does_not_get_around_the_code(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone
) -> None:
    staff_login.use_link(box, staff_login.reset_link(box, olivia.email, now), "a newer password", now)
    assert staff_login.log_in(box, olivia.email, "a newer password", IP, now).session is None


def test_an_app_that_was_never_confirmed_is_not_asked_for(box: Appliance, now: datetime, olivia: StaffUser) -> None:
    set_up_second_factor.begin(box, olivia, now)
    assert second_factor.kinds(box, olivia) == frozenset()


@pytest.mark.parametrize("late", [-STEP, timedelta(), STEP])
def test_a_code_counts_one_step_early_and_one_step_late(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone, late: timedelta
) -> None:
    assert answer(box, begun(box, olivia, now), phone.code(now - late), now)


@pytest.mark.parametrize("late", [-2 * STEP, 2 * STEP])
def test_a_code_two_steps_away_does_not_count(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone, late: timedelta
) -> None:
    with pytest.raises(Forbidden, match="wrong_code"):
        answer(box, begun(box, olivia, now), phone.code(now - late), now)


def test_a_code_may_be_typed_with_a_space_in_the_middle(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone
) -> None:
    code = phone.code(now)
    assert answer(box, begun(box, olivia, now), f" {code[:3]} {code[3:]} ", now)


# attacks


def test_a_code_is_good_once(box: Appliance, now: datetime, olivia: StaffUser, phone: Phone) -> None:
    code = phone.code(now)
    answer(box, begun(box, olivia, now), code, now)
    with pytest.raises(Forbidden, match="wrong_code"):
        answer(box, begun(box, olivia, now), code, now)


def test_after_a_code_the_one_before_it_is_spent_as_well(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone
) -> None:
    answer(box, begun(box, olivia, now), phone.code(now), now)
    with pytest.raises(Forbidden, match="wrong_code"):
        answer(box, begun(box, olivia, now), phone.code(now - STEP), now)
    assert answer(box, begun(box, olivia, now + STEP), phone.code(now + STEP), now + STEP)


def test_of_many_who_type_one_code_at_the_same_instant_one_comes_in(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone
) -> None:
    challenges, code = [begun(box, olivia, now) for _ in range(4)], phone.code(now)
    together, came_in = threading.Barrier(4), []

    def one(secret: str) -> None:
        together.wait()
        try:
            came_in.append(answer(box, secret, code, now))
        except Forbidden:
            pass
        finally:
            box.db.close()

    threads = [threading.Thread(target=one, args=(secret,)) for secret in challenges]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(came_in) == 1


def test_the_code_of_another_user_opens_nothing(box: Appliance, now: datetime, olivia: StaffUser, phone: Phone) -> None:
    marco = a_user(box, "Marco", "manager", now)
    theirs = a_phone(box, marco, now, "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU")
    with pytest.raises(Forbidden, match="wrong_code"):
        answer(box, begun(box, olivia, now), theirs.code(now), now)


def test_a_challenge_is_good_once(box: Appliance, now: datetime, olivia: StaffUser, phone: Phone) -> None:
    secret = begun(box, olivia, now)
    answer(box, secret, phone.code(now), now)
    with pytest.raises(NotFound, match="challenge_over"):
        answer(box, secret, phone.code(now + STEP), now + STEP)


def test_a_challenge_is_over_after_five_minutes(box: Appliance, now: datetime, olivia: StaffUser, phone: Phone) -> None:
    secret, later = begun(box, olivia, now), now + timedelta(minutes=5)
    second_factor.pending(box, secret, later - timedelta(milliseconds=1))
    with pytest.raises(NotFound, match="challenge_over"):
        answer(box, secret, phone.code(later), later)


def test_a_made_up_challenge_is_none(box: Appliance, now: datetime, phone: Phone) -> None:
    for made_up in (None, "", "made-up"):
        with pytest.raises(NotFound, match="challenge_over"):
            second_factor.pending(box, made_up, now)


def test_after_five_wrong_codes_the_challenge_is_over(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone
) -> None:
    secret = begun(box, olivia, now)
    for _ in range(4):
        with pytest.raises(Forbidden, match="wrong_code"):
            answer(box, secret, phone.wrong(now), now)
    with pytest.raises(NotFound, match="challenge_over"):
        answer(box, secret, phone.wrong(now), now)
    with pytest.raises(NotFound, match="challenge_over"):
        second_factor.pending(box, secret, now)


def test_guessing_on_with_fresh_challenges_is_slowed_down_and_logged(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone
) -> None:
    for _ in range(5):
        with pytest.raises(Forbidden, match="wrong_code"):
            answer(box, begun(box, olivia, now), phone.wrong(now), now)
    with pytest.raises(Conflict, match="rate_limited"):
        answer(box, begun(box, olivia, now), phone.code(now), now, ip="192.0.2.99")
    assert box.db.value("SELECT COUNT(*) FROM activity WHERE verb = 'login_slowed' AND reason = 'code'") == 1


def test_a_day_of_guessing_gets_a_hundred_tries_at_most(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone
) -> None:
    tries, at = 0, now
    while at < now + timedelta(days=1):
        try:
            answer(box, begun(box, olivia, at), phone.wrong(at), at)
        except Forbidden:
            tries += 1
        except Conflict as slowed:
            at += timedelta(seconds=float(str(slowed.params["seconds"])))
    assert 90 < tries <= 110


def test_guessing_at_the_code_costs_no_log_in_with_the_password(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone
) -> None:
    with_password(box, olivia, now)
    for _ in range(5):
        with pytest.raises(Forbidden):
            answer(box, begun(box, olivia, now), phone.wrong(now), now)
    assert staff_login.log_in(box, olivia.email, PASSWORD, IP, now).challenge


def test_whoever_loses_their_access_meanwhile_does_not_come_in(
    box: Appliance, now: datetime, olivia: StaffUser
) -> None:
    hanna = a_user(box, "Hanna", "host", now)
    phone, secret = a_phone(box, hanna, now), begun(box, hanna, now)
    manage_staff.disable(box, hanna.public_id, olivia, now, MARCO)
    with pytest.raises(NotFound, match="challenge_over"):
        answer(box, secret, phone.code(now), now)


def test_a_new_password_ends_log_ins_that_began_with_the_old_one(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone
) -> None:
    secret = begun(box, olivia, now)
    with_password(box, olivia, now)
    with pytest.raises(NotFound, match="challenge_over"):
        answer(box, secret, phone.code(now), now)


def test_the_database_holds_no_secret_no_code_and_no_challenge(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone
) -> None:
    secrets = [phone.secret, begun(box, olivia, now), *with_codes(box, olivia)]
    tables = [name for (name,) in box.db.tuples("SELECT name FROM sqlite_master WHERE type = 'table'")]
    stored = repr([box.db.tuples(f"SELECT * FROM {table}") for table in tables])
    assert not [secret for secret in secrets if secret in stored or secret.replace("-", "") in stored]


def test_another_key_for_the_vault_keeps_the_app_working(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone
) -> None:
    before = box.db.value("SELECT secret FROM staff_totp")
    rotate_keys.rotate(box, now, SYSTEM)
    assert box.db.value("SELECT secret FROM staff_totp") != before
    assert answer(box, begun(box, olivia, now), phone.code(now), now)


def test_with_the_key_of_the_vault_lost_a_code_is_refused_and_a_recovery_code_works(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone
) -> None:
    codes, secret = with_codes(box, olivia), begun(box, olivia, now)
    (box.config.data_directory / "credentials.key").unlink()
    with pytest.raises(Conflict, match="second_factor_unreadable"):
        answer(box, secret, phone.code(now), now)
    assert answer(box, secret, codes[0], now, recovery=True)


# recovery codes


def test_a_recovery_code_opens_once(box: Appliance, now: datetime, olivia: StaffUser, phone: Phone) -> None:
    codes = with_codes(box, olivia)
    assert answer(box, begun(box, olivia, now), codes[0], now, recovery=True)
    with pytest.raises(Forbidden, match="wrong_code"):
        answer(box, begun(box, olivia, now), codes[0], now, recovery=True)
    assert second_factors.codes_left(box.db, olivia.id) == 9
    assert "recovery_code_used" in history(box)


def test_a_recovery_code_may_be_typed_small_and_without_its_dash(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone
) -> None:
    typed = with_codes(box, olivia)[3].replace("-", " ").lower()
    assert answer(box, begun(box, olivia, now), typed, now, recovery=True)


def test_the_recovery_code_of_another_user_opens_nothing(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone
) -> None:
    marco = a_user(box, "Marco", "manager", now)
    theirs = with_codes(box, marco)
    with pytest.raises(Forbidden, match="wrong_code"):
        answer(box, begun(box, olivia, now), theirs[0], now, recovery=True)
    assert second_factors.codes_left(box.db, marco.id) == 10


def test_new_recovery_codes_end_the_old_ones(box: Appliance, now: datetime, olivia: StaffUser, phone: Phone) -> None:
    old, new = with_codes(box, olivia), set_up_second_factor.new_codes(box, olivia, now)
    assert (len(new), len(set(new) | set(old))) == (10, 20)
    with pytest.raises(Forbidden, match="wrong_code"):
        answer(box, begun(box, olivia, now), old[0], now, recovery=True)
    assert answer(box, begun(box, olivia, now), new[0], now, recovery=True)


def test_recovery_codes_hold_nothing_that_is_read_wrongly_on_paper(olivia: StaffUser) -> None:
    assert not set("".join(recovery_codes.make(olivia)[0])) & set("01ILOUV")


# setting it up and giving it up


def test_a_code_of_the_app_confirms_it_and_brings_ten_recovery_codes(
    box: Appliance, now: datetime, olivia: StaffUser
) -> None:
    set_up_second_factor.begin(box, olivia, now)
    phone = Phone(set_up_second_factor.secret(box, olivia))
    codes = set_up_second_factor.confirm(box, olivia, phone.code(now), now, "")
    assert (second_factor.kinds(box, olivia), len(codes)) == ({"code"}, 10)
    with pytest.raises(Forbidden, match="wrong_code"):  # the code that confirmed is spent
        answer(box, begun(box, olivia, now), phone.code(now), now)


def test_a_wrong_code_confirms_nothing(box: Appliance, now: datetime, olivia: StaffUser) -> None:
    set_up_second_factor.begin(box, olivia, now)
    phone = Phone(set_up_second_factor.secret(box, olivia))
    with pytest.raises(Invalid, match="wrong_code"):
        set_up_second_factor.confirm(box, olivia, phone.wrong(now), now, "")
    assert second_factor.kinds(box, olivia) == frozenset()


def test_what_the_app_scans_names_the_business_and_the_person(
    box: Appliance, now: datetime, olivia: StaffUser
) -> None:
    set_up_second_factor.begin(box, olivia, now)
    address = set_up_second_factor.address(box, olivia)
    assert address.startswith("otpauth://totp/Casa%20Lola:olivia%40casalola.example?secret=")


def test_a_confirmed_secret_is_never_shown_again_nor_replaced(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone
) -> None:
    with pytest.raises(NotFound, match="second_factor_not_begun"):
        set_up_second_factor.secret(box, olivia)
    with pytest.raises(Conflict, match="second_factor_there"):
        set_up_second_factor.begin(box, olivia, now)
    assert answer(box, begun(box, olivia, now), phone.code(now), now)


def test_turning_it_off_takes_the_password_and_a_code(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone
) -> None:
    with_password(box, olivia, now)
    with pytest.raises(Invalid, match="wrong_password"):
        set_up_second_factor.turn_off(box, olivia, "not the password", phone.code(now), IP, now)
    with pytest.raises(Invalid, match="wrong_code"):
        set_up_second_factor.turn_off(box, olivia, PASSWORD, phone.wrong(now), IP, now)
    set_up_second_factor.turn_off(box, olivia, PASSWORD, phone.code(now), IP, now)
    assert second_factor.kinds(box, olivia) == frozenset()
    assert "second_factor_off" in history(box)


def test_with_the_phone_lost_a_recovery_code_turns_it_off_and_all_codes_go(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone
) -> None:
    with_password(box, olivia, now)
    codes = with_codes(box, olivia)
    set_up_second_factor.turn_off(box, olivia, PASSWORD, codes[0], IP, now)
    assert second_factors.codes_left(box.db, olivia.id) == 0
    assert staff_login.log_in(box, olivia.email, PASSWORD, IP, now).session


def test_an_owner_takes_a_lost_factor_off_and_the_person_is_out_everywhere(
    box: Appliance, now: datetime, olivia: StaffUser
) -> None:
    hanna = a_user(box, "Hanna", "host", now)
    phone = a_phone(box, hanna, now)
    session, waiting = answer(box, begun(box, hanna, now), phone.code(now), now), begun(box, hanna, now)
    manage_staff.reset_second_factor(box, hanna.public_id, olivia, now, MARCO)
    assert second_factor.kinds(box, hanna) == frozenset()
    assert sessions.who(box, session, now) is None
    with pytest.raises(NotFound, match="challenge_over"):
        second_factor.pending(box, waiting, now)
    assert history(box)[-1] == "second_factor_reset"


def test_nobody_resets_their_own_which_takes_password_and_code(
    box: Appliance, now: datetime, olivia: StaffUser, phone: Phone
) -> None:
    with pytest.raises(Conflict, match="own_account_factor"):
        manage_staff.reset_second_factor(box, olivia.public_id, olivia, now, MARCO)


def test_there_is_nothing_to_reset_on_somebody_without_one(box: Appliance, now: datetime, olivia: StaffUser) -> None:
    hanna = a_user(box, "Hanna", "host", now)
    with pytest.raises(Conflict, match="no_second_factor"):
        manage_staff.reset_second_factor(box, hanna.public_id, olivia, now, MARCO)
