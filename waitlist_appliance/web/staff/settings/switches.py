"""The two switches: may people join, and who is asked when a time becomes free."""

from __future__ import annotations

from typing import Any

from flask import request

from waitlist_appliance.domain.errors import Invalid
from waitlist_appliance.services import set_up_business
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, page
from waitlist_appliance.web.staff.settings import frame

HOME = "/staff/settings/switches"
DONE = {
    ("joining", "open"): N_("People may join the waitlist."),
    ("joining", "closed"): N_("Nobody new can join. Those who wait keep their place."),
    ("offers", "automatic"): N_("The next in line is asked at once."),
    ("offers", "approve_each"): N_("Offers are prepared; you approve each one."),
    ("offers", "manual"): N_("Nobody is asked unless you do it."),
    ("offers", "paused"): N_("Offers are paused. Those already out can still be answered."),
}
CHOICES = {
    "joining": {
        "open": (N_("Open"), N_("People may join by phone, by link, and by hand."), "door-open"),
        "closed": (N_("Closed"), N_("Nobody new joins. Those who wait keep their place and are still asked."),
                   "door-closed"),
    },
    "offers": {
        "automatic": (N_("Automatic"), N_("A time becomes free, the next in line gets a message at once."), "lightning"),
        "approve_each": (N_("Approve each"), N_("The offer is prepared and waits for your yes."), "hand-thumbs-up"),
        "manual": (N_("By hand"), N_("You choose whom to ask, and when."), "hand-index-thumb"),
        "paused": (N_("Paused"), N_("Nobody is asked. Offers already out can still be answered."), "pause-circle"),
    },
}  # fmt: skip


def overview() -> Any:
    """Both switches, as they stand."""
    return frame.render("switches.html", "switches", choices=CHOICES, policies=box().setup().policies)


def switch() -> Any:
    """Turn one of them."""
    key, value = request.form.get("switch", ""), request.form.get("to", "")

    def doing() -> None:
        if (key, value) not in DONE:
            raise Invalid("bad_value", "switch", params={"field": "switch"})
        set_up_business.change_policies(box(), {key: value}, current_time(), auth.actor())

    return frame.act(doing, DONE.get((key, value), ""), page.back_to(HOME))
