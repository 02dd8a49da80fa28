"""What customers write: listed by the API, posted to our hooks, with Twilio's own handling of STOP and START."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

from tests.twilio_server.posting import Answer
from tests.twilio_server.segments import segments
from tests.twilio_server.state import VERSION, Message, World, bare, blocked_by, fields

OptOutType = Literal["STOP", "START", "HELP"]
# One word alone, in any case (facts 4.9).
STOP_WORDS = frozenset({"stop", "unsubscribe", "end", "quit", "stopall", "revoke", "optout", "cancel"})
START_WORDS = frozenset({"start", "yes", "unstop"})
HELP_WORDS = frozenset({"help", "info"})
AUTOMATIC_ANSWERS = {
    "STOP": "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}


@dataclass(frozen=True)
class Arrived:
    """A message that came in, and what our hook said to each post of it; none when it was not posted."""

    sid: str
    answers: tuple[Answer, ...]

    @property
    def status(self) -> int:
        """The status of the last answer; 0 when there was none."""
        return self.answers[-1].status if self.answers else 0

    @property
    def text(self) -> str:
        """The body of the last answer."""
        return self.answers[-1].body.decode() if self.answers else ""


@dataclass(frozen=True)
class Written:
    """What somebody writes; addresses carry their channel."""

    sender: str
    to: str
    body: str
    button: str | None = None
    payload: str | None = None
    answers: str | None = None
    opt_out_type: OptOutType | None = None
    wa_id: str | None = None


def receive(world: World, written: Written) -> Message:
    """Keep it, act on STOP and START, and fill in the form for our hook."""
    service = next((sid for sid, senders in world.services.items() if written.to in senders), None)
    text = written.button if written.button is not None else written.body
    message = Message(
        sid=world.next_sid(), direction="inbound", sender=written.sender, to=written.to, body=text, status="received",
        created_at=world.now(), sent_at=world.now(), service=service,
        segments=1 if written.to.startswith("whatsapp:") else segments(text),
    )  # fmt: skip
    message.posted = _form(world, message, written)
    world.messages[message.sid] = message
    if message.whatsapp:
        world.last_written[(written.to, written.sender)] = world.now()
    _opt_out(world, message, written.opt_out_type)
    return message


def twiml_problem(answer: Answer) -> str:
    """What Twilio could not read in an answer that says all is well; "" for nothing."""
    if not 200 <= answer.status < 300 or not answer.body:
        return ""
    kind = next((value for name, value in answer.headers.items() if name.lower() == "content-type"), "")
    if kind.partition(";")[0] not in ("text/xml", "application/xml", "text/html"):
        return f"12300: the hook answered {kind or 'no type at all'}"
    try:
        root = ElementTree.fromstring(answer.body)
    except ElementTree.ParseError:
        return "12100: the hook's answer is no XML"
    return "" if root.tag == "Response" else f"12200: the hook answered <{root.tag}>"


def _form(world: World, message: Message, written: Written) -> dict[str, str]:
    form: dict[str, object] = {
        "ToCountry": "ES", "ToState": "", "SmsMessageSid": message.sid, "NumMedia": "0", "ToCity": "",
        "FromZip": "", "SmsSid": message.sid, "FromState": "", "SmsStatus": "received", "FromCity": "",
        "Body": message.body, "FromCountry": "ES", "To": message.to, "ToZip": "",
        "NumSegments": message.segments, "MessageSid": message.sid, "AccountSid": world.account_sid,
        "From": message.sender, "ApiVersion": VERSION, "MessagingServiceSid": message.service,
        "OptOutType": written.opt_out_type,
    }  # fmt: skip
    if message.whatsapp:
        form |= {name: None for name in form if name.endswith(("Country", "State", "City", "Zip"))}
        form |= _whatsapp_fields(world, message, written)
    return fields(form)


def _whatsapp_fields(world: World, message: Message, written: Written) -> dict[str, object]:
    form: dict[str, object] = {
        "ProfileName": "Ana", "WaId": written.wa_id or bare(written.sender).lstrip("+"), "MessageType": "text",
        "ReferralNumMedia": "0", "ChannelMetadata": '{"type":"whatsapp","data":{"context":{}}}',
    }  # fmt: skip
    if written.answers is not None:
        form |= {"OriginalRepliedMessageSid": written.answers, "OriginalRepliedMessageSender": message.to}
    if written.button is not None:
        asked = world.messages.get(written.answers or "")
        form |= {
            "MessageType": "button" if asked is None or asked.template else "interactive",
            "ButtonText": written.button, "ButtonPayload": written.payload or written.button,
        }  # fmt: skip
    return form


def _opt_out(world: World, message: Message, told: OptOutType | None) -> None:
    sender = message.sender or ""
    kind = told or (None if message.whatsapp else _keyword(message.body))
    blocks = {(block, sender) for block in blocked_by(world, message.to)}
    was_out = bool(blocks & world.opted_out)
    if kind == "STOP":
        world.opted_out |= blocks
    elif kind == "START":
        world.opted_out -= blocks
    # Twilio answers for itself; to START only when there was something to take back.
    if kind in ("STOP", "HELP") or (kind == "START" and was_out):
        _answer(world, message, AUTOMATIC_ANSWERS[kind])


def _answer(world: World, message: Message, text: str) -> None:
    reply = Message(
        sid=world.next_sid(), direction="outbound-reply", sender=message.to, to=message.sender or "", body=text,
        status="delivered", created_at=world.now(), sent_at=world.now(), service=message.service,
        segments=segments(text),
    )  # fmt: skip
    world.messages[reply.sid] = reply


def _keyword(body: str) -> OptOutType | None:
    word = body.strip().lower()
    if word in STOP_WORDS:
        return "STOP"
    return "START" if word in START_WORDS else "HELP" if word in HELP_WORDS else None
