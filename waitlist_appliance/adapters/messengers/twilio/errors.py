"""What Twilio's error codes mean for the outbox. The one dictionary of them, for refusals at once and later failures.

A verdict is about the channel that was used: "dead" on WhatsApp says nothing of SMS. Some were chosen among several
readings: a block (30004), which may be the carrier's, ends SMS to this number but is nobody's wish to hear no more; an
unreachable phone (30003) and an unknown failure (30008) lead to the next channel rather than to a second try, since an
offer does not wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, NamedTuple

from waitlist_appliance.ports import DeliveryError, Verdict

LONGEST_WAIT: Final = timedelta(hours=1)


class Meaning(NamedTuple):
    """What follows, and the words for the log."""

    verdict: Verdict
    words: str


MEANINGS: Final[Mapping[int, Meaning]] = {
    # the recipient
    21211: Meaning("dead", "the number does not exist"),
    21217: Meaning("dead", "the number does not exist"),
    30005: Meaning("dead", "the number is unknown or no longer in use"),
    30004: Meaning("dead", "the carrier or the recipient blocks our messages"),
    63003: Meaning("dead", "the number is not on WhatsApp"),
    63024: Meaning("dead", "the number cannot receive WhatsApp messages"),
    21614: Meaning("landline", "the number cannot receive text messages"),
    21635: Meaning("landline", "the number is a landline"),
    30006: Meaning("landline", "the number is a landline, or its carrier cannot be reached"),
    21610: Meaning("opted_out", "the recipient has answered STOP"),
    63014: Meaning("opted_out", "the recipient has blocked us on WhatsApp"),
    # this way to the recipient
    21612: Meaning("elsewhere", "our sender cannot reach this number"),
    30003: Meaning("elsewhere", "the phone is switched off or out of reach"),
    30008: Meaning("elsewhere", "the carrier did not deliver it and gives no reason"),
    30036: Meaning("elsewhere", "the message waited until it was no longer valid"),
    63015: Meaning("elsewhere", "the number has not joined the WhatsApp sandbox"),
    63016: Meaning("elsewhere", "WhatsApp takes free text only within 24 hours of the recipient's last message"),
    63032: Meaning("elsewhere", "WhatsApp does not deliver to this recipient at present"),
    63049: Meaning("elsewhere", "WhatsApp chose not to deliver this message"),
    # this message, or this kind of message
    20001: Meaning("message", "Twilio does not understand the request"),
    21408: Meaning("message", "the account may not write to this country (Geo Permissions)"),
    21602: Meaning("message", "the message has no text"),
    21604: Meaning("message", "the message has no recipient"),
    21608: Meaning("message", "a trial account writes to verified numbers only"),
    21609: Meaning("message", "Twilio cannot use the public address for delivery reports"),
    21617: Meaning("message", "the text is longer than 1600 characters"),
    21619: Meaning("message", "the message has no text"),
    21655: Meaning("message", "the WhatsApp template does not exist"),
    21656: Meaning("message", "the WhatsApp template does not take these values"),
    30007: Meaning("message", "the carrier filters this text"),
    # Of one country's recipients: it must not silence a house elsewhere that has one guest from there.
    30034: Meaning("message", "the sender is not registered for messages in the United States (A2P 10DLC)"),
    30450: Meaning("message", "Twilio's fraud protection blocks messages to this number range"),
    # the account
    20003: Meaning("account", "the credentials are wrong"),
    20005: Meaning("account", "the account is not active"),
    20008: Meaning("account", "test credentials cannot do this"),
    20404: Meaning("account", "the account or what was asked for does not exist"),
    21212: Meaning("account", "the sender number is invalid"),
    21603: Meaning("account", "no sender is set"),
    21606: Meaning("account", "the sender number cannot send messages"),
    21611: Meaning("account", "the sender's queue at Twilio is full"),
    21659: Meaning("account", "the sender is not a number of this account"),
    21660: Meaning("account", "the sender belongs to another account"),
    21701: Meaning("account", "the messaging service does not exist"),
    21703: Meaning("account", "the messaging service has no number to send from"),
    21705: Meaning("account", "the messaging service is invalid"),
    21910: Meaning("account", "the sender and the recipient are on different channels"),
    30001: Meaning("account", "the sender's queue at Twilio is full"),
    30002: Meaning("account", "the account is suspended"),
    63007: Meaning("account", "the WhatsApp sender does not exist"),
    # patience
    20429: Meaning("slow", "too many requests"),
    63018: Meaning("slow", "too many messages on WhatsApp"),
}

# For answers without a code that is known.
BY_STATUS: Final[Mapping[int, Meaning]] = {
    401: Meaning("account", "the credentials are wrong"),
    403: Meaning("account", "the account may not do this"),
    404: Meaning("account", "the account or what was asked for does not exist"),
    429: Meaning("slow", "too many requests"),
}
_REDIRECTED: Final = Meaning("account", "the address of the API redirects elsewhere")
_REFUSED: Final = Meaning("message", "refused for a reason not known here")


def refusal(status: int, code: int | None, *, sends: bool, retry_after: timedelta | None = None) -> DeliveryError:
    """An answer other than "done", as the outbox understands it. ``sends``: it was asked to send, not to tell."""
    name = str(code) if code else f"HTTP {status}"
    if status >= 500 or status == 408:
        return uncertain("Twilio failed", sends=sends, code=name, retry_after=retry_after)
    verdict, words = _meaning(status, code)
    if verdict == "message" and not sends:
        verdict = "later"
    return DeliveryError(f"Twilio: {words} ({name})", verdict, code=name, retry_after=retry_after)


def uncertain(
    words: str, *, sends: bool, code: str | None = None, retry_after: timedelta | None = None
) -> DeliveryError:  # fmt: skip
    """Nobody knows what became of it. Asking again is harmless; sending again is not."""
    named = f"{words} ({code})" if code else words
    return DeliveryError(named, "unknown" if sends else "later", code=code, retry_after=retry_after)


def failure(code: int | None) -> Meaning:
    """Why a message that was taken did not arrive. A code not known here leads to the next channel."""
    return MEANINGS.get(code or 0, Meaning("elsewhere", "not delivered, for a reason not known here"))


def _meaning(status: int, code: int | None) -> Meaning:
    if code is not None and code in MEANINGS:
        return MEANINGS[code]
    return _REDIRECTED if status < 400 else BY_STATUS.get(status, _REFUSED)
