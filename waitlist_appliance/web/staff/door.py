"""The door: log in (password, then the second factor), log out, and the first password out of a one-time link."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, flash, make_response, request, session

from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound, Refused
from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import first_run, second_factor, sessions, staff_letters, staff_login
from waitlist_appliance.services.staff_login import Entrance
from waitlist_appliance.storage import second_factors
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, page


def root() -> Response:
    """The bare address leads to the desk."""
    return page.go(auth.HOME)


def log_in() -> Any:
    """GET shows the form; POST opens a session, or asks for the second factor, and goes where one wanted to go."""
    target = auth.local_target(request.values.get("next"))
    if request.method != "POST":
        return page.go(target) if auth.current_user() else _login_page(target, {})
    email, password = request.form.get("email", ""), request.form.get("password", "")
    try:
        entrance = _log_in(email, password)
    except Refused as refused:
        return _login_refused(refused, email, target)
    return _enter(entrance, target)


def code() -> Any:
    """GET asks for the second factor; POST opens the session for the right one."""
    return _second_factor("second_factor.html", recovery=False)


def recovery() -> Any:
    """The same with a recovery code, for whoever has lost the second factor."""
    return _second_factor("second_factor_recovery.html", recovery=True)


def forgot() -> Any:
    """GET asks for the address; POST answers the same whether or not anybody has it."""
    possible = staff_letters.is_possible(box())
    errors: dict[str, str] = {}
    email = request.form.get("email", "").strip()
    if request.method != "POST" or not possible:
        return page.render_door("forgot.html", possible=possible, asked=False, errors=errors)
    try:
        staff_letters.forgot(box(), email, auth.address(), current_time())
    except Conflict as refused:
        errors[""] = page.sentence(refused.code, **refused.params)
        shown = page.render_door("forgot.html", possible=True, asked=False, errors=errors, email=email)
        response = make_response(shown, 429)
        response.headers["Retry-After"] = str(refused.params["seconds"])
        return response
    return page.render_door("forgot.html", possible=True, asked=True, errors=errors)


def log_out() -> Response:
    """End the session on this browser."""
    sessions.log_out(box(), auth.cookie(auth.COOKIE) or "", current_time())
    session.clear()
    response = page.go("/login")
    auth.forget_cookie(response)
    return response


def welcome(token: str) -> Any:
    """GET shows whom the link is for and changes nothing; POST sets the password and logs in."""
    try:
        user = staff_login.link_user(box(), token, current_time())
        if request.method == "POST":
            return _set_password(token)
    except NotFound:
        return page.render_door("refused.html", sentence=page.sentence("token_gone"), code="token_gone"), 404
    except Invalid as refused:
        shown = page.render_door("welcome.html", owner=user, errors=page.field_errors(refused))
        return shown, 422
    return page.render_door("welcome.html", owner=user, errors={})


def _set_password(token: str) -> Response:
    password, now = request.form.get("password", ""), current_time()
    if password != request.form.get("again", ""):
        raise Invalid("passwords_differ", "again")
    # Whoever has just chosen it need not guess: no brake is asked, which others at this address may hold on.
    user = staff_login.use_link(box(), token, password, now)
    entrance = staff_login.enter(box(), user, auth.address(), now, user_agent=auth.agent())
    return _enter(entrance, _first_page(user.role))


def _log_in(email: str, password: str) -> Entrance:
    return staff_login.log_in(
        box(), email, password, auth.address(), current_time(), user_agent=auth.agent(), device=auth.device(email)
    )


def _enter(entrance: Entrance, target: str) -> Response:
    """To where one wanted to go; by way of the second factor where there is one."""
    if entrance.session is None:
        response = page.go("/login/code?" + urlencode({"next": target}))
        auth.set_challenge(response, entrance.challenge or "")
        return response
    response = page.go(target)
    auth.let_in(response, entrance.user, entrance.session)
    return response


def _second_factor(template: str, *, recovery: bool) -> Any:
    target, secret = auth.local_target(request.values.get("next")), auth.cookie(auth.CHALLENGE)
    try:
        user = second_factor.pending(box(), secret, current_time())
        if request.method != "POST":
            return _code_page(template, user, target, {})
        opened = second_factor.answer(
            box(), secret, request.form.get("code", ""), current_time(), ip=auth.address(), user_agent=auth.agent(),
            device=auth.device(user.email), recovery=recovery,
        )  # fmt: skip
    except NotFound as refused:
        return _begin_again(refused, target)
    except Refused as refused:
        return _code_refused(template, refused, user, target)
    response = page.go(target)
    auth.let_in(response, user, opened)
    if recovery:
        _say_what_is_left(user)
    return response


def _say_what_is_left(user: StaffUser) -> None:
    left = second_factors.codes_left(box().db, user.id)
    n_ = page.say().ngettext
    flash(
        n_(
            "That recovery code is used up. {number} is left.", "That recovery code is used up. {number} are left.", left
        ).format(number=left),
        "ok",
    )  # fmt: skip


def _code_page(template: str, user: StaffUser, target: str, errors: dict[str, str]) -> str:
    return page.render_door(template, target=target, errors=errors, kinds=second_factor.kinds(box(), user))


def _code_refused(template: str, refused: Refused, user: StaffUser, target: str) -> Response:
    status = 429 if refused.code == "rate_limited" else 422
    response = make_response(_code_page(template, user, target, page.field_errors(refused, ("code",))), status)
    if status == 429:
        response.headers["Retry-After"] = str(refused.params["seconds"])
    return response


def _begin_again(refused: NotFound, target: str) -> Response:
    """The challenge is over, too old, or another browser's: back to the password."""
    if request.method == "POST":
        flash(page.sentence(refused.code), "bad")
    response = page.go("/login?" + urlencode({"next": target}))
    auth.forget_challenge(response)
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
