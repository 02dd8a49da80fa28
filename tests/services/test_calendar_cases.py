"""Cases 36 to 45 on real servers: a Google that speaks HTTP and a Radicale, from the call to the confirmed booking."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from time import monotonic

import pytest
from waitress.server import create_server

from tests.adapters.caldav.quirks import Reply, quirk
from tests.adapters.caldav.texts import calendar, event
from tests.calendar_apps import KINDS, GoogleApp
from tests.conftest import at
from tests.google_server import GoogleServer
from tests.services.calendar_house import House, house_on
from tests.story import OLIVIA, Story
from waitlist_appliance.adapters.calendars.ics import IcsProvider
from waitlist_appliance.ports import SilentTimers
from waitlist_appliance.services import connect_calendar, manage_calendars
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.cancel_booking import cancel
from waitlist_appliance.services.sync_calendar import sync
from waitlist_appliance.services.watch_calendar import HOOK
from waitlist_appliance.web.app import create_app

# A read comes every five minutes at the latest, a minute of grace follows, and then a fresh read for the offer.
NOTICED = 8


@pytest.fixture(params=KINDS)
def house(request: pytest.FixtureRequest, box: Appliance) -> Iterator[House]:
    with house_on(request.param, box) as made:
        yield made


@pytest.fixture
def on_google(box: Appliance) -> Iterator[House]:
    with house_on("google", box) as made:
        yield made


@pytest.fixture
def waiting(house: House) -> House:
    """19:30 is full of dinners that staff put into the app; Ana and Bruno wait for it."""
    house.full("19:30")
    house.story.in_line("Ana", "Bruno")
    house.story.passes()
    assert house.story.asked() == []
    return house


@pytest.fixture
def asked(waiting: House) -> House:
    """Staff deleted the dinner on table 1; Ana has just been asked."""
    waiting.app.delete(next(s.event_id for s in waiting.app.shows() if s.title == "Cena Table 1"))
    waiting.story.ticks(NOTICED)
    assert waiting.story.asked() == [("Ana", "live")]
    return waiting


@pytest.fixture
def booked(asked: House) -> House:
    """Ana said yes: table 1 at 19:30, confirmed."""
    asked.story.yes("Ana")
    asked.story.passes()
    assert asked.status("Ana") == "confirmed"
    return asked


# --- the whole story


def test_a_dinner_deleted_in_the_app_is_offered_after_the_grace_written_read_back_and_confirmed(waiting: House) -> None:
    story = waiting.story
    dinner = next(shown for shown in waiting.app.shows() if shown.title == "Cena Table 1")
    waiting.app.delete(dinner.event_id)
    waiting.reads()
    story.passes(seconds=30)
    assert story.asked() == []  # the grace: it might come back
    story.ticks(NOTICED)
    assert story.asked() == [("Ana", "live")]
    (hold,) = waiting.ours()
    assert (hold.tentative, hold.starts_at, "Ana" in hold.title) == (True, at("19:30"), True)
    assert story.yes("Ana").outcome == "accepted"
    story.passes()
    (written,) = waiting.ours()
    assert (written.title, written.tentative, written.starts_at) == ("Ana Pérez · 2", False, at("19:30"))
    assert (written.event_id, waiting.status("Ana")) == (waiting.event_of("Ana"), "confirmed")
    assert (story.told("Ana")[-1], story.asked()) == ("confirmed", [("Ana", "accepted")])


def test_a_booking_whose_event_is_deleted_by_hand_is_cancelled_told_and_offered_on(booked: House) -> None:  # case 44
    booked.app.delete(booked.event_of("Ana"))
    booked.story.ticks(NOTICED)
    assert (booked.status("Ana"), booked.story.told("Ana")[-1]) == ("cancelled", "cancelled")
    assert booked.story.asked() == [("Ana", "accepted"), ("Bruno", "live")]
    assert booked.story.yes("Bruno").outcome == "accepted"
    booked.story.passes()
    assert (booked.status("Bruno"), len(booked.ours())) == ("confirmed", 1)


def test_a_booking_whose_event_is_moved_by_hand_is_moved_told_and_its_time_offered(booked: House) -> None:  # case 44
    booked.app.move(booked.event_of("Ana"), at("21:30"))
    booked.story.ticks(NOTICED)
    (booking,) = booked.story.bookings("Ana")
    assert (booking.starts_at, booking.status.value) == (at("21:30"), "confirmed")
    assert booked.story.told("Ana")[-1] == "moved"
    assert booked.story.asked()[-1] == ("Bruno", "live")
    assert len([shown for shown in booked.ours() if not shown.tentative]) == 1


# --- case 36


def test_while_a_calendar_cannot_be_read_nothing_on_it_is_free_and_staff_see_it(house: House) -> None:
    house.app.no_answer("reading")
    assert not house.reads()
    assert (house.free(), house.conditions(), house.card.trouble) == ([], ["calendar_failing"], "unreachable")
    house.app.heals()
    house.story.passes(seconds=31)
    assert (house.free(), house.conditions()) == (["Table 1", "Table 2"], [])


def test_a_cancellation_missed_while_it_could_not_be_read_is_found_when_it_is_back(waiting: House) -> None:
    waiting.app.no_answer("reading")
    waiting.story.ticks(6)
    waiting.app.delete(next(s.event_id for s in waiting.app.shows() if s.title == "Cena Table 1"))
    waiting.story.ticks(10)
    assert waiting.story.asked() == []
    waiting.app.heals()
    waiting.story.ticks(NOTICED)
    assert waiting.story.asked() == [("Ana", "live")]


# --- case 37


def test_staff_who_fill_the_time_while_the_offer_is_out_withdraw_it(asked: House) -> None:
    asked.app.put("Fiesta Table 1", at("19:30"))
    asked.reads()
    asked.story.passes()
    assert asked.story.asked() == [("Ana", "withdrawn")]
    assert (asked.story.told("Ana")[-1], asked.ours(), asked.story.occupied()) == ("offer_lost", [], 0)


def test_a_yes_after_the_mirror_knows_of_staffs_event_is_refused(asked: House) -> None:
    asked.app.put("Fiesta Table 1", at("19:30"))
    asked.reads()
    assert (asked.story.yes("Ana").outcome, asked.story.bookings()) == ("lost", [])


@pytest.mark.parametrize("moment", ["read", "write", "second_read"])
def test_staff_who_fill_the_time_as_the_yes_is_written_keep_it(asked: House, moment: str) -> None:
    asked.story.passes()
    asked.app.before(moment, lambda: asked.app.put("Fiesta Table 1", at("19:30")))
    assert asked.story.yes("Ana").outcome == "accepted"
    asked.story.passes()
    assert (asked.status("Ana"), asked.story.told("Ana")[-1]) == ("cancelled", "apology")
    assert (asked.story.status("Ana"), asked.story.wishes("Ana")) == ("waiting", {"19:30": "live"})
    assert sorted(asked.titles()) == ["Cena Table 2", "Fiesta Table 1"]


# --- case 38


@pytest.mark.parametrize("change", ["deleted", "moved", "shortened", "declined", "made free"])
def test_what_frees_a_time_in_the_app_is_noticed_and_offered(house: House, change: str) -> None:
    table_1, story = house.full("19:30")["Table 1"], house.story
    story.in_line("Ana")
    if change == "deleted":
        house.app.delete(table_1)
    elif change == "moved":
        house.app.move(table_1, at("13:00"))
    elif change == "shortened":
        house.app.move(table_1, at("18:30"))
        house.app.shorten(table_1, at("19:30"))
    elif change == "declined":
        house.app.decline(table_1)
    else:
        house.app.make_free(table_1)
    story.ticks(NOTICED)
    assert (story.asked(), story.asked_for("Ana")) == ([("Ana", "live")], [("19:30", "Table 1")])


def test_an_event_that_is_put_back_within_the_grace_frees_nothing(waiting: House) -> None:
    waiting.app.delete(next(s.event_id for s in waiting.app.shows() if s.title == "Cena Table 1"))
    waiting.reads()
    waiting.story.passes(seconds=30)
    waiting.app.put("Cena Table 1", at("19:30"))
    waiting.story.ticks(NOTICED)
    assert waiting.story.asked() == []


# --- case 39


def series_on_table_1(house: House) -> str:
    """Every day at 19:30 table 1 is taken, table 2 on the story's evening; Ana waits for it."""
    series = house.app.daily("Cena Table 1", at("19:30", "2026-01-15"), 4)
    house.app.put("Cena Table 2", at("19:30"))
    house.reads()
    house.story.in_line("Ana")
    return series


