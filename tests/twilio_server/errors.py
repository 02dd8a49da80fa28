"""Refusals in the forms in which Twilio writes them, and what its codes mean."""

from __future__ import annotations

from typing import Any

# Refusals at once: code -> (status, message).
REFUSALS: dict[int, tuple[int, str]] = {
    20001: (400, "Bad Request"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20005: (403, "Account not active"),
    20008: (403, "Resource not accessible with Test Account Credentials"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    20503: (503, "Service Unavailable"),
    21211: (400, "Invalid 'To' Phone Number"),
    21212: (400, "Invalid 'From' Phone Number"),
    21217: (400, "Phone number does not appear to be valid"),
    21408: (400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number"),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' phone number provided is not a valid message-capable Twilio phone number"),
    21608: (400, "The number is unverified. Trial accounts cannot send messages to unverified numbers"),
    21609: (400, "The 'StatusCallback' URL is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (400, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (400, "Message cannot be sent with the current combination of 'To' and 'From' parameters"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21619: (400, "A text message body or media urls must be specified."),
    21635: (400, "'To' number cannot be a Landline"),
    21655: (400, "The ContentSid is invalid"),
    21656: (400, "The Content Variables parameter is invalid"),
    21659: (400, "'From' is not a Twilio phone number or Short Code country mismatch"),
    21660: (400, "Mismatch between the 'From' number and the account"),
    21701: (400, "The Messaging Service does not exist"),
    21703: (400, "The Messaging Service does not have a phone number available to send a message"),
    21910: (400, "Invalid 'From' and 'To' pair. 'From' and 'To' should be of the same channel"),
    63007: (400, "Twilio could not find a Channel with the specified From address"),
}

# What a message may come to later: code -> (final status, message).
OUTCOMES: dict[int, tuple[str, str]] = {
    30001: ("failed", "Queue overflow"),
    30002: ("failed", "Account suspended"),
    30003: ("undelivered", "Unreachable destination handset"),
    30004: ("undelivered", "Message blocked"),
    30005: ("undelivered", "Unknown destination handset"),
    30006: ("undelivered", "Landline or unreachable carrier"),
    30007: ("undelivered", "Message filtered"),
    30008: ("undelivered", "Unknown error"),
    30034: ("undelivered", "US A2P 10DLC - Message from an Unregistered Number"),
    30036: ("failed", "Validity Period Expired"),
    30450: ("undelivered", "Message delivery blocked"),
    63003: ("undelivered", "Channel could not find To address"),
    63014: ("undelivered", "Message failed to be delivered because it was blocked by a user action"),
    63016: ("failed", "Failed to send freeform message because you are outside the allowed window"),
    63018: ("failed", "Rate limit exceeded for Channel"),
    63024: ("undelivered", "Invalid message recipient"),
    63032: ("undelivered", "We cannot send this message to this user because of a limitation of WhatsApp"),
    63049: ("undelivered", "Meta chose not to deliver this message"),
}


class ApiError(Exception):
    """The call is refused with this code; status and message are Twilio's unless given."""

    def __init__(
        self, code: int, message: str = "", *, status: int | None = None, headers: dict[str, str] | None = None
    ) -> None:
        known = REFUSALS.get(code, (400, "Bad Request"))
        self.code = code
        self.status = status or known[0]
        self.message = message or known[1]
        self.headers = headers or {}
        super().__init__(f"{self.status} {code}: {self.message}")

    def body(self, *, problem: bool) -> dict[str, Any]:
        """The JSON that goes with it: Twilio's own, or with ``problem`` that of RFC 9457."""
        link = f"https://www.twilio.com/docs/errors/{self.code}"
        if problem:
            return {
                "type": link, "title": self.message, "status": self.status, "code": self.code, "detail": self.message,
            }  # fmt: skip
        return {"code": self.code, "message": self.message, "more_info": link, "status": self.status}
