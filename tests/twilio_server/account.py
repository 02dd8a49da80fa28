"""The account's console, its customers and their carriers: everything that does not come over the API."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import datetime, timedelta

from tests.twilio_server.inbound import Arrived, OptOutType, Written, receive, twiml_problem
from tests.twilio_server.network import Callback, Disturbance, Network
from tests.twilio_server.posting import Postman, SharedKey
from tests.twilio_server.state import Message, Outcome, Status, Template, World

NUMBER = "+34911230000"


class Account(World):
    """One account with a number for SMS and for WhatsApp."""

    def __init__(
        self, account_sid: str, auth_token: str, now: datetime | None, public_url: str, local_url: str | None
    ) -> None:
        super().__init__(account_sid, auth_token, now)
        self.postman = Postman(auth_token, public_url, local_url)
        self.network = Network(self, self.postman)
        self.number = NUMBER
        self.whatsapp_sender = f"whatsapp:{NUMBER}"
        self.numbers |= {self.number, self.whatsapp_sender}
        # What stands in the console as the address for what comes in; a fragment overrides how it is retried.
        self.hooks = {
            "sms": f"{self.postman.public_url}/twilio/sms/incoming",
            "whatsapp": f"{self.postman.public_url}/twilio/whatsapp/incoming",
        }
        # Messages that came in and that no hook took, with error 11200.
        self.warnings: list[str] = []

    def add_number(self, number: str) -> str:
        """A sender of the account; ``whatsapp:+34…`` for WhatsApp."""
        self.numbers.add(number)
        return number

    def add_service(self, *senders: str) -> str:
        """A Messaging Service with these senders; its id."""
        sid = self.next_sid("MG")
        self.services[sid] = senders
        self.numbers |= set(senders)
        return sid

    def add_api_key(self) -> tuple[str, str]:
        """An API key and its secret; it signs nothing."""
        sid, secret = self.next_sid("SK"), self.next_sid("")
        self.api_keys[sid] = secret
        return sid, secret

    def add_template(
        self, body: str, variables: Iterable[str] = (), *, defaults: dict[str, str] | None = None, approved: bool = True
    ) -> str:
        """A content template; ``body`` has its variables as ``{{1}}``; its id."""
        sid = self.next_sid("HX")
        self.templates[sid] = Template(sid, body, tuple(variables), defaults or {}, approved)
        return sid

    def use_shared_key(self, key: SharedKey | None) -> None:
        """Sign with HMAC-SHA256 and this key, or again with the auth token."""
        self.postman.shared_key = key

    def refuse(self, to: str, code: int) -> None:
        """Messages to this number are refused at once with this code."""
        self.refused[to] = code

    def come_to_nothing(self, to: str, code: int, times: int | None = None) -> None:
        """Messages to this number (``times`` of them; all) are taken and end with this code."""
        self.outcomes[to] = Outcome(code, times)

    def has_no_whatsapp(self, number: str, code: int = 63024) -> None:
        """This number is not on WhatsApp, or (63003, 63032, 63049, 63014) cannot be reached there."""
        self.not_on_whatsapp[number] = code

    def never_confirms(self, number: str) -> None:
        """This number's carrier sends no receipts: its messages stay "sent"."""
        self.network.without_receipts.add(number)

    def advance(self, seconds: float) -> None:
        """Let time pass; what has waited too long in Twilio's queue is given up."""
        self.clock = self.now() + timedelta(seconds=seconds)
        self.network.expire()

    def sent(self, to: str | None = None) -> list[Message]:
        """Messages taken over the API, oldest first."""
        with self.lock:
            taken = [message for message in self.messages.values() if message.direction == "outbound-api"]
            return [message for message in taken if to in (None, message.to)]

    def progress(self, sid: str | None = None, until: Status = "delivered") -> None:
        """Every message under way (or this one) goes on, at most to ``until``; callbacks wait for their delivery."""
        self.network.progress(sid, until)

    def change(self, sid: str, status: Status, code: int | None = None) -> None:
        """The message gets this status, whatever it had: a carrier's late word."""
        with self.lock:
            message = self.messages[sid]
            message.error_code = code
            self.network.reach(message, status)

    def read(self, sid: str) -> None:
        """A customer reads a WhatsApp message."""
        self.change(sid, "read")

    @property
    def pending_callbacks(self) -> list[Callback]:
        """Callbacks not posted yet; may be reordered, repeated and deleted in place."""
        return self.network.pending

    @property
    def posted_callbacks(self) -> list[Callback]:
        """Callbacks that were posted, with what our hook said."""
        return self.network.posted

    def deliver_callbacks(
        self, sid: str | None = None, *, reverse: bool = False, times: int = 1, lose: Container[str] = ()
    ) -> list[Callback]:
        """Post the callbacks that wait: backwards, several times each, without those about some statuses."""
        return self.network.deliver(sid, reverse=reverse, times=times, lose=lose)

    def disturb(self, seed: int, *, lose: float = 0.0, duplicate: float = 0.0, shuffle: bool = False) -> None:
        """Callbacks are lost, doubled and mixed up by chance from now on."""
        self.network.disturbance = Disturbance(seed, lose, duplicate, shuffle)

    def inbound(
        self, from_: str, body: str = "", *, channel: str = "sms", to: str | None = None, button: str | None = None,
        payload: str | None = None, answers: str | None = None, opt_out_type: OptOutType | None = None,
        wa_id: str | None = None, deliver: bool = True, signature: str | None = None,
        extra: dict[str, str] | None = None,
    ) -> Arrived:  # fmt: skip
        """A customer writes, or taps ``button`` (with ``payload``) under our message ``answers``.

        It is listed by the API in any case, and posted to the channel's hook unless ``deliver`` is false. ``signature``
        replaces the right one ("" sends none); ``extra`` fields are posted and signed with the rest.
        """
        prefix = "whatsapp:" if channel == "whatsapp" else ""
        to = to or (self.whatsapp_sender if prefix else self.number)
        written = Written(prefix + from_.removeprefix(prefix), to, body, button, payload, answers, opt_out_type, wa_id)
        with self.lock:
            message = receive(self, written)
            message.posted |= extra or {}
        return self.post_inbound(message.sid, signature) if deliver else Arrived(message.sid, ())

    def post_inbound(self, sid: str, signature: str | None = None) -> Arrived:
        """Post a message that came in, once more if it was before."""
        message = self.messages[sid]
        hook = self.hooks["whatsapp" if message.whatsapp else "sms"]
        answers = self.postman.post(hook, message.posted, signature)
        problem = twiml_problem(answers[-1])
        if problem:
            self.violations.append(problem)
        if not 200 <= answers[-1].status < 300:
            self.warnings.append(f"11200: {hook.partition('#')[0]} answered {answers[-1].status} to {sid}")
        return Arrived(sid, tuple(answers))