def test_every_occurrence_of_a_series_blocks(house: House) -> None:
    series_on_table_1(house)
    assert [house.free(day=f"2026-01-{day}") for day in (17, 18)] == [["Table 2"], ["Table 2"]]
    assert (house.free(), house.free(day="2026-01-19")) == ([], ["Table 1", "Table 2"])


def test_one_deleted_occurrence_frees_that_one_only(house: House) -> None:
    series = series_on_table_1(house)
    house.app.delete_occurrence(series, at("19:30"))
    house.story.ticks(NOTICED)
    assert house.story.asked_for("Ana") == [("19:30", "Table 1")]
    assert [house.free(day=f"2026-01-{day}") for day in (17, 18)] == [["Table 2"], ["Table 2"]]


def test_an_occurrence_moved_elsewhere_frees_the_old_and_blocks_the_new(house: House) -> None:
    series = series_on_table_1(house)
    house.app.move_occurrence(series, at("19:30"), at("13:00"))
    house.story.ticks(NOTICED)
    assert house.story.asked_for("Ana") == [("19:30", "Table 1")]
    assert house.free("13:00") == ["Table 2"]


# --- case 40


def test_a_busy_day_blocks_the_whole_day_and_a_free_one_does_not(house: House) -> None:
    house.app.whole_day("Festivo", date(2026, 1, 16))
    house.app.whole_day("Santa Inés", date(2026, 1, 17), free=True)
    house.reads()
    assert (house.free("13:00"), house.free("22:00")) == ([], [])
    assert house.free(day="2026-01-17") == ["Table 1", "Table 2"]


