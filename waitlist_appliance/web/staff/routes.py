"""The staff's lines of the URL table."""

from __future__ import annotations

from waitlist_appliance.web.routing import Route
from waitlist_appliance.web.staff import door, live, phones, slots, waitlist
from waitlist_appliance.web.staff.account_routes import ACCOUNT_ROUTES
from waitlist_appliance.web.staff.agenda_routes import AGENDA_ROUTES
from waitlist_appliance.web.staff.overview_routes import OVERVIEW_ROUTES
from waitlist_appliance.web.staff.passkey_routes import PASSKEY_ROUTES
from waitlist_appliance.web.staff.settings.routes import SETTINGS_ROUTES
from waitlist_appliance.web.staff.waitlist_routes import WAITLIST_ROUTES

_ENTRY = "/staff/waitlist/<entry_id>"
_PHONE = "/staff/phones/<phone>"
GET = ("GET",)
POST = ("POST",)
BOTH = ("GET", "POST")

STAFF_ROUTES: tuple[Route, ...] = (
    Route("/", GET, "staff.root", door.root, "staff"),
    Route("/login", BOTH, "staff.log_in", door.log_in, "public"),
    Route("/login/code", BOTH, "staff.login_code", door.code, "public"),
    Route("/login/recovery", BOTH, "staff.login_recovery", door.recovery, "public"),
    Route("/login/forgot", BOTH, "staff.forgot", door.forgot, "public"),
    Route("/logout", POST, "staff.log_out", door.log_out, "staff"),
    Route("/welcome/<token>", BOTH, "staff.welcome", door.welcome, "public"),
    Route("/staff/changes", GET, "staff.changes", live.changes, "staff"),
    Route("/staff/waitlist", GET, "staff.waitlist", waitlist.overview, "staff", "waitlist.view"),
    Route("/staff/waitlist/add", BOTH, "staff.add_person", waitlist.add, "staff", "waitlist.create"),
    Route(_ENTRY, GET, "staff.entry", waitlist.person, "staff", "waitlist.view"),
    Route(f"{_ENTRY}/offer", POST, "staff.offer_now", waitlist.offer_now, "staff", "waitlist.notify"),
    Route(f"{_ENTRY}/approve", POST, "staff.approve", waitlist.approve, "staff", "waitlist.notify"),
    Route(f"{_ENTRY}/withdraw", POST, "staff.withdraw", waitlist.withdraw, "staff", "waitlist.notify"),
    Route(f"{_ENTRY}/earlier", POST, "staff.earlier", waitlist.earlier, "staff", "waitlist.notify"),
    Route(f"{_ENTRY}/later", POST, "staff.later", waitlist.later, "staff", "waitlist.notify"),
    Route(f"{_ENTRY}/cancel", POST, "staff.cancel_entry", waitlist.cancel, "staff", "waitlist.cancel"),
    Route(f"{_ENTRY}/reopen", POST, "staff.reopen", waitlist.reopen, "staff", "waitlist.create"),
    Route("/staff/slots", GET, "staff.slots", slots.overview, "staff", "waitlist.view"),
    Route("/staff/slots/<slot_id>/check", POST, "staff.check_slot", slots.check_now, "staff", "waitlist.notify"),
    # The links on a customer's phone act as the customer.
    Route("/staff/phones", GET, "staff.phones", phones.overview, "staff", "waitlist.notify"),
    Route(_PHONE, GET, "staff.phone", phones.phone, "staff", "waitlist.notify"),
    Route("/simulator/<phone>/reply", POST, "staff.reply", phones.reply, "staff", "waitlist.notify"),
    Route("/simulator/<phone>/fail", POST, "staff.make_fail", phones.make_fail, "staff", "waitlist.notify"),
)  # fmt: skip
STAFF_ROUTES += OVERVIEW_ROUTES + SETTINGS_ROUTES
STAFF_ROUTES += AGENDA_ROUTES
STAFF_ROUTES += WAITLIST_ROUTES
STAFF_ROUTES += ACCOUNT_ROUTES + PASSKEY_ROUTES
