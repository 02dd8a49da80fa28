"""What the operator does for somebody who has lost their second factor."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from waitlist_appliance.bootstrap import build
from waitlist_appliance.config import load
from waitlist_appliance.storage import second_factors, staff

HANNA = "hanna@casalola.test"


@pytest.fixture
def hanna(waitlist: Run, box: Path) -> None:
    """Hanna, with an authenticator app."""
    waitlist("users", "add", HANNA, "--role", "host")
    app, now = build(load(box)), datetime.now(UTC)
    user = staff.user_by_email(app.db, HANNA)
    assert user
    with app.db.write():
        second_factors.put_totp(app.db, app.vault, user.id, "JBSWY3DPEHPK3PXP", now)
        second_factors.confirm_totp(app.db, user.id, now)
    app.db.close()


@pytest.mark.usefixtures("hanna")
def test_a_lost_second_factor_is_taken_off(waitlist: Run) -> None:
    assert "code" in waitlist("users", "list").output
    done = waitlist("users", "reset-second-factor", HANNA)
    assert (done.exit_code, "logs in with the password only" in done.output) == (0, True)
    listed = json.loads(waitlist("users", "list", "--json").output)
    assert [user["second_factor"] for user in listed if user["email"] == HANNA] == [[]]


@pytest.mark.usefixtures("hanna")
def test_it_can_be_asked_for_as_json(waitlist: Run) -> None:
    done = waitlist("users", "reset-second-factor", HANNA, "--json")
    assert json.loads(done.output) == {"email": HANNA, "second_factor": []}


@pytest.mark.parametrize(("email", "said"), [("nobody@casalola.test", "nobody has this address"), ("", "nobody has")])
def test_an_unknown_address_is_said(waitlist: Run, email: str, said: str) -> None:
    refused = waitlist("users", "reset-second-factor", email)
    assert (refused.exit_code, said in refused.output) == (1, True)


def test_there_is_nothing_to_take_off_somebody_without_one(waitlist: Run) -> None:
    waitlist("users", "add", HANNA, "--role", "host")
    refused = waitlist("users", "reset-second-factor", HANNA)
    assert (refused.exit_code, "has no second factor" in refused.output) == (1, True)
