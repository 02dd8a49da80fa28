"""A whole story with every logger at its loudest: nothing that opens something or names somebody reaches the log.

Two walls: our own lines hold nothing of the kind, and what a library or an exception repeats is masked on its way out.
"""

from __future__ import annotations

import io
import json
import logging
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pyotp
import pytest
from waitress.server import create_server

from tests.calendar_accounts import feed, google_account, reaches
from tests.messaging_accounts import SMTP, equip, keep, on, use
from tests.radicale_server import PASSWORD as DAV_PASSWORD
from tests.radicale_server import running as radicale
from tests.smtp_server import SmtpServer
from tests.twilio_server import AUTH_TOKEN, TwilioServer
from waitlist_appliance.cli.log_lines import TALKATIVE, Lines, masked, quiet_libraries
from waitlist_appliance.cli.processes import free_port
from waitlist_appliance.ports import ConsentClient
from waitlist_appliance.services import connect_calendar, offer_page, staff_login, sweep
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.deliver_messages import deliver_due
from waitlist_appliance.storage import api_keys
from waitlist_appliance.web import server
from waitlist_appliance.web.app import create_app

PUBLIC = "https://casa.example"
PHONE, EMAIL = "+34600111222", "ana.guest@mail.example"
OWNER, PASSWORD, WRONG = "olivia.owner@casalola.example", "a long sentence for the desk", "no such sentence here"
GOOGLE_SECRET = "GOCSPX-of-the-web-client"
MAIL_PASSWORD = "the-mail-password"
FEED_KEY = "private-0b5c2a9fe1"
# Servers of the tests' own in this process; in a box they are other people's.
NOT_OURS = ("radicale", "mail", "aiosmtpd", "playwright")


@dataclass
class Ears:
    """Everything that is logged: as our own loggers say it, and as it would reach the journal (cli/log_lines.py)."""

    said: io.StringIO = field(default_factory=io.StringIO)
    journal: io.StringIO = field(default_factory=io.StringIO)
    names: set[str] = field(default_factory=set)
    crashing: bool = False

    def hear(self, record: logging.LogRecord) -> None:
        self.names.add(record.name.partition(".")[0])
        if record.name.startswith(NOT_OURS):
            return
        if record.levelno >= logging.WARNING or not record.name.startswith(TALKATIVE):
            self.journal.write(Lines().format(record) + "\n")
        if record.name.startswith(("waitlist_appliance", "waitress", "werkzeug", "flask")) and not self.crashing:
            self.said.write(logging.Formatter("%(message)s").format(record) + "\n")


@pytest.fixture
def ears() -> Iterator[Ears]:
    ears, root = Ears(), logging.getLogger()
    handler = logging.Handler(logging.DEBUG)
    handler.emit = ears.hear  # type: ignore[method-assign]
    # An earlier test of the command line may have quietened some.
    levels = {name: logging.getLogger(name).level for name in ("", *TALKATIVE)}
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield ears
    root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


