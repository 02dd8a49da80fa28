"""What real servers do differently (facts/calendar.md 5.3 and 5.4), each as a tiny server."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import unquote

import pytest

from tests.adapters.caldav.access import LIMITS, access, open_calendar
from tests.adapters.caldav.quirks import (
    CALENDAR,
    Question,
    Quirk,
    Reply,
    changed,
    facts,
    found,
    gone,
    multistatus,
    quirk,
    refused,
    stored,
)
from tests.adapters.caldav.texts import calendar, dinner
from tests.conftest import at
from waitlist_appliance.adapters.calendars.caldav import CalDavProvider
from waitlist_appliance.ports import CalendarError, Changes, NewEvent, SyncTokenLost, Written

SINCE, UNTIL = at("00:00"), at("23:59")
KEY = "0123456789abcdef0123456789abcdef"
ANA = NewEvent(KEY, "Ana · 2", "K7M4PX", at("20:00"), at("21:30"), None, "booking:x", tentative=False)


def token(known: int = 10, sync: str = "t1", ctag: str = "") -> str:
    return json.dumps({"sync": sync, "ctag": ctag, "known": known, "profile": 1})


def changes(server: Quirk, before: str | None) -> Changes:
    return open_calendar(server.calendar).changes(SINCE, UNTIL, before)


def write(server: Quirk) -> Written:
    return open_calendar(server.calendar).write(ANA)


def failure_of(act: Callable[[], object]) -> CalendarError:
    with pytest.raises(CalendarError) as failure:
        act()
    return failure.value


def synced(page: Reply, *objects: str) -> Callable[[Question], Reply]:
    """A server whose sync report is this page; the objects are what a multiget or a query finds."""

    def answer(asked: Question) -> Reply:
        if asked.method == "PROPFIND":
            return facts(sync="t2")
        return page if "sync-collection" in asked.body else multistatus(*objects)

    return answer


class Shelf:
    """A server that stores what is put, with switches for what it does wrong."""

    def __init__(self, **objects: str) -> None:
        self.objects = {CALENDAR + name: text for name, text in objects.items()}
        self.refusals: dict[str, Reply] = {}
        self.minds_conditions = True
        self.tells_etags = True
        self.etag = '"{}"'

    def __call__(self, asked: Question) -> Reply:
        path = unquote(asked.path)
        if asked.method == "PUT":
            return self._put(path, asked)
        if asked.method == "PROPFIND":
            return multistatus(found(path, f"<getetag>{self._etag(path)}</getetag>"))
        if asked.method == "GET":
            here = path in self.objects
            return Reply(200, self.objects[path], {"ETag": self._etag(path)}) if here else Reply(404)
        return Reply(404)

    def _etag(self, path: str) -> str:
        return self.etag.format(abs(hash(self.objects.get(path, ""))))

    def _put(self, path: str, asked: Question) -> Reply:
        if path in self.refusals:
            return self.refusals[path]
        here = path in self.objects
        if self.minds_conditions and (
            ("if-none-match" in asked.headers and here)
            or ("if-match" in asked.headers and asked.headers["if-match"] != self._etag(path))
            or asked.headers.get("if-match", "").startswith("W/")
        ):
            return Reply(412)
        self.objects[path] = asked.body
        return Reply(201, "", {"ETag": self._etag(path)} if self.tells_etags else {})


# Lost tokens -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 403, 409, 412])
def test_a_lost_token_is_known_by_its_precondition_whatever_the_status(status: int) -> None:
    with quirk(synced(refused(status, "D:valid-sync-token"))) as server, pytest.raises(SyncTokenLost):
        changes(server, token())


def test_a_403_for_another_reason_is_no_lost_token() -> None:
    with quirk(synced(refused(403, "D:need-privileges"))) as server:
        assert failure_of(lambda: changes(server, token())).trouble == "refused"


def test_a_server_that_takes_an_unknown_token_for_the_first_is_read_as_a_whole() -> None:
    page = multistatus(changed("ana.ics"), changed("bea.ics"), token="t9")
    with quirk(synced(page, stored("ana.ics", dinner()))) as server:
        told = changes(server, token(known=2))
    assert (told.complete, [event.event_id for event in told.events]) == (True, ["ana"])


def test_an_answer_without_a_next_token_is_a_lost_token() -> None:
    with quirk(synced(multistatus())) as server, pytest.raises(SyncTokenLost):
        changes(server, token())


def test_a_sync_report_asks_for_no_limit() -> None:
    with quirk(synced(multistatus(token="t2"))) as server:
        changes(server, token())
        assert "limit" not in server.asked("REPORT")[0].body


# Changes ---------------------------------------------------------------------------------------------------------


def test_what_changed_is_fetched_and_what_is_gone_is_named() -> None:
    page = multistatus(found(CALENDAR, "<getetag/>"), changed("ana.ics"), gone("bea.ics"), token="t2")
    with quirk(synced(page, stored("ana.ics", dinner()))) as server:
        told = changes(server, token())
    assert [event.event_id for event in told.events] == ["ana"]
    assert list(told.series) == [CALENDAR + "ana.ics", CALENDAR + "bea.ics"]
    assert json.loads(str(told.token))["sync"] == "t2"


def test_an_object_that_is_gone_before_it_is_fetched_is_told_as_gone() -> None:
    with quirk(synced(multistatus(changed("ana.ics"), token="t2"), gone("ana.ics"))) as server:
        told = changes(server, token())
    assert (list(told.events), list(told.series)) == ([], [CALENDAR + "ana.ics"])


def test_a_cut_answer_is_followed_to_its_end() -> None:
    cut = f"<response><href>{CALENDAR}</href><status>HTTP/1.1 507 Insufficient Storage</status></response>"
    pages = {"t1": multistatus(changed("ana.ics"), cut, token="t2"), "t2": multistatus(changed("bea.ics"), token="t3")}

    def answer(asked: Question) -> Reply:
        pages_asked = [page for name, page in pages.items() if f"<D:sync-token>{name}<" in asked.body]
        return pages_asked[0] if pages_asked else facts("t1") if asked.method == "PROPFIND" else multistatus()

    with quirk(answer) as server:
        told = changes(server, token())
    assert len(told.series) == 2
    assert json.loads(str(told.token))["sync"] == "t3"


def test_a_failure_in_the_middle_tells_nothing() -> None:
    def answer(asked: Question) -> Reply:
        return Reply(500) if "multiget" in asked.body else synced(multistatus(changed("ana.ics"), token="t2"))(asked)

    with quirk(answer) as server:
        assert failure_of(lambda: changes(server, token())).retryable


def test_hrefs_are_one_however_they_are_written() -> None:
    def answer(asked: Question) -> Reply:
        if "sync-collection" in asked.body:
            return multistatus(found(f"{server.url}{CALENDAR}a%40b.ics", "<getetag/>"), token="t2")
        return facts("t2") if asked.method == "PROPFIND" else multistatus(stored("a@b.ics", dinner(uid="a@b")))

    with quirk(answer) as server:
        told = changes(server, token())
    assert list(told.series) == [told.events[0].series] == [CALENDAR + "a@b.ics"]


# Servers without sync-collection ---------------------------------------------------------------------------------


def test_a_server_without_sync_is_read_again_only_when_its_ctag_changed() -> None:
    def answer(asked: Question) -> Reply:
        return facts(ctag="c1") if asked.method == "PROPFIND" else multistatus(stored("ana.ics", dinner()))

    with quirk(answer) as server:
        first = changes(server, None)
        same = changes(server, first.token)
        other = changes(server, token(sync="", ctag="c0"))
    assert (first.complete, same.complete, other.complete) == (True, False, True)
    assert (list(same.events), same.token) == ([], first.token)


def test_a_server_with_neither_sync_nor_ctag_is_read_whole_each_time() -> None:
    def answer(asked: Question) -> Reply:
        return facts() if asked.method == "PROPFIND" else multistatus(stored("ana.ics", dinner()))

    with quirk(answer) as server:
        assert changes(server, None).token is None


def test_an_answer_that_is_too_big_is_asked_for_in_halves() -> None:
    def answer(asked: Question) -> Reply:
        if asked.method == "PROPFIND":
            return facts(sync="t1")
        if len(server.asked("REPORT")) == 1:
            return Reply(207, iter([b"x"]), {"Content-Length": "99999999"})
        return multistatus(stored("ana.ics", dinner()))

    with quirk(answer) as server:
        told = open_calendar(server.calendar).changes(SINCE, SINCE + timedelta(days=90), None)
        assert len(server.asked("REPORT")) == 3
    assert [event.event_id for event in told.events] == ["ana"]


def test_what_a_calendar_is_is_asked_once_and_what_is_in_it_each_time() -> None:
    provider = CalDavProvider(LIMITS)
    with quirk(lambda asked: facts("t1") if asked.method == "PROPFIND" else multistatus()) as server:
        for _ in range(3):
            provider.open(access(server.calendar, server.calendar)).read(SINCE, UNTIL)
        assert (len(server.asked("PROPFIND")), len(server.asked("REPORT"))) == (1, 3)


def test_a_new_password_opens_the_calendar_anew() -> None:
    provider = CalDavProvider(LIMITS)
    with quirk(lambda asked: facts("t1") if asked.method == "PROPFIND" else multistatus()) as server:
        for password in ("old", "new"):
            provider.open(access(server.calendar, server.calendar, password=password)).read(SINCE, UNTIL)
        assert len({asked.headers["authorization"] for asked in server.questions}) == 2


def test_an_invitation_is_declined_under_any_address_that_the_server_knows() -> None:
    invited = "ATTENDEE;PARTSTAT=DECLINED:mailto:lola@other.example"
    mine = "<C:calendar-user-address-set><href>mailto:Lola@other.example</href></C:calendar-user-address-set>"

    def answer(asked: Question) -> Reply:
        if asked.path == "/me/":
            return multistatus(found("/me/", mine))
        if asked.method == "PROPFIND":
            return multistatus(found(CALENDAR, "<current-user-principal><href>/me/</href></current-user-principal>"))
        return multistatus(stored("ana.ics", dinner(invited)))

    with quirk(answer) as server:
        assert [event.busy for event in changes(server, None).events] == [False]


# Garbage ---------------------------------------------------------------------------------------------------------


BOMB = '<!DOCTYPE a [<!ENTITY b "boom"><!ENTITY c SYSTEM "file:///etc/passwd">]><multistatus xmlns="DAV:">&c;</multistatus>'


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html/>",
        BOMB,
        "<a>" * 100_000,
        "<multistatus xmlns='DAV:'>",
        "\x00\x01",
        '<?xml version="1.0" encoding="x"?><a/>',
    ],
)
def test_garbage_and_clever_xml_are_garbage(body: str) -> None:
    with quirk(lambda _: Reply(207, body)) as server:
        assert failure_of(lambda: changes(server, None)).trouble == "garbage"


def test_one_object_that_nobody_can_read_hides_no_other() -> None:
    page = multistatus(stored("x.ics", "nonsense"), stored("ana.ics", dinner()))
    with quirk(lambda asked: facts("t1") if asked.method == "PROPFIND" else page) as server:
        assert [event.event_id for event in changes(server, None).events] == ["ana"]


@pytest.mark.parametrize(
    ("status", "trouble", "retryable"),
    [(401, "signed_out", False), (403, "refused", False), (404, "missing", False), (500, "unreachable", True)],
)
def test_each_refusal_has_its_word(status: int, trouble: str, retryable: bool) -> None:
    with quirk(lambda _: Reply(status)) as server:
        failure = failure_of(lambda: changes(server, None))
    assert (failure.trouble, failure.retryable) == (trouble, retryable)


def test_a_busy_server_is_asked_twice_more_and_then_left_alone() -> None:
    with quirk(lambda _: Reply(429, "", {"Retry-After": "1"})) as server:
        failure = failure_of(lambda: changes(server, None))
        assert len(server.questions) == 3
    assert (failure.trouble, failure.retryable, failure.retry_after) == ("too_fast", True, timedelta(seconds=1))


def test_a_server_that_wants_a_long_rest_gets_it() -> None:
    with quirk(lambda _: Reply(503, "", {"Retry-After": "600"})) as server:
        failure = failure_of(lambda: changes(server, None))
        assert len(server.questions) == 1
    assert failure.retry_after == timedelta(minutes=10)


def test_a_server_that_was_busy_for_a_moment_is_read() -> None:
    def answer(asked: Question) -> Reply:
        if len(server.questions) == 1:
            return Reply(503, "", {"Retry-After": "0"})
        return facts("t1") if asked.method == "PROPFIND" else multistatus()

    with quirk(answer) as server:
        assert changes(server, None).complete


# Writing ---------------------------------------------------------------------------------------------------------


def test_a_server_that_ignores_if_none_match_keeps_one_event() -> None:
    shelf = Shelf()
    shelf.minds_conditions = False
    with quirk(shelf) as server:
        write(server)
        write(server)
    assert list(shelf.objects) == [f"{CALENDAR}{KEY}.ics"]


@pytest.mark.parametrize(
    "refusal",
    [refused(409, "C:no-uid-conflict"), refused(412, "C:no-uid-conflict"), refused(403, "C:unique-scheduling-object-resource"),
     Reply(400, "<s:message>Deleted calendar object with uid already exists in this calendar collection.</s:message>")],
)  # fmt: skip
def test_an_id_that_was_used_up_is_followed_by_the_next_and_stays_there(refusal: Reply) -> None:
    shelf = Shelf()
    shelf.refusals[f"{CALENDAR}{KEY}.ics"] = refusal
    with quirk(shelf) as server:
        written, again = write(server), write(server)
    assert written.event_id == again.event_id != KEY
    assert list(shelf.objects) == [f"{CALENDAR}{written.event_id}.ics"]
    assert len(written.event_id) == 32


def test_a_server_that_takes_no_id_at_all_is_told_in_the_end() -> None:
    with quirk(lambda asked: refused(409, "C:no-uid-conflict") if asked.method == "PUT" else Reply(404)) as server:
        assert failure_of(lambda: write(server)).trouble == "conflict"
        assert len(server.asked("PUT")) == 10


def test_a_400_for_another_reason_uses_up_no_id() -> None:
    with quirk(lambda _: Reply(400, "bad calendar data")) as server:
        assert failure_of(lambda: write(server)).trouble == "garbage"
        assert len(server.asked("PUT")) == 1


def test_an_etag_that_was_not_told_is_asked_for() -> None:
    shelf = Shelf()
    shelf.tells_etags = False
    with quirk(shelf) as server:
        written = write(server)
        assert len(server.asked("PROPFIND")) == 1
    assert written.etag == shelf._etag(f"{CALENDAR}{KEY}.ics") != ""


def test_a_weak_etag_is_no_condition_but_kept_as_it_is() -> None:
    shelf = Shelf()
    shelf.etag = 'W/"{}"'
    with quirk(shelf) as server:
        write(server)
        assert write(server).etag.startswith("W/")


def test_an_event_that_keeps_changing_is_a_conflict_to_try_again() -> None:
    def answer(asked: Question) -> Reply:
        text = calendar(f"BEGIN:VEVENT\nUID:{KEY}@waitlist\nEND:VEVENT")
        return Reply(200, text, {"ETag": '"1"'}) if asked.method == "GET" else Reply(412)

    with quirk(answer) as server:
        failure = failure_of(lambda: write(server))
    assert (failure.trouble, failure.retryable) == ("conflict", True)


def test_a_lost_answer_to_a_write_may_be_tried_again() -> None:
    with quirk(lambda _: Reply(201, iter([b"x"]), {"Content-Length": "100"})) as server:
        failure = failure_of(lambda: write(server))
    assert (failure.trouble, failure.retryable) == ("unreachable", True)


@pytest.mark.parametrize("status", [200, 204, 404, 410])
def test_removing_is_done_when_it_is_gone(status: int) -> None:
    with quirk(lambda _: Reply(status)) as server:
        open_calendar(server.calendar).remove(KEY)
        assert server.questions[0].path == f"{CALENDAR}{KEY}.ics"


def test_a_search_that_finds_strangers_removes_none() -> None:
    def answer(asked: Question) -> Reply:
        if asked.method == "REPORT":
            return multistatus(changed("bea.ics"))
        return Reply(200, dinner(uid="bea")) if asked.method == "GET" else Reply(404)

    with quirk(answer) as server:
        open_calendar(server.calendar).remove(KEY)
        assert [asked.path for asked in server.asked("DELETE")] == [f"{CALENDAR}{KEY}.ics"]


def test_a_removal_that_is_refused_is_told() -> None:
    with quirk(lambda _: Reply(403)) as server:
        assert failure_of(lambda: open_calendar(server.calendar).remove(KEY)).trouble == "refused"
