"""`waitlist calendar` and `waitlist keys`: what they do, what they say, and that no secret is ever an argument."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.calendar_accounts import OWNER, TEAM, Feed, feed, google_account
from tests.google_server import GoogleServer
from waitlist_appliance.cli import main
from waitlist_appliance.cli.calendars import calendar

Run = Callable[..., Result]


@pytest.fixture
def google(box: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleServer]:
    """The box's configuration leads to a Google of our own."""
    with google_account() as server:
        text = box.read_text()
        for name, ours in (("api", server.url), ("auth", server.auth_url), ("token", server.token_url),
                           ("revoke", server.revoke_url)):  # fmt: skip
            text = text.replace(f'{name}_url = "https://', f'{name}_url = "{ours}" # "https://')
        box.write_text(text)
        monkeypatch.setenv("GOOGLE_CLIENT_ID", server.client.id)
        monkeypatch.setenv("GOOGLE_CLIENT_SECRET", server.client.secret)
        yield server


@pytest.fixture
def holidays() -> Iterator[Feed]:
    with feed() as told:
        yield told


@dataclass
class Shell:
    """A `waitlist` that is really typed at: it asks, and is answered."""

    config: Path

    def sign_in(self, server: GoogleServer, *options: str) -> tuple[int, str, str]:
        """Code and output of `calendar connect google`, the browser's last address pasted."""
        line = [sys.executable, "-m", "waitlist_appliance", "--config", str(self.config)]
        line += ["calendar", "connect", "google", *options]
        pipe = subprocess.PIPE
        child = subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=os.environ)
        assert child.stdout is not None
        assert child.stderr is not None
        asked = child.stderr if "--json" in options else child.stdout
        url = next(text.strip() for text in asked if text.startswith("http"))
        out, err = child.communicate(f"{server.agree(url)}\n", timeout=60)
        return child.returncode, out, err


def connected(waitlist: Run, holidays: Feed, *options: str) -> dict[str, Any]:
    """The holidays, connected by their address."""
    line = ("calendar", "connect", "ics", "--allow-private", "--address-stdin", "--json", *options)
    result = waitlist(*line, input=f"{holidays.address}\n")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.output)
    return found


def test_google_is_connected_by_pasting_the_address_that_the_browser_ended_at(
    box: Path, google: GoogleServer, waitlist: Run
) -> None:
    google.add_calendar(TEAM, "Casa Lola")
    code, out, err = Shell(box).sign_in(google)
    assert (code, err) == (0, "")
    assert "choose one: waitlist calendar select" in out
    chosen = waitlist("calendar", "select", OWNER, "Casa Lola", "--json")
    assert json.loads(chosen.output)["calendar_id"] == TEAM
    used = waitlist("calendar", "use", "Casa Lola", "--for", "write", "--resource", "Table 1", "--resource", "Table 2")
    assert used.output == "Casa Lola: bookings of Table 1, Table 2\n"
    assert waitlist("calendar", "test", "Casa Lola").exit_code == 0
    assert google.tokens.refresh
    gone = waitlist("calendar", "disconnect", "Casa Lola", "--yes")
    assert gone.output == "Casa Lola is disconnected.\n"


def test_a_program_gets_json_on_stdout_and_the_question_on_stderr(box: Path, google: GoogleServer) -> None:
    code, out, err = Shell(box).sign_in(google, "--json")
    assert code == 0, err
    assert (json.loads(out)["calendar_id"], json.loads(out)["enabled"]) == (OWNER, True)


def test_without_a_google_client_the_command_that_keeps_one_is_named(waitlist: Run) -> None:
    result = waitlist("calendar", "connect", "google")
    assert (result.exit_code, "calendar google-client" in result.output) == (1, True)


def test_the_google_client_is_kept_sealed(box: Path, waitlist: Run) -> None:
    kept = waitlist("calendar", "google-client", "7.apps.googleusercontent.com", "--secret-stdin", input="GOCSPX-x\n")
    assert kept.exit_code == 0, kept.output
    assert b"GOCSPX-x" not in (box.parent / "data" / "waitlist.db").read_bytes()
    begun = waitlist("calendar", "connect", "google", input="http://127.0.0.1/?error=access_denied\n")
    assert "client_id=7.apps.googleusercontent.com" in begun.output
    assert "the answer was no" in begun.output


