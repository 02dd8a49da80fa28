"""The calendars' pages: cards in every state, the ways to connect one, the log of reads."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from playwright.sync_api import Page

from tests.browser.gallery import Gallery, State
from tests.radicale_server import PASSWORD, USERNAME, running
from tests.web.calendar_story import LONG, connect, event, hold_back, read_log
from waitlist_appliance.demo.house import LOLA
from waitlist_appliance.domain.records import Connection
from waitlist_appliance.services import connect_calendar, manage_calendars
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import connecting

HOME: Final = "/staff/settings/calendars"
CLIENT: Final = ("123-abc.apps.googleusercontent.com", "not-shown")
Prepares = Callable[[Gallery, datetime], str]


@dataclass(frozen=True)
class CalendarState(State):
    """A page with calendars that are there for as long as it is looked at; the worker sleeps and reads none of them.

    ``prepare`` gives the address, ``then`` is what is done there.
    """

    prepare: Prepares = lambda gallery, now: HOME
    then: Callable[[Page], None] = lambda page: None

    @contextlib.contextmanager
    def show(self, page: Page, gallery: Gallery) -> Iterator[None]:
        app = gallery.restaurant.app
        _ = gallery.to_be_booked  # held changes are about bookings, and making one needs the worker
        with contextlib.ExitStack() as stack:
            with app.db.write():  # so that the worker does not fall asleep with the database in its hands
                stack.enter_context(gallery.restaurant.worker_asleep())
            stack.callback(_forget_calendars, app)
            page.goto(self.prepare(gallery, datetime.now(UTC)))
            self.then(page)
            yield


def _forget_calendars(app: Appliance) -> None:
    built_in = connecting.built_in(app.db)
    assert built_in
    with app.db.write():
        app.db.execute("UPDATE resource SET connection_id = ?", built_in.id)
        app.db.execute("DELETE FROM connection WHERE id <> ?", built_in.id)
        app.db.execute("DELETE FROM provider_credential")


def _cards(gallery: Gallery, now: datetime) -> str:
    """One of each state."""
    app, hour = gallery.restaurant.app, timedelta(hours=1)
    lola = connect(app, now)
    event(app, lola, now + hour * 24)
    first = next(iter(app.setup().resources.values()))
    with app.db.write():
        app.db.execute("UPDATE resource SET connection_id = ? WHERE id <> ?", lola.id, first.id)
    connect(app, now, "caldav", LONG, url="https://cloud.example/", status="needs_reconnect", trouble="login_refused",
            failing_since_at=now - hour)  # fmt: skip
    connect(app, now, "google", "Terraza", trouble="testing_ended", status="needs_reconnect", failing_since_at=now)
    connect(app, now, "google", "Bar", trouble="missing", status="error", failing_since_at=now - hour * 50)
    feed = connect(app, now, "ics", "Airbnb", url="https://feeds.example/…", account=None, trouble="unreachable",
                   failing_since_at=now - hour)  # fmt: skip
    with app.db.write():
        connecting.block(app.db, feed.id, [first.id])
    connect(app, now, "ics", "Festivos", url="https://feeds.example/…", account=None, scope="business")
    connect(app, now, "google", "lola@gmail.test", calendar_id="", enabled=False, status="disabled")
    connect(app, now, "caldav", "Old diary", enabled=False, status="disabled")
    connect(app, now, "caldav", "New", last_sync_at=None)
    return HOME


def _asks(gallery: Gallery, now: datetime) -> str:
    app = gallery.restaurant.app
    hold_back(app, connect(app, now), now)
    return HOME


def _one(gallery: Gallery, now: datetime) -> str:
    return f"{HOME}/{connect(gallery.restaurant.app, now, name=LONG).public_id}"


def _log(gallery: Gallery, now: datetime) -> str:
    app = gallery.restaurant.app
    lola = connect(app, now)
    read_log(app, lola, now, kind="full", cause="hand", seen=5000, requests=3, took_ms=12_000)
    read_log(app, lola, now, ok=False, trouble="too_fast", error="403 rateLimitExceeded" * 12)
    return f"{HOME}/{lola.public_id}/log"


def _no_log(gallery: Gallery, now: datetime) -> str:
    return f"{HOME}/{connect(gallery.restaurant.app, now).public_id}/log"


def _account(gallery: Gallery, now: datetime) -> Connection:
    """A real account on a server of this machine, with two calendars at least."""
    server = running()
    server.new_calendar(LONG)
    server.new_calendar("Terraza")
    return connect_calendar.connect_caldav(gallery.restaurant.app, server.url, USERNAME, PASSWORD, True, now, LOLA)[0]


def _choices(gallery: Gallery, now: datetime) -> str:
    return f"{HOME}/{_account(gallery, now).public_id}/choose"


def _unreachable(gallery: Gallery, now: datetime) -> str:
    lola = connect(gallery.restaurant.app, now, "caldav", url="http://127.0.0.1:9/", allow_private=True)
    return f"{HOME}/{lola.public_id}/choose"


def _tried(gallery: Gallery, now: datetime) -> str:
    account = _account(gallery, now)
    app = gallery.restaurant.app
    manage_calendars.store_choice(app, account, manage_calendars.choices(app, account.public_id)[0], None, now, LOLA)
    return HOME


def _client(gallery: Gallery, now: datetime) -> str:
    connect_calendar.set_google_client(gallery.restaurant.app, *CLIENT, now, LOLA)
    return f"{HOME}/google"


def _press(name: str) -> Callable[[Page], None]:
    def press(page: Page) -> None:
        with page.expect_navigation():
            page.get_by_role("button", name=name).first.click()

    return press


def _open_all(page: Page) -> None:
    page.evaluate("document.querySelectorAll('main details').forEach(it => it.open = true)")


def _send_empty(page: Page) -> None:
    page.evaluate("document.querySelectorAll('main form').forEach(it => it.noValidate = true)")
    with page.expect_navigation():
        page.locator("main form button.btn-accent").first.click()
    page.locator("main .field-note").first.wait_for()


def _paste_nonsense(page: Page) -> None:
    _press("Continue to Google")(page)
    page.get_by_label("Address of the page").fill("http://127.0.0.1/?nothing")
    _press("Finish")(page)


def _at(path: str) -> Prepares:
    return lambda gallery, now: f"{HOME}{path}"


def _state(endpoint: str, name: str, prepare: Prepares, then: Callable[[Page], None] = lambda page: None) -> State:
    return CalendarState(endpoint, name, lambda page, gallery: None, "owner", prepare=prepare, then=then)


CALLBACK: Final = "/api/waitlist/calendar/oauth/google/callback?error=access_denied&state=x"
STATES: Final = (
    _state("staff.calendars", "none", _at("")),
    _state("staff.calendars", "cards", _cards, _open_all),
    _state("staff.calendars", "asks", _asks, _open_all),
    _state("staff.calendars", "tried", _tried, _press("Test")),
    _state("staff.calendar", "settings", _one, _open_all),
    _state("staff.choose_calendar", "several", _choices),
    _state("staff.choose_calendar", "unreachable", _unreachable),
    _state("staff.calendar_log", "reads", _log, _open_all),
    _state("staff.calendar_log", "none", _no_log),
    _state("staff.google", "no-client", _at("/google")),
    _state("staff.google", "faults", _at("/google"), _send_empty),
    _state("staff.google", "client", _client, _open_all),
    _state("staff.google_sign_in", "way", _client, _press("Continue to Google")),
    _state("staff.google_sign_in", "faults", _client, _paste_nonsense),
    _state("staff.caldav", "preset", _at("/caldav?at=icloud")),
    _state("staff.caldav", "faults", _at("/caldav"), _send_empty),
    _state("staff.ics", "empty", _at("/ics")),
    _state("staff.ics", "faults", _at("/ics"), _send_empty),
    State("hook.google_callback", "denied", lambda page, gallery: page.goto(CALLBACK)),
    State("hook.google_callback_too", "denied", lambda page, gallery: page.goto(
        CALLBACK.replace("waitlist/calendar/oauth", "calendar"))),
)  # fmt: skip
