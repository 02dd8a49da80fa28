"""One's own account: the second step at log-in, the password, and where one is logged in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, flash, request, session

from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound, Refused
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.services import (
    recovery_codes,
    second_factor,
    sessions,
    set_up_second_factor,
    staff_letters,
    staff_login,
)
from waitlist_appliance.storage import second_factors
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, devices, page

HOME = auth.ACCOUNT
CODE = f"{HOME}/code"
_BEGUN = "code_begun"


def overview() -> Any:
    """The whole account."""
    return _page({})


def account_context() -> dict[str, Any]:
    """What the account page shows, besides the faults of a form."""
    user, now = auth.the_user(), current_time()
    return {
        "kinds": second_factor.kinds(box(), user),
        "totp": second_factors.totp(box().db, user.id),
        "codes_left": second_factors.codes_left(box().db, user.id),
        "codes_number": recovery_codes.NUMBER,
        "codes_few": recovery_codes.FEW,
        "sessions": [(row, devices.device(row.user_agent)) for row in sessions.of_user(box(), user, now)],
        "this_session": auth.session_name(),
        "required": auth.lacks_second_factor(),
        "proved_by": devices.PROVED_BY,
    }


def prove() -> Any:
    """Asks for the password once more, before something that only the person themselves may do."""
    target = auth.local_target(request.values.get("next"))
    if request.method != "POST":
        return page.render_door("account_prove.html", target=target, errors={})
    user, now = auth.the_user(), current_time()
    try:
        password = request.form.get("current", "")
        staff_login.prove_password(box(), user, password, auth.address(), now, auth.device(user.email))
        fresh = sessions.renew(box(), auth.cookie(auth.COOKIE) or "", now)
    except Refused as refused:
        errors = page.field_errors(refused, ("current",))
        return page.render_door("account_prove.html", target=target, errors=errors), 422
    response = page.go(target)
    auth.set_cookie(response, fresh)
    return response


def change_password() -> Any:
    """Another password; all other browsers are logged out."""
    form, user, now = request.form, auth.the_user(), current_time()
    try:
        if form.get("password", "") != form.get("again", ""):
            raise Invalid("passwords_differ", "again")
        fresh = staff_login.change_password(
            box(), user, auth.cookie(auth.COOKIE) or "", form.get("current", ""), form.get("password", ""),
            auth.address(), now, auth.device(user.email),
        )  # fmt: skip
    except (Invalid, Conflict) as refused:
        return _page(page.field_errors(refused, ("current", "password", "again")), 422)
    staff_letters.tell(box(), user, "password_changed", now)
    flash(page.say().gettext(N_("Your password is changed. All other browsers are logged out.")), "ok")
    response = page.go(HOME)
    auth.set_cookie(response, fresh)
    return response


def begin_code() -> Any:
    """A new secret for an authenticator app; the next page shows it."""
    if not auth.recently_proved():
        return auth.ask_again(HOME)
    try:
        set_up_second_factor.begin(box(), auth.the_user(), current_time())
    except Conflict as refused:
        flash(page.sentence(refused.code), "bad")
        return page.go(HOME)
    session[_BEGUN] = _begun()
    return page.go(CODE)


def code() -> Any:
    """The secret as a picture and in letters, on the browser that asked for it, until a first code was typed."""
    return _code_page({})


def confirm_code() -> Any:
    """The first code: from now on the app counts. Shows the recovery codes, this once."""
    try:
        codes = set_up_second_factor.confirm(
            box(), auth.the_user(), request.form.get("code", ""), current_time(), auth.cookie(auth.COOKIE) or ""
        )  # fmt: skip
    except Invalid as refused:
        return _code_page(page.field_errors(refused), 422)
    except Refused as refused:
        return _refused(refused)
    staff_letters.tell(box(), auth.the_user(), "second_factor_set_up", current_time())
    flash(page.say().gettext(N_("The second step is set up. From now on the log-in asks for a code as well.")), "ok")
    return show_codes(codes) if codes else page.go(HOME)


def show_codes(codes: list[str]) -> Any:
    """New recovery codes, in the answer itself: they are kept nowhere in readable form, not even in a cookie."""
    return page.render("account_codes.html", "account", codes=codes, made_at=current_time())


def new_codes() -> Any:
    """New recovery codes in place of the old ones."""
    if not auth.recently_proved():
        return auth.ask_again(HOME)
    try:
        return show_codes(set_up_second_factor.new_codes(box(), auth.the_user(), current_time()))
    except NotFound as refused:
        return _refused(refused)


def turn_off_code() -> Any:
    """The app counts no more: with the password and a code."""
    user, form, now = auth.the_user(), request.form, current_time()
    try:
        set_up_second_factor.turn_off(
            box(), user, form.get("off_password", ""), form.get("off_code", ""), auth.address(), now,
            auth.device(user.email),
        )  # fmt: skip
    except (Invalid, Conflict) as refused:
        names = {"current": "off_password", "code": "off_code"}
        errors = page.field_errors(refused, ("current", "code"))
        return _page({names.get(name, name): sentence for name, sentence in errors.items()}, 422)
    except NotFound as refused:
        return _refused(refused)
    staff_letters.tell(box(), user, "second_factor_off", now)
    flash(page.say().gettext(N_("The authenticator app is taken off. The log-in asks for no code any more.")), "ok")
    return page.go(HOME)


def end_session(session_id: str) -> Response:
    """Log one browser out."""
    return _act(
        lambda: sessions.end(box(), auth.the_user(), session_id, current_time()), N_("That browser is logged out.")
    )


def end_others() -> Response:
    """Log all other browsers out."""
    token = auth.cookie(auth.COOKIE) or ""
    return _act(
        lambda: sessions.end_others(box(), auth.the_user(), token, current_time()),
        N_("All other browsers are logged out."),
    )


def _act(doing: Callable[[], object], done: str) -> Response:
    return page.act(doing, page.say().gettext(done), HOME)


def _refused(refused: Refused) -> Response:
    flash(page.sentence(refused.code, **refused.params), "bad")
    return page.go(HOME)


def _page(errors: dict[str, str], status: int = 200) -> Any:
    return page.render("account.html", "account", errors=errors, **account_context()), status


def _begun() -> int | None:
    found = second_factors.totp(box().db, auth.the_user().id)
    return to_ms(found.created_at) if found else None


def _code_page(errors: dict[str, str], status: int = 200) -> Any:
    user = auth.the_user()
    try:
        # Elsewhere somebody may be in who has the password only, and would copy it.
        if session.get(_BEGUN) != _begun():
            raise NotFound("second_factor_not_begun")
        secret = set_up_second_factor.secret(box(), user)
    except Refused as refused:
        return _refused(refused)
    shown = page.render(
        "account_code.html", "account", errors=errors, secret=secret,
        picture=devices.qr_code(set_up_second_factor.address(box(), user)),
    )  # fmt: skip
    return shown, status