def test_a_partial_overlap_blocks_and_touching_does_not(house: House) -> None:
    house.app.put("Cena Table 1", at("20:30"))
    house.app.put("Cena Table 2", at("18:00"))
    house.app.put("Fiesta Table 2", at("21:00"))
    house.reads()
    assert house.free() == ["Table 2"]


# --- case 41


def test_a_lost_token_means_a_full_read_that_finds_deletions_too(waiting: House) -> None:
    waiting.app.delete(next(s.event_id for s in waiting.app.shows() if s.title == "Cena Table 1"))
    waiting.app.forgets_tokens()
    waiting.story.ticks(NOTICED)
    assert ("full", True) in waiting.log()[1:]
    assert waiting.story.asked() == [("Ana", "live")]


def test_a_page_that_fails_in_the_middle_leaves_the_mirror_as_it_was(on_google: House) -> None:
    app = on_google.app
    assert isinstance(app, GoogleApp)
    on_google.full("13:00", "19:30")
    before = _mirror(on_google)
    for shown in app.shows():
        app.make_free(shown.event_id)
    app.server.page_limit = 1
    app.server.fail("unavailable", lambda request: "pageToken" in request.query, times=10_000)
    assert not on_google.reads()
    assert _mirror(on_google) == before
    app.heals()
    assert on_google.reads()
    assert _mirror(on_google) != before


# --- case 42


def test_a_withdrawn_permission_is_told_and_not_knocked_at_again(waiting: House) -> None:
    waiting.app.signs_out()
    assert not waiting.reads()
    assert (waiting.card.connection.status, waiting.conditions()) == ("needs_reconnect", ["calendar_signed_out"])
    knocked = waiting.app.asked()
    waiting.story.ticks(20)
    assert waiting.app.asked() == knocked
    assert (waiting.free("13:00"), waiting.story.asked()) == ([], [])


# --- case 43


def test_a_write_whose_answer_is_lost_leaves_one_event(asked: House) -> None:
    asked.story.passes()
    asked.app.loses_an_answer()
    asked.story.yes("Ana")
    asked.story.passes()
    assert asked.status("Ana") == "pending"
    asked.app.heals()
    asked.story.ticks(2)
    assert (asked.status("Ana"), [shown.title for shown in asked.ours()]) == ("confirmed", ["Ana Pérez · 2"])


