"""Connecting a calendar: Google by its own page, CalDAV by password, ICS by address; choosing one of an account's."""

from __future__ import annotations

from typing import Any

from flask import request, session, url_for

from waitlist_appliance.domain.errors import Conflict, Invalid, Refused
from waitlist_appliance.domain.records import Connection
from waitlist_appliance.ports import CalendarChoice, ConsentClient
from waitlist_appliance.services import connect_calendar, manage_calendars
from waitlist_appliance.storage.vault import VaultError
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.consent import browser_mark
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, page
from waitlist_appliance.web.staff.settings import calendar_words, calendars, frame

GOOGLE = f"{calendars.HOME}/google"
# Google's page for the consent that is under way on this browser.
_WAY = "google_way"
NEEDED = N_("Connected. Now say which of its calendars to use.")


def google() -> Any:
    """How to connect Google, step by step."""
    return _google({})


def save_client() -> Any:
    """Keep the owner's OAuth client."""
    form = request.form
    return frame.store(
        lambda: connect_calendar.set_google_client(
            box(), form.get("client_id", ""), form.get("client_secret", ""), current_time(), auth.actor()
        ),
        N_("Saved. The secret is kept sealed and is not shown again."), f"{GOOGLE}#sign-in",
        lambda errors: _google(errors, 422),
    )  # fmt: skip


def begin() -> Any:
    """Prepare Google's page of consent; with `again` for a connection that is there already."""
    again = request.form.get("again") or None
    try:
        session[_WAY] = connect_calendar.begin_google(
            box(), browser_mark(), connect_calendar.redirect_uri(box()), current_time(), auth.actor(), again
        )
    except (Invalid, Conflict) as refused:
        return _google(page.field_errors(refused, ()), 422)
    return page.go(f"{GOOGLE}/sign-in")


def sign_in() -> Any:
    """The way to Google's page, and where to paste what came of it."""
    return _sign_in({}) if session.get(_WAY) else page.go(GOOGLE)


def paste() -> Any:
    """The address that the browser ended at, where Google cannot reach this box."""
    try:
        state, code = connect_calendar.parse_pasted(request.form.get("address", ""))
        connection = connect_calendar.finish_google(box(), browser_mark(), state, code, current_time(), auth.actor())
    except (Invalid, Conflict) as refused:
        return _sign_in(page.field_errors(refused, ("address",)), 422)
    session.pop(_WAY, None)
    return after(connection)


def caldav() -> Any:
    """Connect a CalDAV account."""
    if request.method == "GET":
        return _caldav({}, _known_account())
    form = request.form
    try:
        connection, _ = connect_calendar.connect_caldav(
            box(), form.get("url", ""), form.get("username", ""), form.get("password", ""),
            bool(form.get("allow_private")), current_time(), auth.actor(),
        )  # fmt: skip
    except (Invalid, Conflict) as refused:
        return _caldav(page.field_errors(refused, ("url", "username", "password")), _typed(), 422)
    return after(connection)


def ics() -> Any:
    """Connect a calendar by its address."""
    if request.method == "GET":
        return _ics({}, {})
    form = request.form
    blocks = form.getlist("resource") if form.get("of") == "some" else []
    try:
        if form.get("of") == "some" and not blocks:
            raise Invalid("resources_unticked", "resource")
        connection = connect_calendar.connect_ics(
            box(), form.get("address", ""), form.get("name", ""), bool(form.get("allow_private")), blocks,
            current_time(), auth.actor(),
        )  # fmt: skip
    except (Invalid, Conflict) as refused:
        return _ics(page.field_errors(refused, ("address", "name", "resource")), _typed(), 422)
    return _done(connection)


def choose(calendar_id: str) -> Any:
    """Which of the account's calendars to use."""
    if request.method == "GET":
        return _choose(calendar_id, {})
    form = request.form
    try:
        connection = manage_calendars.choose(
            box(), calendar_id, form.get("calendar_id", ""), None, current_time(), auth.actor()
        )
    except (Invalid, Conflict) as refused:
        return _choose(calendar_id, page.field_errors(refused, ("calendar_id",)), 422)
    return _done(connection)


