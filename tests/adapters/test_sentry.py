"""Faults that are told to the owner's Sentry: once, without anybody in them, and at no cost to anybody who waits."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sentry_server import SentryServer
from waitlist_appliance.adapters.errors_to_sentry import Once, scrubbed, what_may_leave
from waitlist_appliance.config import write_default
from waitlist_appliance.domain import tokens

TOP = Path(__file__).parents[2]
TOKEN = tokens.make("offer", 7, 1, b"k" * 32)
SECRETS = {
    "token": TOKEN, "phone": "+34 600 111 222", "bare phone": "600111222", "email": "ana.perez@casalola.test",
    "api key": "wlk_" + "aB3-" * 10, "twilio": "AC" + "0a" * 16, "password": "hunter2-is-short",
    "url": "https://casalola.test/waitlist/offer/here?x=1", "path": "/var/lib/waitlist/waitlist.db", "name": "'María López'",
}  # fmt: skip

# A box as `waitlist serve` builds it; one of its views breaks with everything in its hands that may not leave.
BROKEN = """
import logging, sys
from pathlib import Path
from waitlist_appliance.bootstrap import build
from waitlist_appliance.config import load
from waitlist_appliance.storage import schema
from waitlist_appliance.web.app import create_app
logging.basicConfig(stream=sys.stderr)
app = build(load(Path(sys.argv[1])))
schema.migrate(app.db)
web = create_app(app)
def show(token):
    guest = {"phone": "+34600111222"}
    raise ValueError(f"{sys.argv[2]} for {guest['phone']} and {token}")
web.view_functions["public.place"] = show
client = web.test_client()
"""
VISIT = """
headers = {"Cookie": "waitlist_desk=cookie-of-somebody", "Authorization": "Bearer wlk_of_somebody"}
answer = client.post("/unsubscribe/wl_x", data={}) and client.get(
    f"/waitlist/{sys.argv[3]}?phone=600111222", headers=headers)
assert answer.status_code == 500, answer.status
"""


@pytest.fixture
def sentry() -> Iterator[SentryServer]:
    with SentryServer() as server:
        yield server


def play(folder: Path, dsn: str | None, script: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """A process of its own on a fresh box with this DSN."""
    path = folder / "config.toml"
    write_default(path, folder / "data", 8080, "http://127.0.0.1:8080")
    if dsn is not None:
        text = path.read_text("utf-8")
        assert '# dsn = ""' in text
        path.write_text(text.replace('# dsn = ""', f'dsn = "{dsn}"'), "utf-8")
    said = "; ".join(SECRETS.values())
    line = [sys.executable, "-c", BROKEN + script, str(path), said, TOKEN]
    return subprocess.run(line, cwd=TOP, capture_output=True, text=True, timeout=seconds, check=False)


def test_an_error_in_a_view_arrives_once_and_says_what_and_where(sentry: SentryServer, tmp_path: Path) -> None:
    done = play(tmp_path, sentry.dsn, VISIT)
    assert done.returncode == 0, done.stderr
    (event,) = sentry.events()
    (told,) = event["exception"]["values"]
    assert told["type"] == "ValueError"
    assert told["stacktrace"]["frames"][-1]["function"] == "show"
    assert event["release"].startswith("waitlist-appliance@")
    assert event["logentry"]["message"].startswith("unexpected error")


def test_nothing_of_anybody_is_in_what_arrives(sentry: SentryServer, tmp_path: Path) -> None:
    play(tmp_path, sentry.dsn, VISIT)
    said = b"".join(sentry.envelopes).decode()
    assert "ValueError" in said
    unwanted = [*SECRETS.values(), "600111222", "cookie-of-somebody", "of_somebody", str(tmp_path), "127.0.0.1:8080"]
    assert [secret for secret in unwanted if secret in said] == []
    (event,) = sentry.events()
    assert set(event) <= {
        "event_id", "timestamp", "level", "logger", "release", "environment", "platform", "logentry", "exception", "sdk",
    }  # fmt: skip
    frames = event["exception"]["values"][0]["stacktrace"]["frames"]
    assert not any("vars" in frame or "abs_path" in frame for frame in frames)


def test_the_same_fault_again_and_again_is_told_once(sentry: SentryServer, tmp_path: Path) -> None:
    done = play(tmp_path, sentry.dsn, "for _ in range(5):" + VISIT.replace("\n", "\n    "))
    assert done.returncode == 0, done.stderr
    assert len(sentry.events()) == 1


def test_a_refusal_and_a_line_without_a_traceback_are_not_told(sentry: SentryServer, tmp_path: Path) -> None:
    quiet = """