def test_half_a_google_client_in_the_environment_is_refused(waitlist: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLIENT_ID", "7.apps.googleusercontent.com")
    result = waitlist("calendar", "list")
    assert (result.exit_code, "GOOGLE_CLIENT_SECRET" in result.output) == (1, True)


def test_no_command_takes_a_secret_as_an_argument() -> None:
    arguments: set[str] = set()
    groups: list[Any] = [calendar]
    while groups:
        group = groups.pop()
        for command in group.commands.values():
            arguments |= {parameter.name for parameter in command.params if not getattr(parameter, "is_flag", False)}
            groups += [command] if hasattr(command, "commands") else []
    assert not arguments & {"password", "secret", "client_secret", "address", "token", "code"}


def test_an_ics_address_never_stands_on_the_screen(waitlist: Run, holidays: Feed) -> None:
    asked = waitlist("calendar", "connect", "ics", "--allow-private", input=f"{holidays.address}\n")
    assert asked.exit_code == 0, asked.output
    everything = asked.output + waitlist("calendar", "list", "--json").output + waitlist("calendar", "status").output
    assert "4711" not in everything
    assert "Festivos" in everything


def test_the_list_and_the_status_say_what_there_is(waitlist: Run, holidays: Feed) -> None:
    connected(waitlist, holidays, "--blocks", "Table 3")
    table = waitlist("calendar", "list").output
    assert "Festivos" in table
    assert "takes the time of Table 3" in table
    status = waitlist("calendar", "status", "Festivos").output
    assert status.startswith("Festivos (ics): on\n")
    (told,) = json.loads(waitlist("calendar", "status", "Festivos", "--json").output)
    assert (told["provider"], told["blocks"], told["trouble"]) == ("ics", ["Table 3"], None)


def test_a_trouble_comes_with_what_to_do(waitlist: Run, holidays: Feed) -> None:
    connected(waitlist, holidays)
    holidays.content = b"<html>"
    tried = waitlist("calendar", "test", "Festivos")
    assert tried.exit_code == 1
    assert "not a calendar that we can read. Please check" in tried.output
    told = waitlist("calendar", "test", "Festivos", "--json")
    assert (told.exit_code, json.loads(told.output)["trouble"]) == (1, "garbage")


def test_a_calendar_can_be_switched_off_and_on_and_read_now(waitlist: Run, holidays: Feed) -> None:
    connected(waitlist, holidays)
    assert waitlist("calendar", "switch", "Festivos", "off").output == "Festivos is off.\n"
    assert waitlist("calendar", "sync", "Festivos").exit_code == 1
    assert waitlist("calendar", "switch", "Festivos", "on").exit_code == 0
    assert waitlist("calendar", "sync", "Festivos").exit_code == 0
    assert waitlist("calendar", "sync").output == "Calendars that the worker reads now: 2\n"
    assert waitlist("calendar", "log", "Festivos").output == "It was not read yet.\n"


def test_letting_go_asks_first(waitlist: Run, holidays: Feed) -> None:
    connected(waitlist, holidays)
    assert waitlist("calendar", "disconnect", "Festivos", input="n\n").exit_code == 1
    assert waitlist("calendar", "disconnect", "Festivos", input="y\n").exit_code == 0
    assert waitlist("calendar", "disconnect", "Festivos", "--yes").exit_code == 1


@pytest.mark.parametrize(
    ("command", "typed", "words", "code"),
    [
        (["test", "Nowhere"], None, ["CALENDAR", "'Nowhere'", "calendar list"], 1),
        (["select", "Calendar", "Other"], None, ["CHOSEN", "'Other'"], 1),
        (["disconnect", "Calendar", "--yes"], None, ["built-in calendar stays"], 1),
        (["use", "Calendar", "--for", "everything"], None, ["--for", "'everything'", "business"], 2),
        (["switch", "Calendar", "off"], None, ["built-in calendar stays"], 1),
        (["switch", "Calendar", "maybe"], None, ["'maybe'", "off"], 2),
        (["connect", "caldav", "dav.casalola.es", "lola", "--password-stdin"], "x\n", ["url", "https://"], 1),
        (["connect", "caldav", "https://dav.casalola.es", "lola", "--password-stdin"], "\n", ["password"], 1),
        (["connect", "caldav", "http://dav.casalola.es", "lola", "--password-stdin"], "x\n", ["https://"], 1),
        (["connect", "ics", "--address-stdin"], "\n", ["address"], 1),
        (["connect", "ics", "--address-stdin"], "http://127.0.0.1:1/x.ics\n", ["private"], 1),
        (["connect", "ics", "--address-stdin", "--blocks", "Sauna"], "https://a.es/x.ics\n", ["whom or what"], 1),
        (["google-client", "lola@example.com", "--secret-stdin"], "x\n", [".apps.googleusercontent.com"], 1),
        (["answer", "Calendar", "perhaps"], None, ["'perhaps'", "apply", "keep"], 2),
        (["log", "Calendar", "--limit", "0"], None, ["--limit", "1000"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_input_is_named(
    waitlist: Run, command: list[str], typed: str | None, words: list[str], code: int
) -> None:
    result = waitlist("calendar", *command, input=typed)
    assert result.exit_code == code, result.output
    assert [word for word in words if word.lower() not in result.output.lower()] == [], result.output
    assert "Traceback" not in result.output


def test_the_keys_are_rotated_and_the_calendars_still_open(box: Path, waitlist: Run, holidays: Feed) -> None:
    connected(waitlist, holidays)
    before = (box.parent / "data" / "credentials.key").read_text()
    result = waitlist("keys", "rotate", "--json")
    assert json.loads(result.output) == {"resealed": 1, "key_file": str(box.parent / "data" / "credentials.key")}
    assert (box.parent / "data" / "credentials.key").read_text() != before
    assert waitlist("calendar", "test", "Festivos").exit_code == 0
    assert "1 secrets are sealed with a new key" in waitlist("keys", "rotate").output


def test_init_makes_the_key_for_its_owner_only(box: Path) -> None:
    assert (box.parent / "data" / "credentials.key").stat().st_mode & 0o777 == 0o600


def test_a_missing_key_of_an_empty_box_is_made_by_migrate(box: Path, waitlist: Run) -> None:
    (box.parent / "data" / "credentials.key").unlink()
    told = waitlist("config", "check")
    assert (told.exit_code, "waitlist migrate" in told.output) == (1, True)
    assert waitlist("migrate").exit_code == 0
    assert waitlist("config", "check").exit_code == 0


def test_a_lost_key_is_never_replaced_in_silence(box: Path, waitlist: Run, holidays: Feed) -> None:
    connected(waitlist, holidays)
    (box.parent / "data" / "credentials.key").unlink()
    told = waitlist("config", "check")
    assert told.exit_code == 1
    assert "keys.credentials_key_file" in told.output
    assert "restore it from your backup" in told.output
    waitlist("migrate")
    assert not (box.parent / "data" / "credentials.key").exists()


def test_another_boxes_key_is_told(box: Path, waitlist: Run, holidays: Feed, tmp_path: Path) -> None:
    connected(waitlist, holidays)
    other = tmp_path / "other" / "config.toml"
    assert CliRunner().invoke(main, ["--config", str(other), "init", "--defaults", "--json"]).exit_code == 0
    (box.parent / "data" / "credentials.key").write_text((other.parent / "data" / "credentials.key").read_text())
    told = waitlist("config", "check")
    assert (told.exit_code, "sealed with another key" in told.output) == (1, True)


def test_a_key_file_that_everybody_may_read_is_told(box: Path, waitlist: Run) -> None:
    (box.parent / "data" / "credentials.key").chmod(0o644)
    told = waitlist("config", "check")
    assert (told.exit_code, "chmod 600" in told.output) == (1, True)
