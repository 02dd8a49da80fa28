"""The lines of the URL table for the settings and the first set-up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from waitlist_appliance.web.routing import Route
from waitlist_appliance.web.staff import first_run
from waitlist_appliance.web.staff.settings import (
    business,
    calendars,
    connect_calendars,
    hours,
    keys,
    overview,
    people,
    policies,
    resources,
    services,
    switches,
    workflow,
)

GET, POST, BOTH = ("GET",), ("POST",), ("GET", "POST")
MANAGE, USERS = "settings.manage", "users.manage"


def _line(
    path: str, methods: tuple[str, ...], endpoint: str, view: Callable[..., Any], permission: str = MANAGE
) -> Route:
    return Route(f"/staff/settings{path}", methods, f"staff.{endpoint}", view, "staff", permission)


SETTINGS_ROUTES: tuple[Route, ...] = (
    _line("", GET, "settings", overview.overview),
    _line("/switches", GET, "switches", switches.overview),
    _line("/switches", POST, "switch", switches.switch),
    _line("/policies", GET, "policies", policies.overview),
    _line("/policies/<group>", POST, "save_policies", policies.save),
    _line("/business", GET, "business", business.overview),
    _line("/business", POST, "save_business", business.save),
    _line("/business/logo", POST, "save_logo", business.save_logo),
    _line("/hours", GET, "hours", hours.overview),
    _line("/hours", POST, "save_hours", hours.save_week),
    _line("/hours/cut", POST, "save_cut", hours.save_cut),
    _line("/hours/days", POST, "save_day", hours.save_day),
    _line("/hours/days/<day>/remove", POST, "remove_day", hours.remove_day),
    _line("/hours/own", POST, "give_own_hours", hours.give_own),
    _line("/hours/own/<resource_id>/remove", POST, "take_own_hours", hours.take_own),
    _line("/resources", GET, "resources", resources.overview),
    _line("/resources", POST, "add_resource", resources.add),
    _line("/resources/many", POST, "add_tables", resources.add_many),
    _line("/resources/<resource_id>", GET, "resource", resources.edit),
    _line("/resources/<resource_id>", POST, "save_resource", resources.save),
    _line("/resources/<resource_id>/calendar", POST, "calendar_of_resource", resources.set_calendar),
    _line("/resources/<resource_id>/retire", POST, "retire_resource", resources.retire),
    _line("/resources/<resource_id>/restore", POST, "restore_resource", resources.restore),
    _line("/services", GET, "services", services.overview),
    _line("/services/new", BOTH, "add_service", services.new),
    _line("/services/<service_id>", GET, "service", services.edit),
    _line("/services/<service_id>", POST, "save_service", services.save),
    _line("/services/<service_id>/retire", POST, "retire_service", services.retire),
    _line("/services/<service_id>/restore", POST, "restore_service", services.restore),
    _line("/services/<service_id>/usual", POST, "usual_service", services.make_usual),
    _line("/calendars", GET, "calendars", calendars.overview),
    _line("/calendars/google", GET, "google", connect_calendars.google),
    _line("/calendars/google/client", POST, "save_google_client", connect_calendars.save_client),
    _line("/calendars/google/begin", POST, "begin_google", connect_calendars.begin),
    _line("/calendars/google/sign-in", GET, "google_sign_in", connect_calendars.sign_in),
    _line("/calendars/google/sign-in", POST, "paste_google", connect_calendars.paste),
    _line("/calendars/caldav", BOTH, "caldav", connect_calendars.caldav),
    _line("/calendars/ics", BOTH, "ics", connect_calendars.ics),
    _line("/calendars/<calendar_id>", GET, "calendar", calendars.one),
    _line("/calendars/<calendar_id>/choose", BOTH, "choose_calendar", connect_calendars.choose),
    _line("/calendars/<calendar_id>/name", POST, "rename_calendar", calendars.rename),
    _line("/calendars/<calendar_id>/use", POST, "use_calendar", calendars.use),
    _line("/calendars/<calendar_id>/switch", POST, "switch_calendar", calendars.switch),
    _line("/calendars/<calendar_id>/read", POST, "read_calendar", calendars.read_now),
    _line("/calendars/<calendar_id>/test", POST, "test_calendar", calendars.test),
    _line("/calendars/<calendar_id>/held", POST, "answer_held", calendars.answer_held),
    _line("/calendars/<calendar_id>/disconnect", POST, "disconnect_calendar", calendars.disconnect),
    _line("/calendars/<calendar_id>/log", GET, "calendar_log", calendars.log),
    _line("/people", GET, "people", people.overview, USERS),
    _line("/people", POST, "invite", people.invite, USERS),
    _line("/people/<user_id>/link", POST, "new_link", people.new_link, USERS),
    _line("/people/<user_id>/role", POST, "change_role", people.change_role, USERS),
    _line("/people/<user_id>/disable", POST, "disable_user", people.disable, USERS),
    _line("/people/<user_id>/enable", POST, "enable_user", people.enable, USERS),
    _line("/keys", GET, "keys", keys.overview),
    _line("/keys", POST, "create_key", keys.create),
    _line("/keys/<key_id>/revoke", POST, "revoke_key", keys.revoke),
    _line("/workflow", GET, "workflow", workflow.overview),
    Route("/staff/first-run", GET, "staff.first_run", first_run.begin, "staff", MANAGE),
    Route("/staff/first-run/finish", POST, "staff.finish_first_run", first_run.finish, "staff", MANAGE),
    Route("/staff/first-run/<step>", GET, "staff.first_run_step", first_run.show, "staff", MANAGE),
    Route("/staff/first-run/<step>", POST, "staff.save_first_run", first_run.save, "staff", MANAGE),
)
