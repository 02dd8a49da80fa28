"""The lines of the URL table for passkeys."""

from __future__ import annotations

from waitlist_appliance.web.routing import Route
from waitlist_appliance.web.staff import account, passkeys

POST = ("POST",)
_HOME = f"{account.HOME}/passkeys"
PASSKEY_ROUTES: tuple[Route, ...] = (
    Route("/login/passkey", POST, "staff.passkey_login", passkeys.log_in, "public"),
    Route("/login/passkey/options", POST, "staff.passkey_login_options", passkeys.begin_login, "public"),
    Route(_HOME, POST, "staff.passkey_add", passkeys.add, "staff"),
    Route(f"{_HOME}/options", POST, "staff.passkey_add_options", passkeys.begin_adding, "staff"),
    Route(f"{_HOME}/<passkey_id>/name", POST, "staff.passkey_name", passkeys.rename, "staff"),
    Route(f"{_HOME}/<passkey_id>/remove", POST, "staff.passkey_remove", passkeys.remove, "staff"),
)
