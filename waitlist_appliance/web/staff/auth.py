"""Who stands at the desk: the session cookie, the permission of the route, the form token of what changes things.

Three cookies of ours: the session; the challenge between password and second factor, for minutes; and the marks of a
browser that logged in before, for half a year. Behind https their names begin with ``__Host-``: no other host, not even
a neighbour under the same domain, can set them.
"""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from flask import Response, g, make_response, redirect, request, session
from flask_wtf.csrf import validate_csrf
from wtforms import ValidationError

from waitlist_appliance.domain.errors import Forbidden, NotFound
from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import known_devices, second_factor, sessions, staff_login
from waitlist_appliance.services.appliance import Actor
from waitlist_appliance.services.sessions import Presence
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.routing import Route

COOKIE = "waitlist_staff"
CHALLENGE = "waitlist_challenge"
KNOWN = "waitlist_known"
HOME = "/staff/waitlist"
ACCOUNT = "/staff/account"
PROVE = f"{ACCOUNT}/prove"
_SAFE = ("GET", "HEAD", "OPTIONS")


def require_staff(route: Route) -> Response | None:
    """None when the caller may use this route; otherwise the answer that sends them away."""
    user = current_user()
    if user is None:
        return _to_the_door()
    if lacks_second_factor() and not _leads_to_one(route):
        return _to_the_second_factor()
    if not staff_login.may(user, route.permission):
        staff_login.note_refusal(box(), user, request.method, route.endpoint, current_time())
        return _refusal("forbidden")
    if request.method not in _SAFE and not form_token_is_good():
        return _refusal("csrf")
    return None


def presence() -> Presence | None:
    """Whoever is logged in on this browser, and their session; read once per request."""
    if "staff_presence" not in g:
        g.staff_presence = sessions.present(box(), cookie(COOKIE), current_time())
    return cast("Presence | None", g.staff_presence)


def current_user() -> StaffUser | None:
    """Whoever is logged in on this browser."""
    here = presence()
    return here.user if here else None


def session_name() -> str | None:
    """What the session on this browser is called, where somebody is logged in; not its secret."""
    here = presence()
    return here.session.public_id if here else None


def recently_proved() -> bool:
    """Whether whoever sits here gave a password or a second factor within the last ten minutes."""
    here = presence()
    return here is not None and sessions.recently_proved(here.session, current_time())


def lacks_second_factor() -> bool:
    """Whether everybody here needs a second factor, and whoever sits here has none."""
    user = current_user()
    if user is None:
        return False
    try:
        required = box().setup().policies.second_factor_required
    except NotFound:  # nothing is set up yet
        return False
    return required and not second_factor.kinds(box(), user)


def ask_again(back: str) -> Response:
    """To the page that asks for the password once more, and from there back to this page of staff's."""
    return cast(Response, redirect(f"{PROVE}?" + urlencode({"next": back}), code=303))


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


def let_in(response: Response, user: StaffUser, token: str) -> None:
    """Whoever has logged in: a new session on this browser, and nothing left of what was before."""
    language = session.get("staff_lang")
    session.clear()
    if language:
        session["staff_lang"] = language
    set_cookie(response, token)
    forget_challenge(response)
    if device(user.email) is None:
        marks = known_devices.with_mark(box(), cookie(KNOWN), user.email, current_time())
        _set(response, KNOWN, marks, known_devices.LIFE.total_seconds())


def set_cookie(response: Response, token: str) -> None:
    """Remember the session on this browser."""
    _set(response, COOKIE, token, sessions.LIFE.total_seconds())


def forget_cookie(response: Response) -> None:
    """Forget the session on this browser."""
    _forget(response, COOKIE)


def set_challenge(response: Response, secret: str) -> None:
    """Remember on this browser, for minutes, that the password was right."""
    _set(response, CHALLENGE, secret, second_factor.LIFE.total_seconds())


def forget_challenge(response: Response) -> None:
    _forget(response, CHALLENGE)


def device(email: str) -> str | None:
    """The name of this browser where it logged in to this account before."""
    return known_devices.device(box(), cookie(KNOWN), email, current_time())


def address() -> str:
    """Where the request comes from."""
    return request.remote_addr or "?"


def agent() -> str:
    """What the browser says it is."""
    return request.headers.get("User-Agent", "")


def cookie(name: str) -> str | None:
    return request.cookies.get(_name(name))


def _name(name: str) -> str:
    return f"__Host-{name}" if box().config.is_https else name


def _set(response: Response, name: str, value: str, seconds: float) -> None:
    response.set_cookie(_name(name), value, max_age=int(seconds), **_cookie_options())


def _forget(response: Response, name: str) -> None:
    response.delete_cookie(_name(name), **_cookie_options())


def _cookie_options() -> dict[str, Any]:
    return {"httponly": True, "samesite": "Lax", "secure": box().config.is_https, "path": "/"}


def _to_the_door() -> Response:
    if request.method not in ("GET", "HEAD") or request.path == "/staff/changes":
        return _refusal("unauthorized", status=401)
    query = request.full_path.rstrip("?")
    return cast(Response, redirect("/login?" + urlencode({"next": query}), code=303))


def _leads_to_one(route: Route) -> bool:
    """What is open to whoever still has to set up their second factor: their account, and leaving."""
    return route.path.startswith(ACCOUNT) or route.endpoint in ("staff.log_out", "staff.changes")


def _to_the_second_factor() -> Response:
    if request.method not in ("GET", "HEAD"):
        return _refusal("second_factor_required")
    return cast(Response, redirect(ACCOUNT, code=303))


def _refusal(code: str, status: int = 403) -> Response:
    from waitlist_appliance.web.staff.page import refusal_page

    return make_response(refusal_page(code), status)
