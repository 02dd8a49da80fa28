"""``Idempotency-Key``: acts once, answers the same, for 24 hours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from waitlist_appliance.services.appliance import Appliance

Join = Callable[..., Any]
KEY = {"Idempotency-Key": "call-1"}


def test_the_same_request_twice_gets_the_same_status_and_body(join: Join, box: Appliance) -> None:
    first, second = join(headers=KEY), join(headers=KEY)
    assert first.status_code == second.status_code == 201
    assert first.get_data() == second.get_data()
    assert box.db.value("SELECT COUNT(*) FROM entry") == 1


def test_another_body_under_the_same_key_is_refused(join: Join, box: Appliance) -> None:
    join(headers=KEY)
    answer = join(phone="600000002", headers=KEY)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (422, "idempotency_mismatch")
    assert box.db.value("SELECT COUNT(*) FROM entry") == 1


def test_a_refusal_is_repeated_even_when_the_world_has_changed(join: Join, box: Appliance) -> None:
    first = join(force=False, headers=KEY)
    assert first.status_code == 409
    box.db.execute("UPDATE resource SET active = 0")
    assert join(force=False, headers=KEY).get_data() == first.get_data()


def test_the_key_is_forgotten_after_a_day(join: Join, clock: Any) -> None:
    join(headers=KEY)
    clock.forward(hours=24)
    assert join(phone="600000002", headers=KEY).status_code == 201


def test_the_answer_is_not_kept_when_the_act_was_rolled_back(join: Join, box: Appliance) -> None:
    box.db.execute("CREATE TRIGGER no_entry BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'broken'); END")
    assert join(headers=KEY).status_code == 500
    assert box.db.value("SELECT COUNT(*) FROM idempotency") == 0
    box.db.execute("DROP TRIGGER no_entry")
    assert join(headers=KEY).status_code == 201


def test_the_message_goes_out_once_for_a_request_that_came_twice(join: Join, box: Appliance) -> None:
    join(headers=KEY)
    join(headers=KEY)
    assert box.db.value("SELECT COUNT(*) FROM message") == 1
