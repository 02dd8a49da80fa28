"""What Twilio posts: customers' messages, and what became of ours. Believed only with its signature, made for the
configured public address; each is one short transaction, and what it sets off is done by the worker."""

from __future__ import annotations

import logging
from urllib.parse import quote

from flask import Response, abort, request

from waitlist_appliance.services import message_states, messaging_accounts, receive_reply
from waitlist_appliance.storage.vault import VaultError
from waitlist_appliance.web import limits
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box

log = logging.getLogger(__name__)

# Twilio's forms have some 30 short fields and at most 1600 characters of text.
MOST_FIELDS = 200
NO_ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def incoming() -> Response:
    """A customer wrote. What we say to it goes through the outbox, never in the answer to Twilio."""
    _require_signature()
    try:
        inbound = box().hooks["twilio"].inbound(request.form, current_time())
    except ValueError as error:
        log.warning("a message from Twilio could not be read: %s", error)
    else:
        receive_reply.receive_inbound(box(), inbound, current_time())
    return Response(NO_ANSWER, mimetype="text/xml")


def status(message_id: str) -> Response:
    """What became of a message of ours; 204 also for one that is not known, since asking again would not help."""
    _require_signature()
    try:
        fate = box().hooks["twilio"].fate(request.form)
    except ValueError as error:
        log.warning("a delivery report from Twilio could not be read: %s", error)
    else:
        message_states.apply_fate(box(), message_id, fate, current_time())
    return Response(status=204)


def _require_signature() -> None:
    """403 unless Twilio signed this form for our public address; 503 while our own secret cannot be read."""
    request.max_form_parts = MOST_FIELDS
    try:
        account = messaging_accounts.settings(box(), "twilio")
    except VaultError as error:
        if limits.seldom("twilio_unchecked"):
            log.error("a request of Twilio's could not be checked: %s", error)
        abort(503)
    hooks, address = box().hooks["twilio"], box().config.public_url
    path, query = _as_it_arrived()
    if not hooks.is_genuine(account, address, path, query, request.form, dict(request.headers)):
        if limits.seldom("twilio_unsigned"):
            log.warning("a request to %s without Twilio's signature for %s was refused", request.url_rule, address)
        limits.count("unsigned", limits.origin())
        abort(403)


def _as_it_arrived() -> tuple[str, str]:
    """Path and query with their escapes as they were sent: Flask's own have lost them, and the signature is over them."""
    target = request.environ.get("REQUEST_URI") or quote(request.path) + "?" + request.query_string.decode("latin-1")
    if target.startswith(("http://", "https://")):  # a proxy may pass the whole address on
        target = "/" + target.split("/", 3)[-1]
    path, _, query = target.partition("?")
    return path, query
