"""/metrics: what Prometheus reads, who may read it, and that nobody can be found in it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import at
from tests.story import PHONES, Story
from tests.web.conftest import Clock
from waitlist_appliance.services import rates
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import alarms, backup_runs, heartbeats, tallies
from waitlist_appliance.web.app import create_app

TOP = Path(__file__).parents[2]
TOKEN = "m" * 24
SHOWN = {"Authorization": f"Bearer {TOKEN}"}
Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]
UNITS = ("_total", "_seconds", "_bytes", "_ratio", "_sum", "_count", "_info")
WITHOUT_UNIT = {"waitlist_alarms", "waitlist_queue_due", "waitlist_worker_failed_passes"}


@pytest.fixture
def watched(box: Appliance, clock: Clock) -> FlaskClient:
    """A box whose metrics somebody may read."""
    box.config = replace(box.config, metrics_token=TOKEN)
    return create_app(box, TESTING=True, CLOCK=clock).test_client()


@pytest.fixture
def evening(box: Appliance) -> Story:
    """Three waited, a table was freed, Ana said yes, Bruno was told something and did not answer."""
    story = Story(box)
    story.full("19:30")
    story.in_line("Ana", "Bruno", "Chloé")
    story.passes(minutes=1)
    story.frees("19:30", "Table 1")
    story.passes()
    story.yes("Ana")
    story.passes(seconds=2)
    story.frees("19:30", "Table 2")
    story.passes()
    story.ticks(minutes=40, step=5)
    return story


def scraped(client: FlaskClient, clock: Clock, story: Story | None = None) -> Values:
    """Name and labels → value, as Prometheus itself reads the answer."""
    if story is not None:
        clock.now = story.now
    answer = client.get("/metrics", headers=SHOWN)
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    return dict(_read(answer.text))


def _read(text: str) -> Iterator[tuple[Any, float]]:
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
        for sample in family.samples:
            yield (sample.name, tuple(sorted(sample.labels.items()))), sample.value


def of(values: Values, name: str, **labels: str) -> float:
    return values[name, tuple(sorted(labels.items()))]


# --- who may read


def test_without_a_token_in_the_configuration_there_is_no_such_address(client: FlaskClient) -> None:
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers=SHOWN).status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize(
    "shown", [None, "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xe9"]
)
def test_whoever_does_not_show_the_token_is_refused(watched: FlaskClient, shown: str | None) -> None:
    answer = watched.get("/metrics", headers={"Authorization": shown} if shown else {})
    assert answer.status_code == 401
    assert answer.get_json()["error"]["code"] == "unauthorized"
    assert "waitlist_" not in answer.text


def test_no_other_secret_opens_it_and_it_opens_nothing_else(watched: FlaskClient, api_key: str) -> None:
    assert watched.get("/metrics", headers={"Authorization": f"Bearer {api_key}"}).status_code == 401
    assert watched.get("/metrics", headers={"Authorization": f"Bearer {'c' * 32}"}).status_code == 401
    assert watched.get("/api/waitlist/entries", headers=SHOWN).status_code == 401
    assert watched.post("/api/cron/waitlist-check", headers=SHOWN).status_code == 401


# --- what it says


def test_a_box_on_which_nothing_happened_can_be_scraped(watched: FlaskClient, clock: Clock) -> None:
    values = scraped(watched, clock)
    assert of(values, "waitlist_journeys_total", step="asked") == 0
    assert of(values, "waitlist_messages_total", channel="sms", outcome="delivered") == 0
    assert "waitlist_message_delivery_ratio" not in {name for name, _ in values}


def test_it_tells_what_happened_on_an_evening(watched: FlaskClient, clock: Clock, evening: Story) -> None:
    values = scraped(watched, clock, evening)
    steps = {
        step: of(values, "waitlist_journeys_total", step=step) for step in ("asked", "signed_up", "said_yes", "booked")
    }
    assert steps == {"asked": 3, "signed_up": 3, "said_yes": 1, "booked": 1}
    assert of(values, "waitlist_offers_total", outcome="accepted") == 1
    silent = evening.box.db.value("SELECT COUNT(*) FROM offer WHERE state = 'expired'")
    assert of(values, "waitlist_offers_total", outcome="expired") == silent > 0
    sent = evening.box.db.value("SELECT COUNT(*) FROM message WHERE state = 'sent'")
    assert of(values, "waitlist_messages_total", channel="sms", outcome="handed_over") == sent
    assert of(values, "waitlist_messages_total", channel="sms", outcome="delivered") == sent
    assert of(values, "waitlist_message_delivery_ratio") == 1.0
    assert of(values, "waitlist_calendar_reads_total", provider="local", outcome="ok") > 0
    assert of(values, "waitlist_slot_checks_total") > 0
    assert of(values, "waitlist_freed_to_told_seconds_count") == 2
    assert of(values, "waitlist_booking_confirmation_seconds_count") == 1


def test_counters_never_fall(watched: FlaskClient, clock: Clock, evening: Story) -> None:
    before = {key: value for key, value in scraped(watched, clock, evening).items() if key[0].endswith("_total")}
    evening.now += timedelta(days=10)  # the hours of the evening are folded into one sum
    evening.passes()
    assert tallies.hours(evening.box.db, evening.now - timedelta(days=9)) == []
    after = scraped(watched, clock, evening)
    assert before
    ours = [key for key in before if key[0].startswith("waitlist_")]
    assert [key for key in ours if after[key] < before[key]] == []


def test_a_silent_worker_and_an_alarm_can_be_seen(watched: FlaskClient, box: Appliance, clock: Clock) -> None:
    heartbeats.beat(box.db, "worker", clock.now - timedelta(minutes=4), json.dumps({"pid": 1, "pass_ms": 1500}))
    with box.db.write():
        alarms.raise_alarm(box.db, rates.EXPIRY_LATE, "40 s", clock.now)
        alarms.raise_alarm(box.db, "calendar_failing:1", "Lola's calendar", clock.now)
        alarms.raise_alarm(box.db, "calendar_failing:2", "Her other one", clock.now)
    values = scraped(watched, clock)
    assert of(values, "waitlist_worker_heartbeat_age_seconds") == 240
    assert of(values, "waitlist_worker_pass_seconds") == 1.5
    assert of(values, "waitlist_alarms", condition="expiry_late") == 1
    assert of(values, "waitlist_alarms", condition="calendar_failing") == 2
    assert of(values, "waitlist_alarms", condition="disk_low") == 0


def test_what_waits_can_be_seen_with_its_age(watched: FlaskClient, box: Appliance, clock: Clock) -> None:
    story = Story(box)
    story.caller("Ana", force=True)
    clock.now = story.now + timedelta(seconds=90)
    values = scraped(watched, clock)
    assert of(values, "waitlist_queue_due", queue="messages") == 1
    assert of(values, "waitlist_queue_oldest_age_seconds", queue="messages") == 90
    assert of(values, "waitlist_queue_oldest_age_seconds", queue="offers") == 0


def test_the_last_backup_can_be_seen(watched: FlaskClient, box: Appliance, clock: Clock) -> None:
    assert "waitlist_last_backup_age_seconds" not in {name for name, _ in scraped(watched, clock)}
    run = backup_runs.begin(box.db, clock.now - timedelta(hours=3))
    backup_runs.done(box.db, run, clock.now - timedelta(hours=2), "one.backup", 4096, 1)
    values = scraped(watched, clock)
    assert of(values, "waitlist_last_backup_age_seconds") == 7200
    assert of(values, "waitlist_last_backup_size_bytes") == 4096


def test_the_process_tells_its_memory_time_and_files(watched: FlaskClient, clock: Clock) -> None:
    values = scraped(watched, clock)
    assert 10e6 < of(values, "process_resident_memory_bytes") < 10e9
    assert of(values, "process_cpu_seconds_total") > 0
    assert of(values, "process_open_fds") > 2


def test_the_worker_tells_its_memory_while_it_lives(watched: FlaskClient, box: Appliance, clock: Clock) -> None:
    name = "waitlist_worker_process_resident_memory_bytes"
    heartbeats.beat(box.db, "worker", clock.now, json.dumps({"pid": os.getpid(), "pass_ms": 3}))
    assert scraped(watched, clock)[name, ()] > 10e6
    clock.forward(minutes=5)
    assert (name, ()) not in scraped(watched, clock)


# --- how it says it


def test_every_name_says_its_unit_and_whose_it_is(watched: FlaskClient, clock: Clock, evening: Story) -> None:
    names = {name for name, _ in scraped(watched, clock, evening)} - WITHOUT_UNIT
    ours = {name for name in names if not re.match(r"(waitlist_worker_)?process_", name)}
    assert {name for name in ours if not (name.startswith("waitlist_") and name.endswith(UNITS))} == set()


def test_nobody_can_be_found_in_it(watched: FlaskClient, box: Appliance, clock: Clock, evening: Story) -> None:
    clock.now = evening.now
    said = watched.get("/metrics", headers=SHOWN).text
    names = ["Ana", "Bruno", "Chloé", "Pérez", "Casa Lola", "Table 1", *PHONES.values(), box.db.path]
    assert [name for name in names if name in said] == []


def test_more_guests_make_no_more_labels(watched: FlaskClient, clock: Clock, evening: Story) -> None:
    before = set(scraped(watched, clock, evening))
    evening.now = at("10:00", "2026-01-16")
    for number in range(20):
        evening.caller(f"Guest {number}", "21:00", force=True)
    evening.passes()
    after = set(scraped(watched, clock, evening))
    assert after == before
    assert len(after) < 200


def test_reading_changes_nothing(watched: FlaskClient, box: Appliance, clock: Clock, evening: Story) -> None:
    before = box.db.peewee.connection().total_changes
    scraped(watched, clock, evening)
    assert box.db.peewee.connection().total_changes == before


def test_every_name_is_explained_in_the_documents(watched: FlaskClient, clock: Clock, evening: Story) -> None:
    backup_runs.done(evening.box.db, backup_runs.begin(evening.box.db, evening.now), evening.now, "a", 1, 1)
    heartbeats.beat(evening.box.db, "worker", evening.now)
    explained = set(re.findall(r"`(waitlist_\w+)`", (TOP / "docs" / "observing.md").read_text("utf-8")))
    clock.now = evening.now
    said = {name for (name, _), _ in _read(watched.get("/metrics", headers=SHOWN).text)}
    ours = {re.sub(r"_(sum|count)$", "", name) for name in said if not re.match(r"(waitlist_worker_)?process_", name)}
    conditions = {
        "waitlist_token_refreshes_total",
        "waitlist_message_delivery_ratio",
        "waitlist_calendar_read_success_ratio",
    }
    assert explained - conditions == ours - conditions