assert client.get("/waitlist/offer/wl_nobody").status_code == 404
assert client.get("/api/waitlist/entries").status_code == 401
logging.getLogger("waitlist_appliance").error("the worker has been silent since %s", "noon")
"""
    done = play(tmp_path, sentry.dsn, quiet)
    assert done.returncode == 0, done.stderr
    assert sentry.envelopes == []


def test_a_sentry_that_never_answers_keeps_nobody_waiting(tmp_path: Path) -> None:
    with SentryServer(stalled=True) as stalled:  # for half a minute
        done = play(tmp_path, stalled.dsn, VISIT, seconds=25)
    assert done.returncode == 0, done.stderr


def test_a_sentry_that_is_not_there_breaks_nothing(tmp_path: Path) -> None:
    done = play(tmp_path, "http://0123456789abcdef0123456789abcdef@127.0.0.1:9/7", VISIT)
    assert done.returncode == 0, done.stderr


def test_without_an_address_nothing_is_loaded(tmp_path: Path) -> None:
    done = play(tmp_path, None, VISIT + "\nprint([name for name in sys.modules if name.startswith('sentry_sdk')])")
    assert done.stdout.strip() == "[]", done.stderr


def test_with_an_address_and_without_the_extra_the_way_out_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    write_default(path, tmp_path / "data", 8080, "http://127.0.0.1:8080")
    path.write_text(path.read_text("utf-8").replace('# dsn = ""', 'dsn = "https://key-of-ours@sentry.test/7"'), "utf-8")
    missing = """
import sys
from pathlib import Path
sys.modules["sentry_sdk"] = None  # as if it were not installed
from waitlist_appliance.bootstrap import build
from waitlist_appliance.config import ConfigError, load
try:
    build(load(Path(sys.argv[1])))
except ConfigError as error:
    print(error)
"""
    line = [sys.executable, "-c", missing, str(path)]
    done = subprocess.run(line, cwd=TOP, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("sentry.dsn: it needs an extra: pip install 'waitlist-appliance[sentry]'"), (
        done.stderr
    )
    assert "key-of-ours" not in done.stdout


def test_a_command_that_breaks_is_told_too(sentry: SentryServer, tmp_path: Path) -> None:
    command = """
import click
from waitlist_appliance.cli.failures import told_in_one_line
try:
    with told_in_one_line(debug=False):
        raise ZeroDivisionError("in the middle of a backup for +34600111222")
except click.ClickException as failed:
    print(failed.format_message())
try:
    with told_in_one_line(debug=False):
        raise FileNotFoundError(2, "No such file", "backup.tar")
except click.ClickException:
    pass
"""
    done = play(tmp_path, sentry.dsn, command)
    assert done.stdout.startswith("unexpected ZeroDivisionError"), done.stderr
    (event,) = sentry.events()
    assert event["exception"]["values"][0]["value"] == "in the middle of a backup for <number>"


# --- what is taken out


@pytest.mark.parametrize("name", SECRETS)
def test_what_may_not_leave_is_taken_out_wherever_it_stands(name: str) -> None:
    for text in ("{0}", "no booking for {0}", "{0}: gone", "a={0}, b={0}", "({0})", "x {0}\nnext {0}"):
        assert SECRETS[name].strip("'") not in scrubbed(text.format(SECRETS[name]))


@pytest.mark.parametrize("text", [
    "UNIQUE constraint failed: customer.phone", "division by zero", "list index out of range", "HTTP 503 after 3 tries",
    "no such table: entry", "database is locked",
])  # fmt: skip
def test_what_helps_stays(text: str) -> None:
    assert scrubbed(text) == text


def test_a_very_long_text_is_cut() -> None:
    assert len(scrubbed("word " * 1000)) == 500


def test_whatever_is_added_to_an_event_stays_here() -> None:
    event = {
        "exception": {"values": [{"type": "E", "value": "x", "mechanism": {"data": TOKEN},
                                  "stacktrace": {"frames": [{"filename": "/opt/box/a.py", "vars": {"t": TOKEN}}]}}]},
        "request": {"url": TOKEN}, "user": {"id": TOKEN}, "breadcrumbs": {"values": [TOKEN]}, "extra": {"a": TOKEN},
        "contexts": {"a": TOKEN}, "tags": {"a": TOKEN}, "server_name": TOKEN, "modules": {TOKEN: "1"},
        "logentry": {"message": "at %s", "params": [TOKEN], "formatted": TOKEN}, "threads": {"values": [TOKEN]},
    }  # fmt: skip
    told = what_may_leave(event)
    assert TOKEN not in json.dumps(told)
    assert told is not None
    assert told["exception"]["values"][0]["stacktrace"]["frames"] == [{"filename": "a.py"}]


def test_a_fault_is_news_again_after_an_hour() -> None:
    now = [0.0]
    once = Once(clock=lambda: now[0])
    assert [once.is_news("a"), once.is_news("a"), once.is_news("b")] == [True, False, True]
    now[0] = 3599.0
    assert not once.is_news("a")
    now[0] = 3600.0
    assert once.is_news("a")


def test_only_so_many_faults_are_remembered() -> None:
    once = Once(clock=lambda: 0.0)
    assert all(once.is_news(number) for number in range(1000))
    assert once.is_news(0)
    assert not once.is_news(999)
