"""A stand-in for Twilio's Messages API, over real HTTP on the loopback address.

    with TwilioServer(public_url="https://casa.example", local_url="http://127.0.0.1:8000") as twilio:
        ...                                            # point the adapter at twilio.url
        twilio.progress()                              # queued -> sending -> sent -> delivered
        twilio.deliver_callbacks(reverse=True, times=2, lose={"sent"})
        twilio.inbound("+34600000001", "SI")           # signed, posted to our hook, listed by the API
        twilio.fail("hang_after", "messages.create")   # what goes wrong, and when
        twilio.refuse("+34600000002", 21614)           # refused at once
        twilio.come_to_nothing("+34600000003", 30003)  # taken, and failed later
        twilio.assert_clean()

Every request and every answer is held against Twilio's own OpenAPI description; what it does not know is in
``twilio.violations``. Hooks are reached over HTTP at ``local_url``, or through ``twilio.postman.transport``: any callable
that posts a body, such as ``through(flask_test_client)``. Twilio's magic numbers work as they do with test credentials.
Not modelled, and noted when asked for: media, scheduling, changing and deleting messages, subaccounts.
"""

from tests.twilio_server.faults import on
from tests.twilio_server.inbound import Arrived
from tests.twilio_server.network import Callback
from tests.twilio_server.posting import Answer, SharedKey, through
from tests.twilio_server.server import ACCOUNT_SID, AUTH_TOKEN, START, TwilioServer
from tests.twilio_server.state import Message, Request, Template

__all__ = [
    "ACCOUNT_SID", "AUTH_TOKEN", "START", "Answer", "Arrived", "Callback", "Message", "Request", "SharedKey", "Template",
    "TwilioServer", "on", "through",
]  # fmt: skip