def after(connection: Connection) -> Any:
    """Where the owner goes once an account is connected: to its calendars while none is chosen."""
    if manage_calendars.needs_choice(connection):
        return _said(NEEDED, url_for("staff.choose_calendar", calendar_id=connection.public_id))
    return _done(connection)


def _done(connection: Connection) -> Any:
    """To its card; to its purpose while it has none."""
    card = manage_calendars.card(box(), connection.public_id, current_time())
    if card.written_by or card.blocks or connection.takes_everything:
        return _said(N_("Connected. It is read now; what stands in it counts in a moment."),
                     calendars.place_of(connection.public_id))  # fmt: skip
    return _said(N_("Connected. Now say what it is for."), calendars.address_of(connection.public_id))


def _said(done: str, path: str) -> Any:
    return frame.act(lambda: None, done, path)


def _typed() -> dict[str, str]:
    """What was typed, without what must not come back."""
    return {name: value for name, value in request.form.items() if name not in ("password", "csrf_token")}


def _known_account() -> dict[str, str]:
    """What is known beforehand: the address of a preset, or the account that is connected again."""
    again = request.args.get("again")
    if again:
        connection = manage_calendars.found(box(), again)
        allow = {"allow_private": "yes"} if connection.allow_private else {}
        return {"url": connection.url, "username": connection.account or "", "again": connection.name, **allow}
    preset = request.args.get("at", "")
    return {"at": preset, "url": calendar_words.PRESETS[preset].address} if preset in calendar_words.PRESETS else {}


def _google(errors: dict[str, str], status: int = 200) -> Any:
    client: ConsentClient | None = None
    try:
        client = connect_calendar.google_client(box())
    except VaultError:
        errors = {"": page.sentence("calendar_vault"), **errors}
    again = request.values.get("again", "")
    # Only what the form asked comes back, and never the secret.
    given = {"client_id": request.form.get("client_id", "")}
    return _render(
        "calendar_google.html", status=status, errors=errors, client=client, given=given, again=again,
        again_name=manage_calendars.found(box(), again).name if again else "", fixed="google" in box().clients,
        address=connect_calendar.redirect_uri(box()), lands_here=box().config.is_https,
    )  # fmt: skip


def _sign_in(errors: dict[str, str], status: int = 200) -> Any:
    return _render(
        "calendar_sign_in.html", status=status, errors=errors, way=session.get(_WAY, ""),
        lands_here=box().config.is_https, address=connect_calendar.redirect_uri(box()),
    )  # fmt: skip


def _caldav(errors: dict[str, str], given: dict[str, str], status: int = 200) -> Any:
    at = given.get("at", "")
    preset = calendar_words.PRESETS.get(at, calendar_words.PRESETS["other"])
    return _render(
        "calendar_caldav.html", status=status, errors=errors, given=given, at=at, preset=preset,
        presets=calendar_words.PRESETS,
    )  # fmt: skip


def _ics(errors: dict[str, str], given: dict[str, str], status: int = 200) -> Any:
    return _render(
        "calendar_ics.html", status=status, errors=errors, given=given, chosen=set(request.form.getlist("resource")),
        resources=list(box().setup().resources.values()),
    )  # fmt: skip


def _choose(calendar_id: str, errors: dict[str, str], status: int = 200) -> Any:
    card = manage_calendars.card(box(), calendar_id, current_time())
    found: list[CalendarChoice] = []
    try:
        found = list(manage_calendars.choices(box(), calendar_id))
    except Refused as refused:
        errors = {"": page.sentence(refused.code, **refused.params), **errors}
    present = request.form.get("calendar_id") or card.connection.calendar_id
    if not present:
        present = next((choice.calendar_id for choice in found if choice.writable), "")
    return _render(
        "calendar_choose.html", status=status, errors=errors, one=calendars.shown(card), found=found, present=present
    )


def _render(template: str, status: int = 200, **context: Any) -> Any:
    return frame.render(template, "calendars", status=status, cal=calendar_words, **context)
