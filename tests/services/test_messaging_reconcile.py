"""Lost hooks: the providers are asked at the start, and every two minutes while somebody is being asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.scripted_messenger import ScriptedMessenger, connect
from tests.story import Story
from waitlist_appliance.ports import DeliveryError, Fate, Inbound
from waitlist_appliance.services.reconcile_messages import EVERY, FARTHEST, OVERLAP, reconcile
from waitlist_appliance.storage import alarms


@pytest.fixture
def provider() -> ScriptedMessenger:
    return ScriptedMessenger()


@pytest.fixture
def asked(story: Story, provider: ScriptedMessenger) -> Story:
    """Ana has just been asked for 19:30 by SMS, Bruno waits."""
    story.box = connect(story.box, provider, "sms")
    story.full("19:30")
    story.in_line("Ana", "Bruno")
    story.frees()
    story.passes()
    return story


def writes(story: Story, provider: ScriptedMessenger, body: str, provider_id: str = "IN1", ago: float = 0) -> None:
    """Ana wrote, and no hook told us."""
    when = story.now - timedelta(minutes=ago)
    provider.wrote.append(Inbound(provider_id, "sms", story.phone("Ana"), body, when))


def offer_id(story: Story) -> str:
    return next(m.provider_id for m in story.messages("Ana") if m.kind == "offer") or ""


def test_an_answer_whose_hook_was_lost_is_found_within_two_minutes(asked: Story, provider: ScriptedMessenger) -> None:
    writes(asked, provider, "no")
    asked.passes(minutes=2)
    assert asked.asked() == [("Ana", "declined"), ("Bruno", "live")]


def test_an_answer_is_received_once_however_often_it_is_listed(asked: Story, provider: ScriptedMessenger) -> None:
    writes(asked, provider, "¿eh?")
    asked.ticks(6, step=2)
    assert (len(provider.asked_at) >= 3, asked.told("Ana").count("help")) == (True, 1)


def test_an_answer_listed_late_is_not_overlooked(asked: Story, provider: ScriptedMessenger) -> None:
    asked.passes(minutes=8)
    writes(asked, provider, "no", ago=OVERLAP.total_seconds() / 60 - 3)
    asked.passes(minutes=2)
    assert asked.asked()[0] == ("Ana", "declined")


def test_what_was_written_before_the_account_was_connected_is_not_answered(
    story: Story, provider: ScriptedMessenger
) -> None:
    story.full("19:30")
    story.in_line("Ana")
    story.passes()
    writes(story, provider, "sí", ago=5)
    story.box = connect(story.box, provider, "sms")
    story.passes()
    assert (provider.asked_at, "nothing_pending" in story.told("Ana")) == ([], False)


def test_a_box_that_was_off_asks_for_a_day_at_most(asked: Story, provider: ScriptedMessenger) -> None:
    asked.box.db.execute("UPDATE heartbeat SET detail = json_set(detail, '$.pid', 1) WHERE name LIKE 'message_poll%'")
    later = asked.now + timedelta(days=3)
    reconcile(asked.box, later)
    assert provider.asked_at[-1] == later - FARTHEST


def test_a_new_process_asks_at_once_though_nobody_is_being_asked(asked: Story, provider: ScriptedMessenger) -> None:
    asked.no("Ana")
    asked.no("Bruno")
    asked.passes()
    before = len(provider.asked_at)
    asked.passes(minutes=10)
    assert len(provider.asked_at) == before
    asked.box.db.execute("UPDATE heartbeat SET detail = json_set(detail, '$.pid', 1) WHERE name LIKE 'message_poll%'")
    asked.passes()
    assert len(provider.asked_at) == before + 1


def test_while_somebody_is_asked_every_two_minutes_are_enough(asked: Story, provider: ScriptedMessenger) -> None:
    asked.passes(minutes=2)
    before = len(provider.asked_at)
    asked.passes(seconds=EVERY.total_seconds() - 1)
    assert len(provider.asked_at) == before
    asked.passes(seconds=1)
    assert len(provider.asked_at) == before + 1


def test_a_lost_report_is_asked_for(asked: Story, provider: ScriptedMessenger) -> None:
    provider.told.append(Fate(offer_id(asked), "failed", "30005", "dead"))
    asked.passes(minutes=2)
    assert asked.asked() == [("Ana", "failed"), ("Bruno", "live")]


def test_what_was_just_handed_over_is_not_asked_about(asked: Story, provider: ScriptedMessenger) -> None:
    provider.told.append(Fate(offer_id(asked), "delivered"))
    asked.box.db.execute("UPDATE message SET sent_at = ?", asked.now + timedelta(seconds=90))
    asked.passes(minutes=2)
    assert next(m.rank for m in asked.messages("Ana") if m.kind == "offer") == 0


def test_a_provider_that_cannot_be_asked_is_asked_again_for_the_same_time(
    asked: Story, provider: ScriptedMessenger
) -> None:
    asked.passes(minutes=2)
    before = provider.asked_at[-1]
    provider.told.append(Fate("x", "sent"))
    provider.trouble = DeliveryError("down", "later")
    asked.passes(minutes=2)
    provider.trouble = None
    asked.passes(minutes=2)
    assert provider.asked_at[-1] == before + timedelta(minutes=2)
    assert alarms.present(asked.box.db) == []


def test_an_account_that_is_refused_at_asking_pauses_sending(asked: Story, provider: ScriptedMessenger) -> None:
    provider.trouble = DeliveryError("the credentials are wrong", "account", code="20003")
    asked.passes(minutes=2)
    assert alarms.holds(asked.box.db, alarms.SENDING_PAUSED)


def test_one_answer_that_raises_does_not_keep_the_others_back(asked: Story, provider: ScriptedMessenger) -> None:
    asked.box.db.execute(
        """CREATE TRIGGER no_nonsense BEFORE INSERT ON reply WHEN NEW.provider_id = 'IN1'
           BEGIN SELECT RAISE(ABORT, 'broken'); END"""
    )
    writes(asked, provider, "uno", "IN1")
    writes(asked, provider, "no", "IN2")
    asked.passes(minutes=2)
    assert asked.asked()[0] == ("Ana", "declined")


def test_simulated_phones_are_not_asked(story: Story) -> None:
    assert reconcile(story.box, story.now) == 0
    assert story.box.db.value("SELECT count(*) FROM heartbeat WHERE name LIKE 'message_poll%'") == 0
