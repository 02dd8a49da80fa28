"""What a simulated phone shows, for programs: the demo and tests read along without logging in.

Registered by adding SIMULATOR_ROUTES to the URL table in web/routes.py.
"""

from __future__ import annotations

from flask import Response

from waitlist_appliance.storage import lists
from waitlist_appliance.web.api.answers import answer, iso
from waitlist_appliance.web.context import box, the_business
from waitlist_appliance.web.routing import Route
from waitlist_appliance.web.validation import Field, Schema, read_query

MESSAGES_QUERY = Schema("SimulatedMessagesQuery", (Field("phone", "phone", required=True, longest=60),))


def messages() -> Response:
    """The conversation with one simulated phone, oldest first; `side` is `out` for what we sent."""
    asked = read_query(MESSAGES_QUERY, the_business().tz)
    said = [
        {"side": b.side, "channel": b.channel, "subject": b.subject, "body": b.body, "at": iso(b.at)}
        for b in lists.conversation(box().db, asked["phone"])
    ]
    return answer({"success": True, "phone": asked["phone"], "messages": said})


SIMULATOR_ROUTES = (
    Route("/api/simulator/messages", ("GET",), "simulated_messages", messages, "api", "waitlist.notify"),
)
