"""Passkeys: the card on the account page, and the log-in with one.

A script asks the browser and puts what it says into a form; everything else is forms like all others. Without script,
or where the browser knows no passkeys, the buttons do not show.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import Response, flash, jsonify, make_response, request

from waitlist_appliance.domain.errors import Refused
from waitlist_appliance.services import passkeys, staff_letters
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import account, auth, page

CARD = f"{account.HOME}#passkeys"


def begin_adding() -> Any:
    """For the script: what the browser needs to make one; or where to go first."""
    if not auth.recently_proved():
        return jsonify(go=auth.ask_again(CARD).location)
    return _told(lambda: passkeys.begin_adding(box(), auth.the_user(), auth.address(), current_time()))


def add() -> Any:
    """The form with what the browser made. Shows the recovery codes, where there were none."""
    if not auth.recently_proved():
        return auth.ask_again(CARD)
    form, user, now = request.form, auth.the_user(), current_time()
    try:
        codes = passkeys.add(
            box(), user, form.get("credential", ""), form.get("name", ""), now, auth.cookie(auth.COOKIE) or ""
        )
    except Refused as refused:
        flash(page.sentence(refused.code, **refused.params), "bad")
        return page.go(CARD)
    staff_letters.tell(box(), user, "passkey_added", now)
    flash(page.say().gettext(N_("The passkey is added. It opens the door by itself, without password and code.")), "ok")
    return account.show_codes(codes) if codes else page.go(CARD)


def rename(passkey_id: str) -> Response:
    """Another name for one of them."""
    return page.act(
        lambda: passkeys.rename(box(), auth.the_user(), passkey_id, request.form.get("name", ""), current_time()),
        page.say().gettext(N_("The passkey has its new name.")), CARD,
    )  # fmt: skip


def remove(passkey_id: str) -> Response:
    """Take one off the account."""
    if not auth.recently_proved():
        return auth.ask_again(CARD)
    return page.act(lambda: _remove(passkey_id), page.say().gettext(N_("The passkey opens nothing any more.")), CARD)


def begin_login() -> Any:
    """For the script: what the browser needs to show one."""
    return _told(lambda: passkeys.begin_login(box(), auth.address(), current_time()))


def log_in() -> Any:
    """The form with what the browser signed."""
    target = auth.local_target(request.form.get("next"))
    try:
        user, opened = passkeys.log_in(
            box(), request.form.get("credential", ""), current_time(), ip=auth.address(), user_agent=auth.agent()
        )
    except Refused as refused:
        flash(page.sentence(refused.code, **refused.params), "bad")
        return page.go("/login?" + urlencode({"next": target}))
    response = page.go(target)
    auth.let_in(response, user, opened)
    return response


def _remove(passkey_id: str) -> None:
    passkeys.remove(box(), auth.the_user(), passkey_id, current_time())
    staff_letters.tell(box(), auth.the_user(), "passkey_removed", current_time())


def _told(asking: Callable[[], dict[str, Any]]) -> Response:
    """The options, or why there are none in words."""
    try:
        return jsonify(options=asking())
    except Refused as refused:
        return make_response(jsonify(said=page.sentence(refused.code, **refused.params)), 422)
