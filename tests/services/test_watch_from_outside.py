"""One look from outside: what it notes, whom it tells while the worker cannot, and what the worker does when it is back."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from tests.mail_room import colleague, connect_mail, heard, text_of
from tests.smtp_server import SmtpServer
from waitlist_appliance.ports.probes import Certificate, Clocks, Pong, Reached, Unreachable
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.staff_notices import tell_due
from waitlist_appliance.services.watch_from_outside import look
from waitlist_appliance.storage import alarms, backup_runs, heartbeats
from waitlist_appliance.storage.database import sqlite

MINUTE = timedelta(minutes=1)
OLIVIAS = "olivia@casalola.example"


class OwnPort:
    """A box whose port answers, or does not: there is no network in this room."""

    answers = True

    def ping(self, host: str, port: int) -> Pong | None:
        return Pong("one", "http", "127.0.0.1") if self.answers else None

    def reach(self, public_url: str, pretended: str) -> Reached:
        raise Unreachable("there is no network in this room")

    def certificate(self, host: str, port: int) -> Certificate:
        raise Unreachable("there is no network in this room")

    def clocks(self, url: str, *, allow_private: bool = False) -> Clocks:
        raise Unreachable("there is no network in this room")

    def is_synchronised(self) -> bool | None:
        return None


@pytest.fixture
def owned(box: Appliance, mail: SmtpServer, now: datetime) -> Appliance:
    """Casa Lola with a mail account, its owner Olivia, and a worker that has just lived."""
    connect_mail(box, mail, now)
    colleague(box, "Olivia", "owner", now)
    heartbeats.beat(box.db, "worker", now)
    box.probes = OwnPort()
    return box


def checks(box: Appliance, at: datetime) -> list[str]:
    return [finding.check for finding in look(box, at)]


def standing(box: Appliance) -> list[str]:
    return [alarm.condition for alarm in alarms.present(box.db)]


def test_a_box_that_is_well_has_nothing_to_tell(owned: Appliance, mail: SmtpServer, now: datetime) -> None:
    assert checks(owned, now + MINUTE) == []
    assert (standing(owned), heard(mail)) == ([], [])


def test_while_the_worker_is_silent_staff_are_told_once(owned: Appliance, mail: SmtpServer, now: datetime) -> None:
    for minute in range(4, 12, 2):
        assert checks(owned, now + minute * MINUTE) == ["worker"]
    assert heard(mail) == [(OLIVIAS, "Casa Lola: Box stood still")]
    assert "has not run since Thursday 15 January at 11:00" in text_of(mail)
    assert standing(owned) == ["worker_silent"]


def test_the_worker_that_is_back_ends_it_and_tells_its_end_once(owned: Appliance, mail: SmtpServer, now: datetime) -> None:
    look(owned, now + 4 * MINUTE)
    tell_due(owned, now + 9 * MINUTE)
    look(owned, now + 9 * MINUTE)  # its first beat comes after its first round
    tell_due(owned, now + 10 * MINUTE)
    heartbeats.beat(owned.db, "worker", now + 10 * MINUTE)
    assert checks(owned, now + 11 * MINUTE) == []
    assert heard(mail)[1:] == [(OLIVIAS, "Casa Lola: All clear: Box stood still")]
    assert "did not run from Thursday 15 January at 11:00 to Thursday 15 January at 11:09" in text_of(mail)
    assert standing(owned) == []


def test_two_who_tell_at_the_same_instant_tell_once(owned: Appliance, mail: SmtpServer, now: datetime) -> None:
    both = threading.Barrier(2)

    def outside() -> None:
        both.wait()
        look(owned, now + 4 * MINUTE)
        owned.db.close()

    watch = threading.Thread(target=outside)
    watch.start()
    both.wait()
    tell_due(owned, now + 4 * MINUTE)
    watch.join(20)
    tell_due(owned, now + 5 * MINUTE)
    stood_still = [subject for _, subject in heard(mail) if subject == "Casa Lola: Box stood still"]
    assert len(stood_still) <= 1
    assert len(heard(mail)) == len(set(heard(mail)))


def test_a_web_server_that_does_not_answer_is_an_alarm_until_it_does(owned: Appliance, now: datetime) -> None:
    port = owned.probes
    assert isinstance(port, OwnPort)
    port.answers = False
    assert checks(owned, now + MINUTE) == ["web"]
    assert standing(owned) == ["web_silent"]
    port.answers = True
    assert checks(owned, now + 2 * MINUTE) == []
    assert standing(owned) == []


def test_a_restart_of_the_web_server_is_told_to_nobody(owned: Appliance, mail: SmtpServer, now: datetime) -> None:
    port = owned.probes
    assert isinstance(port, OwnPort)
    port.answers = False
    look(owned, now + MINUTE)
    tell_due(owned, now + 2 * MINUTE)
    assert heard(mail) == []
    tell_due(owned, now + 5 * MINUTE)
    assert heard(mail) == [(OLIVIAS, "Casa Lola: Pages do not open")]


def test_a_backup_that_is_too_old_is_an_alarm_and_none_ever_made_is_not(owned: Appliance, now: datetime) -> None:
    assert checks(owned, now + MINUTE) == []
    backup_runs.done(owned.db, backup_runs.begin(owned.db, now), now, "a", 1, 1)
    late = now + timedelta(hours=27)
    heartbeats.beat(owned.db, "worker", late)
    assert checks(owned, late) == ["backup"]
    assert [(alarm.condition, alarm.detail) for alarm in alarms.present(owned.db)] == [("backup_old", "27 h")]
    backup_runs.done(owned.db, backup_runs.begin(owned.db, late), late, "b", 1, 1)
    assert checks(owned, late) == []
    assert standing(owned) == []


def test_messages_that_wait_while_the_worker_runs_are_an_alarm(owned: Appliance, now: datetime) -> None:
    _a_message_is_due(owned, now)
    heartbeats.beat(owned.db, "worker", now + 4 * MINUTE)
    assert checks(owned, now + 4 * MINUTE) == ["messages"]
    assert standing(owned) == []
    heartbeats.beat(owned.db, "worker", now + 7 * MINUTE)
    look(owned, now + 7 * MINUTE)
    assert [(alarm.condition, alarm.detail) for alarm in alarms.present(owned.db)] == [("messages_waiting", "7 min")]
    owned.db.execute("UPDATE message SET state = 'dropped', error = 'test'")
    look(owned, now + 8 * MINUTE)
    assert standing(owned) == []


def test_messages_that_wait_because_the_worker_is_dead_are_one_alarm_not_two(owned: Appliance, now: datetime) -> None:
    _a_message_is_due(owned, now)
    assert checks(owned, now + 20 * MINUTE) == ["worker", "messages"]
    assert standing(owned) == ["worker_silent"]


def test_a_locked_database_is_a_finding(owned: Appliance, mail: SmtpServer, now: datetime) -> None:
    other = sqlite.connect(owned.db.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    owned.db.peewee.timeout = 0  # the real one waits five seconds
    owned.db.close()
    try:
        assert checks(owned, now + 4 * MINUTE) == ["worker", "database.writable"]
        assert heard(mail) == []
    finally:
        other.execute("ROLLBACK")
        other.close()
    look(owned, now + 6 * MINUTE)
    assert heard(mail) == [(OLIVIAS, "Casa Lola: Box stood still")]


def _a_message_is_due(box: Appliance, now: datetime) -> None:
    with box.db.write():
        customer = box.db.insert(
            "customer", public_id="c1", phone="+34600000001", first_name="Ana", last_name="", locale="en", created_at=now
        )
        box.db.insert(
            "message", public_id="m1", customer_id=customer, kind="direct", channel="sms", dedupe_key="k", due_at=now,
            created_at=now,
        )  # fmt: skip
