"""What is different on WhatsApp: templates, the 24-hour window, and people who are not there."""

from __future__ import annotations

import json
import re
from datetime import timedelta

from tests.twilio_server.errors import ApiError
from tests.twilio_server.state import Message, World, bare

WINDOW = timedelta(hours=24)


def from_template(world: World, sid: str, given: str | None) -> tuple[str, str, dict[str, str]]:
    """The text of a template with these variables, its id, and the variables."""
    template = world.templates.get(sid)
    if template is None:
        raise ApiError(21655, f"The ContentSid {sid} was not found")
    variables = _variables(given)
    unknown = set(variables) - set(template.variables)
    missing = set(template.variables) - set(variables) - set(template.defaults)
    if unknown or missing:
        raise ApiError(21656, f"The template has no variable {sorted(unknown)}, and wants {sorted(missing)}")
    filled = template.defaults | variables
    return re.sub(r"\{\{(\w+)\}\}", lambda hit: filled[hit.group(1)], template.body), sid, variables


def fate(world: World, message: Message) -> int | None:
    """The code with which WhatsApp will refuse the message later; None: it does not."""
    if bare(message.to) in world.not_on_whatsapp:
        return world.not_on_whatsapp[bare(message.to)]
    template = world.templates.get(message.template or "")
    if (template is None or not template.approved) and not _open(world, message):
        return 63016
    return None


def _open(world: World, message: Message) -> bool:
    senders = (message.sender,) if message.sender else world.services.get(message.service or "", ())
    written = [world.last_written[key] for key in ((sender, message.to) for sender in senders if sender)
               if key in world.last_written]  # fmt: skip
    return bool(written) and world.now() - max(written) <= WINDOW


def _variables(given: str | None) -> dict[str, str]:
    if not given:
        return {}
    try:
        values = json.loads(given)
    except ValueError:
        raise ApiError(21656) from None
    # An empty value is refused as well as one that is no text.
    if not isinstance(values, dict) or not all(isinstance(value, str) and value for value in values.values()):
        raise ApiError(21656)
    return values
