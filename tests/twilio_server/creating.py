"""Messages.create: what Twilio refuses at once, and what it takes."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from tests.twilio_server import whatsapp
from tests.twilio_server.errors import ApiError
from tests.twilio_server.segments import segments
from tests.twilio_server.state import Message, Request, World, bare, blocked_by

E164 = re.compile(r"\+[1-9]\d{7,14}")
MODELLED = frozenset({
    "To", "From", "MessagingServiceSid", "Body", "StatusCallback", "ValidityPeriod", "ContentSid",
    "ContentVariables", "SmartEncoded", "ShortenUrls",
})  # fmt: skip
LONGEST = 1600

# Twilio's own magic numbers.
MAGIC_SENDER = "+15005550006"
MAGIC_FROM = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
MAGIC_TO = {
    "+15005550001": 21211, "+15005550002": 21612, "+15005550003": 21408, "+15005550004": 21610, "+15005550009": 21614,
}  # fmt: skip


def create(world: World, request: Request) -> Message:
    """Take the message, or raise Twilio's refusal."""
    form = request.form
    for name in sorted(set(form) - MODELLED):
        world.violations.append(f"messages.create: {name} is not modelled by this server")
    to, sender, service = form.get("To", ""), form.get("From"), form.get("MessagingServiceSid")
    if request.test_credentials and service:
        raise ApiError(21606)
    _check_recipient(world, to)
    _check_sender(world, to, sender, service)
    text, template, variables = _content(world, form)
    _check_opt_out(world, to, sender, service)
    message = Message(
        sid=world.next_sid(), direction="outbound-api", sender=None if service else sender, to=to, body=text,
        status="accepted" if service else "queued", created_at=world.now(), service=service,
        callback=_callback(form), validity=_validity(form), template=template, variables=variables,
        segments=1 if to.startswith("whatsapp:") else segments(text),
    )  # fmt: skip
    if request.test_credentials:
        return message
    message.fate = _fate(world, message)
    world.messages[message.sid] = message
    world.taken(message.sid)
    return message


def assign_sender(world: World, message: Message) -> None:
    """A Messaging Service settles for one of its senders."""
    if message.service and message.sender is None:
        pool = world.services[message.service]
        same = [sender for sender in pool if sender.startswith("whatsapp:") == message.whatsapp]
        message.sender = same[0]


def _check_recipient(world: World, to: str) -> None:
    number = bare(to)
    if not to:
        raise ApiError(21604)
    code = MAGIC_TO.get(number) or world.refused.get(to) or world.refused.get(number)
    if code:
        raise ApiError(code)
    if not E164.fullmatch(number):
        raise ApiError(21211, f"The 'To' number {to} is not a valid phone number.")


def _check_sender(world: World, to: str, sender: str | None, service: str | None) -> None:
    if service is not None:
        _check_service(world, to, service)
        return
    if not sender:
        raise ApiError(21603)
    if bare(sender) in MAGIC_FROM:
        raise ApiError(MAGIC_FROM[bare(sender)])
    whatsapp_sender, whatsapp_to = sender.startswith("whatsapp:"), to.startswith("whatsapp:")
    if whatsapp_sender and sender not in world.numbers:
        raise ApiError(63007)
    if whatsapp_sender != whatsapp_to:
        raise ApiError(21910)
    if sender in world.numbers | world.alphanumeric | {MAGIC_SENDER}:
        return
    if re.fullmatch(r"\+\d+", sender):
        raise ApiError(21659 if E164.fullmatch(sender) else 21212, f"'From' {sender} is not a Twilio phone number")
    raise ApiError(21212)


def _check_service(world: World, to: str, service: str) -> None:
    if service not in world.services:
        raise ApiError(21701)
    wanted = to.startswith("whatsapp:")
    if not any(sender.startswith("whatsapp:") == wanted for sender in world.services[service]):
        raise ApiError(21703)


def _content(world: World, form: dict[str, str]) -> tuple[str, str | None, dict[str, str]]:
    """The text, and the template that it came from."""
    if form.get("ContentSid"):
        if form.get("Body"):
            world.violations.append("messages.create: a ContentSid and a Body together")
        return whatsapp.from_template(world, form["ContentSid"], form.get("ContentVariables"))
    if form.get("ContentVariables"):
        raise ApiError(21656, "ContentVariables without a ContentSid")
    text = form.get("Body", "")
    if not text:
        raise ApiError(21619)
    if len(text) > LONGEST:
        raise ApiError(21617)
    return text, None, {}


def _check_opt_out(world: World, to: str, sender: str | None, service: str | None) -> None:
    blocks = {service} if service else blocked_by(world, sender or "") | {sender}
    if any((block, to) in world.opted_out for block in blocks):
        raise ApiError(21610)


def _callback(form: dict[str, str]) -> str | None:
    address = form.get("StatusCallback")
    if not address:
        return None
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or "_" in host or host == "localhost":
        raise ApiError(21609)
    return address


def _validity(form: dict[str, str]) -> int:
    seconds = int(form.get("ValidityPeriod", 36000))
    if not 1 <= seconds <= 36000:
        raise ApiError(20001, "ValidityPeriod must be between 1 and 36000")
    return seconds


def _fate(world: World, message: Message) -> int | None:
    """What the network will make of it, settled when it is taken."""
    if message.whatsapp:
        code = whatsapp.fate(world, message)
        if code:
            return code
    for key in (message.to, bare(message.to)):
        outcome = world.outcomes.get(key)
        if outcome is not None and outcome.times != 0:
            outcome.times = None if outcome.times is None else outcome.times - 1
            return outcome.code
    return None
