"""The door: log in, log out, and the first password out of a one-time link."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, request

from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound, Refused
from waitlist_appliance.services import first_run, staff_letters, staff_login
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, page


def root() -> Response:
    """The bare address leads to the desk."""
    return page.go(auth.HOME)


def log_in() -> Any:
    """GET shows the form; POST opens a session and goes where the person wanted to go."""
    target = auth.local_target(request.values.get("next"))
    if request.method != "POST":
        return page.go(target) if auth.current_user() else _login_page(target, {})
    email, password = request.form.get("email", ""), request.form.get("password", "")
    try:
        token = staff_login.log_in(box(), email, password, request.remote_addr or "?", current_time())
    except Refused as refused:
        return _login_refused(refused, email, target)
    response = page.go(target)
    auth.set_cookie(response, token)
    return response


def forgot() -> Any:
    """GET asks for the address; POST answers the same whether or not anybody has it."""
    possible = staff_letters.is_possible(box())
    errors: dict[str, str] = {}
    email = request.form.get("email", "").strip()
    if request.method != "POST" or not possible:
        return page.render_door("forgot.html", possible=possible, asked=False, errors=errors)
    try:
        staff_letters.forgot(box(), email, request.remote_addr or "?", current_time())
    except Conflict as refused:
        errors[""] = page.sentence(refused.code, **refused.params)
        shown = page.render_door("forgot.html", possible=True, asked=False, errors=errors, email=email)
        response = make_response(shown, 429)
        response.headers["Retry-After"] = str(refused.params["seconds"])
        return response
    return page.render_door("forgot.html", possible=True, asked=True, errors=errors)


def log_out() -> Response:
    """End the session on this browser."""
    token = request.cookies.get(auth.COOKIE)
    if token:
        staff_login.log_out(box(), token)
    response = page.go("/login")
    auth.forget_cookie(response)
    return response


def welcome(token: str) -> Any:
    """GET shows whom the link is for and changes nothing; POST sets the password and logs in."""
    try:
        user = staff_login.link_user(box(), token, current_time())
        if request.method == "POST":
            return _set_password(token, user.email, user.role)
    except NotFound:
        return page.render_door("refused.html", sentence=page.sentence("token_gone"), code="token_gone"), 404
    except (Invalid, Conflict) as refused:
        shown = page.render_door("welcome.html", owner=user, errors=page.field_errors(refused))
        return shown, 422
    return page.render_door("welcome.html", owner=user, errors={})


def _set_password(token: str, email: str, role: str) -> Response:
    password = request.form.get("password", "")
    if password != request.form.get("again", ""):
        raise Invalid("passwords_differ", "again")
    staff_login.use_link(box(), token, password, current_time())
    session = staff_login.log_in(box(), email, password, request.remote_addr or "?", current_time())
    response = page.go(_first_page(role))
    auth.set_cookie(response, session)
    return response


def _first_page(role: str) -> str:
    """The owner's first steps while they are not done; the desk for everybody else."""
    return "/staff/first-run" if role == "owner" and not first_run.state(box()).finished else auth.HOME


def _login_refused(refused: Refused, email: str, target: str) -> Response:
    status = 429 if refused.code == "rate_limited" else 401
    errors = {"": page.sentence(refused.code, **refused.params)}
    response = make_response(_login_page(target, errors, email), status)
    if status == 429:
        response.headers["Retry-After"] = str(refused.params["seconds"])
    return response


def _login_page(target: str, errors: dict[str, str], email: str = "") -> str:
    by_mail = staff_letters.is_possible(box())
    return page.render_door("login.html", target=target, errors=errors, email=email, by_mail=by_mail)
