"""What `waitlist calendar` says of a calendar that has gone wrong, after a try and after the worker's own read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result

from tests.adapters.caldav.quirks import Reply, quirk
from tests.adapters.caldav.texts import calendar
from waitlist_appliance.bootstrap import build
from waitlist_appliance.config import load
from waitlist_appliance.ports import SilentTimers
from waitlist_appliance.services import sweep

Run = Callable[..., Result]


def endless() -> Iterator[bytes]:
    """200 MB that begin like a calendar."""
    yield b"BEGIN:VCALENDAR\n"
    for _ in range(200):
        yield b"X-FILLER:" + b"x" * 1_048_566 + b"\n"


@pytest.mark.parametrize(
    ("answer", "trouble", "words"),
    [
        (lambda: Reply(200, "<html>"), "garbage", "leads to the calendar itself"),
        (lambda: Reply(200, endless()), "too_big", "too big to be read"),
        (lambda: Reply(401), "signed_out", "connect it again"),
        (lambda: Reply(404), "missing", "no such calendar any more"),
        (lambda: Reply(503), "unreachable", "cannot be reached"),
    ],
    ids=["garbage", "200 MB", "wrong credentials", "gone", "away"],
)
def test_a_feed_that_went_wrong_is_said_with_what_to_do(
    box: Path, waitlist: Run, answer: Callable[[], Reply], trouble: str, words: str
) -> None:
    with quirk(lambda _: Reply(200, calendar(before="X-WR-CALNAME:Festivos"))) as server:
        line = ("calendar", "connect", "ics", "--allow-private", "--address-stdin")
        assert waitlist(*line, input=f"{server.url}/a.ics\n").exit_code == 0
        server.answer = lambda _: answer()
        tried = waitlist("calendar", "test", "Festivos")
        assert (tried.exit_code, words in tried.output) == (1, True), tried.output
        the_workers_read(box)
        shown = waitlist("calendar", "status", "Festivos").output
        assert words in shown, shown
        (told,) = json.loads(waitlist("calendar", "status", "Festivos", "--json").output)
        assert told["trouble"] == trouble
        assert trouble in waitlist("calendar", "log", "Festivos").output


def the_workers_read(config: Path) -> None:
    """One pass of the worker."""
    app = build(load(config), SilentTimers())
    sweep.provider_pass(app, datetime.now(UTC))
    app.db.close()
