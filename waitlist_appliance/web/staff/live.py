"""What open pages ask every two seconds: has anything changed?"""

from __future__ import annotations

from flask import Response, jsonify

from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.storage import activity
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box


def changes() -> Response:
    """The number of the last change, and the box's time for the countdowns."""
    return jsonify(changes=activity.counter(box().db), now=to_ms(current_time()))
