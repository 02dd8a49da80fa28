"""Wrong input gets words that name what is wrong and say what to do; never a traceback."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from waitlist_appliance.cli import COMMANDS, main

Run = Callable[..., Result]
ANA = "+34612345601"
TOMORROW = (datetime.now(ZoneInfo("Europe/Madrid")) + timedelta(days=1)).strftime("%Y-%m-%d")


@pytest.mark.parametrize(
    ("command", "words", "code"),
    [
        (["trigger", "tomorrow", ANA], ["WHEN", "'tomorrow'", "Europe/Madrid"], 2),
        (["trigger", f"{TOMORROW}T19:30", "12"], ["phone"], 1),
        (["trigger", f"{TOMORROW}T19:30", ANA, "--party-size", "0"], ["party"], 1),
        (["trigger", f"{TOMORROW}T19:30", ANA, "--party-size", "many"], ["--party-size", "'many'"], 2),
        (["trigger", "2020-01-01T19:30", ANA], ["passed"], 1),
        (["trigger", f"{TOMORROW}T19:30", ANA, "--service", "Haircut"], ["service"], 1),
        (["users", "add", "nobody"], ["EMAIL", "'nobody'"], 2),
        (["users", "add", "a@b.es", "--role", "king"], ["--role", "'king'", "owner"], 2),
        (["users", "reset-password", "who@b.es"], ["email"], 1),
        (["api-key", "create", "agent", "--scope", "everything"], ["--scope", "'everything'", "waitlist.view"], 2),
        (["api-key", "revoke", "none"], ["KEY_ID", "'none'", "api-key list"], 1),
        (["events", "add", "Party", f"{TOMORROW}T20:00", f"{TOMORROW}T19:00"], ["ENDS", "STARTS"], 2),
        (["events", "cancel", "none"], ["not find"], 1),
        (["events", "list", "--date", "soon"], ["--date", "'soon'"], 2),
        (["entries", "list", "--status", "lost"], ["--status", "'lost'", "waiting"], 2),
        (["serve", "--port", "70000"], ["--port", "70000", "65535"], 2),
        (["demo", "--port", "0"], ["--port", "0"], 2),
        (["trigge"], ["'trigge'", "'trigger'"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) and value[0][0] != "'" else None,
)
def test_wrong_input_is_named(waitlist: Run, command: list[str], words: list[str], code: int) -> None:
    result = waitlist(*command)
    assert result.exit_code == code, result.output
    assert [word for word in words if word.lower() not in result.output.lower()] == [], result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("options", "words", "code"),
    [
        (["--owner-email", "olivia"], ["--owner-email", "'olivia'"], 2),
        (["--zone", "Madrid"], ["--zone", "'Madrid'", "Europe/Madrid"], 2),
        (["--region", "Spain"], ["--region", "'Spain'"], 2),
        (["--tables", "eight"], ["--tables", "'eight'", "8x2"], 2),
        (["--public-url", "casalola"], ["--public-url", "'casalola'", "https://"], 1),
        (["--public-url", "https://waitlist.example.com"], ["--public-url", "example"], 1),
        (["--name", " "], ["--name"], 2),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_init_checks_every_answer_before_it_writes_anything(
    tmp_path: Path, options: list[str], words: list[str], code: int
) -> None:
    result = CliRunner().invoke(main, ["--config", str(tmp_path / "c.toml"), "init", "--defaults", *options])
    assert result.exit_code == code, result.output
    assert [word for word in words if word not in result.output] == [], result.output
    assert list(tmp_path.iterdir()) == []


def test_init_never_overwrites_a_configuration(waitlist: Run, box: Path) -> None:
    before = box.read_text()
    result = waitlist("init", "--defaults")
    assert result.exit_code == 1
    assert "never overwritten" in result.output
    assert box.read_text() == before


def test_init_never_touches_a_database_that_exists(box: Path, tmp_path: Path) -> None:
    other, data = tmp_path / "other.toml", box.parent / "data"
    size = (data / "waitlist.db").stat().st_size
    result = CliRunner().invoke(main, ["--config", str(other), "init", "--defaults", "--data-dir", str(data)])
    assert result.exit_code == 1
    assert "--data-dir" in result.output
    assert not other.exists()
    assert (data / "waitlist.db").stat().st_size == size


def test_without_a_configuration_the_way_to_one_is_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--config", str(tmp_path / "none.toml"), "entries", "list"])
    assert result.exit_code == 1
    assert "none.toml" in result.output
    assert "waitlist init" in result.output


def test_a_wrong_key_of_the_configuration_is_named_with_its_value(waitlist: Run, box: Path) -> None:
    box.write_text(box.read_text().replace("port = 8080", "port = 99999"))
    result = waitlist("worker")
    assert result.exit_code == 1
    assert "server.port = 99999" in result.output
    assert "1 to 65535" in result.output


def test_a_key_file_that_everybody_may_read_stops_everything(waitlist: Run, box: Path) -> None:
    (box.parent / "data" / "token_key.txt").chmod(0o644)
    result = waitlist("entries", "list")
    assert result.exit_code == 1
    assert "chmod 600" in result.output


def test_a_missing_key_file_stops_everything(waitlist: Run, box: Path) -> None:
    (box.parent / "data" / "token_key.txt").unlink()
    result = waitlist("serve")
    assert result.exit_code == 1
    assert "keys.token_key_file" in result.output


def test_a_database_that_is_not_migrated_is_told_with_the_command(waitlist: Run, box: Path) -> None:
    for path in (box.parent / "data").glob("waitlist.db*"):
        path.unlink()
    result = waitlist("worker")
    assert result.exit_code == 1
    assert "waitlist migrate" in result.output


def test_a_broken_database_is_told_in_one_line(waitlist: Run, box: Path) -> None:
    for path in (box.parent / "data").glob("waitlist.db-*"):
        path.unlink()
    (box.parent / "data" / "waitlist.db").write_bytes(os.urandom(9000))
    result = waitlist("entries", "list")
    assert result.exit_code == 1
    assert result.output.startswith("error: ")
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize("command", ["serve", "dev", "demo"])
def test_a_port_that_is_taken_is_told_before_anything_starts(waitlist: Run, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = waitlist(command, "--port", str(port))
    assert result.exit_code == 1
    assert f"port {port}" in result.output
    assert "--port" in result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(main, [command, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage:" in result.output
    assert "--help" in result.output
