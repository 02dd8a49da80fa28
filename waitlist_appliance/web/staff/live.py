"""What open pages ask every two seconds: has anything changed, and does anything need a person?"""

from __future__ import annotations

from flask import Response, jsonify

from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.storage import activity
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import bell, page


def changes() -> Response:
    """The number of the last change, a mark that moves with bell and light, and the box's time for the countdowns."""
    attention = bell.fingerprint(page.needs())
    return jsonify(changes=activity.counter(box().db), attention=attention, now=to_ms(current_time()))
