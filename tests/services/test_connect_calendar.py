"""Connecting a calendar: consent at Google's, a password, an address; and what is done with it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from tests.calendar_accounts import OWNER, TEAM, Feed, connected, feed, google_account, reaches
from tests.conftest import at
from tests.google_server import CALENDAR_LIST, GoogleServer
from tests.radicale_server import PASSWORD, USERNAME, running
from tests.services.set_up_story import OLIVIA, books, deeds
from waitlist_appliance.config import Config
from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound, Refused
from waitlist_appliance.domain.records import Connection
from waitlist_appliance.ports import ConsentClient
from waitlist_appliance.services import connect_calendar, manage_calendars
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.write_calendar import write_due
from waitlist_appliance.storage import connecting, connections
from waitlist_appliance.texts.errors import explain

BACK = "http://127.0.0.1:8080" + connect_calendar.CALLBACK
CLIENT = "1234.apps.googleusercontent.com"


@pytest.fixture
def google(box: Appliance) -> Iterator[GoogleServer]:
    """An account that the box can reach."""
    with google_account() as server:
        reaches(box, server)
        yield server


@pytest.fixture
def holidays() -> Iterator[Feed]:
    with feed() as told:
        yield told


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        act()
    assert explain(caught.value.code, "en", **caught.value.params)  # it has words
    return caught.value.code


def consent(box: Appliance, now: datetime, session: str = "browser") -> str:
    return connect_calendar.begin_google(box, session, BACK, now, SYSTEM)


def finish(box: Appliance, address: str, now: datetime, session: str = "browser") -> Connection:
    state, code = connect_calendar.parse_pasted(address)
    return connect_calendar.finish_google(box, session, state, code, now, SYSTEM)


def resources(box: Appliance) -> list[str]:
    return [resource.public_id for resource in box.setup().resources.values()]


def card(box: Appliance, connection: Connection, now: datetime) -> manage_calendars.CalendarCard:
    return manage_calendars.card(box, connection.public_id, now)


# --- Google: consent


def test_the_only_calendar_that_can_be_written_is_chosen_by_itself(
    box: Appliance, google: GoogleServer, now: datetime
) -> None:
    connection = connected(box, google, now)
    assert (connection.calendar_id, connection.enabled, connection.status) == (OWNER, True, "active")
    assert (connection.account, connection.zone) == (OWNER, "Europe/Madrid")


def test_with_several_calendars_the_connection_is_off_until_one_is_chosen(
    box: Appliance, google: GoogleServer, now: datetime
) -> None:
    google.add_calendar(TEAM, "Casa Lola")
    connection = connected(box, google, now)
    assert (connection.enabled, connection.status, card(box, connection, now).needs_choice) == (False, "disabled", True)
    chosen = manage_calendars.choose(box, connection.public_id, TEAM, None, now, SYSTEM)
    assert (chosen.calendar_id, chosen.name, chosen.enabled) == (TEAM, "Casa Lola", True)


def test_no_token_stands_in_the_database_as_it_is(box: Appliance, google: GoogleServer, now: datetime) -> None:
    connection = connected(box, google, now)
    token = connections.credentials(box.db, box.vault, connection.id)["refresh_token"]
    box.db.tuples("PRAGMA wal_checkpoint(TRUNCATE)")
    with open(box.db.path, "rb") as file:
        assert token.encode() not in file.read()


def test_a_state_is_good_once(box: Appliance, google: GoogleServer, now: datetime) -> None:
    address = google.agree(consent(box, now))
    finish(box, address, now)
    assert refusal(lambda: finish(box, address, now)) == "calendar_state_bad"


def test_a_state_of_another_session_is_refused_and_stays_good_for_its_own(
    box: Appliance, google: GoogleServer, now: datetime
) -> None:
    address = google.agree(consent(box, now, "the owner's browser"))
    assert refusal(lambda: finish(box, address, now, "somebody else's")) == "calendar_state_bad"
    assert finish(box, address, now, "the owner's browser").calendar_id == OWNER


def test_a_state_older_than_a_quarter_of_an_hour_is_refused(
    box: Appliance, google: GoogleServer, now: datetime
) -> None:
    address = google.agree(consent(box, now))
    assert refusal(lambda: finish(box, address, now + timedelta(minutes=15))) == "calendar_state_bad"


def test_attempts_that_nobody_finished_are_forgotten(box: Appliance, google: GoogleServer, now: datetime) -> None:
    consent(box, now)
    consent(box, now + timedelta(hours=1))
    assert box.db.value("SELECT COUNT(*) FROM consent_attempt") == 1


def test_an_unticked_box_connects_nothing_and_says_so(box: Appliance, google: GoogleServer, now: datetime) -> None:
    google.tokens.untick = {CALENDAR_LIST}
    assert refusal(lambda: connected(box, google, now)) == "calendar_scope_missing"
    assert len(connecting.present(box.db)) == 1


def test_a_no_at_googles_page_connects_nothing(box: Appliance, google: GoogleServer, now: datetime) -> None:
    google.tokens.deny = True
    assert refusal(lambda: connected(box, google, now)) == "calendar_denied"


def test_a_wrong_code_begins_again(box: Appliance, google: GoogleServer, now: datetime) -> None:
    state, _ = connect_calendar.parse_pasted(google.agree(consent(box, now)))
    wrong = f"{BACK}?state={state}&code=4/wrong"
    assert refusal(lambda: finish(box, wrong, now)) == "calendar_state_bad"


@pytest.mark.parametrize(
    ("pasted", "code"),
    [
        ("", "calendar_paste_bad"),
        ("hello", "calendar_paste_bad"),
        ("http://127.0.0.1:8080/callback?state=x", "calendar_paste_bad"),
        ("http://[::1", "calendar_paste_bad"),
        ("http://127.0.0.1:8080/callback?error=access_denied&state=x", "calendar_denied"),
    ],
)
def test_what_was_pasted_wrongly_is_told(pasted: str, code: str) -> None:
    assert refusal(lambda: connect_calendar.parse_pasted(pasted)) == code


def test_a_pasted_address_may_have_blanks_around_it() -> None:
    assert connect_calendar.parse_pasted(f"  {BACK}?state=s&scope=a%20b&code=4%2F0Ab \n") == ("s", "4/0Ab")


def test_without_an_oauth_client_the_owner_is_told_what_is_missing(
    box: Appliance, google: GoogleServer, now: datetime
) -> None:
    box.clients = {}
    assert refusal(lambda: consent(box, now)) == "calendar_no_client"


def test_the_environments_client_goes_before_the_one_that_is_kept(
    box: Appliance, google: GoogleServer, now: datetime
) -> None:
    connect_calendar.set_google_client(box, CLIENT, "kept", now, SYSTEM)
    assert connect_calendar.google_client(box) == box.clients["google"]
    box.clients = {}
    assert connect_calendar.google_client(box) == ConsentClient(CLIENT, "kept")


@pytest.mark.parametrize(
    ("client_id", "secret", "code"),
    [("", "x", "missing_field"), (CLIENT, " ", "missing_field"), ("lola@example.com", "x", "calendar_client_bad")],
)
def test_a_client_that_cannot_be_one_is_not_kept(
    box: Appliance, now: datetime, client_id: str, secret: str, code: str
) -> None:
    assert refusal(lambda: connect_calendar.set_google_client(box, client_id, secret, now, SYSTEM)) == code
    assert connect_calendar.google_client(box) is None


def test_google_sends_the_browser_to_our_address_over_tls_and_to_this_machine_without(box: Appliance) -> None:
    assert connect_calendar.redirect_uri(box) == BACK
    outside = Config(
        data_directory=box.config.data_directory, token_key=b"", session_key=b"", public_url="https://lista.casalola.es"
    )
    box.config = outside
    assert connect_calendar.redirect_uri(box) == "https://lista.casalola.es" + connect_calendar.CALLBACK


def test_connecting_again_keeps_the_calendar_and_what_it_is_for(
    box: Appliance, google: GoogleServer, now: datetime
) -> None:
    connection = connected(box, google, now)
    manage_calendars.use_for(box, connection.public_id, None, "write", now, SYSTEM)
    connecting.change(box.db, connection.id, status="needs_reconnect", trouble="signed_out", failing_since_at=now)
    again = connected(box, google, now, connection.public_id)
    assert (again.id, again.status, again.trouble, again.calendar_id) == (connection.id, "active", None, OWNER)
    assert len(card(box, again, now).written_by) == 2
    assert again.failing_since_at == now  # until it can be read, nothing on it is free


def test_connecting_again_with_another_account_is_refused(box: Appliance, google: GoogleServer, now: datetime) -> None:
    connection = connected(box, google, now)
    before = connections.credentials(box.db, box.vault, connection.id)
    connecting.change(box.db, connection.id, account="lola@example.com")
    assert refusal(lambda: connected(box, google, now, connection.public_id)) == "calendar_other_account"
    assert connections.credentials(box.db, box.vault, connection.id) == before


def test_an_account_that_was_left_without_a_calendar_is_not_connected_twice(
    box: Appliance, google: GoogleServer, now: datetime
) -> None:
    google.add_calendar(TEAM, "Casa Lola")
    assert connected(box, google, now).id == connected(box, google, now).id


def test_a_missing_key_file_stops_it_before_google_is_asked(
    box: Appliance, google: GoogleServer, now: datetime
) -> None:
    (box.config.data_directory / "credentials.key").unlink()
    assert refusal(lambda: consent(box, now)) == "calendar_vault"


# --- CalDAV and ICS


@pytest.mark.parametrize(
    ("url", "username", "password", "code"),
    [
        ("", "lola", "x", "missing_field"),
        ("dav.casalola.es", "lola", "x", "calendar_address_bad"),
        ("ftp://dav.casalola.es/", "lola", "x", "calendar_address_bad"),
        ("https://lola:secret@dav.casalola.es/", "lola", "x", "calendar_address_bad"),
        ("https://dav.casalola.es:99999/", "lola", "x", "calendar_address_bad"),
        ("http://dav.casalola.es/", "lola", "x", "calendar_needs_tls"),
        ("https://dav.casalola.es/", " ", "x", "missing_field"),
        ("https://dav.casalola.es/", "lola", "", "missing_field"),
        ("https://127.0.0.1:1/", "lola", "x", "calendar_unsafe"),
    ],
)
def test_a_caldav_account_that_cannot_be_right_is_named(
    box: Appliance, google: GoogleServer, now: datetime, url: str, username: str, password: str, code: str
) -> None:
    act = lambda: connect_calendar.connect_caldav(box, url, username, password, False, now, SYSTEM)  # noqa: E731
    assert refusal(act) == code
    assert len(connecting.present(box.db)) == 1


def caldav(box: Appliance, url: str, password: str, now: datetime) -> Connection:
    return connect_calendar.connect_caldav(box, url, USERNAME, password, True, now, SYSTEM)[0]


def test_a_caldav_account_is_connected_and_one_of_its_calendars_chosen(
    box: Appliance, google: GoogleServer, now: datetime
) -> None:
    theirs = running().new_calendar().url
    connection, offered = connect_calendar.connect_caldav(box, theirs, USERNAME, PASSWORD, True, now, SYSTEM)
    assert (connection.enabled, connection.account, card(box, connection, now).needs_choice) == (False, USERNAME, True)
    name = theirs.rstrip("/").rpartition("/")[2]
    (found,) = [choice.calendar_id for choice in offered if name in choice.calendar_id]
    chosen = manage_calendars.choose(box, connection.public_id, found, None, now, SYSTEM)
    assert (chosen.enabled, manage_calendars.test(box, chosen.public_id, now).ok) == (True, True)


def test_a_wrong_password_is_told_and_not_kept(box: Appliance, google: GoogleServer, now: datetime) -> None:
    theirs = running().new_calendar().url
    assert refusal(lambda: caldav(box, theirs, "wrong", now)) == "calendar_login_refused"
    assert len(connecting.present(box.db)) == 1


def test_the_same_account_again_renews_its_password_and_nothing_else(
    box: Appliance, google: GoogleServer, now: datetime
) -> None:
    theirs = running().new_calendar().url
    connection = caldav(box, theirs, PASSWORD, now)
    connections.keep_credentials(box.db, box.vault, connection.id, {"password": "old"})
    assert manage_calendars.test(box, connection.public_id, now).trouble == "login_refused"
    assert caldav(box, theirs, PASSWORD, now).id == connection.id
    assert connections.credentials(box.db, box.vault, connection.id)["password"] == PASSWORD
    assert manage_calendars.test(box, connection.public_id, now).ok


def test_an_ics_address_takes_everybodys_time_unless_told_otherwise(
    box: Appliance, google: GoogleServer, holidays: Feed, now: datetime
) -> None:
    connection = connect_calendar.connect_ics(box, holidays.address, "", True, [], now, SYSTEM)
    assert (connection.name, connection.scope, connection.enabled) == ("Festivos", "business", True)
    one = resources(box)[0]
    other = connect_calendar.connect_ics(box, holidays.address, "Marta's", True, [one], now, SYSTEM)
    assert [used.public_id for used in card(box, other, now).blocks] == [one]
    assert (other.name, other.scope) == ("Marta's", "resources")


def test_an_ics_address_is_shown_without_what_opens_it(
    box: Appliance, google: GoogleServer, holidays: Feed, now: datetime
) -> None:
    connection = connect_calendar.connect_ics(box, holidays.address, "", True, [], now, SYSTEM)
    assert "4711" not in connection.url
    assert connections.credentials(box.db, box.vault, connection.id) == {"url": holidays.address}


@pytest.mark.parametrize(
    ("content", "status", "private", "code"),
    [
        (b"<html>Log in</html>", 200, True, "calendar_garbage"),
        (b"", 404, True, "calendar_missing"),
        (b"", 500, True, "calendar_unreachable"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", 200, False, "calendar_unsafe"),
    ],
)
def test_an_address_without_a_calendar_is_not_connected(
    box: Appliance, google: GoogleServer, holidays: Feed, now: datetime, content: bytes, status: int, private: bool,
    code: str,
) -> None:  # fmt: skip
    holidays.content, holidays.status = content, status
    assert refusal(lambda: connect_calendar.connect_ics(box, holidays.address, "", private, [], now, SYSTEM)) == code
    assert len(connecting.present(box.db)) == 1


def test_an_unknown_resource_is_named_before_the_address_is_asked(
    box: Appliance, google: GoogleServer, holidays: Feed, now: datetime
) -> None:
    act = lambda: connect_calendar.connect_ics(box, holidays.address, "", True, ["Sauna"], now, SYSTEM)  # noqa: E731
    assert refusal(act) == "unknown_resource"
    assert holidays.asked == []


def test_nothing_is_written_to_an_ics_address(
    box: Appliance, google: GoogleServer, holidays: Feed, now: datetime
) -> None:
    connection = connect_calendar.connect_ics(box, holidays.address, "", True, [], now, SYSTEM)
    act = lambda: manage_calendars.use_for(box, connection.public_id, None, "write", now, SYSTEM)  # noqa: E731
    assert refusal(act) == "calendar_read_only"


# --- choosing, and what for


def test_a_calendar_that_the_account_does_not_have_is_refused(
    box: Appliance, google: GoogleServer, now: datetime
) -> None:
    connection = connected(box, google, now)
    act = lambda: manage_calendars.choose(box, connection.public_id, "nobody@example.com", None, now, SYSTEM)  # noqa: E731
    assert refusal(act) == "calendar_unknown"
    assert card(box, connection, now).connection.calendar_id == OWNER


def test_bookings_are_never_written_to_a_calendar_that_can_only_be_read(
    box: Appliance, google: GoogleServer, now: datetime
) -> None:
    google.add_calendar(TEAM, "Casa Lola", access_role="reader")
    connection = connected(box, google, now)
    manage_calendars.choose(box, connection.public_id, TEAM, None, now, SYSTEM)
    act = lambda: manage_calendars.use_for(box, connection.public_id, None, "write", now, SYSTEM)  # noqa: E731
    assert refusal(act) == "calendar_read_only"
    manage_calendars.choose(box, connection.public_id, OWNER, None, now, SYSTEM)
    act()
    back = lambda: manage_calendars.choose(box, connection.public_id, TEAM, None, now, SYSTEM)  # noqa: E731
    assert refusal(back) == "calendar_read_only"


def test_choosing_another_calendar_forgets_what_the_old_one_told(
    box: Appliance, google: GoogleServer, now: datetime
) -> None:
    google.add_calendar(TEAM, "Casa Lola")
    connection = connected(box, google, now)
    manage_calendars.choose(box, connection.public_id, OWNER, None, now, SYSTEM)
    mirrored(box, connection, now)
    chosen = manage_calendars.choose(box, connection.public_id, TEAM, None, now, SYSTEM)
    assert (chosen.sync_state, chosen.last_sync_at, chosen.span_until_at) == (None, None, None)
    assert card(box, chosen, now).events_ahead == 0


def test_choosing_the_same_calendar_again_forgets_nothing(box: Appliance, google: GoogleServer, now: datetime) -> None:
    connection = connected(box, google, now)
    mirrored(box, connection, now)
    chosen = manage_calendars.choose(box, connection.public_id, OWNER, "Lola's", now, SYSTEM)
    assert (chosen.sync_state, chosen.name, card(box, chosen, now).events_ahead) == ("token", "Lola's", 1)


def test_choosing_another_calendar_has_the_bookings_ahead_written_into_it(
    box: Appliance, google: GoogleServer, now: datetime
) -> None:
    google.add_calendar(TEAM, "Casa Lola")
    connection = connected(box, google, now)
    manage_calendars.choose(box, connection.public_id, OWNER, None, now, SYSTEM)
    manage_calendars.use_for(box, connection.public_id, None, "write", now, SYSTEM)
    booked_on(box, connection)
    box.db.execute("UPDATE calendar_write SET state = 'done'")
    manage_calendars.choose(box, connection.public_id, TEAM, None, now, SYSTEM)
    assert (card(box, connection, now).held, card(box, connection, now).writes_waiting) == ([], 1)
    assert box.db.value("SELECT status FROM booking") == "confirmed"
    assert write_due(box, now) == 1
    assert [event["start"]["dateTime"][11:16] for event in google.events(TEAM)] == ["20:00"]


def test_what_a_calendar_is_for_can_be_said_again_and_again(
    box: Appliance, google: GoogleServer, now: datetime
) -> None:
    connection, (one, other) = connected(box, google, now), resources(box)
    for _ in range(2):
        manage_calendars.use_for(box, connection.public_id, [one], "write", now, OLIVIA)
        manage_calendars.use_for(box, connection.public_id, [other], "block", now, OLIVIA)
    assert deeds(box, "calendar_used_for") == 2
    told = card(box, connection, now)
    assert ([used.public_id for used in told.written_by], [used.public_id for used in told.blocks]) == ([one], [other])
    built_in = manage_calendars.status(box, now)[0]
    assert (built_in.connection.provider, [used.public_id for used in built_in.written_by]) == ("local", [other])


def test_a_calendar_for_everybody_is_written_to_by_nobody(box: Appliance, google: GoogleServer, now: datetime) -> None:
    connection = connected(box, google, now)
    manage_calendars.use_for(box, connection.public_id, None, "write", now, SYSTEM)
    manage_calendars.use_for(box, connection.public_id, None, "business", now, SYSTEM)
    told = card(box, connection, now)
    assert (told.connection.scope, list(told.written_by), list(told.blocks)) == ("business", [], [])


def test_the_built_in_calendar_can_be_neither_switched_off_nor_let_go(box: Appliance, now: datetime) -> None:
    built_in = manage_calendars.status(box, now)[0].connection.public_id
    for act in (
        lambda: manage_calendars.switch(box, built_in, False, now, SYSTEM),
        lambda: manage_calendars.disconnect(box, built_in, now, SYSTEM),
        lambda: manage_calendars.use_for(box, built_in, [], "write", now, SYSTEM),
        lambda: manage_calendars.use_for(box, built_in, None, "business", now, SYSTEM),
    ):
        assert refusal(act) == "calendar_built_in"


# --- how it is


def test_a_try_tells_what_there_is(box: Appliance, google: GoogleServer, now: datetime) -> None:
    google.put_event(OWNER, start=at("20:00"), end=at("21:00"), summary="Ana")
    connection = connected(box, google, now)
    result = manage_calendars.test(box, connection.public_id, now)
    assert (result.ok, result.trouble, result.calendars, result.events_ahead) == (True, None, 1, 1)


@pytest.mark.parametrize(("days", "trouble"), [(7, "testing_ended"), (9, "signed_out")])
def test_a_permission_that_ends_within_eight_days_is_told_with_its_cause(
    box: Appliance, google: GoogleServer, now: datetime, days: int, trouble: str
) -> None:
    connection = connected(box, google, now)
    google.revoke_refresh_token()
    google.expire_access_tokens()
    later = now + timedelta(days=days)
    assert manage_calendars.test(box, connection.public_id, later).trouble == trouble
    connecting.change(box.db, connection.id, trouble="signed_out", failing_since_at=later)
    assert card(box, connection, later + timedelta(days=30)).trouble == trouble


def test_a_calendar_that_is_no_more_is_told(box: Appliance, google: GoogleServer, now: datetime) -> None:
    connection = connected(box, google, now)
    google.remove_calendar(OWNER)
    assert manage_calendars.test(box, connection.public_id, now).trouble == "missing"


def test_a_lost_key_is_told_and_not_raised(box: Appliance, google: GoogleServer, now: datetime) -> None:
    connection = connected(box, google, now)
    (box.config.data_directory / "credentials.key").write_text("")
    assert manage_calendars.test(box, connection.public_id, now).trouble == "vault"


def test_a_calendar_that_is_off_is_not_read(box: Appliance, google: GoogleServer, now: datetime) -> None:
    connection = connected(box, google, now)
    off = manage_calendars.switch(box, connection.public_id, False, now, SYSTEM)
    assert (off.enabled, off.status) == (False, "disabled")
    assert refusal(lambda: manage_calendars.sync_now(box, connection.public_id, now)) == "calendar_off"
    assert manage_calendars.switch(box, connection.public_id, True, now, SYSTEM).status == "active"


def test_an_account_without_a_chosen_calendar_cannot_be_switched_on(
    box: Appliance, google: GoogleServer, now: datetime
) -> None:
    google.add_calendar(TEAM, "Casa Lola")
    connection = connected(box, google, now)
    act = lambda: manage_calendars.switch(box, connection.public_id, True, now, SYSTEM)  # noqa: E731
    assert refusal(act) == "calendar_not_chosen"


@pytest.mark.parametrize("use", manage_calendars.USES)
def test_an_account_without_a_chosen_calendar_is_for_nothing(
    box: Appliance, google: GoogleServer, now: datetime, use: manage_calendars.Use
) -> None:
    google.add_calendar(TEAM, "Casa Lola")
    connection = connected(box, google, now)
    act = lambda: manage_calendars.use_for(box, connection.public_id, None, use, now, SYSTEM)  # noqa: E731
    assert refusal(act) == "calendar_not_chosen"


@pytest.mark.parametrize(("name", "code"), [("  ", "missing_field"), ("x" * 81, "too_long")])
def test_a_name_that_cannot_be_one_is_refused(box: Appliance, now: datetime, name: str, code: str) -> None:
    built_in = manage_calendars.status(box, now)[0].connection.public_id
    with pytest.raises(Invalid) as caught:
        manage_calendars.rename(box, built_in, name, now, SYSTEM)
    assert caught.value.code == code
    assert manage_calendars.rename(box, built_in, " Our   own ", now, SYSTEM).name == "Our own"


# --- letting it go


def test_letting_go_takes_its_resources_back_at_once(box: Appliance, google: GoogleServer, now: datetime) -> None:
    connection = connected(box, google, now)
    manage_calendars.use_for(box, connection.public_id, None, "write", now, SYSTEM)
    mirrored(box, connection, now)
    manage_calendars.disconnect(box, connection.public_id, now, SYSTEM)
    (built_in,) = manage_calendars.status(box, now)
    assert len(built_in.written_by) == 2
    assert box.db.value("SELECT COUNT(*) FROM event WHERE connection_id = ?", connection.id) == 0
    with pytest.raises(NotFound):
        manage_calendars.card(box, connection.public_id, now)


def test_a_calendar_with_bookings_ahead_is_let_go_by_force_only(
    box: Appliance, google: GoogleServer, now: datetime
) -> None:
    connection = connected(box, google, now)
    manage_calendars.use_for(box, connection.public_id, None, "write", now, SYSTEM)
    booked_on(box, connection)
    with pytest.raises(Conflict) as caught:
        manage_calendars.disconnect(box, connection.public_id, now, SYSTEM)
    assert (caught.value.code, caught.value.params) == ("calendar_in_use", {"number": 1})
    manage_calendars.disconnect(box, connection.public_id, now, SYSTEM, force=True)
    assert box.db.value("SELECT status FROM booking") == "confirmed"


def test_what_was_still_to_be_written_goes_to_the_built_in_calendar(
    box: Appliance, google: GoogleServer, now: datetime
) -> None:
    connection = connected(box, google, now)
    manage_calendars.use_for(box, connection.public_id, None, "write", now, SYSTEM)
    box.db.insert(
        "calendar_write", kind="booking", connection_id=connection.id, event_id="e1", due_at=now, state="pending",
        dedupe_key="booking:e1", created_at=now,
    )  # fmt: skip
    manage_calendars.disconnect(box, connection.public_id, now, SYSTEM)
    built_in = connecting.built_in(box.db)
    assert built_in is not None
    assert box.db.tuples("SELECT connection_id, state FROM calendar_write") == [(built_in.id, "pending")]


def mirrored(box: Appliance, connection: Connection, now: datetime) -> None:
    """Its mirror holds somebody's event, and it was read."""
    box.db.insert(
        "event", public_id="e1", connection_id=connection.id, provider_event_id="e1", etag="1", title="Ana",
        starts_at=at("20:00"), ends_at=at("21:00"), busy=True,
    )  # fmt: skip
    connecting.change(box.db, connection.id, sync_state="token", last_sync_at=now, span_until_at=now)


def booked_on(box: Appliance, connection: Connection) -> None:
    """A confirmed booking whose event lies in this calendar."""
    local = connecting.built_in(box.db)
    assert local is not None
    box.db.execute("UPDATE resource SET connection_id = ?", local.id)
    books(box, "20:00")
    box.db.execute("UPDATE resource SET connection_id = ?", connection.id)
    box.db.execute("UPDATE booking SET status = 'confirmed', calendar_event_id = 'e1'")
