"""What each command does when it is used as it should be."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from waitlist_appliance.cli import main

Run = Callable[..., Result]
MADRID = ZoneInfo("Europe/Madrid")
TOMORROW = (datetime.now(MADRID) + timedelta(days=1)).strftime("%Y-%m-%d")
ANA = "+34612345601"
LISTS = [["users"], ["api-key"], ["entries"], ["offers"], ["messages"], ["bookings"], ["events"]]


def test_init_prints_all_that_is_needed_to_begin(made: tuple[Path, dict[str, Any]]) -> None:
    folder, said = made
    assert said["config"] == str(folder / "config.toml")
    assert said["data_directory"] == str(folder / "data")
    assert said["public_url"] == "http://127.0.0.1:8080"
    assert said["owner"]["first_login_url"].startswith("http://127.0.0.1:8080/welcome/")
    assert said["api_key"].startswith("wlk_")
    assert len(said["cron_secret"]) >= 16


def test_nobody_else_may_read_what_init_makes(made: tuple[Path, dict[str, Any]]) -> None:
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in made[0].rglob("*") if p.is_file() and "-" not in p.name}
    assert {name: mode & 0o077 for name, mode in modes.items()} == dict.fromkeys(modes, 0)


def test_init_asks_and_takes_the_answers(tmp_path: Path) -> None:
    answers = ["9090", "Casa Lola", "Europe/Paris", "fr", "FR", "3x2 Terrasse", "olivia@casalola.test"]
    result = CliRunner().invoke(
        main, ["--config", str(tmp_path / "c.toml"), "init"], input="\n".join([*answers, str(tmp_path / "d"), "", ""])
    )
    assert result.exit_code == 0, result.output
    assert "http://127.0.0.1:9090/welcome/" in result.output
    assert (tmp_path / "d" / "waitlist.db").exists()


@pytest.mark.parametrize("noun", LISTS, ids=lambda noun: noun[0])
def test_every_list_speaks_json(waitlist: Run, noun: list[str]) -> None:
    result = waitlist(*noun, "list", "--json")
    assert result.exit_code == 0, result.output
    assert isinstance(json.loads(result.output), list | dict)


@pytest.mark.parametrize("noun", LISTS, ids=lambda noun: noun[0])
def test_every_list_is_readable(waitlist: Run, noun: list[str]) -> None:
    result = waitlist(*noun, "list")
    assert result.exit_code == 0, result.output
    assert result.output.strip()


def test_a_full_time_is_triggered_and_listed(waitlist: Run) -> None:
    assert waitlist("events", "add", "Closed", f"{TOMORROW}T18:00", f"{TOMORROW}T23:00").exit_code == 0
    said = json.loads(waitlist("trigger", f"{TOMORROW}T19:30", ANA, "--first-name", "Ana", "--json").output)
    assert said["status"] == "invited"
    assert "/waitlist/wl_" in said["url"]
    listed = waitlist("entries", "list").output
    assert "Ana" in listed
    assert f"{TOMORROW} 19:30" in listed


def test_the_same_trigger_twice_is_one_entry(waitlist: Run) -> None:
    waitlist("events", "add", "Closed", f"{TOMORROW}T18:00", f"{TOMORROW}T23:00")
    first, second = (json.loads(waitlist("trigger", f"{TOMORROW}T19:30", ANA, "--json").output) for _ in range(2))
    assert (first["created"], second["created"]) == (True, False)
    assert first["entry"] == second["entry"]


def test_a_time_that_is_free_is_not_queued(waitlist: Run) -> None:
    result = waitlist("trigger", f"{TOMORROW}T19:30", ANA)
    assert result.exit_code == 1
    assert "free" in result.output


def test_an_event_is_added_listed_and_cancelled(waitlist: Run) -> None:
    added = waitlist("events", "add", "Wedding", f"{TOMORROW}T18:00", f"{TOMORROW}T23:00", "--resource", "Table 1")
    event_id = added.output.rsplit(" ", 1)[1].strip()
    listed = waitlist("events", "list").output
    assert "Wedding" in listed
    assert "Table 1" in listed
    assert waitlist("events", "cancel", event_id).exit_code == 0
    assert "Wedding" not in waitlist("events", "list").output


def test_a_user_is_added_with_a_link_that_works_once(waitlist: Run) -> None:
    said = json.loads(waitlist("users", "add", "hanna@casalola.test", "--role", "host", "--json").output)
    assert re.search(r"/welcome/\S{20,}$", said["url"])
    again = json.loads(waitlist("users", "reset-password", "hanna@casalola.test", "--json").output)
    assert again["url"] != said["url"]
    assert "hanna@casalola.test" in waitlist("users", "list").output


def test_a_key_is_created_and_revoked(waitlist: Run) -> None:
    said = json.loads(waitlist("api-key", "create", "n8n", "--scope", "waitlist.create", "--json").output)
    assert said["scopes"] == ["waitlist.create"]
    assert waitlist("api-key", "revoke", said["id"]).exit_code == 0
    assert waitlist("api-key", "revoke", said["id"]).exit_code == 1
    keys = {key["id"]: key for key in json.loads(waitlist("api-key", "list", "--json").output)}
    assert keys[said["id"]]["revoked_at"]


def test_no_list_shows_a_secret(waitlist: Run, made: tuple[Path, dict[str, Any]]) -> None:
    said = waitlist("api-key", "list", "--json").output + waitlist("config", "show").output
    assert made[1]["api_key"] not in said
    assert made[1]["cron_secret"] not in said


def test_the_configuration_is_checked_and_shown(waitlist: Run) -> None:
    assert "is right" in waitlist("config", "check").output
    assert json.loads(waitlist("config", "show", "--json").output)["server"]["port"] == 8080


def test_migrating_twice_does_nothing_the_second_time(waitlist: Run) -> None:
    assert json.loads(waitlist("migrate", "--json").output) == {"applied": []}


def test_every_route_is_listed_with_its_proof(waitlist: Run) -> None:
    routes = {(route["path"], route["methods"][0]): route for route in json.loads(waitlist("routes", "--json").output)}
    assert routes["/api/waitlist/trigger", "POST"]["proof"] == "api"
    assert routes["/api/simulator/messages", "GET"]["permission"] == "waitlist.notify"


@pytest.mark.processes
def test_help_is_quick() -> None:
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "waitlist_appliance", "--help"], check=True, capture_output=True)
    assert time.monotonic() - started < 1.0
    heavy = "import sys, waitlist_appliance.cli; print([m for m in ('peewee', 'flask', 'huey') if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", heavy], check=True, capture_output=True, text=True).stdout
    assert loaded.strip() == "[]"


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(main, ["--version"]).output.startswith("waitlist, version ")
