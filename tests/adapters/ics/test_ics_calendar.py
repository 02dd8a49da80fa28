"""A calendar file behind an address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from tests.adapters.caldav.quirks import Question, Quirk, Reply, quirk
from tests.adapters.caldav.texts import calendar, dinner
from tests.conftest import at
from waitlist_appliance.adapters.calendars.ics import IcsProvider
from waitlist_appliance.adapters.outward import Limits
from waitlist_appliance.ports import Calendar, CalendarAccess, CalendarError, Changes, NewEvent, SyncTokenLost

SINCE, UNTIL = at("00:00"), at("23:59")


def access(url: str, allow_private: bool = True) -> CalendarAccess:
    return CalendarAccess(1, "", "", "Europe/Madrid", {"url": url}, lambda _: None, allow_private)


def opened(url: str, **limits: float) -> Calendar:
    return IcsProvider(Limits(**limits)).open(access(url))  # type: ignore[arg-type]


def conditional(question: Question) -> Reply:
    """A well-made server: it says when nothing changed."""
    same = question.headers.get("if-none-match") == '"v1"'
    return Reply(304) if same else Reply(200, dinner(), {"ETag": '"v1"', "Content-Type": "text/calendar"})


@pytest.fixture
def server() -> Iterator[Quirk]:
    with quirk(conditional) as running:
        yield running


def trouble_with(act: Callable[[], object]) -> CalendarError:
    with pytest.raises(CalendarError) as failure:
        act()
    return failure.value


def changes(server: Quirk, token: str | None = None) -> Changes:
    return opened(server.url + "/feed.ics").changes(SINCE, UNTIL, token)


def test_the_first_reading_tells_everything(server: Quirk) -> None:
    told = changes(server)
    assert told.complete
    assert [event.event_id for event in told.events] == ["ana"]


def test_an_unchanged_file_is_not_sent_again_and_loses_nothing(server: Quirk) -> None:
    again = changes(server, changes(server).token)
    assert (again.complete, list(again.events), list(again.gone)) == (False, [], [])


def test_a_server_without_etags_is_asked_by_date(server: Quirk) -> None:
    day = "Thu, 15 Jan 2026 10:00:00 GMT"
    server.answer = lambda _: Reply(200, dinner(), {"Last-Modified": day})
    changes(server, changes(server).token)
    assert server.questions[-1].headers["if-modified-since"] == day


def test_a_server_that_tells_neither_is_read_whole_each_time(server: Quirk) -> None:
    server.answer = lambda _: Reply(200, dinner())
    assert changes(server).token is None


def test_a_token_of_another_calendar_asks_for_everything_anew(server: Quirk) -> None:
    with pytest.raises(SyncTokenLost):
        changes(server, "http://radicale.org/ns/sync/1")


def test_webcal_is_the_web(server: Quirk) -> None:
    with pytest.raises(CalendarError) as failure:
        opened(server.url.replace("http:", "webcal:")).read(SINCE, UNTIL)
    assert failure.value.trouble in ("unsafe", "unreachable")  # https, which this server does not speak
    assert server.questions == []


def test_the_file_names_itself_and_its_zone(server: Quirk) -> None:
    named = calendar(before="X-WR-CALNAME:Casa Lola\nX-WR-TIMEZONE:America/Lima")
    server.answer = lambda _: Reply(200, named)
    (choice,) = IcsProvider().choices(access(server.url))
    assert (choice.name, choice.zone, choice.writable) == ("Casa Lola", "America/Lima", False)


@pytest.mark.parametrize("body", ["", "<!doctype html><p>Please sign in", dinner()[:60]])
def test_a_web_page_an_empty_answer_or_half_a_file_is_garbage(server: Quirk, body: str) -> None:
    server.answer = lambda _: Reply(200, body, {"Content-Type": "text/calendar"})
    assert trouble_with(lambda: changes(server)).trouble == "garbage"


@pytest.mark.parametrize(
    ("status", "trouble", "retryable"),
    [(401, "signed_out", False), (403, "refused", False), (404, "missing", False), (410, "missing", False),
     (429, "too_fast", True), (500, "unreachable", True), (418, "garbage", True), (304, "garbage", True)],
)  # fmt: skip
def test_each_refusal_has_its_word(server: Quirk, status: int, trouble: str, retryable: bool) -> None:
    server.answer = lambda _: Reply(status, "secret words")
    failure = trouble_with(lambda: changes(server))
    assert (failure.trouble, failure.retryable) == (trouble, retryable)


def test_how_long_to_wait_is_passed_on(server: Quirk) -> None:
    server.answer = lambda _: Reply(429, "", {"Retry-After": "120"})
    assert trouble_with(lambda: changes(server)).retry_after == timedelta(seconds=120)


def test_200_megabytes_end_early(server: Quirk) -> None:
    sent = []

    def endless() -> Iterator[bytes]:
        yield b"BEGIN:VCALENDAR\n"
        for _ in range(200):
            sent.append(1)
            yield b"X-FILLER:" + b"x" * 1_048_566 + b"\n"

    server.answer = lambda _: Reply(200, endless())
    assert trouble_with(lambda: changes(server)).trouble == "too_big"
    assert len(sent) < 30


def test_an_announced_200_megabytes_are_not_even_begun(server: Quirk) -> None:
    server.answer = lambda _: Reply(200, iter([b"BEGIN"]), {"Content-Length": "209715200"})
    assert trouble_with(lambda: changes(server)).trouble == "too_big"


def test_a_broken_off_answer_is_not_taken_for_the_whole(server: Quirk) -> None:
    server.answer = lambda _: Reply(200, iter([dinner().encode()]), {"Content-Length": "5000"})
    assert trouble_with(lambda: changes(server)).trouble == "unreachable"


def test_the_address_is_not_in_what_is_said(server: Quirk) -> None:
    server.answer = lambda _: Reply(404)
    failure = trouble_with(lambda: opened(server.url + "/private-c0ffee/basic.ics").read(SINCE, UNTIL))
    assert "c0ffee" not in str(failure)


def test_a_file_is_never_written_to(server: Quirk) -> None:
    feed = opened(server.url)
    event = NewEvent("a1", "Ana", "", SINCE, UNTIL, None, "booking:x", False)
    assert trouble_with(lambda: feed.write(event)).trouble == "refused"
    assert trouble_with(lambda: feed.remove("a1")).trouble == "refused"
    assert server.questions == []


def test_a_connection_without_an_address_says_so() -> None:
    assert trouble_with(lambda: opened("")).trouble == "not_configured"
