"""Settings → Notices, the forgotten password, invitations by email, and a silent worker seen by the web."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.mail_room import colleague, connect_mail, heard, text_of
from tests.smtp_server import SmtpServer
from tests.web.conftest import Clock
from tests.web.desk_story import worker_lives
from tests.web.staff_desk import Desk, desk
from waitlist_appliance.ports.notices import Level, NoticeError
from waitlist_appliance.services import staff_letters
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.staff_notices import tell_due
from waitlist_appliance.storage import alarms, notice_choices

HOME = "/staff/settings/notices"
SECRET = "tgram://123456:top-secret/42"


class Services:
    """Stands for the services outside: hears, and refuses what it is told to refuse."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str, Level]] = []
        self.installed = True
        self.refuses = False

    def is_installed(self) -> bool:
        return self.installed

    def send(self, address: str, title: str, body: str, level: Level, *, allow_private: bool) -> None:
        if self.refuses:
            raise NoticeError("it did not take it", "refused")
        self.heard.append((address, title, body, level))


@pytest.fixture
def services(box: Appliance) -> Services:
    box.notifier = Services()
    return box.notifier


@pytest.fixture
def mail() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def olivia(web_app: Flask, box: Appliance, now: datetime, services: Services) -> Desk:
    somebody = desk(web_app, box, now, "owner")
    box.db.execute("UPDATE staff_user SET password_hash = 'x', locale = 'en'")
    somebody.get(f"{HOME}?lang=en")
    return somebody


def ticked(page: str) -> set[str]:
    boxes = re.findall(r'<input type="checkbox" name="wish" value="([^"]+)"( checked)?', page)
    return {name for name, checked in boxes if checked}


def add(olivia: Desk, name: str = "Team chat", address: str = SECRET) -> str:
    olivia.post(f"{HOME}/addresses", name=name, address=address)
    found = re.search(r'/addresses/([^/"]+)/test', olivia.get(HOME).text)
    assert found
    return found[1]


def test_without_mail_and_services_the_page_says_that_only_the_bell_tells(olivia: Desk) -> None:
    assert "Nothing leaves the box yet" in olivia.get(HOME).text


def test_owners_hear_of_faults_and_of_nothing_else_until_they_say_so(olivia: Desk) -> None:
    kinds = {wish.partition(":")[0] for wish in ticked(olivia.get(HOME).text)}
    assert "sending_paused" in kinds
    assert not {"place_filled", "booking_cancelled"} & kinds


def test_wishes_and_languages_are_kept(olivia: Desk, box: Appliance, now: datetime) -> None:
    hanna = notice_choices.listener(box.db, colleague(box, "Hanna", "host", now))
    assert hanna
    wish = f"place_filled:{hanna.public_id}"
    olivia.post(HOME, wish=[wish], **{f"language.{hanna.public_id}": "fr"})
    page = olivia.get(HOME).text
    assert ticked(page) == {wish}
    assert notice_choices.listeners(box.db)[1].locale == "fr"


def test_an_unknown_language_changes_nothing(olivia: Desk, box: Appliance) -> None:
    before = ticked(olivia.get(HOME).text)
    user = notice_choices.listeners(box.db)[0].public_id
    olivia.post(HOME, **{f"language.{user}": "xx"})
    assert ticked(olivia.get(HOME).text) == before


def test_a_service_is_added_tried_at_once_and_never_shown(
    olivia: Desk, box: Appliance, services: Services, now: datetime
) -> None:  # fmt: skip
    add(olivia)
    assert tell_due(box, now) == 1
    page = olivia.get(HOME).text
    assert "top-secret" not in page
    assert "tgram://…" in page
    assert "told just now" in page
    assert services.heard[0][0] == SECRET
    assert "top-secret" not in str(box.db.tuples("SELECT * FROM notice_address"))


def test_a_service_hears_of_faults_without_names(
    olivia: Desk, box: Appliance, services: Services, now: datetime
) -> None:  # fmt: skip
    add(olivia)
    with box.db.write():
        alarms.raise_alarm(box.db, alarms.SENDING_PAUSED, "401", now)
    tell_due(box, now)
    _, title, body, level = services.heard[-1]
    assert title.startswith("Casa Lola: ")
    assert level == "trouble"
    assert body.endswith("/staff/system")


def test_a_service_that_refuses_is_told_of_on_the_page_and_raises_no_alarm(
    olivia: Desk, box: Appliance, services: Services, now: datetime
) -> None:  # fmt: skip
    add(olivia)
    services.refuses = True
    tell_due(box, now)
    assert "The service did not take it, or did not answer." in olivia.get(HOME).text
    assert alarms.present(box.db) == []


def test_a_removed_service_is_forgotten(olivia: Desk, box: Appliance, services: Services, now: datetime) -> None:
    olivia.post(f"{HOME}/addresses/{add(olivia)}/remove")
    assert tell_due(box, now) == 0
    assert "Team chat" not in olivia.get(HOME).text
    assert box.db.value("SELECT COUNT(*) FROM notice_address") == 0


