"""/waitlist/offer/<token>: the offered time, yes and no. GET and HEAD change nothing: scanners open links."""

from __future__ import annotations

from flask import Response, request

from waitlist_appliance.domain.errors import Invalid, NotFound, Refused
from waitlist_appliance.services import offer_page as offers
from waitlist_appliance.services.offer_page import OfferPage
from waitlist_appliance.texts import dates
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.i18n import locale, speak
from waitlist_appliance.web.public import page as pages

RING = 2 * 3.14159265 * 54  # the length of the countdown's circle


def show(token: str) -> Response:
    """The offer as it stands."""
    pages.require_token(token)
    return _show(offers.offer_page(box(), token, current_time()))


def act(token: str) -> Response:
    """Yes or no; both may be said twice."""
    pages.require_token(token)
    said = request.form.get("act", "")
    if said not in ("accept", "decline"):
        raise Invalid("bad_value", "act")
    answered = offers.accept if said == "accept" else offers.decline
    try:
        answered(box(), token, current_time())
    except NotFound:
        raise
    except Refused as refusal:
        page = offers.offer_page(box(), token, current_time())
        speak(page.entry.locale)
        return _show(page, pages.words_of(refusal), 409)
    return pages.again()


def _show(page: OfferPage, refusal: str | None = None, status: int = 200) -> Response:
    speak(page.entry.locale)
    return pages.show(
        "offer.html", page.entry.locale, status, page=page, entry=page.entry, business=page.business, here=pages.here,
        refusal=refusal, until=_until(page), ring=RING, ring_gone=_ring_gone(page), step=request.args.get("step", ""),
    )  # fmt: skip


def _until(page: OfferPage) -> str:
    """What follows "until"."""
    if page.deadline is None:
        return ""
    return dates.until(page.deadline, current_time(), page.business.tz, locale())


def _ring_gone(page: OfferPage) -> float:
    """How much of the ring has run out, in the circle's own units."""
    if page.seconds_left is None or not page.window_seconds:
        return 0.0
    return float(round(RING * (1 - min(1.0, page.seconds_left / page.window_seconds)), 1))
