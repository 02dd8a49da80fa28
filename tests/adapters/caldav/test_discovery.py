"""From the address that people were told to their calendars."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.adapters.caldav.access import LIMITS, access
from tests.adapters.caldav.quirks import Question, Reply, found, multistatus, quirk
from tests.radicale_server import USERNAME, RadicaleServer
from waitlist_appliance.adapters.calendars.caldav import CalDavProvider
from waitlist_appliance.adapters.calendars.caldav.server import Server
from waitlist_appliance.ports import CalendarChoice, CalendarError

CALENDAR = "<resourcetype><collection/><C:calendar/></resourcetype>"


def choices(url: str, **who: str) -> list[CalendarChoice]:
    return list(CalDavProvider(LIMITS, pause=lambda _: None).choices(access(url, **who)))


def trouble(act: Callable[[], object]) -> CalendarError:
    with pytest.raises(CalendarError) as failure:
        act()
    return failure.value


def account(*calendars: str, **places: Reply) -> Callable[[Question], Reply]:
    """A server that knows its principal and home, with these calendars."""

    def answer(question: Question) -> Reply:
        if question.path in places:
            return places[question.path]
        if question.path == "/home/":
            return multistatus(found("/home/", "<resourcetype><collection/></resourcetype>"), *calendars)
        if question.path == "/me/":
            return multistatus(found("/me/", "<C:calendar-home-set><href>/home/</href></C:calendar-home-set>"))
        if question.path == "/dav/":
            return multistatus(found("/dav/", "<current-user-principal><href>/me/</href></current-user-principal>"))
        return Reply(404)

    return answer


@pytest.mark.parametrize("path", ["", USERNAME.replace("@", "%40") + "/", ".well-known/caldav"])
def test_calendars_are_found_from_the_servers_or_the_accounts_address(radicale: RadicaleServer, path: str) -> None:
    staff = radicale.new_calendar("Sala")
    assert staff.url in [choice.calendar_id.replace("%40", "@") for choice in choices(radicale.url + path)]


def test_the_address_of_a_calendar_itself_puts_that_one_first(radicale: RadicaleServer) -> None:
    staff = radicale.new_calendar("Zzz")
    first, *others = choices(staff.url)
    assert (first.name, first.primary, first.writable) == ("Zzz", True, True)
    assert not any(other.primary for other in others)


def test_lists_of_tasks_are_not_offered(radicale: RadicaleServer) -> None:
    radicale.new_calendar("Only tasks", holds="VTODO")
    assert "Only tasks" not in [choice.name for choice in choices(radicale.url)]


def test_a_wrong_password_is_told_at_once(radicale: RadicaleServer) -> None:
    assert trouble(lambda: choices(radicale.url, password="old")).trouble == "signed_out"


def test_the_well_known_address_leads_on() -> None:
    answer = account(found("/home/sala/", CALENDAR, "<displayname>Sala</displayname>"))
    moved = Reply(301, "", {"Location": "/dav/"})
    with quirk(lambda asked: moved if asked.path == "/.well-known/caldav" else answer(asked)) as server:
        (choice,) = choices(server.url + "/some/page")
    assert (choice.name, choice.calendar_id) == ("Sala", f"{server.url}/home/sala/")


def test_boxes_bins_and_address_books_are_not_offered() -> None:
    kinds = (
        "<C:calendar/><C:schedule-inbox/>",
        "<x:trash-bin xmlns:x='http://nextcloud.com/ns'/><C:calendar/>",
        "<book/>",
    )
    others = [found(f"/home/{n}/", f"<resourcetype>{kind}</resourcetype>") for n, kind in enumerate(kinds)]
    with quirk(account(*others, found("/home/sala/", CALENDAR))) as server:
        assert [choice.name for choice in choices(server.url + "/dav/")] == ["sala"]


@pytest.mark.parametrize(("privilege", "writable"), [("read", False), ("write", True), ("bind", True), ("all", True)])
def test_a_calendar_shared_for_reading_is_not_writable(privilege: str, writable: bool) -> None:
    told = f"<current-user-privilege-set><privilege><{privilege}/></privilege></current-user-privilege-set>"
    with quirk(account(found("/home/sala/", CALENDAR, told))) as server:
        assert [choice.writable for choice in choices(server.url + "/dav/")] == [writable]


def test_a_calendar_tells_its_zone() -> None:
    zone = (
        "<C:calendar-timezone>BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Europe/Paris\nEND:VTIMEZONE</C:calendar-timezone>"
    )
    with quirk(account(found("/home/sala/", CALENDAR, zone))) as server:
        assert [choice.zone for choice in choices(server.url + "/dav/")] == ["Europe/Paris"]


def test_an_account_at_another_host_is_named_and_gets_no_password() -> None:
    with quirk(lambda _: Reply(401)) as other:
        principal = f"<current-user-principal><href>{other.url}/me/</href></current-user-principal>"
        with quirk(lambda _: multistatus(found("/", principal))) as server:
            failure = trouble(lambda: choices(server.url))
        assert failure.trouble == "refused"
        assert other.questions == []


def test_a_redirect_to_another_host_gets_no_password_and_is_explained() -> None:
    with quirk(lambda _: Reply(401)) as other, quirk(lambda _: Reply(302, "", {"Location": other.url})) as server:
        failure = trouble(lambda: choices(server.url))
        assert failure.trouble == "refused"
        assert "127.0.0.1" in str(failure)
        assert all("authorization" not in asked.headers for asked in other.questions)
        assert other.questions != []


@pytest.mark.parametrize("url", ["https://apidata.googleusercontent.com/caldav/v2/", "www.google.com/calendar/dav/x"])
def test_google_is_connected_as_google(url: str) -> None:
    failure = trouble(lambda: choices(url))
    assert (failure.trouble, "connect Google instead" in str(failure)) == ("refused", True)


@pytest.mark.parametrize("body", ["<html>hello</html>", "{}", "<multistatus/>"])
def test_what_is_no_caldav_server_is_told(body: str) -> None:
    with quirk(lambda _: Reply(207, body)) as server:
        assert trouble(lambda: choices(server.url)).trouble == "garbage"


def test_a_plain_web_server_is_no_caldav_server() -> None:
    with quirk(lambda _: Reply(405)) as server:
        assert trouble(lambda: choices(server.url)).trouble == "refused"
        assert [asked.path for asked in server.questions] == ["/", "/.well-known/caldav"]


def test_an_account_without_calendars_says_so() -> None:
    with quirk(account()) as server:
        assert trouble(lambda: choices(server.url + "/dav/")).trouble == "missing"


def test_an_address_of_the_local_network_needs_the_owners_leave(radicale: RadicaleServer) -> None:
    asked = access(radicale.url, allow_private=False)
    assert trouble(lambda: CalDavProvider().choices(asked)).trouble == "unsafe"


def test_no_calendar_chosen_yet_is_told_so(radicale: RadicaleServer) -> None:
    assert trouble(lambda: CalDavProvider().open(access(radicale.url))).trouble == "not_configured"


@pytest.mark.parametrize(
    ("url", "follows"),
    [("https://p42-caldav.icloud.com/1/calendars/", True), ("http://p42-caldav.icloud.com/1/", False),
     ("https://evil-icloud.com/", False), ("https://icloud.com.evil.example/", False)],
)  # fmt: skip
def test_apples_numbered_hosts_are_followed_and_nobody_elses(url: str, follows: bool) -> None:
    apple = Server("https://caldav.icloud.com/", "ana", "secret", allow_private=False)
    if follows:
        assert apple.behind(url).home.host == "p42-caldav.icloud.com"
    else:
        assert trouble(lambda: apple.behind(url)).trouble == "refused"
