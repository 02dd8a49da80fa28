"""What an owner may connect by mistake, or lose later: said on its card, busy until it is right, and nothing else suffers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.adapters.caldav.quirks import Quirk, Reply, quirk
from tests.adapters.caldav.texts import calendar
from tests.calendar_apps import CalDavApp, GoogleApp, calendar_app
from tests.services.calendar_house import House, house_on
from waitlist_appliance.adapters.calendars.ics import IcsProvider
from waitlist_appliance.domain.records import Connection
from waitlist_appliance.services import connect_calendar, manage_calendars
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.manage_calendars import CalendarCard
from waitlist_appliance.services.sync_calendar import sync
from waitlist_appliance.texts import calendar_trouble


@dataclass
class Beside:
    """Both tables are on a sound calendar; table 2's time is taken by a second one as well, which goes wrong."""

    house: House
    second: Connection

    @property
    def card(self) -> CalendarCard:
        return manage_calendars.card(self.house.story.box, self.second.public_id, self.house.story.now)

    def tried(self) -> str | None:
        """What a test of the connection says, on the page and on the command line."""
        return manage_calendars.test(self.house.story.box, self.second.public_id, self.house.story.now).trouble


def a_password_that_is_no_longer_right(house: House, stack: ExitStack) -> tuple[Connection, Callable[[], object]]:
    app, connection = _account("caldav", house, stack)
    return connection, app.signs_out


def a_permission_taken_back(house: House, stack: ExitStack) -> tuple[Connection, Callable[[], object]]:
    app, connection = _account("google", house, stack)
    return connection, app.signs_out


def a_caldav_calendar_that_is_gone(house: House, stack: ExitStack) -> tuple[Connection, Callable[[], object]]:
    app, connection = _account("caldav", house, stack)
    assert isinstance(app, CalDavApp)
    return connection, lambda: app.calendar.delete("")


def a_google_calendar_that_is_gone(house: House, stack: ExitStack) -> tuple[Connection, Callable[[], object]]:
    app, connection = _account("google", house, stack)
    assert isinstance(app, GoogleApp)
    return connection, lambda: app.server.remove_calendar(connection.calendar_id)


def no_network(house: House, stack: ExitStack) -> tuple[Connection, Callable[[], object]]:
    alone = ExitStack()
    stack.push(alone)
    _, connection = _address(house, alone)
    return connection, alone.close


def garbage(house: House, stack: ExitStack) -> tuple[Connection, Callable[[], object]]:
    server, connection = _address(house, stack)
    return connection, lambda: _answers(server, lambda: Reply(200, "<!doctype html><p>Please sign in</p>"))


def half_a_file(house: House, stack: ExitStack) -> tuple[Connection, Callable[[], object]]:
    server, connection = _address(house, stack)
    return connection, lambda: _answers(server, lambda: Reply(200, calendar()[:-5]))


def two_hundred_megabytes(house: House, stack: ExitStack) -> tuple[Connection, Callable[[], object]]:
    server, connection = _address(house, stack)
    return connection, lambda: _answers(server, lambda: Reply(200, _endless()))


BAD = {
    a_password_that_is_no_longer_right: ("signed_out", "login_refused"),
    a_permission_taken_back: ("signed_out", "testing_ended"),
    a_caldav_calendar_that_is_gone: ("missing", "missing"),
    a_google_calendar_that_is_gone: ("missing", "missing"),
    no_network: ("unreachable", "unreachable"),
    garbage: ("garbage", "garbage"),
    half_a_file: ("garbage", "garbage"),
    two_hundred_megabytes: ("too_big", "too_big"),
}


@pytest.fixture(params=BAD, ids=lambda bad: bad.__name__)
def beside(request: pytest.FixtureRequest, box: Appliance) -> Iterator[tuple[Beside, str, str]]:
    """The second calendar was connected and read well, and has just gone wrong."""
    other_kind = "caldav" if "google" in request.param.__name__ or "permission" in request.param.__name__ else "google"
    with house_on(other_kind, box) as house, ExitStack() as stack:
        house.full("19:30")
        second, goes_wrong = request.param(house, stack)
        house.story.passes()
        told = Beside(house, second)
        assert told.card.trouble is None
        goes_wrong()
        assert not sync(box, second.id, house.story.now, "hand").ok
        yield told, *BAD[request.param]


def test_what_is_wrong_stands_on_the_card_in_words_and_a_test_says_the_same(beside: tuple[Beside, str, str]) -> None:
    told, trouble, word = beside
    assert told.card.connection.trouble == trouble
    assert (told.card.trouble, told.tried()) == (word, word)
    assert calendar_trouble.sentence(word, "en")
    assert told.house.card.trouble is None


def test_what_it_takes_counts_as_busy_and_the_others_go_on(beside: tuple[Beside, str, str]) -> None:
    told, _, _ = beside
    house, story = told.house, told.house.story
    assert house.free("13:00") == ["Table 1"]
    story.in_line("Ana", "Bruno")
    for shown in house.app.shows():
        house.app.delete(shown.event_id)
    story.ticks(8)
    assert (story.asked(), story.asked_for("Ana")) == ([("Ana", "live")], [("19:30", "Table 1")])
    story.yes("Ana")
    story.passes()
    assert house.status("Ana") == "confirmed"


def _account(kind: str, house: House, stack: ExitStack) -> tuple[CalDavApp | GoogleApp, Connection]:
    app, story = stack.enter_context(calendar_app(kind)), house.story
    connection = app.connect(story.box, story.now)
    manage_calendars.use_for(story.box, connection.public_id, ["Table 2"], "block", story.now, SYSTEM)
    assert isinstance(app, CalDavApp | GoogleApp)
    return app, connection


def _address(house: House, stack: ExitStack) -> tuple[Quirk, Connection]:
    story = house.story
    server = stack.enter_context(quirk(lambda _: Reply(200, calendar())))
    story.box.calendars = {**story.box.calendars, "ics": IcsProvider()}
    made = connect_calendar.connect_ics(story.box, f"{server.url}/a.ics", "Fuera", True, ["Table 2"], story.now, SYSTEM)
    return server, made


def _answers(server: Quirk, answer: Callable[[], Reply]) -> None:
    server.answer = lambda _: answer()


def _endless() -> Iterator[bytes]:
    yield b"BEGIN:VCALENDAR\n"
    for _ in range(200):
        yield b"X-FILLER:" + b"x" * 1_048_566 + b"\n"
