"""Whose answer it is, and to what: by the message answered, by names, by buttons; STOP and START (cases 30 to 32)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.scripted_messenger import ScriptedMessenger, connect
from tests.story import Story
from waitlist_appliance.ports import Inbound
from waitlist_appliance.services.message_letters import SESSION
from waitlist_appliance.services.receive_reply import ReplyResult, receive_inbound
from waitlist_appliance.storage import customers


@pytest.fixture
def provider() -> ScriptedMessenger:
    return ScriptedMessenger()


@pytest.fixture
def asked(story: Story, provider: ScriptedMessenger) -> Story:
    """Ana was asked for 19:30, was silent, and has now been asked for 21:30; a real provider carries the messages."""
    story.box = connect(story.box, provider)
    story.full("19:30", "21:30")
    story.waits("Ana", "19:30", "21:30")
    story.in_line("Bruno")
    story.frees("19:30")
    story.passes()
    story.passes(minutes=16)
    story.frees("21:30")
    story.passes()
    return story


def comes(story: Story, body: str = "", name: str = "Ana", channel: str = "sms", **more: Any) -> ReplyResult:
    """Something from the person's phone, once."""
    received: datetime = story.now
    number = int(story.box.db.value("SELECT count(*) FROM reply"))
    given: dict[str, Any] = {"provider_id": f"IN{number}", "address": story.phone(name)} | more
    return receive_inbound(story.box, Inbound(channel=channel, body=body, received_at=received, **given), story.now)


def sid(story: Story, nth: int, name: str = "Ana", kind: str = "offer") -> str:
    """The provider's id of the person's nth message of this kind."""
    return [m for m in story.messages(name) if m.kind == kind][nth].provider_id or ""


def times_booked(story: Story) -> list[str]:
    return [f"{b.starts_at.astimezone(story.box.setup().zone):%H:%M}" for b in story.bookings("Ana")]


def test_without_more_the_newest_live_offer_is_meant(asked: Story) -> None:
    comes(asked, "sí")
    assert times_booked(asked) == ["21:30"]


def test_an_answer_to_the_older_offer_is_an_answer_to_that_one(asked: Story) -> None:
    comes(asked, "no", channel="whatsapp", answers=sid(asked, 0))
    assert [o.state for o in asked.offers("Ana")] == ["expired", "live"]


def test_an_answer_to_the_live_offer_is_matched_though_another_is_newer(asked: Story) -> None:
    comes(asked, "no", channel="whatsapp", answers=sid(asked, 1))
    assert [o.state for o in asked.offers("Ana")] == ["expired", "declined"]


def test_an_answer_to_a_message_about_a_booking_means_no_other_offer(story: Story, provider: ScriptedMessenger) -> None:
    story.box = connect(story.box, provider)
    story.full("19:30")
    story.in_line("Ana")
    story.books("Ana", "14:00")
    story.frees()
    story.passes()
    assert comes(story, "no", channel="whatsapp", answers=sid(story, 0, kind="confirmed")).answered == "nothing_pending"
    assert (story.asked(), story.bookings("Ana")[0].status) == ([("Ana", "live")], "confirmed")


@pytest.mark.parametrize(
    ("payload", "outcome"), [("accept", "accepted"), ("decline", "declined"), ("ACCEPT:x", "accepted")]
)
def test_a_button_is_an_answer_whatever_is_written_on_it(asked: Story, payload: str, outcome: str) -> None:
    comes(asked, "Con mucho gusto iremos", channel="whatsapp", payload=payload, answers=sid(asked, 1))
    assert asked.offers("Ana")[-1].state == outcome


def test_a_button_that_names_its_offer_means_that_one(asked: Story) -> None:
    first = asked.offers("Ana")[0]
    comes(asked, channel="whatsapp", payload=f"decline:{first.public_id}")
    assert [o.state for o in asked.offers("Ana")] == ["expired", "live"]


def test_nobody_answers_for_somebody_else_by_naming_their_offer(asked: Story) -> None:
    comes(asked, name="Bruno", channel="whatsapp", payload=f"decline:{asked.offers('Ana')[-1].public_id}")
    assert asked.offers("Ana")[-1].state == "live"


def test_a_button_of_ours_that_is_none_of_these_is_read_as_text(asked: Story) -> None:
    assert comes(asked, "Sí", channel="whatsapp", payload="menu").understood == "yes"


def test_whatsapps_own_name_of_a_phone_is_learnt(asked: Story) -> None:
    comes(
        asked, "¿eh?", channel="whatsapp", address="+5215512345678", answers=sid(asked, 1), aliases=("+525512345678",)
    )
    found = customers.by_phone(asked.box.db, "+5215512345678")
    assert found is not None
    assert found.phone == asked.phone("Ana")
    comes(asked, "no", channel="whatsapp", address="+5215512345678")
    assert asked.offers("Ana")[-1].state == "declined"


def test_a_known_alias_is_enough(asked: Story) -> None:
    comes(asked, "no", channel="whatsapp", address="+999", aliases=("+998", asked.phone("Ana")))
    assert asked.offers("Ana")[-1].state == "declined"


def test_a_name_that_is_another_customers_phone_is_not_taken_over(asked: Story) -> None:
    comes(asked, "¿eh?", channel="whatsapp", address=asked.phone("Bruno"), answers=sid(asked, 1))
    found = customers.by_phone(asked.box.db, asked.phone("Bruno"))
    assert found is not None
    assert found.first_name == "Bruno"


def test_the_same_message_by_hook_and_by_asking_acts_once(asked: Story) -> None:
    results = [comes(asked, "¿eh?", provider_id="SMsame").answered for _ in range(3)]
    asked.passes()
    assert (results, asked.told("Ana").count("help")) == (["help", None, None], 1)


