"""Every page in each of its states, made on the running restaurant by those who use it."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from playwright.sync_api import Page

from tests.browser.restaurant import Guest, Restaurant
from waitlist_appliance.storage import customers

SILENCE_SECONDS: Final = 10
MANAGER_PASSWORD: Final = "the kitchen closes late"


class Gallery:
    """The guests behind the states, each made when first looked at."""

    def __init__(self, restaurant: Restaurant) -> None:
        self.restaurant = restaurant

    @functools.cached_property
    def invited(self) -> Guest:
        return self.restaurant.call(self.restaurant.evening(), "Ana", notes="By the window, <b>please</b>")

    @functools.cached_property
    def waiting(self) -> Guest:
        evening = self.restaurant.evening()
        self.restaurant.sign_up(evening, "Bruno")
        return self.restaurant.sign_up(evening, "Ana", "19:30", "20:00", "20:30")

    @functools.cached_property
    def asked(self) -> tuple[Guest, str]:
        evening = self.restaurant.evening()
        guest = self.restaurant.sign_up(evening, "Chloé")
        return guest, self.restaurant.offered(evening, guest)

    @functools.cached_property
    def raced(self) -> tuple[str, str]:
        """Two offers of one place: the open one, and its other side for the faster one."""
        evening = self.restaurant.tomorrow()  # a race is only for what is near
        slower, faster = self.restaurant.sign_up(evening, "Ana"), self.restaurant.sign_up(evening, "Bruno")
        with self.restaurant.policies(race_from_seconds=172800):
            return self.restaurant.offered(evening, slower), self.restaurant.link(faster)

    @functools.cached_property
    def booked(self) -> tuple[Guest, str, str]:
        """The guest, the offer and the booking."""
        evening = self.restaurant.evening()
        guest = self.restaurant.sign_up(evening, "Bruno")
        booking = self.restaurant.booked(evening, guest)
        return guest, self.restaurant.link(guest), booking

    @functools.cached_property
    def declined(self) -> tuple[Guest, str]:
        evening = self.restaurant.evening()
        guest = self.restaurant.sign_up(evening, "Ana")
        link = self.restaurant.offered(evening, guest)
        self.restaurant.answer(link, "decline")
        return guest, link

    @functools.cached_property
    def silent(self) -> tuple[Guest, str, str]:
        """A guest whose only silence ended the entry; their offer, still possible; and one that is not any more."""
        restaurant = self.restaurant
        alone, passed_over = restaurant.evening(), restaurant.evening()
        ana, bruno = restaurant.sign_up(alone, "Ana"), restaurant.sign_up(passed_over, "Bruno")
        with restaurant.policies(silences_limit=1, offer_window_seconds=SILENCE_SECONDS):
            late, gone = restaurant.offered(alone, ana), restaurant.offered(passed_over, bruno)
            chloe = restaurant.sign_up(passed_over, "Chloé")
            for guest in (ana, bruno):
                restaurant.until(lambda guest=guest: restaurant.offer_state(guest) == "expired", "silence")  # type: ignore[misc]
        restaurant.until(lambda: restaurant.offer_state(chloe) == "live", "Chloé is asked")
        return ana, late, gone

    @functools.cached_property
    def withdrawn(self) -> str:
        """An offer whose time came back into the calendar is no longer there."""
        guest, link = self._one_offered()
        offer = self.restaurant.entry(guest)["lastOffer"]["id"]
        from waitlist_appliance.services import staff_acts
        from waitlist_appliance.storage.activity import SYSTEM

        staff_acts.withdraw(self.restaurant.app, offer, datetime.now(UTC), SYSTEM)
        return link

    @functools.cached_property
    def apologised(self) -> str:
        """The calendar filled at the last moment. That instant cannot be caught from outside, so its record is written."""
        guest, link = self._one_offered()
        self.restaurant.answer(link, "decline")
        sql = "UPDATE offer SET ended_reason = 'conflict' WHERE public_id = ?"
        with self.restaurant.app.db.write():
            self.restaurant.app.db.execute(sql, self.restaurant.entry(guest)["lastOffer"]["id"])
        return link

    @functools.cached_property
    def to_be_pending(self) -> tuple[Guest, str]:
        return self._one_offered()

    @functools.cached_property
    def to_be_booked(self) -> tuple[Guest, str]:
        """One more, since the first is booked as soon as the worker wakes."""
        return self._one_offered()

    def _one_offered(self) -> tuple[Guest, str]:
        evening = self.restaurant.evening()
        guest = self.restaurant.sign_up(evening, "Ana")
        return guest, self.restaurant.offered(evening, guest)

    @functools.cached_property
    def left(self) -> Guest:
        guest = self.restaurant.sign_up(self.restaurant.evening(), "Ana")
        self.restaurant.client.post(f"/api/waitlist/leave/{guest.token}")
        return guest

    @functools.cached_property
    def cancelled(self) -> str:
        evening = self.restaurant.evening()
        booking = self.restaurant.booked(evening, self.restaurant.sign_up(evening, "Ana"))
        self.restaurant.client.post(f"/api/booking/{booking.rsplit('/', 1)[1]}/cancel")
        return booking

    @functools.cached_property
    def proposed(self) -> Guest:
        evening = self.restaurant.evening()
        guest = self.restaurant.sign_up(evening, "Diego")
        with self.restaurant.policies(offers="approve_each"):
            self.restaurant.free_a_table(evening)
            self.restaurant.until(lambda: self.restaurant.offer_state(guest) == "proposed", "an offer is proposed")
        return guest

    @functools.cached_property
    def line(self) -> None:
        """Something of everything for the lists."""
        _ = self.invited, self.waiting, self.asked, self.booked, self.declined, self.left, self.proposed


Reach = Callable[[Page, Gallery], object]


@dataclass(frozen=True, slots=True)
class State:
    """One state of one page: the route it belongs to, who looks, and how it is reached."""

    endpoint: str
    name: str
    reach: Reach
    role: str | None = None
    worker_asleep: bool = False

    def __str__(self) -> str:
        return f"{self.endpoint}-{self.name}"

    def show(self, page: Page, gallery: Gallery) -> contextlib.AbstractContextManager[None]:
        """The page in this state, for as long as the context lasts."""
        return gallery_context(self, page, gallery)


@contextlib.contextmanager
def gallery_context(state: State, page: Page, gallery: Gallery):  # type: ignore[no-untyped-def]
    with contextlib.ExitStack() as stack:
        if state.worker_asleep:
            _ = gallery.to_be_pending, gallery.to_be_booked
            stack.enter_context(gallery.restaurant.worker_asleep())
        state.reach(page, gallery)
        yield


def _press(page: Page, value: str) -> None:
    with page.expect_navigation():
        page.locator(f'button[name="act"][value="{value}"]').last.click()


def _faulty_sign_up(page: Page, gallery: Gallery) -> None:
    page.goto(gallery.invited.url)
    page.locator("#firstName").fill("")
    page.locator("#email").fill("not an address")
    page.locator('[name="selectedSlots"]:checked').uncheck(force=True)
    _press(page, "join")


def _other_days(page: Page, gallery: Gallery) -> None:
    page.goto(gallery.invited.url)
    for summary in page.locator("summary").all():
        summary.click()


def _faulty_change(page: Page, gallery: Gallery) -> None:
    page.goto(f"{gallery.waiting.url}?step=change")
    page.locator("#nbPersons").fill("900")
    _press(page, "change")


def _accepted(page: Page, gallery: Gallery) -> None:
    _, link = gallery.to_be_pending
    page.goto(link)
    if page.locator('button[value="accept"]').count():
        _press(page, "accept")


def _pending_booking(page: Page, gallery: Gallery) -> None:
    guest, link = gallery.to_be_booked
    gallery.restaurant.answer(link, "accept")
    app = gallery.restaurant.app
    sql = "SELECT b.id FROM booking b JOIN customer c ON c.id = b.customer_id WHERE c.phone = ?"
    booking = app.db.tuples(sql, guest.phone)[0][0]
    page.goto("/booking/" + app.token("booking", booking, datetime.now(UTC)))


def _unsubscribe(page: Page, gallery: Gallery) -> None:
    app = gallery.restaurant.app
    number = "+34612399001"
    with app.db.write():
        known = customers.by_phone(app.db, number)
        guest = known or customers.add(
            app.db, number, "mobile", "Ulla", None, "ulla@example.org", "en", datetime.now(UTC)
        )
        link = "/unsubscribe/" + app.token("unsubscribe", guest.id, datetime.now(UTC))
    page.goto(link)


def _unsubscribed(page: Page, gallery: Gallery) -> None:
    _unsubscribe(page, gallery)
    with page.expect_navigation():
        page.locator("button[value=unsubscribe]").click()


def _lost(page: Page, gallery: Gallery) -> None:
    slower, faster = gallery.raced
    gallery.restaurant.answer(faster, "accept")
    page.goto(slower)


def _log_in_refused(page: Page, gallery: Gallery) -> None:
    page.goto("/login")
    page.locator("#f-email").fill("nobody@casalola.test")
    page.locator("#f-password").fill("not the password")
    with page.expect_navigation():
        page.locator("form button.btn-wide").click()


def _welcome(page: Page, gallery: Gallery) -> None:
    page.goto("/welcome/" + gallery.restaurant.team_member("Marco", "manager", None)[1])


def _welcome_refused(page: Page, gallery: Gallery) -> None:
    _welcome(page, gallery)
    page.locator("#f-password").fill("one thing and")
    page.locator("#f-again").fill("quite another")
    with page.expect_navigation():
        page.locator("form button.btn-wide").click()


def _welcome_used(page: Page, gallery: Gallery) -> None:
    page.goto("/welcome/" + gallery.restaurant.team_member("Marco", "manager", MANAGER_PASSWORD)[1])


def lists(path: str) -> Reach:
    def reach(page: Page, gallery: Gallery) -> None:
        _ = gallery.line
        page.goto(path)

    return reach


def _menu(path: str) -> Reach:
    def reach(page: Page, gallery: Gallery) -> None:
        _ = gallery.line
        page.goto(path)
        page.locator("main .row-menu > summary").first.click()
        for summary in page.locator("main .row-menu[open] .sure > summary").all():
            summary.click()

    return reach


def _entry(guest: Callable[[Gallery], Guest]) -> Reach:
    return lambda page, gallery: page.goto(f"/staff/waitlist/{guest(gallery).entry}")


def _add_refused(page: Page, gallery: Gallery) -> None:
    page.goto("/staff/waitlist/add")
    with page.expect_navigation():
        page.locator("form button.btn-accent").click()


def _agenda_refused(page: Page, gallery: Gallery) -> None:
    page.goto("/staff/agenda")
    with page.expect_navigation():
        page.locator("#block form button.btn-quiet").click()


def _agenda_in_use(page: Page, gallery: Gallery) -> None:
    """Blocking the evening on which somebody has booked."""
    _agenda_of(lambda gallery: gallery.booked[0])(page, gallery)
    page.locator("#f-title").fill("Private party")
    page.locator("#f-from").fill("18:00")
    page.locator("#f-until").fill("23:00")
    with page.expect_navigation():
        page.locator("#block form button.btn-quiet").click()
    page.locator("#block button[name=within]").wait_for()


def _agenda_of(guest: Callable[[Gallery], Guest]) -> Reach:
    def reach(page: Page, gallery: Gallery) -> None:
        starts_at = gallery.restaurant.entry(guest(gallery))["wishes"][0]["startsAt"]
        page.goto(f"/staff/agenda?day={starts_at[:10]}")

    return reach


def _tomorrow(page: Page, gallery: Gallery) -> None:
    page.goto(f"/staff/agenda?day={gallery.restaurant.house.wanted.date()}")


def _tomorrow_menu(page: Page, gallery: Gallery) -> None:
    _tomorrow(page, gallery)
    page.locator("main .row-menu > summary").first.click()
    for summary in page.locator("main .row-menu[open] .sure > summary").all():
        summary.click()


def _failing_phone(page: Page, gallery: Gallery) -> None:
    page.goto(f"/staff/phones/{gallery.left.phone}")
    if not page.locator(".fail-next[open]").count():
        page.locator(".fail-next > summary").click()
        with page.expect_navigation():
            page.locator(".fail-next form.stack button").click()


def _refused(page: Page, gallery: Gallery) -> None:
    page.goto("/staff/waitlist/add")


STATES: Final = (
    State("public.place", "sign-up", lambda page, gallery: page.goto(gallery.invited.url)),
    State("public.place", "sign-up-french", lambda page, gallery: page.goto(gallery.invited.url + "?lang=fr")),
    State("public.place", "sign-up-other-days", _other_days),
    State("public.place", "sign-up-faults", _faulty_sign_up),
    State("public.place", "waiting", lambda page, gallery: page.goto(gallery.waiting.url)),
    State("public.place", "joined", lambda page, gallery: page.goto(gallery.waiting.url + "?done=joined")),
    State("public.place", "change", lambda page, gallery: page.goto(gallery.waiting.url + "?step=change")),
    State("public.place", "change-faults", _faulty_change),
    State("public.place", "leave", lambda page, gallery: page.goto(gallery.waiting.url + "?step=leave")),
    State("public.place", "asked", lambda page, gallery: page.goto(gallery.asked[0].url)),
    State("public.place", "booked", lambda page, gallery: page.goto(gallery.booked[0].url)),
    State("public.place", "declined", lambda page, gallery: page.goto(gallery.declined[0].url)),
    State("public.place", "left", lambda page, gallery: page.goto(gallery.left.url)),
    State("public.place", "lapsed", lambda page, gallery: page.goto(gallery.silent[0].url)),
    State("public.place", "unknown", lambda page, gallery: page.goto("/waitlist/wl_" + "a" * 32)),
    State("public.offer", "live", lambda page, gallery: page.goto(gallery.asked[1])),
    State("public.offer", "race", lambda page, gallery: page.goto(gallery.raced[0])),
    State("public.offer", "accepted", _accepted, worker_asleep=True),
    State("public.offer", "confirmed", lambda page, gallery: page.goto(gallery.booked[1])),
    State("public.offer", "declined", lambda page, gallery: page.goto(gallery.declined[1])),
    State("public.offer", "late", lambda page, gallery: page.goto(gallery.silent[1])),
    State("public.offer", "expired", lambda page, gallery: page.goto(gallery.silent[2])),
    State("public.offer", "lost", _lost),
    State("public.offer", "withdrawn", lambda page, gallery: page.goto(gallery.withdrawn)),
    State("public.offer", "apology", lambda page, gallery: page.goto(gallery.apologised)),
    State("public.booking", "pending", _pending_booking, worker_asleep=True),
    State("public.booking", "confirmed", lambda page, gallery: page.goto(gallery.booked[2])),
    State("public.booking", "cancel", lambda page, gallery: page.goto(gallery.booked[2] + "?step=cancel")),
    State("public.booking", "cancelled", lambda page, gallery: page.goto(gallery.cancelled)),
    State("public.unsubscribe", "asked", _unsubscribe),
    State("public.unsubscribe", "done", _unsubscribed),
    State("staff.log_in", "empty", lambda page, gallery: page.goto("/login")),
    State("staff.log_in", "refused", _log_in_refused),
    State("staff.welcome", "new", _welcome),
    State("staff.welcome", "differing", _welcome_refused),
    State("staff.welcome", "used", _welcome_used),
    State("staff.waitlist", "everything", lists("/staff/waitlist"), "owner"),
    State("staff.waitlist", "menu", _menu("/staff/waitlist"), "owner"),
    State("staff.waitlist", "filtered", lists("/staff/waitlist?status=waiting&q=a"), "owner"),
    State("staff.waitlist", "nobody", lists("/staff/waitlist?q=zzz"), "owner"),
    State("staff.waitlist", "viewer", lists("/staff/waitlist"), "viewer"),
    State("staff.add_person", "empty", lambda page, gallery: page.goto("/staff/waitlist/add"), "owner"),
    State("staff.add_person", "faults", _add_refused, "owner"),
    State("staff.add_person", "forbidden", _refused, "viewer"),
    State("staff.entry", "waiting", _entry(lambda gallery: gallery.waiting), "owner"),
    State("staff.entry", "asked", _entry(lambda gallery: gallery.asked[0]), "owner"),
    State("staff.entry", "proposed", _entry(lambda gallery: gallery.proposed), "owner"),
    State("staff.entry", "booked", _entry(lambda gallery: gallery.booked[0]), "owner"),
    State("staff.entry", "lapsed", _entry(lambda gallery: gallery.silent[0]), "owner"),
    State("staff.slots", "watched", lists("/staff/slots"), "owner"),
    State("staff.agenda", "today", lambda page, gallery: page.goto("/staff/agenda"), "owner"),
    State("staff.agenda", "full", _tomorrow, "owner"),
    State("staff.agenda", "menu", _tomorrow_menu, "owner"),
    State("staff.agenda", "held", _agenda_of(lambda gallery: gallery.asked[0]), "owner"),
    State("staff.agenda", "booked", _agenda_of(lambda gallery: gallery.booked[0]), "owner"),
    State("staff.agenda", "faults", _agenda_refused, "owner"),
    State("staff.agenda", "in-use", _agenda_in_use, "owner"),
    State("staff.phones", "list", lists("/staff/phones"), "owner"),
    State("staff.phone", "messages", lambda page, gallery: page.goto(f"/staff/phones/{gallery.booked[0].phone}"), "owner"),
    State("staff.phone", "failing", _failing_phone, "owner"),
)
# Answers of GET routes that are not pages of their own, with what they are instead; the test below asks each.
NO_PAGES: Final = {
    "public.booking_ics": "text/calendar",
    "public.brand": "text/css",
    "public.logo": "image/png",
    "public.healthz": "application/json",
    "public.ping": "application/json",
    "public.readyz": "application/json",
    "metrics.show": "application/json",  # closed where no token is configured
    "link.offer": "application/json",
    "staff.root": "/staff/waitlist",
    "staff.changes": "application/json",
    "staff.first_run": "/staff/",
    "staff.statistics_file": "text/csv",
    "staff.waitlist_file": "text/csv",
    "staff.personal_data_file": "application/json",
}
