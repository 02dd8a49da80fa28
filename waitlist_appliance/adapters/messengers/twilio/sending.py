"""Sending by SMS and WhatsApp, and asking Twilio afterwards what became of it.

Twilio has no key that would make it take a message only once: an attempt whose end nobody knows is looked up by its
recipient and its words before it is made again.
"""

from __future__ import annotations

import ipaddress
import json
import threading
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from waitlist_appliance.adapters.messengers.twilio import numbers
from waitlist_appliance.adapters.messengers.twilio.account import TwilioAccount
from waitlist_appliance.adapters.messengers.twilio.errors import failure
from waitlist_appliance.adapters.messengers.twilio.pace import SHARED, Pace
from waitlist_appliance.adapters.messengers.twilio.states import STATES, fate, whole
from waitlist_appliance.ports import DeliveryError, Fate, Handed, Inbound, Letter
from waitlist_appliance.texts import segments

if TYPE_CHECKING:
    from types import ModuleType

# The approved template for a kind of message and a language ("HX…"); None: there is none.
Templates = Callable[[str, str], str | None]

SHORTEST_VALIDITY: Final = timedelta(seconds=5)
LONGEST_VALIDITY: Final = 36_000
WHATSAPP_PER_SECOND: Final = 80.0
LOOKED_THROUGH: Final = 100  # the newest messages to one customer
MOST_INBOUND: Final = 1_000
PAGE: Final = 100
TRIAL_PREFIX: Final = "Sent from your Twilio trial account - "
_NO_SUCH_MESSAGE: Final = ("20404", "HTTP 404")
_NOT_PUBLIC: Final = (".local", ".internal", ".lan", ".localhost", ".home.arpa", ".test")


class TwilioMessenger:
    """ports.Messenger for "sms" or "whatsapp"; may be used from several threads at once.

    Errors of ``look_up``, ``fates`` and ``inbound`` are about the asking, never about the message.
    """

    provider = "twilio"

    def __init__(self, account: TwilioAccount, channel: str, templates: Templates, pace: Pace = SHARED) -> None:
        if channel not in account.channels:
            raise ValueError(f"this account has no sender for {channel}")
        self._account = account
        self._channel = channel
        self._templates = templates
        self._pace = pace
        self._client: Any = None
        self._connecting = threading.Lock()

    def send(self, letter: Letter, now: datetime) -> Handed:
        """Hand the letter over. "slow" with ``retry_after``: its sender is busy, come back then."""
        form = self._content(letter) | self._terms(letter)
        self._wait_for_turn(letter, now)
        to = numbers.write(self._channel, letter.address)
        made = self._ask(lambda messages: messages.create(to=to, **self._sender(), **form), sends=True)
        if not made.sid:
            raise DeliveryError("Twilio's answer names no message", "unknown")
        if STATES.get(made.status) == "failed":
            code = whole(made.error_code)
            verdict, words = failure(code)
            raise DeliveryError(f"Twilio: {words}", verdict, code=str(code) if code else None)
        return _handed(made)

    def look_up(self, letter: Letter, since: datetime) -> Handed | None:
        """The newest message to this customer with these words that was made since then; None: there is none."""
        to = numbers.write(self._channel, letter.address)
        # Without a date: Twilio filters by the date of sending, which a message still in its queue does not have.
        newest_first = self._ask(lambda messages: messages.list(to=to, limit=LOOKED_THROUGH), sends=False)
        earliest = since.replace(microsecond=0)  # Twilio's times are whole seconds
        for message in newest_first:
            made_since = message.date_created is not None and message.date_created >= earliest
            if made_since and message.direction == "outbound-api" and _same_words(letter, message.body or ""):
                return _handed(message)
        return None

    def fates(self, provider_ids: Sequence[str]) -> Sequence[Fate]:
        """What became of these; a message that Twilio has forgotten is left out."""
        found: list[Fate] = []
        for sid in provider_ids:
            try:
                found += self._fate(sid)
            except DeliveryError:
                if not found:
                    raise
                break  # what is known already is worth more than a reason to know nothing
        return found

    def inbound(self, since: datetime) -> Sequence[Inbound]:
        """What customers sent to our number since then, oldest first; without what buttons carry."""
        ours = self._answerable()
        if ours is None:
            return ()
        # Twilio's client writes any time down as if it were in UTC.
        asked: dict[str, Any] = {"date_sent_after": since.astimezone(UTC) - timedelta(seconds=1)}
        asked |= {"to": ours} if ours else {}
        listed = self._ask(lambda messages: messages.list(**asked, limit=MOST_INBOUND, page_size=PAGE), sends=False)
        received = [_inbound(message) for message in listed if self._is_ours(message)]
        earliest = since.replace(microsecond=0)
        return sorted((one for one in received if one.received_at >= earliest), key=lambda one: one.received_at)

    def close(self) -> None:
        """Let the connections go; the messenger may still be used."""
        with self._connecting:
            if self._client is not None:
                self._client.http_client.close()
                self._client = None

    def _content(self, letter: Letter) -> dict[str, Any]:
        """Free text, or on WhatsApp outside a conversation the approved template."""
        if self._channel == "sms":
            return {"body": letter.body, "smart_encoded": True}
        if letter.in_session:
            return {"body": letter.body}
        template = self._templates(letter.kind, letter.locale)
        if template is None:
            raise DeliveryError(f"no approved WhatsApp template for {letter.kind} in {letter.locale}", "elsewhere")
        if not letter.variables:
            return {"content_sid": template}
        values = {name: _template_value(value) for name, value in letter.variables.items()}
        return {"content_sid": template, "content_variables": json.dumps(values, ensure_ascii=False)}

    def _terms(self, letter: Letter) -> dict[str, Any]:
        """Until when it may arrive, and where Twilio tells what became of it."""
        terms: dict[str, Any] = {}
        if letter.valid_for is not None:
            if letter.valid_for < SHORTEST_VALIDITY:
                raise DeliveryError("too late: the message would arrive after its time", "message")
            terms["validity_period"] = min(int(letter.valid_for.total_seconds()), LONGEST_VALIDITY)
        if letter.callback and will_be_called(self._account, letter.callback):
            terms["status_callback"] = letter.callback
        return terms

    def _sender(self) -> dict[str, str]:
        if self._channel == "whatsapp":
            return {"from_": numbers.write("whatsapp", self._account.whatsapp_from)}
        named = {"messaging_service_sid": self._account.messaging_service_sid, "from_": self._account.sms_from}
        return {name: value for name, value in named.items() if value}

    def _wait_for_turn(self, letter: Letter, now: datetime) -> None:
        sender = "/".join((self._account.account_sid, *self._sender().values()))
        if self._channel == "whatsapp":
            takes = 1 / WHATSAPP_PER_SECOND
        else:
            takes = segments.count(letter.body).segments / self._account.sms_per_second
        wait = self._pace.wait(sender, letter.key, timedelta(seconds=takes), now)
        if wait:
            raise DeliveryError("the sender may not write faster", "slow", retry_after=wait)

    def _fate(self, sid: str) -> list[Fate]:
        try:
            message = self._ask(lambda messages: messages(sid).fetch(), sends=False)
            return [fate(sid, message.status or "", message.error_code, message.num_segments)]
        except ValueError:
            return []  # a status that is not known here
        except DeliveryError as error:
            if error.code in _NO_SUCH_MESSAGE:
                return []
            raise

    def _answerable(self) -> str | None:
        """The address that customers answer to; "": any number of a messaging service; None: nobody can answer."""
        if self._channel == "whatsapp":
            return numbers.write("whatsapp", self._account.whatsapp_from)
        if any(char.isalpha() for char in self._account.sms_from):
            return None
        return self._account.sms_from

    def _is_ours(self, message: Any) -> bool:
        if message.direction != "inbound" or not message.from_ or not (message.date_sent or message.date_created):
            return False
        if numbers.read(message.to or "")[0] != self._channel:
            return False
        service = self._account.messaging_service_sid
        return not (service and message.messaging_service_sid) or message.messaging_service_sid == service

    def _ask(self, call: Callable[[Any], Any], *, sends: bool) -> Any:
        module = _client_module()
        with self._connecting:
            if self._client is None:
                self._client = module.connect(self._account)
            client = self._client
        return module.ask(lambda: call(client.messages), sends=sends)