def test_who_writes_from_a_phone_can_be_reached_on_it_again(asked: Story) -> None:
    asked.box.db.execute("UPDATE customer SET undeliverable_at = ?", asked.now)
    comes(asked, "¿eh?")
    assert asked.box.db.value("SELECT undeliverable_at FROM customer WHERE phone = ?", asked.phone("Ana")) is None


def test_a_stranger_is_kept_and_changes_nothing(asked: Story) -> None:
    assert comes(asked, "sí", address="+34699999999").answered is None
    assert asked.box.db.value("SELECT count(*) FROM reply WHERE customer_id IS NULL") == 1
    assert asked.offers("Ana")[-1].state == "live"


def test_yes_by_button_and_by_link_is_one_booking(asked: Story) -> None:  # case 31
    asked.yes("Ana")
    answered = comes(asked, channel="whatsapp", payload="accept", answers=sid(asked, 1)).answered
    assert (answered, len(asked.bookings("Ana"))) == ("already_booked", 1)


def test_a_late_button_is_honoured_while_nobody_has_the_time(asked: Story) -> None:  # case 30
    asked.passes(minutes=20)
    comes(asked, channel="whatsapp", payload="accept", answers=sid(asked, 1))
    assert times_booked(asked) == ["21:30"]


# --- WhatsApp's day


def test_free_text_may_go_by_whatsapp_for_a_day_after_the_customers_word(
    asked: Story, provider: ScriptedMessenger
) -> None:
    comes(asked, "¿eh?", channel="whatsapp")
    asked.passes()
    assert [(letter.channel, letter.in_session) for letter in provider.sent][-1] == ("whatsapp", True)
    asked.box.db.execute("UPDATE customer SET channels = '[\"whatsapp\"]'")
    asked.passes(minutes=SESSION.total_seconds() / 60)
    asked.caller("Ana", "14:00", force=True)
    asked.passes()
    assert (provider.sent[-1].channel, provider.sent[-1].in_session) == ("whatsapp", False)


# --- STOP and START


def test_a_stop_that_the_provider_answered_is_mirrored_in_silence(asked: Story) -> None:
    before = len(asked.messages("Ana"))
    assert comes(asked, "BAJA", opt_out="stop").answered is None
    asked.passes()
    assert (asked.offers("Ana")[-1].state, len(asked.messages("Ana"))) == ("declined", before)
    assert asked.box.db.value("SELECT count(*) FROM customer WHERE opted_out_at IS NOT NULL") == 1


def test_a_start_that_the_provider_answered_is_mirrored_in_silence(asked: Story) -> None:
    comes(asked, "STOP", opt_out="stop")
    assert comes(asked, "ALTA", opt_out="start").answered is None
    assert asked.box.db.value("SELECT count(*) FROM customer WHERE opted_out_at IS NOT NULL") == 0


@pytest.mark.parametrize("word", ["STOP", "cancel", "Unsubscribe"])
def test_the_carriers_own_words_are_left_to_the_carrier_to_answer(asked: Story, word: str) -> None:
    assert (comes(asked, word).understood, comes(asked, "START").answered) == ("stop", None)
    asked.passes()
    assert not {"opted_out", "opted_in"} & set(asked.told("Ana"))


def test_a_polite_stop_is_answered_by_us(asked: Story) -> None:
    assert comes(asked, "no más mensajes por favor").answered == "opted_out"


def test_stop_by_whatsapp_is_answered_and_ends_the_offer(asked: Story) -> None:
    assert comes(asked, "STOP", channel="whatsapp").answered == "opted_out"
    assert asked.offers("Ana")[-1].state == "declined"


def test_stop_by_email_ends_emails_and_the_offer_but_not_the_phone(asked: Story) -> None:
    asked.box.db.execute("UPDATE customer SET email = 'ana@example.org' WHERE phone = ?", asked.phone("Ana"))
    comes(asked, "STOP", channel="email", address="Ana@example.org")
    row = asked.box.db.tuples("SELECT email_refused_at IS NOT NULL, opted_out_at FROM customer WHERE email IS NOT NULL")
    assert (row, asked.offers("Ana")[-1].state) == ([(1, None)], "declined")
    comes(asked, "START", channel="email", address="ana@example.org")
    assert asked.box.db.value("SELECT email_refused_at FROM customer WHERE email IS NOT NULL") is None


@pytest.mark.parametrize("body", ["no", "STOP", "qwertz", "👎", "CANCEL"])
def test_no_stop_and_nonsense_never_touch_a_booking(asked: Story, body: str) -> None:  # case 32
    comes(asked, "sí")
    asked.passes(minutes=1)
    comes(asked, body, channel="whatsapp", answers=sid(asked, 0, kind="confirmed"))
    comes(asked, body)
    asked.passes(minutes=1)
    assert [b.status for b in asked.bookings("Ana")] == ["confirmed"]


def test_another_address_has_not_refused_anything(asked: Story) -> None:
    ana = customers.by_phone(asked.box.db, asked.phone("Ana"))
    assert ana is not None
    customers.update(asked.box.db, ana.id, email="a@example.org")
    asked.box.db.execute("UPDATE customer SET email_refused_at = ?", asked.now - timedelta(days=1))
    customers.update(asked.box.db, ana.id, email="A@example.org")
    assert customers.by_id(asked.box.db, ana.id).email_refused_at is not None
    customers.update(asked.box.db, ana.id, email="b@example.org")
    assert customers.by_id(asked.box.db, ana.id).email_refused_at is None
