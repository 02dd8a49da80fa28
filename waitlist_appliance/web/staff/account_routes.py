"""The lines of the URL table for one's own account: for everybody at the desk, whatever their role."""

from __future__ import annotations

from waitlist_appliance.web.routing import Route
from waitlist_appliance.web.staff import account

GET, POST, BOTH = ("GET",), ("POST",), ("GET", "POST")
_HOME = account.HOME
ACCOUNT_ROUTES: tuple[Route, ...] = (
    Route(_HOME, GET, "staff.account", account.overview, "staff"),
    Route(f"{_HOME}/prove", BOTH, "staff.account_prove", account.prove, "staff"),
    Route(f"{_HOME}/password", POST, "staff.account_password", account.change_password, "staff"),
    Route(f"{_HOME}/code", GET, "staff.account_code", account.code, "staff"),
    Route(f"{_HOME}/code", POST, "staff.account_begin_code", account.begin_code, "staff"),
    Route(f"{_HOME}/code/confirm", POST, "staff.account_confirm_code", account.confirm_code, "staff"),
    Route(f"{_HOME}/code/off", POST, "staff.account_code_off", account.turn_off_code, "staff"),
    Route(f"{_HOME}/recovery", POST, "staff.account_new_codes", account.new_codes, "staff"),
    Route(f"{_HOME}/sessions/others/end", POST, "staff.account_end_others", account.end_others, "staff"),
    Route(f"{_HOME}/sessions/<session_id>/end", POST, "staff.account_end_session", account.end_session, "staff"),
)
