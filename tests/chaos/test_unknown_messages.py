"""Killed while nobody knows whether a message arrived: it is looked up after the restart, and is on the phone once."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

import pytest

from tests.chaos import acts
from tests.chaos.invariants import check
from tests.conftest import NOW, at, build_box
from waitlist_appliance.domain.records import Message
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.deliver_messages import deliver_due
from waitlist_appliance.services.edit_events import add_event
from waitlist_appliance.services.undelivered import UNKNOWN_LEASE
from waitlist_appliance.storage.messages import by_id


@pytest.fixture
def doubtful(box: Appliance) -> Appliance:
    """One message is due, to Ana's phone."""
    for table in ("Table 1", "Table 2"):
        add_event(box, "Reserva", at("17:00"), at("23:00"), table, NOW, acts.OLIVIA)
    acts.wait_in_line(box, 1, NOW)
    return box


def goes_wrong(box: Appliance, outcome: str, times: int = 1) -> None:
    box.db.insert("simulated_failure", address=acts.phone(1), channel="sms", outcome=outcome, times=times)


def a_worker_works_and_is_killed(box: Appliance, now: datetime) -> None:
    """Another process hands over what is due, and is gone."""
    box.db.close()
    child = os.fork()
    if child == 0:
        deliver_due(build_box(box.config.data_directory), now)
        os._exit(137)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 137


def on_the_phone(box: Appliance) -> int:
    return int(box.db.value("SELECT count(*) FROM simulated_message"))


def message(box: Appliance) -> Message:
    return by_id(box.db, 1)


@pytest.mark.parametrize("outcome", ["unknown_taken", "unknown_lost"])
def test_killed_in_doubt_the_message_is_on_the_phone_once(doubtful: Appliance, outcome: str) -> None:
    goes_wrong(doubtful, outcome)
    a_worker_works_and_is_killed(doubtful, NOW)
    assert (message(doubtful).state, message(doubtful).unknowns) == ("sending", 1)
    acts.drain(doubtful, NOW + UNKNOWN_LEASE)
    assert (message(doubtful).state, on_the_phone(doubtful)) == ("sent", 1)
    assert check(doubtful.db) == []


def test_killed_again_and_again_it_is_still_looked_up(doubtful: Appliance) -> None:
    goes_wrong(doubtful, "crash_after", times=3)
    now = NOW
    a_worker_works_and_is_killed(doubtful, now)
    for _ in range(2):
        now += timedelta(seconds=61)
        a_worker_works_and_is_killed(doubtful, now)
    assert (message(doubtful).state, on_the_phone(doubtful)) == ("sent", 1)
    assert doubtful.db.value("SELECT times FROM simulated_failure") == 2  # found, not sent anew
