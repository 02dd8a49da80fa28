"""`waitlist api-key`: a new secret without a gap, a last day, and what the list says of both."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.conftest import Run
from waitlist_appliance.storage import api_keys


def told(waitlist: Run, *command: str) -> Any:
    result = waitlist("api-key", *command, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def the_key(waitlist: Run, name: str) -> Any:
    (found,) = [key for key in told(waitlist, "list") if key["name"] == name]
    return found


@pytest.mark.parametrize("by", ["name", "id"])
def test_a_key_gets_a_new_secret_by_name_or_id(waitlist: Run, by: str) -> None:
    made = told(waitlist, "create", "n8n")
    new = told(waitlist, "rotate", made[by], "--overlap", "7d")
    assert new["id"] == made["id"]
    assert new["api_key"].startswith(api_keys.PREFIX)
    assert new["api_key"] != made["api_key"]
    assert the_key(waitlist, "n8n")["old_secret_until"] == new["old_secret_until"]


def test_people_are_told_how_long_the_old_secret_works(waitlist: Run) -> None:
    waitlist("api-key", "create", "n8n")
    said = waitlist("api-key", "rotate", "n8n").output
    assert "The secret until now works until" in said
    assert "works until" not in waitlist("api-key", "rotate", "n8n", "--overlap", "0").output
    assert "in force" in waitlist("api-key", "list").output


def test_a_key_has_a_last_day(waitlist: Run) -> None:
    made = told(waitlist, "create", "n8n", "--expires", "2099-06-30")
    assert made["expires_at"].startswith("2099-06-30T22:00")  # midnight in Madrid
    assert "2099-07-01 00:00" in waitlist("api-key", "list").output


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["create", "n8n", "--expires", "2020-01-01"], "that day has passed already"),
        (["create", "n8n", "--expires", "soon"], "does not match the format"),
        (["rotate", "nobody"], "no key in force is called so"), (["rotate", "n8n", "--overlap", "2h"], "'2h'"),
        (["rotate", "twin"], "several keys are called so"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(waitlist: Run, command: list[str], said: str) -> None:
    for name in ("twin", "twin"):
        waitlist("api-key", "create", name)
    result = waitlist("api-key", *command)
    assert result.exit_code in (1, 2)
    assert said in result.output


def test_a_revoked_key_gets_no_new_secret(waitlist: Run) -> None:
    made = told(waitlist, "create", "n8n")
    assert waitlist("api-key", "revoke", made["id"]).exit_code == 0
    assert waitlist("api-key", "rotate", "n8n").exit_code == 1