def check(account: TwilioAccount) -> None:
    """Prove the credentials with one cheap call; DeliveryError says what is wrong."""
    module = _client_module()
    client = module.connect(account)
    try:
        module.ask(lambda: client.messages.list(limit=1, page_size=1), sends=False)
    finally:
        client.http_client.close()


def will_be_called(account: TwilioAccount, address: str) -> bool:
    """Whether Twilio takes this address for its reports; one that it cannot reach would make it refuse the message.

    Without reports, what became of a message is known by asking (``fates``).
    """
    host = (urlsplit(address).hostname or "").rstrip(".")
    if account.is_rehearsal:
        return bool(host)
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and "_" not in host and not host.endswith(_NOT_PUBLIC)


def _client_module() -> ModuleType:
    """Loaded at the first message: a tenth of a second and 14 MB that a box without Twilio does not spend."""
    from waitlist_appliance.adapters.messengers.twilio import client

    return client


def _handed(message: Any) -> Handed:
    return Handed(message.sid, STATES.get(message.status, "queued"), whole(message.num_segments))


def _inbound(message: Any) -> Inbound:
    channel, number = numbers.read(message.from_)
    received_at = message.date_sent or message.date_created
    return Inbound(message.sid, channel, number, message.body or "", received_at, numbers.aliases(number))


def _template_value(value: str) -> str:
    """WhatsApp refuses a template's value that is empty or has line breaks or long gaps."""
    return " ".join(value.split()) or "-"


def _same_words(letter: Letter, body: str) -> bool:
    """Whether the body can only be this letter's: its text, or the values of its template."""
    found, wanted = _plain(body), _plain(letter.body)
    if wanted and found in (wanted, _plain(TRIAL_PREFIX) + wanted):
        return True
    return letter.channel == "whatsapp" and _has_values(letter.variables, found)


def _has_values(variables: Mapping[str, str], found: str) -> bool:
    values = [plain for value in variables.values() if (plain := _plain(value))]
    return bool(values) and all(value in found for value in values)


def _plain(text: str) -> str:
    """Letters and digits alone, since Twilio exchanges quotes, dashes and spaces; emoji where there is nothing else."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in folded if char.isalnum()) or text.strip()