class Browser:
    """A browser of staff's: cookies, form tokens, and no log of its own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        self.secrets: set[str] = set()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str, dict[str, str]]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"Cookie": cookies, "Accept-Language": "en"} | headers
        if isinstance(body, dict):
            body = urlencode(body)
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in sent.items()})
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        for line in answer.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
                self.secrets.add(morsel.value)
        connection.close()
        return answer.status, text, dict(answer.headers)

    def form(self, page: str, to: str | None = None, **values: str) -> tuple[int, str, dict[str, str]]:
        text = self.ask("GET", page)[1]
        found = re.search(r'name="csrf_token" value="([^"]+)"', text)
        assert found, f"no form on {page}"
        self.secrets.add(found[1])
        return self.ask("POST", to or page, {"csrf_token": found[1], **values})

    def json(self, method: str, path: str, key: str = "", **body: Any) -> Any:
        more = {"Authorization": f"Bearer {key}"} if key else {}
        status, text, _ = self.ask(method, path, json.dumps(body), Content_Type="application/json", **more)
        assert status < 500, text
        return json.loads(text)


@contextmanager
def served(box: Appliance) -> Iterator[Browser]:
    """Behind waitress as it runs; the public address is the one that Twilio signs for."""
    app = create_app(box, TESTING=True, SESSION_COOKIE_SECURE=False)
    running: Any = create_server(app, **server.options(box.config, port=0))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    try:
        yield Browser(running.effective_port)
    finally:
        running.task_dispatcher.shutdown()
        running.close()
        thread.join(timeout=5)


@pytest.fixture
def box(box: Appliance) -> Appliance:
    box.config = replace(box.config, host="127.0.0.1", public_url=PUBLIC, trusted_proxy="127.0.0.1")
    return equip(box)


def leaks(heard: str, secrets: set[str]) -> list[str]:
    return sorted(secret for secret in secrets if len(secret) > 5 and secret in heard)


def test_what_is_said_aloud_would_be_heard(ears: Ears) -> None:
    logging.getLogger("waitlist_appliance.test").warning("she is %s, at %s", PHONE, EMAIL)
    assert leaks(ears.said.getvalue(), {PHONE, EMAIL}) == [PHONE, EMAIL]
    assert leaks(ears.journal.getvalue(), {PHONE, EMAIL}) == []


def test_a_whole_story_leaves_nothing_in_the_log(box: Appliance, ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        google, twilio = stack.enter_context(google_account()), stack.enter_context(TwilioServer(public_url=PUBLIC))
        smtp, ics = stack.enter_context(SmtpServer(users={"box": MAIL_PASSWORD})), stack.enter_context(feed())
        browser = stack.enter_context(served(box))
        reaches(box, google)
        secrets = {PHONE, PHONE[1:], EMAIL, OWNER, PASSWORD, WRONG, AUTH_TOKEN, DAV_PASSWORD, FEED_KEY}
        secrets |= staff_come_in(box, browser)
        secrets |= messages_are_connected(box, twilio, smtp)
        secrets |= a_customer_says_yes(box, browser, twilio)
        secrets |= calendars_are_connected(box, browser, google, ics.address)
        ears.crashing = True
        things_break(box, browser, monkeypatch)
        secrets |= browser.secrets | {
            GOOGLE_SECRET,
            *google.tokens.access,
            *google.tokens.refresh,
            *google.tokens.codes,
        }
    assert {"waitlist_appliance", "urllib3"} <= ears.names
    assert len(secrets) > 40
    providers = {provider for (provider,) in box.db.tuples("SELECT provider FROM connection")}
    assert providers >= {"google", "caldav", "ics"}
    assert leaks(ears.said.getvalue(), secrets) == []
    assert leaks(ears.journal.getvalue(), secrets) == []
    # That the crashes themselves are there, whole, is what a log is for.
    assert ears.journal.getvalue().count("Traceback (most recent call last)") >= 2
    assert "no offer for wl_… of +34…22, …@mail.example" in ears.journal.getvalue()


def staff_come_in(box: Appliance, browser: Browser) -> set[str]:
    """The first password out of the one-time link, the second factor, wrong passwords and codes, the log-in."""
    now = datetime.now(UTC)
    _, link = staff_login.add_user(box, OWNER, "Olivia", "owner", now)
    browser.form(f"/welcome/{link}", password=PASSWORD, again=PASSWORD)
    browser.form("/staff/account", "/staff/account/code")
    spelled = re.findall(r"<span>([A-Z2-7]{2,4})</span>", browser.ask("GET", "/staff/account/code")[1])
    app = pyotp.TOTP("".join(spelled))
    first = app.now()
    _, codes, _ = browser.form("/staff/account/code", "/staff/account/code/confirm", code=first)
    recovery = re.findall(r"<code[^>]*>([^<]+)</code>", codes)
    browser.form("/staff/account", "/logout")
    browser.form("/login", email=OWNER, password=WRONG)
    browser.form("/login", email=OWNER, password=PASSWORD)
    browser.form("/login/code", code=first)  # used before
    browser.form("/login/recovery", code=recovery[0])
    assert browser.ask("GET", "/staff/waitlist")[0] == 200
    return {link, app.secret, first, *recovery}


def messages_are_connected(box: Appliance, twilio: TwilioServer, smtp: SmtpServer) -> set[str]:
    now = datetime.now(UTC)
    keep(box, "twilio", now, on(twilio, sms_per_second="1000"))
    keep(box, "smtp", now, {**SMTP, "port": str(smtp.port), "username": "box", "password": MAIL_PASSWORD})
    use(box)
    return {MAIL_PASSWORD}


def a_customer_says_yes(box: Appliance, browser: Browser, twilio: TwilioServer) -> set[str]:
    """A call of the voice agent, the sign-up, an offer by SMS, a wrong and a right answer, and posts nobody signed."""
    now = datetime.now(UTC)
    _, key = api_keys.create(box.db, "agent", api_keys.SCOPES, now)
    evening = (now + timedelta(days=2)).strftime("%Y-%m-%dT19:30")
    browser.json("GET", "/api/waitlist/slots", "wlk_" + "w" * 43)
    joined = browser.json(
        "POST", "/api/waitlist/trigger", key, requested_slot=evening, phone=PHONE, email=EMAIL, firstName="Ana",
        nbPersons=2, force=True, consent=True,
    )  # fmt: skip
    place = joined["token"]
    browser.json("POST", f"/api/waitlist/confirm/{place}", firstName="Ana", nbPersons=2, selectedSlots=[evening],
                 consent=True, email=EMAIL)  # fmt: skip
    browser.ask("GET", f"/waitlist/{place}")
    sweep.sweep(box, now + timedelta(minutes=2))
    deliver_due(box, now + timedelta(minutes=2))
    offer = box.db.value("SELECT id FROM offer")
    assert offer is not None
    token = box.token("offer", offer, now)
    browser.ask("GET", f"/waitlist/offer/{token}")
    browser.ask("POST", "/twilio/sms/incoming", {"From": PHONE, "Body": f"{EMAIL} SI"})
    browser.ask("POST", "/twilio/sms/incoming", {"From": PHONE}, X_Twilio_Signature="Zm9yZ2Vk")
    form = {"MessageSid": "SM" + "1" * 32, "From": PHONE, "To": "+34911230000", "Body": f"what? {EMAIL}"}
    headers = twilio.postman.headers(PUBLIC + "/twilio/sms/incoming", form)
    assert browser.ask("POST", "/twilio/sms/incoming", form, **headers)[0] == 200
    assert browser.ask("POST", f"/waitlist/offer/{token}", {"act": "accept"})[0] == 303
    return {key, place, token, *(line[0] for line in box.db.tuples("SELECT phone FROM customer"))}


def calendars_are_connected(box: Appliance, browser: Browser, google: Any, feed_address: str) -> set[str]:
    """Google by its callback, with a made-up code first; CalDAV with a wrong and the right password; a secret address."""
    key = api_keys.create(box.db, "n8n", api_keys.SCOPES, datetime.now(UTC))[1]
    web = google.add_client(
        "web.apps.googleusercontent.com", GOOGLE_SECRET, "web", (connect_calendar.redirect_uri(box),)
    )
    box.clients = {"google": ConsentClient(web.id, web.secret)}
    begun = browser.json("GET", "/api/waitlist/calendar/oauth/google/start", key)["oauthUrl"]
    agreed = urlsplit(google.agree(begun))
    code = re.search(r"code=([^&]+)", agreed.query)
    assert code
    browser.ask("GET", f"{agreed.path}?state=made-up&code=4/0Amade-up-code")
    browser.ask("GET", f"{agreed.path}?{agreed.query}", Authorization=f"Bearer {key}")
    radicale().new_calendar("Casa Lola")
    for password in ("wrong-dav-password", DAV_PASSWORD):
        browser.form(
            "/staff/settings/calendars/caldav",
            url=radicale().url,
            username="ana@casalola.example",
            password=password,
            allow_private="yes",
        )
    browser.form(
        "/staff/settings/calendars/ics",
        address=f"{feed_address.rstrip('/')}/{FEED_KEY}/basic.ics",
        name="Holidays",
        allow_private="yes",
    )
    sweep.provider_pass(box, datetime.now(UTC) + timedelta(hours=1))
    return {key, code[1], "wrong-dav-password", "4/0Amade-up-code"}


def things_break(box: Appliance, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception repeats its input, in a page and in a task of the worker."""
    token = box.token("offer", 1, datetime.now(UTC))

    def break_off(*_: Any) -> Any:
        raise RuntimeError(f"no offer for {token} of {PHONE}, {EMAIL}; password={PASSWORD!r}")

    monkeypatch.setattr(offer_page, "offer_page", break_off)
    assert browser.ask("GET", f"/waitlist/offer/{token}")[0] == 500
    monkeypatch.setattr(sweep, "DATABASE_STEPS", (("broken", break_off),))
    sweep.sweep(box, datetime.now(UTC))


