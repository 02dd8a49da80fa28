"""What staff are told of: a trouble once and its end once, by email, to those who want to hear it."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta

import pytest

from tests.mail_room import colleague, connect_mail, heard, text_of
from tests.smtp_server import SmtpServer
from tests.story import OLIVIA, Story
from waitlist_appliance.domain.notices import KINDS, kind_of
from waitlist_appliance.services import notice_settings, watch_box
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.cancel_booking import cancel
from waitlist_appliance.services.messaging_accounts import BY_STAFF
from waitlist_appliance.services.staff_notices import ATTEMPTS, tell_due
from waitlist_appliance.storage import alarms, heartbeats, notice_choices
from waitlist_appliance.storage import setup as setups
from waitlist_appliance.texts.notices import WORDS

OLIVIAS = "olivia@casalola.example"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def owned(box: Appliance, mail: SmtpServer, now: datetime) -> Appliance:
    """Casa Lola with a mail account and its owner, Olivia."""
    connect_mail(box, mail, now)
    colleague(box, "Olivia", "owner", now)
    return box


def holds(box: Appliance, condition: str, now: datetime, detail: str = "") -> None:
    with box.db.write():
        alarms.raise_alarm(box.db, condition, detail, now)


def is_over(box: Appliance, condition: str) -> None:
    with box.db.write():
        alarms.clear(box.db, condition)


def states(box: Appliance) -> list[str]:
    return [state for (state,) in box.db.tuples("SELECT state FROM notice_delivery ORDER BY id")]


def test_a_trouble_is_told_once_however_often_it_fails(owned: Appliance, mail: SmtpServer, now: datetime) -> None:
    for minute in range(5):
        holds(owned, alarms.SENDING_PAUSED, now + minute * MINUTE, "401")
        tell_due(owned, now + minute * MINUTE)
    assert heard(mail) == [(OLIVIAS, "Casa Lola: Sending paused")]


def test_what_was_told_has_its_all_clear_once(owned: Appliance, mail: SmtpServer, now: datetime) -> None:
    holds(owned, alarms.SENDING_PAUSED, now, "401")
    tell_due(owned, now)
    is_over(owned, alarms.SENDING_PAUSED)
    for minute in range(1, 4):
        tell_due(owned, now + minute * MINUTE)
    assert heard(mail)[1:] == [(OLIVIAS, "Casa Lola: All clear: Sending paused")]
    assert "Sending goes on" in text_of(mail)


def test_what_was_over_before_it_could_be_told_is_told_to_nobody(
    owned: Appliance, mail: SmtpServer, now: datetime
) -> None:  # fmt: skip
    mail.refuse(OLIVIAS, "451 4.3.0 later", times=1)
    holds(owned, alarms.SENDING_PAUSED, now, "401")
    tell_due(owned, now)
    is_over(owned, alarms.SENDING_PAUSED)
    tell_due(owned, now + timedelta(hours=1))
    assert heard(mail) == []
    assert states(owned) == ["dropped"]


def test_a_trouble_that_comes_back_is_a_new_one(owned: Appliance, mail: SmtpServer, now: datetime) -> None:
    holds(owned, "booking_pending:7", now, "K7M4PX")
    tell_due(owned, now)
    is_over(owned, "booking_pending:7")
    holds(owned, "booking_pending:7", now + MINUTE, "K7M4PX")
    tell_due(owned, now + MINUTE)
    assert [subject for _, subject in heard(mail)] == [
        "Casa Lola: Booking stuck", "Casa Lola: All clear: Booking stuck", "Casa Lola: Booking stuck",
    ]  # fmt: skip


def test_a_calendar_that_misses_a_read_or_two_is_nobodys_business(
    owned: Appliance, mail: SmtpServer, now: datetime
) -> None:  # fmt: skip
    connection = setups.connections(owned.db)[0].id
    holds(owned, f"calendar_failing:{connection}", now, "Terrace")
    tell_due(owned, now + MINUTE)
    assert heard(mail) == []
    tell_due(owned, now + 2 * MINUTE)
    assert "The calendar “Terrace” cannot be read." in text_of(mail)


def test_no_all_clear_is_told_of_a_calendar_that_must_now_be_connected_again(
    owned: Appliance, mail: SmtpServer, now: datetime
) -> None:  # fmt: skip
    connection = setups.connections(owned.db)[0].id
    holds(owned, f"calendar_failing:{connection}", now - timedelta(hours=1), "Terrace")
    tell_due(owned, now)
    is_over(owned, f"calendar_failing:{connection}")
    holds(owned, f"calendar_signed_out:{connection}", now, "Terrace")
    tell_due(owned, now + MINUTE)
    assert [subject for _, subject in heard(mail)] == [
        "Casa Lola: Calendar unreadable", "Casa Lola: Calendar to be connected again",
    ]  # fmt: skip


def test_no_all_clear_is_told_of_a_calendar_that_was_disconnected(
    owned: Appliance, mail: SmtpServer, now: datetime
) -> None:  # fmt: skip
    holds(owned, "calendar_signed_out:999", now, "Gone")
    tell_due(owned, now)
    is_over(owned, "calendar_signed_out:999")
    tell_due(owned, now + MINUTE)
    assert len(mail.received) == 1


def test_a_calendar_that_works_again_has_its_all_clear(owned: Appliance, mail: SmtpServer, now: datetime) -> None:
    connection = setups.connections(owned.db)[0].id
    holds(owned, f"calendar_signed_out:{connection}", now, "Terrace")
    tell_due(owned, now)
    is_over(owned, f"calendar_signed_out:{connection}")
    tell_due(owned, now + MINUTE)
    assert "The calendar “Terrace” is connected again." in text_of(mail)


def test_a_pause_that_staff_wanted_is_told_to_nobody(owned: Appliance, mail: SmtpServer, now: datetime) -> None:
    holds(owned, alarms.SENDING_PAUSED, now, BY_STAFF)
    assert tell_due(owned, now) == 0
    assert states(owned) == []


def test_faults_go_to_owners_and_to_nobody_else_unless_asked_for(
    owned: Appliance, mail: SmtpServer, now: datetime
) -> None:  # fmt: skip
    for name, role in (("Marco", "manager"), ("Hanna", "host"), ("Victor", "viewer")):
        colleague(owned, name, role, now)
    holds(owned, "disk_low", now, "200 MB")
    tell_due(owned, now)
    assert heard(mail) == [(OLIVIAS, "Casa Lola: Little space")]


def test_whoever_wants_to_hear_it_does_and_whoever_does_not_does_not(
    owned: Appliance, mail: SmtpServer, now: datetime
) -> None:  # fmt: skip
    hanna = notice_choices.listener(owned.db, colleague(owned, "Hanna", "host", now))
    assert hanna
    notice_settings.save(owned, [f"disk_low:{hanna.public_id}"], {}, now, OLIVIA)
    holds(owned, "disk_low", now, "200 MB")
    tell_due(owned, now)
    assert heard(mail) == [("hanna@casalola.example", "Casa Lola: Little space")]


def test_everybody_reads_their_own_language(owned: Appliance, mail: SmtpServer, now: datetime) -> None:
    olivia = notice_choices.listeners(owned.db)[0]
    notice_settings.save(owned, [f"disk_low:{olivia.public_id}"], {olivia.public_id: "es"}, now, OLIVIA)
    owned.db.execute("UPDATE business SET locale = 'fr'")
    holds(owned, "disk_low", now, "200 MB")
    tell_due(owned, now)
    assert mail.received[0].mail["Content-Language"] == "es"


def test_whoever_lost_their_access_hears_nothing_more(owned: Appliance, mail: SmtpServer, now: datetime) -> None:
    mail.refuse(OLIVIAS, "451 4.3.0 later", times=1)
    holds(owned, "disk_low", now, "200 MB")
    tell_due(owned, now)
    owned.db.execute("UPDATE staff_user SET disabled_at = ?", now)
    tell_due(owned, now + timedelta(hours=1))
    assert heard(mail) == []
    assert states(owned) == ["failed"]


def test_without_a_mail_account_nothing_piles_up(box: Appliance, mail: SmtpServer, now: datetime) -> None:
    colleague(box, "Olivia", "owner", now)
    holds(box, "disk_low", now, "200 MB")
    tell_due(box, now)
    connect_mail(box, mail, now)
    tell_due(box, now + MINUTE)
    assert heard(mail) == []
    assert states(box) == []


def test_a_mail_server_that_is_down_is_tried_again_and_raises_no_alarm(
    owned: Appliance, mail: SmtpServer, now: datetime
) -> None:  # fmt: skip
    mail.refuse(OLIVIAS, "451 4.3.0 later", times=2)
    holds(owned, "disk_low", now, "200 MB")
    tell_due(owned, now)
    tell_due(owned, now + timedelta(seconds=29))
    assert states(owned) == ["pending"]
    tell_due(owned, now + timedelta(seconds=31))
    tell_due(owned, now + timedelta(minutes=3))
    assert heard(mail) == [(OLIVIAS, "Casa Lola: Little space")]
    assert [alarm.condition for alarm in alarms.present(owned.db)] == ["disk_low"]


def test_telling_is_given_up_in_the_end(owned: Appliance, mail: SmtpServer, now: datetime) -> None:
    mail.refuse(OLIVIAS, "451 4.3.0 later")
    holds(owned, "disk_low", now, "200 MB")
    for hour in range(ATTEMPTS + 3):
        tell_due(owned, now + timedelta(hours=2 * hour))
    assert states(owned) == ["failed"]
    assert owned.db.value("SELECT attempts FROM notice_delivery") == ATTEMPTS


def test_one_address_that_does_not_exist_keeps_no_other_back(
    owned: Appliance, mail: SmtpServer, now: datetime
) -> None:  # fmt: skip
    colleague(owned, "Otto", "owner", now)
    mail.refuse(OLIVIAS, "550 5.1.1 no such user")
    holds(owned, "disk_low", now, "200 MB")
    tell_due(owned, now)
    assert heard(mail) == [("otto@casalola.example", "Casa Lola: Little space")]
    assert states(owned) == ["failed", "sent"]


def test_a_telling_in_other_hands_is_left_there_until_its_lease_ends(
    owned: Appliance, mail: SmtpServer, now: datetime
) -> None:
    holds(owned, "disk_low", now, "200 MB")
    mail.refuse(OLIVIAS, "451 4.3.0 later", times=1)
    tell_due(owned, now)
    with owned.db.write():  # somebody else has it in hand
        owned.db.execute("UPDATE notice_delivery SET state = 'sending', lease_until_at = ?", now + timedelta(hours=1))
    assert tell_due(owned, now + MINUTE) == 0
    assert tell_due(owned, now + timedelta(hours=2)) == 1


def test_a_filled_place_is_told_to_whoever_wants_it_with_the_guest_in_the_mail_only(
    owned: Appliance, mail: SmtpServer, story: Story, now: datetime
) -> None:  # fmt: skip
    olivia = notice_choices.listeners(owned.db)[0]
    notice_settings.save(owned, [f"place_filled:{olivia.public_id}"], {}, now, OLIVIA)
    _ana_gets_a_table(story)
    tell_due(owned, story.now)
    assert heard(mail) == [(OLIVIAS, "Casa Lola: Place filled")]
    assert "Friday 16 January at 19:30, 2 people, Table 1." in text_of(mail)
    assert "Guest: Ana" in text_of(mail)
    assert "Ana" not in str(owned.db.tuples("SELECT facts, condition FROM notice"))


def test_what_nobody_wants_to_hear_of_is_not_kept(owned: Appliance, mail: SmtpServer, story: Story) -> None:
    _ana_gets_a_table(story)
    tell_due(owned, story.now)
    assert heard(mail) == []
    assert owned.db.value("SELECT COUNT(*) FROM notice") == 0


def test_a_cancelled_booking_is_told(owned: Appliance, mail: SmtpServer, story: Story, now: datetime) -> None:
    olivia = notice_choices.listeners(owned.db)[0]
    notice_settings.save(owned, [f"booking_cancelled:{olivia.public_id}"], {}, now, OLIVIA)
    _ana_gets_a_table(story)
    cancel(owned, owned.db.value("SELECT id FROM booking"), story.now, SYSTEM, "test")
    tell_due(owned, story.now)
    assert heard(mail) == [(OLIVIAS, "Casa Lola: Booking cancelled")]


def test_eleven_failures_in_an_hour_are_one_alarm_and_few_are_its_end(
    owned: Appliance, mail: SmtpServer, story: Story, now: datetime
) -> None:  # fmt: skip
    story.full("19:30")
    story.caller("Ana")
    _fails(owned, 10, now)
    watch_box.watch(owned, now)
    assert not alarms.holds(owned.db, watch_box.FAILING)
    _fails(owned, 1, now)
    for minute in range(3):
        watch_box.watch(owned, now + minute * MINUTE)
        tell_due(owned, now + minute * MINUTE)
    assert heard(mail) == [(OLIVIAS, "Casa Lola: Many failed messages")]
    watch_box.watch(owned, now + timedelta(hours=2))
    tell_due(owned, now + timedelta(hours=2))
    assert heard(mail)[1:] == [(OLIVIAS, "Casa Lola: All clear: Many failed messages")]


def test_little_space_is_an_alarm_by_the_owners_own_measure(
    owned: Appliance, story: Story, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    megabyte = 1024 * 1024
    left = 600 * megabyte
    usage = shutil.disk_usage(owned.config.data_directory)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=left))
    watch_box.watch(owned, now)
    assert not alarms.holds(owned.db, watch_box.DISK_LOW)
    story.policy(disk_low_megabytes=700)
    watch_box.watch(owned, now)
    assert alarms.present(owned.db)[0].detail == "600 MB"
    left = 750 * megabyte  # around the limit: still the same alarm
    watch_box.watch(owned, now)
    assert alarms.holds(owned.db, watch_box.DISK_LOW)
    left = 2000 * megabyte
    watch_box.watch(owned, now)
    assert not alarms.holds(owned.db, watch_box.DISK_LOW)


def test_a_silent_worker_is_written_down_once_by_whoever_looks(owned: Appliance, now: datetime) -> None:
    heartbeats.beat(owned.db, "worker", now)
    assert not watch_box.note_silence(owned, now + timedelta(minutes=2))
    assert watch_box.note_silence(owned, now + timedelta(minutes=4))
    assert not watch_box.note_silence(owned, now + timedelta(minutes=5))
    assert [(alarm.condition, alarm.since_at, alarm.count) for alarm in alarms.present(owned.db)] == [
        ("worker_silent", now, 1)
    ]


def test_a_box_whose_worker_never_ran_has_no_silence_to_tell_of(owned: Appliance, now: datetime) -> None:
    assert not watch_box.note_silence(owned, now)


def test_when_the_worker_is_back_one_notice_says_from_when_to_when(
    owned: Appliance, mail: SmtpServer, now: datetime
) -> None:  # fmt: skip
    heartbeats.beat(owned.db, "worker", now)
    watch_box.note_silence(owned, now + timedelta(minutes=10))
    tell_due(owned, now + timedelta(minutes=30))
    watch_box.note_silence(owned, now + timedelta(minutes=30))  # its first beat comes after its first round
    tell_due(owned, now + timedelta(minutes=31))
    assert heard(mail) == [(OLIVIAS, "Casa Lola: Box stood still")]
    assert "from Thursday 15 January at 11:00 to Thursday 15 January at 11:30" in text_of(mail)
    assert alarms.present(owned.db) == []


def test_old_notices_are_let_go_but_not_those_that_still_hold(owned: Appliance, now: datetime) -> None:
    holds(owned, "disk_low", now, "200 MB")
    holds(owned, "booking_pending:7", now, "K7M4PX")
    tell_due(owned, now)
    is_over(owned, "booking_pending:7")
    tell_due(owned, now + MINUTE)
    tell_due(owned, now + timedelta(days=100))
    assert owned.db.tuples("SELECT condition FROM notice") == [("disk_low",)]


@pytest.mark.parametrize("condition", ["booking_overlapped:1", "event_moved_onto:1", "booking_pending:1",
                                       "calendar_failing:1", "calendar_signed_out:1", "calendar_changes_held:1",
                                       "messenger_account", "message_refused:sms:offer", "messages_failing",
                                       "worker_silent", "web_silent", "messages_waiting", "backup_old", "disk_low"])  # fmt: skip
def test_every_alarm_belongs_to_a_kind_with_words(condition: str) -> None:
    kind = kind_of(condition)
    assert kind
    assert WORDS[kind.name].what


def test_every_kind_has_words() -> None:
    assert [name for name in KINDS if not (WORDS[name].label and WORDS[name].meaning and WORDS[name].what)] == []


def _ana_gets_a_table(story: Story) -> None:
    story.full("19:30")
    story.in_line("Ana")
    story.frees("19:30", "Table 1")
    story.passes()
    story.yes("Ana")
    story.passes()


def _fails(box: Appliance, number: int, now: datetime) -> None:
    customer = box.db.value("SELECT id FROM customer")
    before = box.db.value("SELECT COUNT(*) FROM message")
    with box.db.write():
        for row in range(number):
            key = f"failed-{before + row}"
            box.db.insert(
                "message", public_id=key, customer_id=customer, kind="error", channel="sms", facts="{}", own_act=1,
                due_at=now, state="failed", dedupe_key=key, created_at=now,
            )  # fmt: skip
