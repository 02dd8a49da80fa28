"""What ends and comes back by itself: the machine, its power, each process, a process that hangs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from tests.boot.box import WEB, WORKER, Box


def test_after_a_reboot_all_is_there_and_at_work(box: Box) -> None:
    box.trigger("600000001")
    names = box.entries()
    box.machine.reboot()
    box.waits_until_well()
    assert box.entries() == names
    assert box.machine.run("systemctl --failed --plain --no-legend").out == ""


def test_after_a_power_cut_under_load_all_that_was_answered_is_there(box: Box) -> None:
    with ThreadPoolExecutor(4) as callers:
        calls = [callers.submit(box.trigger, f"6000010{number:02}") for number in range(40)]
        wait(calls[:10])
        box.machine.cut_power()
    answered = {call.result().json["entry"]["id"] for call in calls if call.result().status == 201}
    assert 10 <= len(answered) < 40
    box.machine.boot()
    box.waits_until_well()
    assert answered <= set(box.rows("SELECT public_id FROM entry"))


@pytest.mark.parametrize(("first", "second"), [(WEB, WORKER), (WORKER, WEB)])
def test_either_may_start_first(box: Box, first: str, second: str) -> None:
    box.machine.run(f"systemctl stop {WEB} {WORKER}")
    # One that cannot begin yet ends, and systemd tries again: being well in the end is what counts.
    for unit in (first, second):
        box.machine.run(f"systemctl start {unit} || systemctl start {unit}")
    box.waits_until_well()


@pytest.mark.parametrize("unit", [WEB, WORKER])
def test_a_killed_process_comes_back(box: Box, unit: str) -> None:
    names, before = box.entries(), box.pid(unit)
    box.machine.run(f"kill -KILL {before}")
    box.machine.until(lambda: box.pid(unit) not in (0, before), f"{unit} was started again")
    box.waits_until_well()
    assert box.entries() == names


@pytest.mark.parametrize("unit", [WEB, WORKER])
def test_a_process_that_hangs_is_ended_by_the_watchdog(box: Box, unit: str) -> None:
    box.machine.write(f"/etc/systemd/system/{unit}.d/soon.conf", "[Service]\nWatchdogSec=3\nTimeoutAbortSec=1\n")
    box.machine.run(f"systemctl daemon-reload && systemctl restart {unit}")
    before = box.pid(unit)
    box.machine.run(f"kill -STOP {before}")
    box.machine.until(lambda: box.pid(unit) not in (0, before), f"{unit} was started again", seconds=30)
    box.waits_until_well()
    assert "Watchdog timeout" in box.machine.journal("-u", unit, "-g", "Watchdog")
