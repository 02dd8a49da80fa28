"""Case 45: push notices only shorten the wait. Channels are renewed in time, stopped, and never orphaned."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.outside_story import Outside
from waitlist_appliance.ports import CalendarError
from waitlist_appliance.services.watch_calendar import end_connections, notice, watch_due
from waitlist_appliance.storage import connecting


class Bells:
    """Timers that remember who was rung for."""

    def __init__(self) -> None:
        self.rung: list[tuple[int, str]] = []

    def sync(self, connection_id: int, cause: str = "due") -> None:
        self.rung.append((connection_id, cause))

    def deliver(self) -> None: ...

    def write_calendar(self) -> None: ...

    def expire_offers(self, at: object) -> None: ...

    def check_slots(self, at: object) -> None: ...


@pytest.fixture
def watched(lola: Outside) -> Outside:
    """A box that can be reached over https, and whose provider can push."""
    lola.box.config = replace(lola.box.config, public_url="https://lola.example")
    lola.box.push = {"google": lola.calendar}
    lola.box.timers = Bells()
    assert watch_due(lola.box, lola.now) == 1
    return lola


def rung(lola: Outside) -> list[tuple[int, str]]:
    assert isinstance(lola.box.timers, Bells)
    return lola.box.timers.rung


def channel(lola: Outside) -> tuple[str, str]:
    [(channel_id, secret)] = lola.calendar.channels.items()
    return channel_id, secret


def test_a_channel_is_opened_for_our_address_and_only_its_hash_is_kept(watched: Outside) -> None:
    _, secret = channel(watched)
    assert watched.calendar.asked[-2] == "watch https://lola.example/hooks/google/calendar"
    assert secret not in str(watched.box.db.tuples("SELECT * FROM watch_channel"))
    assert watch_due(watched.box, watched.now) == 0


def test_without_https_no_channel_is_opened(lola: Outside) -> None:
    lola.box.push = {"google": lola.calendar}
    assert watch_due(lola.box, lola.now) == 0
    assert lola.calendar.channels == {}


def test_a_provider_without_push_is_not_asked(lola: Outside) -> None:
    lola.box.config = replace(lola.box.config, public_url="https://lola.example")
    assert watch_due(lola.box, lola.now) == 0


def test_a_channel_is_renewed_a_day_before_it_ends_and_the_old_one_stopped_afterwards(watched: Outside) -> None:
    old, _ = channel(watched)
    watched.story.now += timedelta(days=6)
    watched.calendar.expires_at = watched.now + timedelta(days=7)
    watch_due(watched.box, watched.now)
    assert old in watched.calendar.channels
    assert len(watched.calendar.channels) == 2
    watch_due(watched.box, watched.now)
    assert old not in watched.calendar.channels
    assert watched.box.db.tuples("SELECT state FROM watch_channel") == [("open",)]


def test_a_channel_that_cannot_be_opened_is_asked_for_again_in_an_hour(lola: Outside) -> None:
    lola.box.config = replace(lola.box.config, public_url="https://lola.example")
    lola.box.push = {"google": lola.calendar}
    lola.calendar.fails("watch")
    for _ in range(5):
        lola.story.now += timedelta(minutes=10)
        watch_due(lola.box, lola.now)
    assert [what for what in lola.calendar.asked if what == "watch"] == ["watch"]
    lola.calendar.fails()
    lola.story.now += timedelta(minutes=20)
    watch_due(lola.box, lola.now)
    assert len(lola.calendar.channels) == 1


def test_a_notice_has_the_calendar_read_at_once(watched: Outside) -> None:
    assert notice(watched.box, *channel(watched), "exists", watched.now)
    assert rung(watched) == [(watched.id, "push")]
    assert watched.connection.next_sync_at == watched.now


def test_the_first_notice_of_a_channel_does_nothing(watched: Outside) -> None:
    assert notice(watched.box, *channel(watched), "sync", watched.now)
    assert rung(watched) == []


@pytest.mark.parametrize("what", ["secret", "channel", "empty", "not ASCII"])
def test_a_notice_that_proves_nothing_does_nothing(watched: Outside, what: str) -> None:
    channel_id, secret = channel(watched)
    given = {
        "secret": (channel_id, secret + "x"), "channel": ("other", secret), "empty": ("", ""),
        "not ASCII": (channel_id, "señal\udc80"),
    }[what]  # fmt: skip
    assert not notice(watched.box, *given, "exists", watched.now)
    assert rung(watched) == []


def test_a_notice_of_a_calendar_that_is_off_does_nothing(watched: Outside) -> None:
    watched.box.db.execute("UPDATE connection SET enabled = 0 WHERE id = ?", watched.id)
    assert notice(watched.box, *channel(watched), "exists", watched.now)
    assert rung(watched) == []


def test_a_notice_does_not_wake_a_calendar_that_waits_after_a_failure(watched: Outside) -> None:
    watched.calendar.fails("changes")
    watched.reads()
    before = watched.connection.next_sync_at
    notice(watched.box, *channel(watched), "exists", watched.now)
    assert watched.connection.next_sync_at == before


def test_a_calendar_switched_off_is_no_longer_watched(watched: Outside) -> None:
    watched.box.db.execute("UPDATE connection SET enabled = 0 WHERE id = ?", watched.id)
    watch_due(watched.box, watched.now)
    assert (watched.calendar.channels, watched.box.db.value("SELECT COUNT(*) FROM watch_channel")) == ({}, 0)


def test_a_connection_let_go_gives_back_what_it_was_granted_and_forgets_it(watched: Outside) -> None:
    watched.box.access(watched.connection).keep({"refresh_token": "r"})
    connecting.end(watched.box.db, watched.id, watched.now)
    assert end_connections(watched.box, watched.now) == 1
    assert (watched.calendar.forgotten, watched.calendar.channels) == (1, {})
    assert watched.box.db.value("SELECT credentials FROM connection WHERE id = ?", watched.id) is None
    assert end_connections(watched.box, watched.now) == 0


def test_a_provider_that_cannot_be_reached_is_asked_again_and_forgotten_after_a_day(watched: Outside) -> None:
    watched.box.access(watched.connection).keep({"refresh_token": "r"})
    connecting.end(watched.box.db, watched.id, watched.now)
    watched.calendar.fails("forget")
    for _ in range(3):
        assert end_connections(watched.box, watched.now) == 0
    assert watched.calendar.asked.count("forget") == 1
    watched.story.now += timedelta(days=1)
    assert end_connections(watched.box, watched.now) == 1


def test_one_that_refuses_is_forgotten_at_once(watched: Outside) -> None:
    watched.box.access(watched.connection).keep({"refresh_token": "r"})
    connecting.end(watched.box.db, watched.id, watched.now)
    watched.calendar.fails("forget", error=CalendarError("no such token", retryable=False, trouble="refused"))
    assert end_connections(watched.box, watched.now) == 1
