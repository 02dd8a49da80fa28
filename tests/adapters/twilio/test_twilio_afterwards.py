"""What Twilio tells when it is asked: lost answers, lost callbacks and lost hooks."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

import pytest

from tests.adapters.twilio.access import ANA, TEXT, sms, whatsapp
from tests.adapters.twilio.conftest import Make
from tests.conftest import NOW
from tests.twilio_server import TwilioServer
from waitlist_appliance.ports import DeliveryError

BEN = "+34600000002"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def lost(twilio: TwilioServer) -> TwilioServer:
    """The next message is taken, and its answer lost."""
    twilio.fail("drop_after", "messages.create")
    return twilio


def test_a_message_whose_answer_was_lost_is_found_again(lost: TwilioServer, make: Make) -> None:
    messenger = make()
    with pytest.raises(DeliveryError):
        messenger.send(sms(), NOW)
    found = messenger.look_up(sms(), NOW)
    assert found is not None
    assert (found.provider_id, found.state) == (lost.sent()[0].sid, "queued")
    lost.assert_clean()


def test_a_message_that_never_arrived_is_not_found(twilio: TwilioServer, make: Make) -> None:
    twilio.fail("drop_before", "messages.create")
    messenger = make()
    with pytest.raises(DeliveryError):
        messenger.send(sms(), NOW)
    assert messenger.look_up(sms(), NOW) is None


@pytest.mark.parametrize("hides_unsent", [False, True])
def test_a_message_still_in_the_queue_is_found(twilio: TwilioServer, make: Make, hides_unsent: bool) -> None:
    twilio.queue_held, twilio.hides_unsent = True, hides_unsent
    messenger = make()
    handed = messenger.send(sms(), NOW)
    assert messenger.look_up(sms(), NOW) == handed


def test_an_older_message_with_the_same_words_is_never_taken_for_it(twilio: TwilioServer, make: Make) -> None:
    messenger = make()
    messenger.send(sms(), NOW)
    assert messenger.look_up(sms(), NOW + timedelta(seconds=1)) is None


def test_an_attempt_in_the_same_second_is_found(twilio: TwilioServer, make: Make) -> None:
    twilio.clock = NOW + timedelta(milliseconds=900)
    messenger = make()
    messenger.send(sms(), NOW)
    assert messenger.look_up(sms(), NOW + timedelta(milliseconds=800)) is not None


def test_of_two_with_the_same_words_the_newest_is_found(twilio: TwilioServer, make: Make) -> None:
    messenger = make()
    messenger.send(sms(), NOW)
    twilio.advance(60)
    newest = messenger.send(sms(), NOW + MINUTE)
    assert messenger.look_up(sms(), NOW) == newest


def test_other_words_and_other_people_are_left_alone(twilio: TwilioServer, make: Make) -> None:
    messenger = make()
    messenger.send(sms(f"{TEXT}9"), NOW)
    twilio.inbound(ANA, TEXT, deliver=False)
    twilio.inbound(BEN, TEXT, deliver=False)
    assert messenger.look_up(sms(), NOW) is None


def test_an_answer_of_twilios_own_is_never_taken_for_it(twilio: TwilioServer, make: Make) -> None:
    messenger = make()
    messenger.send(sms(), NOW)
    twilio.sent()[0].direction = "outbound-reply"
    assert messenger.look_up(sms(), NOW) is None


def test_signs_that_twilio_exchanged_do_not_hide_a_message(twilio: TwilioServer, make: Make) -> None:
    messenger = make()
    handed = messenger.send(sms('L\'offre - "20h" - est libre...'), NOW)
    assert messenger.look_up(sms("L’offre – « 20h » – est libre…"), NOW) == handed


def test_a_trial_accounts_prefix_does_not_hide_a_message(twilio: TwilioServer, make: Make) -> None:
    messenger = make()
    handed = messenger.send(sms(), NOW)
    twilio.sent()[0].body = f"Sent from your Twilio trial account - {TEXT}"
    assert messenger.look_up(sms(), NOW) == handed


def test_the_end_of_a_longer_message_is_not_the_message(twilio: TwilioServer, make: Make) -> None:
    messenger = make()
    messenger.send(sms("Para el viernes: no"), NOW)
    assert messenger.look_up(sms("no"), NOW) is None


def test_a_message_of_emoji_alone_is_found(twilio: TwilioServer, make: Make) -> None:
    messenger = make()
    messenger.send(sms("👎"), NOW)
    handed = messenger.send(sms("👍", key="8"), NOW + MINUTE)
    assert messenger.look_up(sms("👍"), NOW) == handed


def test_a_template_is_found_by_its_values(twilio: TwilioServer, make: Make) -> None:
    template = twilio.add_template("Hola {{1}}, mesa a las {{2}}. https://casa.example/o/{{3}}", ["1", "2", "3"])
    messenger = make("whatsapp", lambda kind, locale: template)
    letter = whatsapp(variables={"1": "Ana", "2": "21:00", "3": "ab12cd34"})
    handed = messenger.send(letter, NOW)
    assert messenger.look_up(letter, NOW) == handed
    assert messenger.look_up(whatsapp(variables={"1": "Ana", "2": "21:00", "3": "zz99"}), NOW) is None
    assert messenger.look_up(whatsapp(), NOW) is None


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("internal", "later"),
        ("drop_before", "later"),
        ("garbage", "later"),
        ("too_many", "slow"),
        ("unauthorized", "account"),
        (20001, "later"),
    ],
)
def test_a_failed_look_up_is_no_word_about_the_message(
    twilio: TwilioServer, make: Make, kind: Any, verdict: str
) -> None:
    messenger = make()
    messenger.send(sms(), NOW)
    twilio.fail(kind, "messages.list")
    with pytest.raises(DeliveryError) as failure:
        messenger.look_up(sms(), NOW)
    assert failure.value.verdict == verdict


def test_fates_tell_how_far_each_message_has_come(twilio: TwilioServer, make: Make) -> None:
    messenger = make()
    arrived = messenger.send(sms(), NOW).provider_id
    twilio.progress()
    waiting = messenger.send(sms(key="8"), NOW + MINUTE).provider_id
    told = {fate.provider_id: (fate.state, fate.code, fate.verdict) for fate in messenger.fates([arrived, waiting])}
    assert told == {arrived: ("delivered", None, None), waiting: ("queued", None, None)}
    twilio.assert_clean()


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (30005, "dead"), (30006, "landline"), (30004, "dead"), (63014, "opted_out"), (30003, "elsewhere"),
        (30008, "elsewhere"), (30036, "elsewhere"), (63016, "elsewhere"), (63003, "dead"), (63024, "dead"),
        (63032, "elsewhere"), (63049, "elsewhere"), (30007, "message"), (30450, "message"), (30001, "account"),
        (30002, "account"), (30034, "message"), (63018, "slow"), (39999, "elsewhere"),
    ],
)  # fmt: skip
def test_a_failure_says_what_follows(twilio: TwilioServer, make: Make, code: int, verdict: str) -> None:
    messenger = make()
    sid = messenger.send(sms(), NOW).provider_id
    twilio.change(sid, "undelivered", code)
    (fate,) = messenger.fates([sid])
    assert (fate.state, fate.code, fate.verdict) == ("failed", str(code), verdict)


def test_a_message_that_twilio_does_not_know_is_left_out(twilio: TwilioServer, make: Make) -> None:
    messenger = make()
    sid = messenger.send(sms(), NOW).provider_id
    assert [fate.provider_id for fate in messenger.fates(["SM" + "0" * 32, sid])] == [sid]


def test_what_was_told_before_a_failure_is_kept(twilio: TwilioServer, make: Make) -> None:
    messenger = make()
    sid = messenger.send(sms(), NOW).provider_id
    twilio.fail("internal", "messages.fetch", skip=1)
    assert len(messenger.fates([sid, sid])) == 1
    twilio.fail("internal", "messages.fetch")
    with pytest.raises(DeliveryError):
        messenger.fates([sid])


def test_messages_whose_hook_was_lost_are_listed_oldest_first(twilio: TwilioServer, make: Make) -> None:
    messenger = make()
    messenger.send(sms(), NOW)
    twilio.inbound(ANA, "SI", deliver=False)
    twilio.advance(30)
    twilio.inbound(BEN, "NO", deliver=False)
    received = messenger.inbound(NOW)
    assert [(one.address, one.body, one.channel) for one in received] == [(ANA, "SI", "sms"), (BEN, "NO", "sms")]
    assert [one.received_at for one in received] == [NOW, NOW + timedelta(seconds=30)]
    twilio.assert_clean()


def test_older_messages_are_not_listed_in_whatever_zone_the_time_is_written(twilio: TwilioServer, make: Make) -> None:
    twilio.inbound(ANA, "old", deliver=False)
    twilio.advance(1800)
    twilio.inbound(ANA, "new", deliver=False)
    for hours in (-9, 0, 9):
        since = (NOW + 20 * MINUTE).astimezone(timezone(timedelta(hours=hours)))
        assert [one.body for one in make().inbound(since)] == ["new"]


def test_more_than_one_page_is_read(twilio: TwilioServer, make: Make) -> None:
    for number in range(205):
        twilio.inbound(ANA, str(number), deliver=False)
    assert len(make().inbound(NOW)) == 205
    assert twilio.count("messages.list") == 3
    twilio.assert_clean()


def test_each_channel_lists_its_own(twilio: TwilioServer, make: Make) -> None:
    twilio.inbound(ANA, "by sms", deliver=False)
    twilio.inbound("+5215512345678", "by whatsapp", channel="whatsapp", deliver=False)
    assert [one.body for one in make().inbound(NOW)] == ["by sms"]
    (received,) = make("whatsapp").inbound(NOW)
    assert (received.address, received.aliases) == ("+5215512345678", ("+525512345678",))


def test_a_messaging_service_lists_its_own_numbers_alone(twilio: TwilioServer, make: Make) -> None:
    service = twilio.add_service(twilio.number)
    other = twilio.add_number("+34911230009")
    twilio.add_service(other)
    twilio.inbound(ANA, "ours", deliver=False)
    twilio.inbound(ANA, "theirs", to=other, deliver=False)
    twilio.inbound(ANA, "by whatsapp", channel="whatsapp", deliver=False)
    assert [one.body for one in make(messaging_service_sid=service, sms_from="").inbound(NOW)] == ["ours"]


def test_nobody_can_answer_a_name(twilio: TwilioServer, make: Make) -> None:
    assert list(make(sms_from="CasaLola").inbound(NOW)) == []
    assert twilio.calls() == []
