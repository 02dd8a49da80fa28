"""A person's data: handed out whole, erased on request, and by itself when it is old. Diego's is never touched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.conftest import at
from tests.story import OLIVIA, PHONES, Story
from waitlist_appliance.domain.errors import Conflict, NotFound
from waitlist_appliance.ports import Inbound
from waitlist_appliance.services import leave_waitlist, personal_data, write_to_customer
from waitlist_appliance.services.appliance import VOICE_AGENT
from waitlist_appliance.services.join_waitlist import JoinRequest, join
from waitlist_appliance.services.receive_reply import receive, receive_inbound
from waitlist_appliance.storage import activity, tokens

ANA = PHONES["Ana"]
# Whatever says who Ana is, and nobody else of the story.
ANAS = (ANA, ANA[3:], "Ana", "ana@example.org", "nut allergy", "cerca de la ventana", "Por favor una trona")


@pytest.fixture
def over(story: Story) -> Story:
    """Ana waited, was offered a table, booked it, wrote, and went home; Diego still waits. Another month has passed."""
    story.noise()
    story.full("19:30")
    story.caller("Ana", notes="nut allergy")
    story.signs_up("Ana", email="ana@example.org")
    story.passes(minutes=1)
    story.frees("19:30")
    story.passes()
    story.yes("Ana")
    story.passes(minutes=1)
    story.replies("Ana", "Por favor una trona")
    with story.box.db.write():
        story.box.db.execute("UPDATE booking SET notes = 'cerca de la ventana' WHERE entry_id IS NOT NULL")
    story.passes(minutes=1)
    story.until("23:30")
    story.passes(minutes=60)
    return story


def of(story: Story, name: str = "Ana") -> str:
    return str(story.box.db.value("SELECT public_id FROM customer WHERE phone = ?", story.phone(name)))


def cells(story: Story) -> Iterator[tuple[str, str]]:
    """Every text in the whole database, with where it stands."""
    db = story.box.db
    for (table,) in db.tuples("SELECT name FROM sqlite_master WHERE type = 'table'"):
        for row in db.dicts(f"SELECT * FROM {table}"):
            yield from ((f"{table}.{column}", str(value)) for column, value in row.items() if isinstance(value, str))


def traces(story: Story) -> list[tuple[str, str]]:
    return [(where, text) for where, text in cells(story) if any(word in text for word in ANAS)]


def test_what_is_handed_out_holds_all_that_was_said_and_done(over: Story) -> None:
    found = personal_data.hand_out(over.box, of(over), over.now)
    text = json.dumps(found, ensure_ascii=False)
    assert all(word in text for word in (ANA, "Ana", "Pérez", "ana@example.org", "nut allergy", "cerca de la ventana"))
    assert [entry["status"] for entry in found["entries"]] == ["confirmed"]
    assert found["bookings"][0]["starts_at"] == "2026-01-16T19:30:00+01:00"
    assert {"offers", "messages", "answers", "wishes", "history"} <= {key for key, rows in found.items() if rows}


def test_what_is_handed_out_says_nothing_of_anybody_else(over: Story) -> None:
    text = json.dumps(personal_data.hand_out(over.box, of(over), over.now), ensure_ascii=False)
    assert PHONES["Diego"] not in text
    assert "Diego" not in text


def test_handing_out_changes_nothing(over: Story) -> None:
    before = list(cells(over))
    personal_data.hand_out(over.box, of(over), over.now)
    assert list(cells(over)) == before


def test_of_an_erased_person_no_trace_is_left_in_the_whole_database(over: Story) -> None:
    assert traces(over)
    personal_data.erase(over.box, of(over), over.now, OLIVIA)
    assert traces(over) == []


def test_what_somebody_wrote_before_they_were_known_goes_with_them(story: Story) -> None:
    receive(story.box, ANA, "sms", "Hola, soy Ana", story.now)
    receive(story.box, PHONES["Diego"], "sms", "Hola, soy Diego", story.now)
    story.full("19:30")
    story.waits("Ana")
    story.passes(minutes=1)
    leave_waitlist.cancel_entry(story.box, story.entry("Ana"), story.now, OLIVIA, "left")
    story.passes(minutes=1)
    personal_data.erase(story.box, of(story), story.now, OLIVIA)
    assert [body for (body,) in story.box.db.tuples("SELECT body FROM reply ORDER BY id")] == ["", "Hola, soy Diego"]
    assert traces(story) == []


def test_what_an_erased_person_wrote_is_not_received_once_more(over: Story) -> None:
    """Providers repeat their posts, and the box reads the last minutes again from their lists."""
    said = Inbound("SM-erase-me", "sms", ANA, "Borren mis datos, soy Ana", over.now)
    receive_inbound(over.box, said, over.now)
    over.passes(minutes=1)
    personal_data.erase(over.box, of(over), over.now, OLIVIA)
    receive_inbound(over.box, said, over.now)
    assert traces(over) == []


def test_why_something_ended_goes_in_whosever_words_it_stands(over: Story) -> None:
    entry, booking = over.entry("Ana"), over.box.db.value("SELECT id FROM booking WHERE entry_id IS NOT NULL")
    customer = entry.customer_id
    with over.box.db.write():
        for verb, subject, reason in (
            ("cancelled", entry.id, "Ana is ill"), ("booking_cancelled", booking, "Ana called"),
            ("message_failed", 1, f"Invalid 'To' Phone Number: {ANA}"),
        ):  # fmt: skip
            activity.record(over.box.db, over.now, OLIVIA, verb, "entry", subject, customer_id=customer, reason=reason)
    personal_data.erase(over.box, of(over), over.now, OLIVIA)
    assert traces(over) == []


def test_erasing_one_person_touches_nobody_else(over: Story) -> None:
    before = over.noise_rows()
    personal_data.erase(over.box, of(over), over.now, OLIVIA)
    assert over.noise_rows() == before


def test_the_counts_of_the_statistics_stay(over: Story) -> None:
    def counted() -> list[object]:
        db = over.box.db
        return [
            db.tuples("SELECT source, stage, created_at, status FROM entry ORDER BY id"),
            db.tuples("SELECT state, sent_at, answered_at FROM offer ORDER BY id"),
            db.tuples("SELECT status, party_size, starts_at FROM booking ORDER BY id"),
            db.tuples("SELECT kind, state, channel FROM message ORDER BY id"),
        ]

    before = counted()
    personal_data.erase(over.box, of(over), over.now, OLIVIA)
    assert counted() == before


def test_links_that_were_sent_to_an_erased_person_open_nothing(over: Story) -> None:
    token = over.joined["Ana", "19:30"].token
    assert tokens.find(over.box.db, "registration", token)
    personal_data.erase(over.box, of(over), over.now, OLIVIA)
    assert tokens.find(over.box.db, "registration", token) is None


def test_an_erased_person_is_found_by_no_search(over: Story) -> None:
    public_id = of(over)
    personal_data.erase(over.box, public_id, over.now, OLIVIA)
    erased = over.box.db.value("SELECT id FROM customer WHERE public_id = ?", public_id)
    words = {word for (word,) in over.box.db.tuples("SELECT word FROM search_word WHERE customer_id = ?", erased)}
    assert not {"ana", "perez"} & words


def test_the_same_number_calls_again_as_somebody_new(over: Story) -> None:
    before = of(over)
    personal_data.erase(over.box, before, over.now, OLIVIA)
    again = join(over.box, JoinRequest(at("19:30", "2026-01-23"), ANA, first_name="Ana", force=True), over.now, VOICE_AGENT)
    assert again.entry.customer_id != over.box.db.value("SELECT id FROM customer WHERE public_id = ?", before)


def test_nobody_can_write_to_an_erased_person(over: Story) -> None:
    public_id = of(over)
    personal_data.erase(over.box, public_id, over.now, OLIVIA)
    with pytest.raises(Conflict, match="cannot_be_contacted"):
        write_to_customer.write(over.box, public_id, "Ana, come back", "form", over.now, OLIVIA)


def test_erasing_twice_is_fine_and_noted_once(over: Story) -> None:
    public_id = of(over)
    for _ in range(2):
        personal_data.erase(over.box, public_id, over.now, OLIVIA)
    assert over.box.db.value("SELECT COUNT(*) FROM activity WHERE verb = 'customer_erased'") == 1


@pytest.mark.parametrize("booked", [False, True])
def test_whoever_waits_or_has_a_booking_ahead_is_not_erased(story: Story, booked: bool) -> None:
    if booked:
        story.books("Ana")
    else:
        story.full("19:30")
        story.waits("Ana")
    story.passes(minutes=1)
    with pytest.raises(Conflict, match="still_in_play"):
        personal_data.erase(story.box, of(story), story.now, OLIVIA)
    assert of(story)


def test_a_stranger_cannot_be_erased(story: Story) -> None:
    with pytest.raises(NotFound):
        personal_data.erase(story.box, "nobody", story.now, OLIVIA)


def test_after_the_months_of_the_policy_a_person_is_erased_by_itself(over: Story) -> None:
    over.policy(retention_months=24)
    two_years = timedelta(days=24 * 30.44)
    assert personal_data.erase_old(over.box, over.now + two_years - timedelta(days=2)) == 0
    assert personal_data.erase_old(over.box, over.now + two_years + timedelta(days=2)) >= 1
    assert traces(over) == []


def test_the_hourly_housekeeping_does_it(over: Story) -> None:
    over.now += timedelta(days=2000)
    over.passes()
    assert traces(over) == []


def test_whoever_came_back_meanwhile_is_kept(over: Story) -> None:
    over.now += timedelta(days=700)
    over.another_day("Ana", (over.now + timedelta(days=7)).date().isoformat())
    personal_data.erase_old(over.box, over.now + timedelta(days=60))
    assert of(over) != "None"


def test_with_a_thousand_old_customers_each_transaction_is_short(story: Story) -> None:
    db, old = story.box.db, story.now - timedelta(days=3000)
    with db.write():
        for number in range(300):
            db.insert("customer", public_id=f"old-{number}", phone=f"+34699{number:06}", first_name="Old", created_at=old)
    assert personal_data.erase_old(story.box, story.now) == 200
    assert personal_data.erase_old(story.box, story.now) == 100
    assert personal_data.erase_old(story.box, story.now) == 0