def test_a_write_whose_answer_is_lost_and_that_staff_overtake_leaves_nothing_of_ours(asked: House) -> None:
    asked.story.passes()
    asked.app.loses_an_answer()
    asked.story.yes("Ana")
    asked.story.passes()
    asked.app.put("Fiesta Table 1", at("19:30"))
    asked.app.heals()
    asked.story.ticks(NOTICED)
    assert (asked.status("Ana"), asked.story.told("Ana")[-1]) == ("cancelled", "apology")
    assert sorted(asked.titles()) == ["Cena Table 2", "Fiesta Table 1"]


def test_an_event_id_that_was_used_and_deleted_before_becomes_a_fresh_one(asked: House) -> None:
    asked.story.passes()
    asked.app.loses_an_answer()
    asked.story.yes("Ana")
    asked.story.passes()
    (lost,) = [shown for shown in asked.ours() if not shown.tentative]
    asked.app.delete(lost.event_id)
    asked.app.heals()
    asked.story.ticks(2)
    (written,) = asked.ours()
    assert (asked.status("Ana"), written.event_id) == ("confirmed", asked.event_of("Ana"))
    cancel(asked.story.box, asked.story.bookings("Ana")[0].id, asked.story.now, OLIVIA, "staff")
    asked.story.passes()
    assert [shown for shown in asked.ours() if not shown.tentative] == []


# --- case 44


def three_bookings(house: House) -> list[str]:
    for name, time in (("Ana", "13:00"), ("Bruno", "17:00"), ("Chloé", "21:00")):
        house.story.books(name, time)
    house.story.passes()
    house.reads()
    return [house.event_of(name) for name in ("Ana", "Bruno", "Chloé")]


def test_three_events_of_ours_deleted_at_once_cancel_nothing_and_staff_are_asked(house: House) -> None:
    for name in three_bookings(house):
        house.app.delete(name)
    house.story.ticks(NOTICED)
    assert {booking.status.value for booking in house.story.bookings()} == {"confirmed"}
    assert (house.conditions(), len(house.card.held)) == (["calendar_changes_held"], 3)


def test_when_staff_refuse_the_deletions_our_events_are_put_back(house: House) -> None:
    for name in three_bookings(house):
        house.app.delete(name)
    house.story.ticks(NOTICED)
    manage_calendars.answer_held(house.story.box, house.connection.public_id, False, house.story.now, OLIVIA)
    house.story.ticks(2)
    assert [shown.starts_at for shown in house.ours()] == [at("13:00"), at("17:00"), at("21:00")]
    assert (house.conditions(), "cancelled" in house.story.told("Ana")) == ([], False)


def test_another_calendar_that_is_chosen_gets_the_bookings_ahead_and_cancels_nothing(house: House) -> None:
    three_bookings(house)
    box, now = house.story.box, house.story.now
    offered = manage_calendars.choices(box, house.connection.public_id)
    other = next(choice for choice in offered if choice.calendar_id != house.connection.calendar_id and choice.writable)
    manage_calendars.choose(box, house.connection.public_id, other.calendar_id, None, now, OLIVIA)
    house.story.ticks(NOTICED)
    assert {booking.status.value for booking in house.story.bookings()} == {"confirmed"}
    assert (len(house.card.held), "cancelled" in house.story.told("Ana")) == (0, False)
    chosen = box.calendar(house.card.connection)
    found = [chosen.find(house.event_of(name)) for name in ("Ana", "Bruno", "Chloé")]
    assert [event and event.starts_at for event in found] == [at("13:00"), at("17:00"), at("21:00")]


# --- case 45


@dataclass
class Pushed:
    """A house on Google that Google can reach: its notices arrive at our web process over HTTP."""

    house: House
    address: str
    channel: str
    rung: list[tuple[int, str]]

    @property
    def google(self) -> GoogleServer:
        assert isinstance(self.house.app, GoogleApp)
        return self.house.app.server


class Bells(SilentTimers):
    """Timers that remember which calendars should be read."""

    def __init__(self) -> None:
        self.rung: list[tuple[int, str]] = []

    def sync(self, connection_id: int, cause: str = "due") -> None:
        self.rung.append((connection_id, cause))


