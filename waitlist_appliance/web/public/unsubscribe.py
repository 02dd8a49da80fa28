"""/unsubscribe/<token>: no more emails. GET shows the page; POST acts and answers 200 without a redirect (RFC 8058)."""

from __future__ import annotations

from flask import Response, request

from waitlist_appliance.domain.errors import Invalid
from waitlist_appliance.services import unsubscribe as service
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.public import page as pages


def show(token: str) -> Response:
    """What unsubscribing means, and the button."""
    pages.require_token(token)
    return _show(token)


def act(token: str) -> Response:
    """The page's own buttons, and the mail program's one click: the token is the proof, there is no cookie."""
    pages.require_token(token)
    said = request.form.get("act", "")
    if said == "unsubscribe" or request.form.get("List-Unsubscribe", "").lower() == "one-click":
        service.unsubscribe(box(), token, current_time())
    elif said == "again":
        service.subscribe_again(box(), token, current_time())
    else:
        raise Invalid("bad_value", "act")
    return _show(token, done=True)


def _show(token: str, *, done: bool = False) -> Response:
    page = service.unsubscribe_page(box(), token)
    return pages.show(
        "unsubscribe.html", page.customer.locale, page=page, business=page.business, here=pages.here, done=done
    )
