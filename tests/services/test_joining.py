"""Cases 1, 2, 4 to 7 and 10: a caller's time is taken, and what becomes of the request to wait."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conftest import at
from tests.story import Story
from waitlist_appliance.domain.errors import Conflict, Invalid, Refused
from waitlist_appliance.services.appliance import VOICE_AGENT
from waitlist_appliance.services.join_waitlist import JoinRequest, join
from waitlist_appliance.services.leave_waitlist import leave

FIRST_TEXT = (
    "Votre créneau souhaité n'est pas disponible. Vous pouvez rejoindre la liste d'attente en quelques secondes ici : "
)


def stored(story: Story) -> list[int]:
    """How many rows there are of what joining writes."""
    tables = ("customer", "entry", "wish", "slot", "message", "token", "activity")
    return [story.box.db.value(f"SELECT COUNT(*) FROM {table}") for table in tables]


def test_a_caller_whose_time_is_taken_is_invited_with_one_sms(story: Story) -> None:  # case 1
    story.full("19:30")
    joined = story.caller("Ana")
    story.passes()
    assert (joined.created, joined.position, story.status("Ana")) == (True, None, "invited")
    [text] = story.said("Ana")
    assert joined.url in text


def test_nothing_is_sent_before_the_trigger_has_answered(story: Story) -> None:  # case 1
    story.full("19:30")
    story.caller("Ana")
    assert story.said("Ana") == []
    assert [(m.kind, m.state) for m in story.messages("Ana")] == [("join_link", "pending")]


def test_a_french_caller_reads_the_agreed_words(story: Story) -> None:  # case 1
    story.full("19:30")
    story.caller("Chloé")
    story.passes()
    assert story.said("Chloé")[0].replace("\u2019", "'").startswith(FIRST_TEXT)


@pytest.mark.parametrize("spelling", ["600 000 001", "+34 600-00-00-01", "0034600000001", "tel:+34600000001"])
def test_the_same_phone_in_any_spelling_gets_the_same_entry(story: Story, spelling: str) -> None:  # case 2
    story.full("19:30")
    first = story.caller("Ana")
    again = story.caller("Ana", phone=spelling)
    story.passes()
    assert (again.entry.id, again.created, again.token) == (first.entry.id, False, first.token)
    assert story.told("Ana") == ["join_link"]


def test_asking_for_one_of_ones_other_wishes_returns_the_first_entry(story: Story) -> None:  # case 2
    story.full("19:30", "21:30")
    story.waits("Ana", "19:30", "21:30")
    again = story.caller("Ana", "21:30")
    story.passes()
    assert (again.created, again.position, len(story.entries("Ana"))) == (False, 1, 1)
    assert story.told("Ana") == ["joined"]


def test_another_time_is_another_entry_of_the_same_customer(story: Story) -> None:  # case 4
    story.full("19:30", "21:30")
    assert story.caller("Ana", "19:30").entry.id != story.caller("Ana", "21:30").entry.id
    assert len({entry.customer_id for entry in story.entries("Ana")}) == 1


def test_the_wish_limit_ends_further_entries(story: Story) -> None:  # case 4
    story.full("19:30", "21:30", "16:00")
    story.policy(single_wish_limit=2)
    story.caller("Ana", "19:30")
    story.caller("Ana", "21:30")
    with pytest.raises(Conflict, match="too_many_wishes"):
        story.caller("Ana", "16:00")
    assert len(story.entries("Ana")) == 2


def test_a_free_time_is_refused_with_the_time_to_book(story: Story) -> None:  # case 5
    before = stored(story)
    with pytest.raises(Conflict, match="slot_available") as refused:
        story.caller("Ana")
    assert refused.value.extra["startTime"] == "2026-01-16T19:30:00+01:00"
    assert stored(story) == before


def test_force_queues_for_a_free_time_all_the_same(story: Story) -> None:  # case 5
    story.caller("Ana", force=True)
    assert story.status("Ana") == "invited"


def test_a_caller_who_registers_by_force_for_a_free_time_is_asked_at_once(story: Story) -> None:  # case 5
    story.caller("Ana", force=True, registered=True, party_size=2)
    story.passes()
    assert story.asked() == [("Ana", "live")]
    assert story.told("Ana") == ["joined", "offer"]


def test_a_calendar_that_cannot_be_read_queues_the_caller(story: Story) -> None:  # case 5
    story.box.db.execute("INSERT INTO local_calendar (id, failure) VALUES (1, 'read')")
    story.passes()
    story.box.db.execute("UPDATE connection SET failing_since_at = ?", story.now)
    assert story.caller("Ana").created


def test_a_time_free_only_at_a_table_far_too_large_is_queued(story: Story) -> None:  # case 5
    story.full("19:30")
    story.add_resource("Salón", 12)
    assert story.caller("Ana", party_size=2).created


@pytest.mark.parametrize(
    ("asked", "code", "field"),
    [
        ({"starts_at": at("19:30", "2026-01-14")}, "slot_in_past", "requested_slot"),
        ({"starts_at": at("03:00")}, "outside_hours", "requested_slot"),
        ({"starts_at": at("11:15", "2026-01-15")}, "inside_cut_off", "requested_slot"),
        ({"service": "Massage"}, "unknown_service", "service"),
        ({"resource": "Marta"}, "unknown_resource", "resource"),
        ({"zone": "Azotea"}, "unknown_zone", "zone"),
        ({"phone": "+34 600"}, "bad_phone", "phone"),
        ({"party_size": 0}, "bad_party_size", "party_size"),
        ({"party_size": 500}, "bad_party_size", "party_size"),
        ({"phone": "910 000 111"}, "landline_without_email", "phone"),
    ],
)
def test_what_cannot_be_is_refused_by_field_and_nothing_is_stored(
    story: Story, asked: dict[str, object], code: str, field: str
) -> None:  # cases 6 and 7
    story.full("19:30")
    before = stored(story)
    values: dict[str, object] = {"starts_at": at("19:30"), "phone": "+34600000001"} | asked
    with pytest.raises(Invalid) as refused:
        join(story.box, JoinRequest(**values), story.now, VOICE_AGENT)  # type: ignore[arg-type]
    assert (refused.value.code, refused.value.field) == (code, field)
    assert stored(story) == before


def test_a_closed_day_is_refused(story: Story) -> None:  # case 6
    story.box.db.execute(
        "INSERT INTO date_override (rule_id, day, available, reason) VALUES (1, '2026-01-16', 0, 'Fiesta')"
    )
    with pytest.raises(Refused) as refused:
        story.caller("Ana")
    assert refused.value.field == "requested_slot"
    assert story.entries("Ana") == []


def test_a_landline_with_an_email_is_written_to_by_email(story: Story) -> None:  # case 7
    story.full("19:30")
    story.phones["Ana"] = "+34910000111"
    story.caller("Ana", email="ana@example.org")
    story.passes()
    assert [(m.kind, m.channel, m.state) for m in story.messages("Ana")] == [("join_link", "email", "sent")]


def test_times_that_the_caller_names_are_the_ones_proposed(story: Story) -> None:
    story.full("19:30")
    story.caller("Ana", alternatives=(at("21:00"), at("20:00"), at("19:30"), at("03:00")))
    page = story.signs_up("Ana", "19:30")
    assert [time.starts_at for time in page.times] == [at("19:30"), at("20:00"), at("21:00")]


def test_who_left_and_joins_again_is_last_in_line(story: Story) -> None:  # case 10
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    leave(story.box, story.joined["Ana", "19:30"].token, story.now)
    story.in_line("Ana")
    story.frees()
    story.passes()
    assert story.asked() == [("Bruno", "live")]
    assert len(story.entries("Ana")) == 2


def test_who_expired_in_silence_joins_again_at_the_end(story: Story) -> None:  # case 10
    story.policy(silences_limit=1)
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.frees()
    story.passes()
    story.passes(minutes=16)
    assert story.status("Ana") == "expired"
    story.in_line("Ana")
    assert story.joined["Ana", "19:30"].created
    assert story.status("Ana") == "waiting"


def test_a_number_that_once_failed_is_tried_again_when_its_owner_calls(story: Story) -> None:  # case 10
    story.full("19:30", "21:30")
    story.caller("Ana", "19:30")
    story.passes()
    story.box.db.execute("UPDATE customer SET undeliverable_at = ?", story.now)
    story.caller("Ana", "21:30")
    story.passes()
    assert story.told("Ana") == ["join_link", "join_link"]


def test_a_number_that_opted_out_cannot_be_invited_without_an_email(story: Story) -> None:
    story.full("19:30", "21:30")
    story.caller("Ana", "19:30")
    story.replies("Ana", "STOP")
    with pytest.raises(Invalid, match="opted_out"):
        story.caller("Ana", "21:30")


def test_joining_touches_nobody_else(story: Story) -> None:
    story.noise()
    before = story.noise_rows()
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.frees()
    story.passes(minutes=1)
    assert story.noise_rows() == before


def test_an_unregistered_caller_waits_at_once_where_no_sign_up_is_required(story: Story) -> None:
    story.policy(registration_required=False)
    story.full("19:30")
    assert story.caller("Ana", party_size=2).position == 1
    assert story.caller("Bruno", party_size=2).position == 2
    story.passes(seconds=timedelta(seconds=1).seconds)
    assert story.told("Bruno") == ["joined"]
