"""Cases 52 and 53: a worker that was down for hours, and a row that raises."""

from __future__ import annotations

from tests.conftest import NOW, at
from tests.story import Story
from waitlist_appliance.services.check_slots import close_past
from waitlist_appliance.services.lifecycle import nudge_invited
from waitlist_appliance.services.sweep import provider_pass, sweep
from waitlist_appliance.services.write_calendar import write_due


def test_overdue_offers_expire_once_and_the_queue_moves_on(asked: Story) -> None:  # case 52
    asked.passes(minutes=180)
    assert asked.asked() == [("Ana", "expired"), ("Bruno", "live")]
    assert asked.entry("Ana").silences == 1


def test_who_is_asked_after_the_sleep_has_the_whole_time_to_answer(asked: Story) -> None:  # case 52
    asked.passes(minutes=180)
    offer = asked.offer("Bruno")
    assert offer.deadline_at is not None
    assert (offer.deadline_at - asked.now).total_seconds() == 900


def test_an_offer_that_slept_past_the_cut_off_is_never_sent(story: Story) -> None:  # case 52
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.passes()
    story.frees()
    story.until("19:01")
    assert story.asked() == [("Ana", "expired")]
    assert "offer" not in story.told("Ana") + story.told("Bruno")


def test_messages_that_are_handed_over_before_the_sweep_are_not_stale_either(story: Story) -> None:  # case 52
    story.full("19:30")
    story.in_line("Ana")
    story.passes()
    story.frees()
    story.now = at("19:01")
    provider_pass(story.box, story.now)
    assert "offer" not in story.told("Ana")


def test_an_unsent_offer_found_after_hours_goes_to_the_next(story: Story) -> None:  # case 52
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.passes()
    story.frees()
    story.passes(minutes=120)
    assert story.asked() == [("Ana", "failed"), ("Bruno", "live")]
    assert "offer" not in story.told("Ana")


def test_passed_times_close_and_their_timers_stop(story: Story) -> None:  # case 52
    story.full("19:30")
    story.in_line("Ana")
    story.until("23:30")
    assert (story.slot().status, story.slot().next_check_at) == ("expired", None)
    assert (story.status("Ana"), story.wishes("Ana")) == ("expired", {"19:30": "passed"})


def test_an_invitation_whose_time_has_passed_is_not_nudged(story: Story) -> None:  # case 52
    story.full("19:30")
    story.caller("Ana")
    story.passes()
    story.until("19:10")
    assert story.told("Ana") == ["join_link"]
    assert story.status("Ana") == "expired"


def test_a_nudge_written_before_the_sleep_is_not_sent_after_the_cut_off(story: Story) -> None:  # case 52
    story.full("19:30")
    story.caller("Ana")
    story.passes()
    story.now = at("18:59")
    nudge_invited(story.box, story.now)
    story.now = at("19:01")
    provider_pass(story.box, story.now)
    assert story.told("Ana") == ["join_link"]


def test_a_link_that_slept_past_its_time_is_not_sent(story: Story) -> None:  # case 52
    story.full("19:30")
    story.caller("Ana")
    provider_pass(story.box, at("19:01"))
    assert story.told("Ana") == []


def test_a_confirmation_that_slept_past_the_start_is_not_sent(story: Story) -> None:  # case 52
    story.books("Ana")
    write_due(story.box, story.now)
    story.until("23:30")
    assert (story.told("Ana"), story.bookings()[0].status) == ([], "completed")


def test_a_joined_message_hours_late_is_still_true_and_goes_out(story: Story) -> None:  # case 52
    story.full("19:30")
    story.in_line("Ana")
    story.passes(minutes=180)
    assert story.told("Ana") == ["joined"]


def test_a_freed_time_is_offered_once_after_a_long_sleep_and_nobody_gets_a_burst(asked: Story) -> None:  # case 52
    before = len(asked.told("Ana")) + len(asked.told("Bruno")) + len(asked.told("Chloé"))
    asked.passes(minutes=240)
    after = len(asked.told("Ana")) + len(asked.told("Bruno")) + len(asked.told("Chloé"))
    assert after - before == 1


def test_a_night_of_sleep_ends_in_one_offer_in_the_morning(story: Story) -> None:  # cases 23 and 52
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.until("22:30", "2026-01-15")
    story.frees()
    story.until("09:00")
    assert story.asked() == [("Ana", "failed"), ("Bruno", "live")]  # unsent for ten minutes after the quiet hours
    assert story.told("Bruno")[-1] == "offer"


def test_a_second_sweep_of_the_same_moment_does_nothing(asked: Story) -> None:  # case 52
    asked.passes(minutes=180)
    before = asked.box.db.value("SELECT MAX(id) FROM activity")
    assert not any(sweep(asked.box, asked.now).values())
    assert not any(provider_pass(asked.box, asked.now).values())
    assert asked.box.db.value("SELECT MAX(id) FROM activity") == before


# --- case 53


def broken(story: Story, sql: str) -> None:
    """Break a row in a way that no code of ours could."""
    story.box.db.execute("PRAGMA foreign_keys = OFF")
    story.box.db.execute(sql)


def failures(story: Story) -> int:
    return int(story.box.db.value("SELECT COUNT(*) FROM activity WHERE verb = 'failed_step'"))


def test_one_offer_that_raises_does_not_keep_the_others_from_expiring(story: Story) -> None:
    story.full("19:30", "21:30")
    story.waits("Ana", "19:30")
    story.waits("Bruno", "21:30")
    story.frees("19:30")
    story.frees("21:30")
    story.passes()
    broken(story, "UPDATE offer SET entry_id = 999 WHERE id = 1")
    sweep(story.box, story.now + (at("12:00") - at("11:30")))
    assert story.asked() == [("Ana", "live"), ("Bruno", "expired")]
    assert failures(story) == 1


def test_one_slot_that_raises_does_not_keep_the_others_from_closing(story: Story) -> None:
    story.full("19:30", "21:30")
    story.waits("Ana", "19:30")
    story.waits("Bruno", "21:30")
    broken(story, "UPDATE wish SET entry_id = 999 WHERE id = 1")
    close_past(story.box, at("23:00"))
    assert (story.slot("19:30").status, story.slot("21:30").status) == ("monitoring", "expired")
    assert failures(story) == 1


def test_one_invitation_that_raises_does_not_keep_the_others_from_the_nudge(story: Story) -> None:
    story.full("19:30")
    story.caller("Ana")
    story.caller("Bruno")
    story.passes()
    broken(story, "UPDATE entry SET requested_slot_id = 999 WHERE id = 1")
    nudge_invited(story.box, at("12:00", "2026-01-15"))
    assert [m.kind for m in story.messages("Bruno")] == ["join_link", "join_nudge"]
    assert failures(story) == 1


def test_a_row_that_raises_is_shown_once_an_hour_and_not_at_every_try(story: Story) -> None:
    story.full("19:30")
    story.caller("Ana")
    story.passes()
    broken(story, "UPDATE entry SET requested_slot_id = 999 WHERE id = 1")
    for minute in range(30, 60):
        nudge_invited(story.box, NOW + minute * (at("12:01") - at("12:00")))
    assert failures(story) == 1