# What masks


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("GET /waitlist/offer/wl_WXkp9KWz1XuDgTXAZSHSk1?lang=en", "GET /waitlist/offer/wl_…?lang=en"),
        ("key wlk_4vuEhLlgYYyeqbHPUKBZ2Udhm42-b5jug9j8l5zwJlM!", "key wlk_…!"),
        ("/welcome/q1w2e3r4t5y6u7i8o9p0a1s2", "/welcome/…"),
        ("https://ana:s3cret@dav.example/cal", "https://…@dav.example/cal"),
        ("Authorization: Bearer abc.def.ghi", "Authorization: …"),
        ("{'refresh_token': '1//0gabc', 'expires_in': 3599}", "{'refresh_token': …, 'expires_in': 3599}"),
        ('{"password": "hunter 2"}', '{"password": …}'),
        ("GET /cb?state=abcdef&code=4/0AbC&scope=all", "GET /cb?state=…&code=…&scope=all"),
        ("to +34600111222 failed", "to +34…22 failed"),
        ("ana.guest+x@mail.example refused", "…@mail.example refused"),
        ("session 4vuEhLlgYYyeqbHPUKBZ2Udhm42-b5jug9j8l5zwJlM ends", "session … ends"),
        ("Cookie: waitlist_staff=4vuEhLlgYYye; x=1", "Cookie: …"),
    ],
)  # fmt: skip
def test_secrets_and_people_are_masked(said: str, written: str) -> None:
    assert masked(said) == written


