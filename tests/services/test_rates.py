"""The three rates that staff are told of: each begins at its limit, not above it, ends at a better one, and does not flap."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.conftest import at
from tests.outside_story import Outside
from tests.story import Story
from waitlist_appliance.domain.notices import kind_of
from waitlist_appliance.ports import CalendarError
from waitlist_appliance.services import rates
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.expire_offers import expire_due
from waitlist_appliance.services.move_booking import Move, move
from waitlist_appliance.services.sync_calendar import sync
from waitlist_appliance.storage import alarms, connecting, tallies
from waitlist_appliance.texts.notices import WORDS
from waitlist_appliance.web.staff.words import ALARMS

MINUTE = timedelta(minutes=1)
CONDITIONS = (rates.SYNC_FAILING, rates.DELIVERY_FAILING, rates.EXPIRY_LATE)


def holds(box: Appliance, now: datetime, condition: str) -> bool:
    """Whether the alarm holds after a look."""
    rates.watch(box, now)
    return alarms.holds(box.db, condition)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_each_alarm_is_told_with_what_to_do(condition: str) -> None:
    kind = kind_of(condition)
    assert kind is not None
    assert kind.fault
    assert WORDS[kind.name].advice
    assert ALARMS[condition]


# --- calendars


def read(lola: Outside, *well: bool) -> None:
    """Reads of the calendar, three minutes apart."""
    for good in well:
        lola.story.now += 3 * MINUTE
        lola.calendar.fails() if good else lola.calendar.fails("changes")
        sync(lola.box, lola.id, lola.now, "hand")


def sync_holds(lola: Outside) -> bool:
    return holds(lola.box, lola.now, rates.SYNC_FAILING)


def test_reads_at_the_limit_are_no_alarm_and_one_more_failure_is(lola: Outside) -> None:
    read(lola, *[True] * 19, False)
    assert rates.sync_rate(lola.box, lola.now).share == pytest.approx(0.95)
    assert not sync_holds(lola)
    read(lola, False)
    assert sync_holds(lola)


def test_too_few_reads_are_not_judged(lola: Outside) -> None:
    read(lola, *[False] * 18)  # the first read of the story went well
    assert not sync_holds(lola)
    read(lola, False)
    assert sync_holds(lola)


def test_a_calendar_that_is_read_seldom_is_judged_by_its_newest_twenty_reads(lola: Outside) -> None:
    """One calendar is read some eleven times an hour: an hour alone would never be enough."""
    for well in [True] * 30 + [False] * 2:
        lola.story.now += 4 * MINUTE
        read(lola, well)
    assert rates.sync_rate(lola.box, lola.now) == rates.Rate(18, 20)
    assert sync_holds(lola)


def test_reads_of_this_morning_do_not_count_in_the_evening(lola: Outside) -> None:
    read(lola, *[False] * 25)
    assert sync_holds(lola)
    lola.story.now += timedelta(hours=7)
    assert rates.sync_rate(lola.box, lola.now) == rates.Rate(0, 0)
    assert not sync_holds(lola)


def test_the_alarm_about_reads_ends_at_a_better_rate_than_it_began(lola: Outside) -> None:
    read(lola, *[True] * 18, False, False)
    assert sync_holds(lola)
    seen = []
    for _ in range(20):
        read(lola, True)
        seen.append((round(rates.sync_rate(lola.box, lola.now).share or 0, 2), sync_holds(lola)))
    assert (0.95, True) in seen  # it would not have begun there
    assert seen[-1] == (1.0, False)
    assert [held for _, held in seen] == sorted((held for _, held in seen), reverse=True)


def test_a_rate_that_hovers_is_one_alarm(lola: Outside) -> None:
    began, held = 0, False
    read(lola, *[True] * 20)
    for good in range(60):
        read(lola, bool(good % 15))
        now_held = sync_holds(lola)
        began += now_held and not held
        held = now_held
    assert began == 1


def test_a_calendar_that_was_switched_off_raises_nothing_any_more(lola: Outside) -> None:
    read(lola, *[False] * 25)
    assert sync_holds(lola)
    with lola.box.db.write():
        connecting.change(lola.box.db, lola.id, enabled=False)
    assert not sync_holds(lola)


def test_the_built_in_calendar_makes_no_rate_better(story: Story) -> None:
    for _ in range(30):
        sync(story.box, 1, story.now)
    assert rates.sync_rate(story.box, story.now) == rates.Rate(0, 0)


def test_the_alarm_says_the_rate_and_never_rounds_it_up(lola: Outside) -> None:
    assert rates.Rate(946, 1000).in_words() == "94 %"
    assert rates.Rate(949, 1000).in_words() == "94 %"


# --- messages


def ended(box: Appliance, now: datetime, delivered: int = 0, lost: int = 0) -> None:
    with box.db.write():
        tallies.count(box.db, "message_delivered", now, "sms", by=delivered)
        tallies.count(box.db, "message_lost", now, "sms", by=lost)


def test_deliveries_at_the_limit_are_no_alarm_and_below_it_are(box: Appliance, now: datetime) -> None:
    ended(box, now, delivered=98, lost=2)
    assert not holds(box, now, rates.DELIVERY_FAILING)
    ended(box, now, lost=1)
    assert holds(box, now, rates.DELIVERY_FAILING)


def test_forty_nine_messages_are_not_judged(box: Appliance, now: datetime) -> None:
    ended(box, now, delivered=40, lost=9)
    assert not holds(box, now, rates.DELIVERY_FAILING)
    ended(box, now, delivered=1)
    assert holds(box, now, rates.DELIVERY_FAILING)


def test_the_alarm_about_deliveries_is_over_when_they_are_well_again(box: Appliance, now: datetime) -> None:
    ended(box, now, delivered=97, lost=3)
    assert holds(box, now, rates.DELIVERY_FAILING)
    ended(box, now, delivered=70)
    assert holds(box, now, rates.DELIVERY_FAILING)  # 98.2 %: it would not begin here, and is not over
    ended(box, now, delivered=40)
    assert not holds(box, now, rates.DELIVERY_FAILING)


def test_the_alarm_about_deliveries_is_over_a_day_later(box: Appliance, now: datetime) -> None:
    ended(box, now, delivered=90, lost=10)
    assert holds(box, now + timedelta(hours=24), rates.DELIVERY_FAILING)
    assert not holds(box, now + timedelta(hours=26), rates.DELIVERY_FAILING)


def test_a_message_that_arrives_is_counted_once(asked: Story) -> None:
    asked.passes()
    told = sum(tally.count for tally in tallies.rates(asked.box.db, "message_delivered", asked.now).values())
    sent = asked.box.db.value("SELECT COUNT(*) FROM message WHERE state = 'sent'")
    assert told == sent > 0
    assert rates.delivery_rate(asked.box, asked.now) == rates.Rate(sent, sent)


def lost(story: Story) -> int:
    return sum(tally.count for tally in tallies.rates(story.box.db, "message_lost", story.now).values())


def test_a_message_that_reaches_nobody_is_lost(story: Story) -> None:
    story.phone_fails("Ana", "undeliverable")
    story.caller("Ana", force=True)
    story.passes()
    assert lost(story) == 1


def test_what_goes_out_on_another_channel_is_not_lost(story: Story) -> None:
    story.phone_fails("Ana", "elsewhere")
    story.caller("Ana", force=True, email="ana@casalola.example")
    story.passes()
    assert [(m.channel, m.state) for m in story.messages("Ana")] == [("sms", "failed"), ("email", "sent")]
    assert lost(story) == 0


def test_somebody_who_wants_no_messages_has_lost_none(story: Story) -> None:
    story.phone_fails("Ana", "opted_out")
    story.caller("Ana", force=True)
    story.passes()
    assert [message.state for message in story.messages("Ana")] == ["failed"]
    assert lost(story) == 0


# --- offers


def expired(box: Appliance, now: datetime, *late: float) -> None:
    """Offers that ended so many seconds after their deadlines, just now."""
    with box.db.write():
        for number, seconds in enumerate(late):
            _offer(box, now, number, state="expired", deadline_at=now - timedelta(seconds=seconds), answered_at=now)


def _offer(box: Appliance, now: datetime, number: int, **columns: object) -> None:
    """A copy of the newest offer of the story, by other people."""
    db = box.db
    model = db.dicts("SELECT * FROM offer ORDER BY id DESC LIMIT 1")[0]
    phone = f"+3461{db.value('SELECT COUNT(*) FROM customer'):07}"
    customer = db.insert("customer", public_id=phone, phone=phone, created_at=now)
    del model["id"]
    db.insert("offer", **model | {"public_id": f"copy-{phone}-{number}", "customer_id": customer, "late": 0} | columns)


def late_holds(story: Story) -> bool:
    return holds(story.box, story.now, rates.EXPIRY_LATE)


def test_offers_that_end_at_the_limit_are_no_alarm_and_later_ones_are(asked: Story) -> None:
    expired(asked.box, asked.now, *[15.0] * 20)
    assert rates.lateness(asked.box, asked.now).p95 == timedelta(seconds=15)
    assert not late_holds(asked)
    expired(asked.box, asked.now, 16.0, 16.0)
    assert late_holds(asked)


def test_one_late_offer_among_twenty_is_no_alarm(asked: Story) -> None:
    expired(asked.box, asked.now, 500.0, *[1.0] * 19)
    assert rates.lateness(asked.box, asked.now).p95 == timedelta(seconds=1)
    assert not late_holds(asked)


def test_four_late_offers_are_not_judged(asked: Story) -> None:
    """A restart of the box makes a few late."""
    expired(asked.box, asked.now, *[60.0] * 4)
    assert not late_holds(asked)
    expired(asked.box, asked.now, 60.0)
    assert late_holds(asked)


def test_the_alarm_about_late_offers_is_over_an_hour_later(asked: Story) -> None:
    expired(asked.box, asked.now, *[60.0] * 5)
    assert late_holds(asked)
    asked.now += timedelta(minutes=59)
    _answer_all(asked)
    assert late_holds(asked)
    asked.now += 2 * MINUTE
    assert not late_holds(asked)


def _answer_all(story: Story) -> None:
    """What is still open ends as it should, at its time."""
    expire_due(story.box, story.now)
    with story.box.db.write():
        story.box.db.execute(
            "UPDATE offer SET answered_at = deadline_at WHERE state = 'expired' AND answered_at = ?", story.now
        )


def test_an_offer_that_nobody_ends_is_an_alarm_half_a_minute_after_its_deadline(asked: Story) -> None:
    deadline = asked.offer("Ana").deadline_at
    assert deadline is not None
    asked.now = deadline + timedelta(seconds=30)
    assert not late_holds(asked)
    asked.now += timedelta(seconds=1)
    assert late_holds(asked)
    expire_due(asked.box, asked.now)
    assert not late_holds(asked)


def test_a_worker_in_time_raises_none_of_the_three(asked: Story) -> None:
    asked.ticks(minutes=60, step=1)
    assert not set(CONDITIONS) & {alarm.condition for alarm in alarms.present(asked.box.db)}


# --- what the sweep counts


def test_the_journey_of_an_evening_is_counted(asked: Story) -> None:
    asked.yes("Ana")
    asked.passes()
    found = {name: tally for (name, _), tally in tallies.totals(asked.box.db).items()}
    assert (found["registered"].count, found["offer_made"].count, found["offer_accepted"].count) == (3, 1, 1)
    assert found["booking_confirmed"].count == 1
    assert found["freed_to_told"].count == 1


def test_a_no_a_silence_and_how_late_it_ended_are_counted(asked: Story) -> None:
    asked.no("Ana")
    asked.passes()
    deadline = asked.offer("Bruno").deadline_at
    assert deadline is not None
    asked.now = deadline
    asked.passes(seconds=7)
    asked.passes()
    found = {name: tally for (name, _), tally in tallies.totals(asked.box.db).items()}
    assert (found["offer_declined"].count, found["offer_expired"].count) == (1, 1)
    assert (found["offer_expiry"].count, found["offer_expiry"].total_ms) == (1, 7000)


def test_a_booking_that_is_moved_does_not_count_as_confirmed_again(story: Story) -> None:
    booked = story.books("Ana", "13:00")
    story.passes()
    move(story.box, booked.booking.id, Move(at("14:00")), story.now, SYSTEM)
    story.passes()
    assert tallies.totals(story.box.db)["booking_confirmed", ""].count == 1


def test_checks_and_calendar_work_are_counted(asked: Story) -> None:
    asked.ticks(minutes=30)
    totals = tallies.totals(asked.box.db)
    assert totals["slot_check", ""].count > 0
    assert totals["calendar_read", "local:ok"].count > 0
    assert totals["calendar_write", "local:ok"].count > 0


def test_a_calendar_that_lets_us_in_no_longer_counts_as_a_failed_refresh(lola: Outside) -> None:
    lola.calendar.fails("changes", error=CalendarError("revoked", retryable=False, trouble="signed_out"))
    lola.reads()
    found = {name for name, label in tallies.totals(lola.box.db) if label.endswith(":failed")}
    assert found == {"calendar_read", "token_refresh"}


def test_renewed_credentials_count_as_a_refresh(lola: Outside) -> None:
    lola.box.access(lola.connection).keep({"access_token": "new"})
    assert sum(tally.count for (name, _), tally in tallies.totals(lola.box.db).items() if name == "token_refresh") == 1
