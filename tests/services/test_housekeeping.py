"""What is kept for a while only goes when its time is over, in small batches, once an hour; the record stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.conftest import at
from tests.story import Story
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.services import housekeeping, staff_login
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.housekeeping import BATCH, EVERY, tidy
from waitlist_appliance.services.sweep import sweep
from waitlist_appliance.storage import staff

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
Write = Callable[[Appliance, str, datetime], None]


def write_answer(box: Appliance, name: str, then: datetime) -> None:
    box.db.insert("idempotency", caller="key:1", key=name, request_hash=b"", status=200, body="{}", created_at=then)


def write_link(box: Appliance, name: str, then: datetime) -> None:
    staff_id = box.db.value("SELECT id FROM staff_user") or staff.insert_user(
        box.db, "o@example.org", "O", "owner", then
    )
    box.db.insert("staff_link", hash=name.encode(), user_id=staff_id, purpose="reset", expires_at=then)


def write_session(box: Appliance, name: str, then: datetime) -> None:
    staff_id = box.db.value("SELECT id FROM staff_user") or staff.insert_user(
        box.db, "o@example.org", "O", "owner", then
    )
    box.db.insert(
        "staff_session", hash=name.encode(), user_id=staff_id, created_at=then, seen_at=then, public_id=name,
        expires_at=then + 30 * DAY,
    )  # fmt: skip


def write_throttle(box: Appliance, name: str, then: datetime) -> None:
    staff.set_throttle(box.db, name, 3, then, then)


def write_challenge(box: Appliance, name: str, then: datetime) -> None:
    box.db.insert(
        "login_challenge", hash=name.encode(), purpose="passkey_login", ip="", created_at=then, expires_at=then
    )


def write_consent(box: Appliance, name: str, then: datetime) -> None:
    box.db.insert(
        "consent_attempt", state_hash=name, provider="google", verifier=b"", redirect_uri="", session_hash="",
        expires_at=then, created_at=then,
    )  # fmt: skip


def write_removal(box: Appliance, name: str, then: datetime) -> None:
    box.db.insert(
        "calendar_write", kind="remove", connection_id=1, event_id=name, due_at=then, state="done", dedupe_key=name,
        created_at=then,
    )  # fmt: skip


def write_stranger(box: Appliance, name: str, then: datetime) -> None:
    box.db.insert("reply", sender="+34699999999", channel="sms", body=name, understood="unclear", received_at=then)


KEPT = {
    "idempotency": (write_answer, DAY),
    "staff_link": (write_link, DAY),
    "staff_session": (write_session, timedelta(hours=12)),
    "login_throttle": (write_throttle, DAY),
    "login_challenge": (write_challenge, timedelta()),
    "consent_attempt": (write_consent, timedelta()),
    "calendar_write": (write_removal, 14 * DAY),
    "reply": (write_stranger, 24 * 30.44 * DAY),
}


@pytest.mark.parametrize(("table", "write", "kept"), [(t, w, k) for t, (w, k) in KEPT.items()], ids=KEPT)
def test_what_has_had_its_time_goes_and_what_has_not_stays(
    box: Appliance, now: datetime, table: str, write: Write, kept: timedelta
) -> None:
    write(box, "old", now - kept - MINUTE)
    write(box, "young", now - kept + MINUTE)
    assert tidy(box, now) == 1
    assert box.db.value(f"SELECT count(*) FROM {table}") == 1
    assert tidy(box, now + EVERY) == 1


def test_every_table_that_may_be_forgotten_has_its_step(box: Appliance) -> None:
    # People are forgotten in a way of their own: tests/services/test_personal_data.py.
    assert len(housekeeping.STEPS) - 1 == len(KEPT)


def test_within_the_hour_nothing_is_looked_through_again(box: Appliance, now: datetime) -> None:
    tidy(box, now)
    write_answer(box, "old", now - 2 * DAY)
    assert tidy(box, now + EVERY - MINUTE) == 0
    assert tidy(box, now + EVERY) == 1


def test_after_the_clock_was_set_back_it_goes_on(box: Appliance, now: datetime) -> None:
    tidy(box, now + 30 * DAY)
    write_answer(box, "old", now - 2 * DAY)
    assert tidy(box, now) == 1


def test_much_goes_in_batches_pass_by_pass(box: Appliance, now: datetime) -> None:
    for number in range(BATCH + 1):
        write_answer(box, str(number), now - 2 * DAY)
    assert [tidy(box, now), tidy(box, now + MINUTE), tidy(box, now + 2 * MINUTE)] == [BATCH, 1, 0]


def test_a_step_that_raises_stops_no_other(
    box: Appliance, now: datetime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(app: Appliance, now: datetime) -> int:
        raise ValueError("out of order")

    monkeypatch.setattr(housekeeping, "STEPS", (("broken things", breaks), *housekeeping.STEPS))
    write_answer(box, "old", now - 2 * DAY)
    assert tidy(box, now) == 1
    assert "old broken things could not be forgotten" in caplog.text


def test_the_sweep_sees_to_it(box: Appliance, now: datetime) -> None:
    write_answer(box, "old", now - 2 * DAY)
    assert sweep(box, now)["forgotten"] == 1


def test_a_booking_ahead_keeps_what_was_written_of_it_until_two_weeks_after_it(story: Story) -> None:
    story.books("Ana")
    story.passes()
    far = at("19:30") + timedelta(days=100)
    with story.box.db.write():
        # Ana's table is for a day that is far ahead.
        story.box.db.execute("UPDATE booking SET starts_at = ?, ends_at = ?", far, far + 90 * MINUTE)
    for then, left in ((far, 1), (far + 14 * DAY + 90 * MINUTE, 1), (far + 14 * DAY + 90 * MINUTE + EVERY, 0)):
        tidy(story.box, then)
        assert story.box.db.value("SELECT count(*) FROM calendar_write") == left


def test_what_a_hold_wrote_stays_until_two_weeks_after_its_time(asked: Story) -> None:
    asked.passes()
    held = asked.box.db.value("SELECT count(*) FROM calendar_write WHERE hold_id IS NOT NULL AND state = 'done'")
    assert held
    ends_at = at("21:00")
    tidy(asked.box, ends_at + 14 * DAY)
    assert asked.box.db.value("SELECT count(*) FROM calendar_write WHERE hold_id IS NOT NULL") == held
    tidy(asked.box, ends_at + 14 * DAY + EVERY)
    assert asked.box.db.value("SELECT count(*) FROM calendar_write WHERE hold_id IS NOT NULL AND state = 'done'") == 0


def test_what_is_still_to_be_written_stays_however_old(story: Story) -> None:
    story.calendar_fails("write")
    story.books("Ana")
    story.passes()
    tidy(story.box, at("19:30") + 100 * DAY)
    assert story.box.db.value("SELECT count(*) FROM calendar_write WHERE state = 'pending'") == 1


def test_the_link_of_yesterday_says_no_more_and_no_less_than_before(box: Appliance, now: datetime) -> None:
    _, link = staff_login.add_user(box, "olivia@casalola.example", "Olivia", "owner", now)
    later = now + staff_login.LINK_LIFE + 2 * DAY
    before = refusal(box, link, later)
    assert tidy(box, later) == 1
    assert refusal(box, link, later) == before


def refusal(box: Appliance, link: str, now: datetime) -> str:
    with pytest.raises(staff_login.NotFound) as refused:
        staff_login.link_user(box, link, now)
    return refused.value.code


def test_old_calendar_writes_are_found_by_their_age(box: Appliance, now: datetime) -> None:
    plan = box.db.tuples(
        """EXPLAIN QUERY PLAN SELECT id FROM calendar_write
            WHERE state IN ('done', 'dropped', 'failed') AND created_at < ?""",
        to_ms(now),
    )
    assert "calendar_write_by_age" in plan[0][3]
