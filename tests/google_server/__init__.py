"""A stand-in for Google Calendar and Google's sign-in, over real HTTP on the loopback address.

    with GoogleServer() as google:
        google.add_calendar("team@example.com", "Casa Lola", "Europe/Madrid", "owner")
        tokens = google.grant()                        # or google.agree(consent_url) and POST google.token_url
        google.put_event("team@example.com", start=..., end=..., summary="Ana")    # staff's hand
        google.fail("unavailable", later_pages)        # what goes wrong, and when
        google.before("events.insert", callback)       # what comes first in a race
        ...                                            # point the adapter at google.url
        google.assert_clean()

Every request and every answer is held against the discovery document in the client's wheel; what it does not know is in
``google.violations``. Not modelled, and noted when asked for: ``fields``, batches, free/busy, colours, settings, access
rules, ``events.import``, ``move`` and ``quickAdd``, and everything that changes a calendar.
"""

from tests.google_server.faults import later_pages, on
from tests.google_server.server import START, GoogleServer
from tests.google_server.state import Request
from tests.google_server.tokens import CALENDAR_EVENTS, CALENDAR_LIST, Client, Granted

__all__ = [
    "CALENDAR_EVENTS", "CALENDAR_LIST", "START", "Client", "GoogleServer", "Granted", "Request", "later_pages", "on",
]  # fmt: skip
