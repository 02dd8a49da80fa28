"""SIGKILL at any instant: after the restart nothing is lost, and nothing is done twice."""

from __future__ import annotations

import multiprocessing
import os
import random
from datetime import timedelta
from pathlib import Path

import pytest

from tests.chaos import acts
from tests.chaos.invariants import check
from tests.chaos.storm import WHOLE_BOX, Verdict, storm
from tests.conftest import NOW, at, build_box
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.edit_events import add_event
from waitlist_appliance.storage.messages import by_id

pytestmark = [pytest.mark.processes, pytest.mark.slow]

KILLS = 27
POWER_CUTS = 12


def test_a_hundred_journeys_survive_their_web_and_worker_being_killed(tmp_path: Path) -> None:
    assert_nothing_lost(storm(tmp_path, a_seed(), KILLS))


def test_a_hundred_journeys_survive_the_whole_box_being_killed_in_one_instant(tmp_path: Path) -> None:
    assert_nothing_lost(storm(tmp_path, a_seed(), POWER_CUTS, targets=WHOLE_BOX))


def a_seed() -> int:
    return int(os.environ.get("STORM_SEED", random.SystemRandom().randrange(10**6)))


def assert_nothing_lost(verdict: Verdict) -> None:
    print(f"\n{verdict} (again with STORM_SEED={verdict.seed})")
    assert verdict.problems == [], str(verdict)
    assert verdict.numbers["entries"] == 100
    assert verdict.numbers["bookings"] >= 5
    assert verdict.numbers["offers"] > verdict.numbers["bookings"]


def test_a_worker_that_dies_after_the_provider_took_a_message_leaves_one_on_the_phone(box: Appliance) -> None:
    for table in ("Table 1", "Table 2"):
        add_event(box, "Reserva", at("17:00"), at("23:00"), table, NOW, acts.OLIVIA)
    acts.wait_in_line(box, 1, NOW)
    box.db.insert("simulated_failure", address=acts.phone(1), channel="sms", outcome="crash_after", times=1)
    assert exit_code_of_a_worker(Path(box.db.path).parent) == 137
    assert by_id(box.db, 1).state == "sending"
    acts.drain(box, NOW + timedelta(minutes=2))
    assert (by_id(box.db, 1).state, box.db.value("SELECT attempts FROM message")) == ("sent", 2)
    assert box.db.value("SELECT count(*) FROM simulated_message") == 1
    assert check(box.db) == []


def exit_code_of_a_worker(folder: Path) -> int | None:
    worker = multiprocessing.get_context("spawn").Process(target=hand_over_here, args=(folder,))
    worker.start()
    worker.join(60)
    return worker.exitcode


def hand_over_here(folder: Path) -> None:
    acts.hand_over(build_box(folder), NOW)