@pytest.fixture
def pushed(on_google: House) -> Iterator[Pushed]:
    box, bells = on_google.story.box, Bells()
    box.config, box.timers = replace(box.config, public_url="https://lola.example"), bells
    on_google.full("19:30")
    on_google.story.in_line("Ana")
    on_google.story.passes()
    assert isinstance(on_google.app, GoogleApp)
    (channel,) = on_google.app.server.channels
    bells.rung.clear()
    web = create_server(create_app(box), host="127.0.0.1", port=0, threads=1)
    thread = threading.Thread(target=web.run, daemon=True)
    thread.start()
    yield Pushed(on_google, f"http://127.0.0.1:{web.effective_port}{HOOK}", channel, bells.rung)
    web.task_dispatcher.shutdown()
    web.close()
    thread.join(5)


def test_a_real_notice_has_the_calendar_read_within_a_second_and_the_freed_time_offered(pushed: Pushed) -> None:
    house, began = pushed.house, monotonic()
    house.app.delete(next(s.event_id for s in house.app.shows() if s.title == "Cena Table 1"))
    assert pushed.google.notify(pushed.channel, to=pushed.address) == 204
    ((connection_id, cause),) = pushed.rung
    assert (connection_id, cause) == (house.connection.id, "push")
    assert sync(house.story.box, connection_id, house.story.now, "push").changed == 1
    assert monotonic() - began < 1
    house.story.passes(seconds=61)
    house.reads()
    house.story.passes()
    assert house.story.asked() == [("Ana", "live")]


def test_the_first_notice_of_a_channel_is_welcome_and_starts_nothing(pushed: Pushed) -> None:
    assert pushed.google.notify(pushed.channel, "sync", to=pushed.address) == 204
    assert pushed.rung == []


@pytest.mark.parametrize("wrong", ["id", "token"])
def test_a_notice_of_an_unknown_channel_or_with_a_wrong_token_starts_nothing(pushed: Pushed, wrong: str) -> None:
    setattr(pushed.google.channels[pushed.channel], wrong, "somebody-elses")
    assert pushed.google.notify(pushed.channel, to=pushed.address) == 404
    assert pushed.rung == []


# --- an address that can only be read


def test_an_ics_address_alone_never_starts_an_offer(box: Appliance) -> None:
    story, taken = (
        Story(box),
        event("SUMMARY:Cena", uid="a", start=_utc("DTSTART", "19:30"), end=_utc("DTEND", "21:00")),
    )
    with quirk(lambda _: Reply(200, calendar(taken))) as server:
        box.calendars = {**box.calendars, "ics": IcsProvider()}
        feed = connect_calendar.connect_ics(
            box, f"{server.url}/a.ics", "Fuera", True, [r.public_id for r in box.setup().resources.values()], story.now,
            SYSTEM,
        )  # fmt: skip
        box.db.execute("UPDATE resource SET connection_id = NULL")
        story.passes()
        story.in_line("Ana")
        server.answer = lambda _: Reply(200, calendar())
        story.ticks(30)
        assert manage_calendars.card(box, feed.public_id, story.now).events_ahead == 0
        assert story.asked() == []


def test_an_ics_address_beside_a_calendar_holds_an_offer_back_and_lets_it_go(house: House) -> None:
    story, box = house.story, house.story.box
    table_1 = house.full("19:30")["Table 1"]
    taken = event("SUMMARY:Obras", uid="a", start=_utc("DTSTART", "19:00"), end=_utc("DTEND", "20:00"))
    with quirk(lambda _: Reply(200, calendar(taken))) as server:
        box.calendars = {**box.calendars, "ics": IcsProvider()}
        connect_calendar.connect_ics(box, f"{server.url}/a.ics", "Obras", True, ["Table 1"], story.now, SYSTEM)
        story.passes()
        story.in_line("Ana")
        house.app.delete(table_1)
        story.ticks(NOTICED)
        assert story.asked() == []
        server.answer = lambda _: Reply(200, calendar())
        story.ticks(NOTICED)
        assert story.asked_for("Ana") == [("19:30", "Table 1")]


def _utc(name: str, time: str) -> str:
    return f"{name}:{at(time):%Y%m%dT%H%M%SZ}"


def _mirror(house: House) -> list[tuple[object, ...]]:
    return house.story.box.db.tuples("SELECT provider_event_id, etag, busy, starts_at FROM event ORDER BY id")