@pytest.mark.parametrize(
    "said",
    [
        "worker started, pid 4711", "the calendar Casa Lola could not be read: 503 after 2.5 s",
        "message 0c9f6e4e-3f0e-4c79-9a5d-0f1f0a1a2b3c broke off", "SM1111aaaa1111aaaa1111aaaa1111aaaa was not found",
        'File "/opt/waitlist/releases/0.1.0-20261121T101500/lib/python3.11/site-packages/flask/app.py", line 1511',
        "in test_what_was_signed_once_opens_nothing_again", "2026-11-21T10:15:00+00:00 and +01:00",
        "no sentence for the refusal slot_in_past", "the password of user 7 was changed",
        "http://127.0.0.1:8080 was refused (403)", "waitlist_appliance.services.offer_page",
    ],
)  # fmt: skip
def test_what_helps_to_find_a_fault_is_left_alone(said: str) -> None:
    assert masked(said) == said


def test_nobody_writes_a_line_of_their_own() -> None:
    record = logging.LogRecord("x", logging.WARNING, "", 0, "read: %s", ("no\nERROR x: all is lost\r\n",), None)
    assert Lines().format(record) == "WARNING x: read: no\\nERROR x: all is lost\\r\\n"


def test_libraries_tell_nothing_of_their_requests(ears: Ears) -> None:
    levels = {name: logging.getLogger(name).level for name in (*TALKATIVE, "waitress.queue")}
    try:
        quiet_libraries()
        for name in TALKATIVE:
            logging.getLogger(f"{name}.requests").debug("POST /token code=%s", "4/0AbC")
            logging.getLogger(name).info("GET /private")
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
    assert ears.journal.getvalue() == ""


# As processes


@pytest.mark.processes
@pytest.mark.slow
def test_the_journal_of_a_running_box_holds_no_secret(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    port = free_port()
    made = json.loads(waitlist(config, "init", "--defaults", "--json", "--port", str(port)).communicate(timeout=60)[0])
    config.write_text(re.sub(r"(?m)^#?\s*level = .*$", 'level = "debug"', config.read_text()))
    process = waitlist(config, "serve")
    try:
        browser = Browser(port)
        until_it_answers(port)
        link = urlsplit(made["owner"]["first_login_url"]).path
        browser.form(link, password=PASSWORD, again=PASSWORD)
        browser.json("GET", "/api/waitlist/slots", "wlk_" + "w" * 43)
        joined = browser.json(
            "POST", "/api/waitlist/trigger", made["api_key"], requested_slot="2031-01-16T19:30", phone=PHONE, email=EMAIL,
            force=True,
        )  # fmt: skip
        browser.ask("GET", f"/waitlist/{joined.get('token', 'x')}")
        browser.ask("POST", "/twilio/sms/incoming", {"From": PHONE, "Body": EMAIL})
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    secrets = {PHONE, EMAIL, PASSWORD, link, made["api_key"], joined.get("token", "")} | browser.secrets
    assert "signature" in said
    assert leaks(said, secrets) == []


def waitlist(config: Path, *command: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "waitlist_appliance", "--config", str(config), *command]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def until_it_answers(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz/ping", timeout=2).close()
            return
        except urllib.error.URLError:
            time.sleep(0.05)
    raise AssertionError("the server does not answer")
