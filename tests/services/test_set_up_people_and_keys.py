"""Who may come in: people with their roles, programs with their keys. An owner who can log in always remains."""

from __future__ import annotations

import pytest

from tests.conftest import NOW
from tests.services.set_up_story import OLIVIA
from waitlist_appliance.domain.errors import Conflict, Forbidden, Invalid, NotFound
from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import manage_keys, manage_staff, sessions, staff_login
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import api_keys, staff

PASSWORD = "a table by the window"


def joins(box: Appliance, name: str, role: str) -> StaffUser:
    """Somebody who was invited and has chosen a password."""
    user, link = manage_staff.invite(box, f"{name.lower()}@casalola.example", name, role, NOW, OLIVIA)
    staff_login.use_link(box, link, PASSWORD, NOW)
    return user


def now_of(box: Appliance, user: StaffUser) -> StaffUser:
    found = staff.user_by_id(box.db, user.id)
    assert found is not None
    return found


def test_the_last_owner_can_be_neither_demoted_nor_disabled(box: Appliance) -> None:
    olivia, marco = joins(box, "Olivia", "owner"), joins(box, "Marco", "manager")
    with pytest.raises(Conflict, match="last_owner"):
        manage_staff.change_role(box, olivia.public_id, "manager", NOW, OLIVIA)
    with pytest.raises(Conflict, match="last_owner"):
        manage_staff.disable(box, olivia.public_id, marco, NOW, OLIVIA)


def test_an_owner_who_was_only_invited_does_not_count(box: Appliance) -> None:
    olivia = joins(box, "Olivia", "owner")
    manage_staff.invite(box, "marco@casalola.example", "Marco", "owner", NOW, OLIVIA)
    with pytest.raises(Conflict, match="last_owner"):
        manage_staff.change_role(box, olivia.public_id, "host", NOW, OLIVIA)


def test_with_a_second_owner_the_first_may_step_back(box: Appliance) -> None:
    olivia, _ = joins(box, "Olivia", "owner"), joins(box, "Marco", "owner")
    manage_staff.change_role(box, olivia.public_id, "viewer", NOW, OLIVIA)
    assert now_of(box, olivia).role == "viewer"


def test_nobody_disables_their_own_account(box: Appliance) -> None:
    olivia, _ = joins(box, "Olivia", "owner"), joins(box, "Marco", "owner")
    with pytest.raises(Conflict, match="own_account"):
        manage_staff.disable(box, olivia.public_id, olivia, NOW, OLIVIA)


def test_who_is_disabled_is_out_at_once_and_gets_no_link(box: Appliance) -> None:
    olivia, hanna = joins(box, "Olivia", "owner"), joins(box, "Hanna", "host")
    session = staff_login.log_in(box, hanna.email, PASSWORD, "ip", NOW).session
    assert session
    manage_staff.disable(box, hanna.public_id, olivia, NOW, OLIVIA)
    assert sessions.who(box, session, NOW) is None
    with pytest.raises(Conflict, match="user_disabled"):
        manage_staff.new_link(box, hanna.public_id, NOW, OLIVIA)
    with pytest.raises(Forbidden, match="wrong_login"):
        staff_login.log_in(box, hanna.email, PASSWORD, "ip", NOW)


def test_access_that_is_given_back_works_with_the_old_password(box: Appliance) -> None:
    olivia, hanna = joins(box, "Olivia", "owner"), joins(box, "Hanna", "host")
    manage_staff.disable(box, hanna.public_id, olivia, NOW, OLIVIA)
    manage_staff.enable(box, hanna.public_id, NOW, OLIVIA)
    assert staff_login.log_in(box, hanna.email, PASSWORD, "ip", NOW).session


def test_a_new_link_ends_the_older_one(box: Appliance) -> None:
    hanna, first = manage_staff.invite(box, "hanna@casalola.example", "Hanna", "host", NOW, OLIVIA)
    _, second = manage_staff.new_link(box, hanna.public_id, NOW, OLIVIA)
    with pytest.raises(NotFound, match="token_gone"):
        staff_login.use_link(box, first, PASSWORD, NOW)
    assert staff_login.use_link(box, second, PASSWORD, NOW).id == hanna.id


def test_a_key_does_what_was_ticked_until_it_is_revoked(box: Appliance) -> None:
    key, secret = manage_keys.create(box, " Voice  agent ", ["waitlist.create"], NOW, OLIVIA)
    assert (key.name, api_keys.scopes_of(key)) == ("Voice agent", frozenset({"waitlist.create"}))
    manage_keys.revoke(box, key.public_id, NOW, OLIVIA)
    assert api_keys.find_by_secret(box.db, secret, NOW) is None
    with pytest.raises(NotFound):
        manage_keys.revoke(box, key.public_id, NOW, OLIVIA)


@pytest.mark.parametrize(("name", "scopes", "code"), [("", ["waitlist.view"], "name_missing"), ("n8n", [], "scopes_missing"),
                                                      ("n8n", ["everything"], "bad_value")])  # fmt: skip
def test_a_key_without_name_or_use_is_not_made(box: Appliance, name: str, scopes: list[str], code: str) -> None:
    with pytest.raises(Invalid, match=code):
        manage_keys.create(box, name, scopes, NOW, OLIVIA)
    assert api_keys.every(box.db) == []
