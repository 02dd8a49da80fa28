"""Who stands at the desk: the session cookie, the permission of the route, the form token of what changes things."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from flask import Response, g, make_response, redirect, request
from flask_wtf.csrf import validate_csrf
from wtforms import ValidationError

from waitlist_appliance.domain.errors import Forbidden
from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import staff_login
from waitlist_appliance.services.appliance import Actor
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.routing import Route

COOKIE = "waitlist_staff"
HOME = "/staff/waitlist"
_SAFE = ("GET", "HEAD", "OPTIONS")


def require_staff(route: Route) -> Response | None:
    """None when the caller may use this route; otherwise the answer that sends them away."""
    user = current_user()
    if user is None:
        return _to_the_door()
    if not staff_login.may(user, route.permission):
        staff_login.note_refusal(box(), user, request.method, route.endpoint, current_time())
        return _refusal("forbidden")
    if request.method not in _SAFE and not form_token_is_good():
        return _refusal("csrf")
    return None


def current_user() -> StaffUser | None:
    """Whoever is logged in on this browser, read once per request."""
    if "staff_user" not in g:
        g.staff_user = staff_login.who(box(), request.cookies.get(COOKIE), current_time())
    return cast("StaffUser | None", g.staff_user)


def staff_api_user() -> StaffUser | None:
    """The staff user behind a call to the API from our own pages: the session and, for changes, the form token."""
    user = current_user()
    if user is None or (request.method not in _SAFE and not form_token_is_good()):
        return None
    return user


def the_user() -> StaffUser:
    """The staff user of a route that asked for one. Raises Forbidden."""
    user = current_user()
    if user is None:
        raise Forbidden("unauthorized")
    return user


def actor() -> Actor:
    """The staff user as the history names them."""
    return Actor("staff", the_user().name)


def form_token_is_good() -> bool:
    """Whether the form came from one of our own pages on this browser."""
    token = request.form.get("csrf_token") or request.headers.get("X-CSRFToken")
    try:
        validate_csrf(token)
    except ValidationError:
        return False
    return True


def local_target(target: str | None) -> str:
    """Where to go after the log-in: a path of ours, never another site."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return HOME
    if any(ord(char) < 32 for char in target):
        return HOME
    parts = urlsplit(target)
    return HOME if parts.scheme or parts.netloc else target


def set_cookie(response: Response, token: str) -> None:
    """Remember the session on this browser."""
    response.set_cookie(COOKIE, token, max_age=int(staff_login.SESSION_LIFE.total_seconds()), **_cookie_options())


def forget_cookie(response: Response) -> None:
    """Forget the session on this browser."""
    response.delete_cookie(COOKIE, **_cookie_options())


def _cookie_options() -> dict[str, Any]:
    return {"httponly": True, "samesite": "Lax", "secure": box().config.is_https, "path": "/"}


def _to_the_door() -> Response:
    if request.method not in ("GET", "HEAD") or request.path == "/staff/changes":
        return _refusal("unauthorized", status=401)
    query = request.full_path.rstrip("?")
    return cast(Response, redirect("/login?" + urlencode({"next": query}), code=303))


def _refusal(code: str, status: int = 403) -> Response:
    from waitlist_appliance.web.staff.page import refusal_page

    return make_response(refusal_page(code), status)
