"""A server that tells some objects and refuses others: what it does not tell is not known, which is not the same as gone."""

from __future__ import annotations

import pytest

from tests.adapters.caldav.access import open_calendar
from tests.adapters.caldav.quirks import CALENDAR, Question, Reply, changed, facts, gone, multistatus, quirk, stored
from tests.adapters.caldav.test_quirks import SINCE, UNTIL, changes, failure_of, synced, token
from tests.adapters.caldav.texts import calendar, event


def refused(name: str, status: str) -> str:
    return f"<response><href>{CALENDAR}{name}</href><status>HTTP/1.1 {status}</status></response>"


@pytest.mark.parametrize("status", ["403 Forbidden", "500 Internal Server Error"])
def test_an_object_that_the_server_will_not_tell_now_is_not_taken_for_gone(status: str) -> None:
    page = multistatus(changed("ana.ics"), token="t2")
    with quirk(synced(page, refused("ana.ics", status))) as server:
        assert failure_of(lambda: changes(server, token())).retryable


@pytest.mark.parametrize("status", ["403 Forbidden", "503 Service Unavailable"])
def test_a_change_told_with_a_failure_is_not_taken_for_a_deletion(status: str) -> None:
    with quirk(synced(multistatus(refused("ana.ics", status), token="t2"))) as server:
        assert failure_of(lambda: changes(server, token())).retryable


def test_a_whole_reading_with_a_refused_object_tells_nothing() -> None:
    with quirk(synced(multistatus(), refused("ana.ics", "500 Internal Server Error"))) as server:
        assert failure_of(lambda: changes(server, None)).retryable
        assert failure_of(lambda: open_calendar(server.calendar).read(SINCE, UNTIL)).retryable


def test_what_is_really_gone_is_told_so() -> None:
    with quirk(synced(multistatus(gone("ana.ics"), token="t2"))) as server:
        assert list(changes(server, token()).series) == [CALENDAR + "ana.ics"]


def test_a_query_that_was_cut_is_asked_again_in_halves() -> None:
    cut = f"<response><href>{CALENDAR}</href><status>HTTP/1.1 507 Insufficient Storage</status></response>"
    queries: list[str] = []

    def answer(asked: Question) -> Reply:
        if asked.method == "PROPFIND":
            return facts(sync="t2")
        queries.append(asked.body)
        objects = [stored(f"{n}.ics", calendar(event(uid=n))) for n in ("ana", "bea")]
        return multistatus(objects[0], cut) if len(queries) == 1 else multistatus(*objects)

    with quirk(answer) as server:
        told = open_calendar(server.calendar).changes(SINCE - (UNTIL - SINCE) * 4, UNTIL, None)
    assert len(queries) == 3
    assert len(told.events) == 2
