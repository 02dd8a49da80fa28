"""The outbox put right by hand: sent once more, dropped, and written by the team."""

from __future__ import annotations

import pytest

from tests.conftest import NOW, at
from waitlist_appliance.domain.errors import Conflict, Invalid
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.deliver_messages import deliver_due
from waitlist_appliance.services.edit_events import add_event, cancel_event
from waitlist_appliance.services.join_waitlist import JoinRequest, join
from waitlist_appliance.services.receive_reply import receive
from waitlist_appliance.services.send_again import drop, send_again
from waitlist_appliance.services.write_to_customer import write
from waitlist_appliance.storage import lists, message_reads, staff_pages
from waitlist_appliance.storage.message_reads import OutboxLine

HANNA = Actor("staff", "Hanna")
ANA = "+34600000001"


@pytest.fixture
def party(box: Appliance) -> str:
    """A private party takes every table of Friday, and Ana waits for 19:30; the event."""
    event = add_event(box, "Private party", at("12:00"), at("23:30"), None, NOW, HANNA).public_id
    join(box, JoinRequest(at("19:30"), ANA, first_name="Ana", party_size=2, registered=True, consent=True, force=True,
                          alternatives=(), locale="en"), NOW, HANNA)  # fmt: skip
    return event


@pytest.fixture
def failed(box: Appliance, party: str) -> OutboxLine:
    """What tells Ana that she is on the list does not reach her."""
    staff_pages.make_next_fail(box.db, ANA, "sms", "undeliverable", 1)
    deliver_due(box, NOW)
    return newest(box)


def newest(box: Appliance) -> OutboxLine:
    return message_reads.newest(box.db, None, 1)[0]


def read_by_ana(box: Appliance) -> list[str]:
    return [bubble.body for bubble in lists.conversation(box.db, ANA) if bubble.side == "out"]


def ana(box: Appliance) -> message_reads.Person:
    person = message_reads.person(box.db, ANA)
    assert person
    return person


def test_a_message_sent_again_arrives_and_its_person_counts_as_reachable(box: Appliance, failed: OutboxLine) -> None:
    assert (failed.state, ana(box).undeliverable_at) == ("failed", NOW)
    send_again(box, failed.public_id, NOW, HANNA)
    deliver_due(box, NOW)
    assert (newest(box).state, ana(box).undeliverable_at) == ("sent", None)
    assert len(read_by_ana(box)) == 1


def test_pressed_twice_it_is_sent_once(box: Appliance, failed: OutboxLine) -> None:
    send_again(box, failed.public_id, NOW, HANNA)
    with pytest.raises(Conflict, match="sent_again_before"):
        send_again(box, failed.public_id, NOW, HANNA)
    assert deliver_due(box, NOW) == 1


def test_one_that_fails_again_can_be_sent_again(box: Appliance, failed: OutboxLine) -> None:
    staff_pages.make_next_fail(box.db, ANA, "sms", "undeliverable", 1)
    send_again(box, failed.public_id, NOW, HANNA)
    deliver_due(box, NOW)
    send_again(box, newest(box).public_id, NOW, HANNA)
    assert deliver_due(box, NOW) == 1


def test_what_did_arrive_is_not_sent_again(box: Appliance, party: str) -> None:
    deliver_due(box, NOW)
    with pytest.raises(Conflict, match="not_failed"):
        send_again(box, newest(box).public_id, NOW, HANNA)


def test_an_offer_that_is_over_is_not_sent_again(box: Appliance, party: str) -> None:
    deliver_due(box, NOW)
    staff_pages.make_next_fail(box.db, ANA, "sms", "undeliverable", 1)
    cancel_event(box, party, NOW, HANNA)
    deliver_due(box, NOW)
    offer = next(line for line in message_reads.in_states(box.db, ("failed",), None, 9) if line.kind == "offer")
    with pytest.raises(Conflict, match="offer_ended"):
        send_again(box, offer.public_id, NOW, HANNA)


def test_nothing_is_sent_again_to_who_said_stop(box: Appliance, failed: OutboxLine) -> None:
    receive(box, ANA, "sms", "STOP", NOW)
    with pytest.raises(Conflict, match="cannot_be_contacted"):
        send_again(box, failed.public_id, NOW, HANNA)


def test_a_dropped_message_never_goes_out(box: Appliance, party: str) -> None:
    drop(box, newest(box).public_id, NOW, HANNA)
    assert deliver_due(box, NOW) == 0
    assert newest(box).state == "dropped"
    with pytest.raises(Conflict, match="not_pending"):
        drop(box, newest(box).public_id, NOW, HANNA)


def test_an_offer_is_withdrawn_not_dropped(box: Appliance, party: str) -> None:
    cancel_event(box, party, NOW, HANNA)
    assert newest(box).kind == "offer"
    with pytest.raises(Conflict, match="withdraw_instead"):
        drop(box, newest(box).public_id, NOW, HANNA)


def test_what_the_team_writes_arrives_as_it_stands_and_is_never_a_template(box: Appliance, party: str) -> None:
    deliver_due(box, NOW)
    text = "See you at {{ link }} {% if x %}soon:\n" + "a long evening " * 20
    write(box, ana(box).public_id, text, "form-1", NOW, HANNA)
    deliver_due(box, NOW)
    assert read_by_ana(box)[-1] == "Message from Casa Lola: " + text.strip()


def test_the_same_form_writes_once(box: Appliance, party: str) -> None:
    write(box, ana(box).public_id, "Hello", "form-1", NOW, HANNA)
    with pytest.raises(Conflict, match="sent_before"):
        write(box, ana(box).public_id, "Hello", "form-1", NOW, HANNA)


@pytest.mark.parametrize(("text", "code"), [("  \n ", "text_missing"), ("x" * 1001, "too_long")])
def test_an_empty_or_endless_text_is_refused(box: Appliance, party: str, text: str, code: str) -> None:
    with pytest.raises(Invalid, match=code):
        write(box, ana(box).public_id, text, "form-1", NOW, HANNA)


def test_the_team_cannot_write_to_who_said_stop(box: Appliance, party: str) -> None:
    receive(box, ANA, "sms", "STOP", NOW)
    with pytest.raises(Conflict, match="cannot_be_contacted"):
        write(box, ana(box).public_id, "Hello", "form-1", NOW, HANNA)