def test_a_test_is_sent_again_on_demand(
    olivia: Desk, box: Appliance, services: Services, clock: Clock, now: datetime
) -> None:  # fmt: skip
    address = add(olivia)
    clock.forward(seconds=5)
    olivia.post(f"{HOME}/addresses/{address}/test")
    tell_due(box, clock.now)
    assert len(services.heard) == 2


@pytest.mark.parametrize(
    "address", ["", "hello", "syslog://", "ntfy://with blank", "javascript:alert(1)", "ntfy://" + "x" * 3000]
)
def test_what_is_no_address_is_said_beside_its_field(olivia: Desk, box: Appliance, address: str) -> None:
    answer = olivia.post(f"{HOME}/addresses", name="Chat", address=address)
    assert answer.status_code == 422
    assert 'class="field-note"' in answer.text
    assert box.db.value("SELECT COUNT(*) FROM notice_address") == 0


def test_without_the_extra_the_page_says_how_to_get_it(olivia: Desk, services: Services) -> None:
    services.installed = False
    assert "waitlist-appliance[notices]" in olivia.get(HOME).text
    assert olivia.post(f"{HOME}/addresses", name="Chat", address=SECRET).status_code == 422


def test_a_test_mail_arrives(olivia: Desk, box: Appliance, mail: SmtpServer, now: datetime) -> None:
    connect_mail(box, mail, now)
    olivia.post(f"{HOME}/test")
    tell_due(box, now)
    assert heard(mail) == [("olivia@casalola.example", "Casa Lola: Test notice")]
    assert "told just now" in olivia.get(HOME).text


@pytest.mark.parametrize(
    "path", [HOME, f"{HOME}/test", f"{HOME}/addresses", f"{HOME}/addresses/x/test", f"{HOME}/addresses/x/remove"]
)
def test_a_host_may_change_nothing_there(web_app: Flask, box: Appliance, now: datetime, path: str) -> None:
    assert desk(web_app, box, now, "host").post(path).status_code == 403


def test_an_invitation_goes_by_email_where_there_is_a_mail_account(
    olivia: Desk, box: Appliance, mail: SmtpServer, now: datetime
) -> None:  # fmt: skip
    connect_mail(box, mail, now)
    olivia.post("/staff/settings/people", name="Otto", email="otto@casalola.example", role="host", by_mail="yes")
    page = olivia.get("/staff/settings/people").text
    assert "It is on its way to otto@casalola.example." in page
    staff_letters.send_due(box, now)
    token = re.search(r"/welcome/(\S+)", text_of(mail))
    assert token
    assert token[1] in page


def test_without_a_mail_account_invitations_are_links_as_before(olivia: Desk, box: Appliance) -> None:
    assert "by_mail" not in olivia.get("/staff/settings/people").text
    olivia.post("/staff/settings/people", name="Otto", email="otto@casalola.example", role="host", by_mail="yes")
    assert "Send it to them yourself." in olivia.get("/staff/settings/people").text
    assert box.db.value("SELECT COUNT(*) FROM staff_letter") == 0


def ask(client: FlaskClient, email: str) -> tuple[int, str]:
    page = client.get("/login/forgot?lang=en").text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    answer = client.post("/login/forgot", data={"csrf_token": found[1], "email": email})
    return answer.status_code, re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text)


def test_a_forgotten_password_is_answered_the_same_for_every_address(
    client: FlaskClient, box: Appliance, mail: SmtpServer, now: datetime
) -> None:  # fmt: skip
    connect_mail(box, mail, now)
    colleague(box, "Hanna", "host", now)
    known, unknown = ask(client, "hanna@casalola.example"), ask(client, "nobody@casalola.example")
    assert known == unknown
    assert known[0] == 200
    staff_letters.send_due(box, now)
    assert [address for address, _ in heard(mail)] == ["hanna@casalola.example"]


def test_asking_too_often_is_slowed_down(client: FlaskClient, box: Appliance, mail: SmtpServer, now: datetime) -> None:
    connect_mail(box, mail, now)
    answers = [ask(client, "hanna@casalola.example")[0] for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]


def test_a_box_that_cannot_write_says_so_and_shows_no_form(client: FlaskClient) -> None:
    page = client.get("/login/forgot?lang=en").text
    assert "cannot send emails yet" in page
    assert 'name="email"' not in page
    assert "/login/forgot" not in client.get("/login").text


def test_asking_without_the_form_is_refused(
    client: FlaskClient, box: Appliance, mail: SmtpServer, now: datetime
) -> None:
    connect_mail(box, mail, now)
    assert client.post("/login/forgot", data={"email": "hanna@casalola.example"}).status_code in (400, 403)
    assert box.db.value("SELECT COUNT(*) FROM forgotten_password") == 0


@pytest.mark.parametrize("path", ["/healthz", "/staff/waitlist"])
def test_whoever_looks_writes_a_silent_worker_down_once(
    olivia: Desk, box: Appliance, clock: Clock, now: datetime, path: str
) -> None:  # fmt: skip
    worker_lives(box, now)
    clock.forward(minutes=4)
    for _ in range(2):
        olivia.get(path)
    assert [(alarm.condition, alarm.count) for alarm in alarms.present(box.db)] == [("worker_silent", 1)]
