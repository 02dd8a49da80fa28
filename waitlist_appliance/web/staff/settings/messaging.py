"""How messages go out: the accounts for SMS, WhatsApp and email, trying them, and pausing all sending."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request, session

from waitlist_appliance.domain.errors import Conflict, Invalid
from waitlist_appliance.ports import Account, BadAccount
from waitlist_appliance.services import messaging_accounts, set_up_business
from waitlist_appliance.services.messaging_accounts import TestResult
from waitlist_appliance.texts import messaging_trouble
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.texts.messaging_trouble import Words
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, message_cost, page, words
from waitlist_appliance.web.staff.settings import frame, messaging_words
from waitlist_appliance.web.staff.settings.policy_words import CHOICES

HOME = "/staff/settings/messaging"
# What the forms ask; whatever else is posted is not looked at.
TWILIO_FIELDS = (
    "account_sid", "auth_token", "api_key_sid", "api_key_secret", "sms_from", "messaging_service_sid", "whatsapp_from",
    "sms_per_second",
)  # fmt: skip
SMTP_FIELDS = (
    "host", "port", "security", "username", "password", "sender", "sender_name", "reply_to", "allow_unencrypted",
)  # fmt: skip
_SECRETS = frozenset({"auth_token", "api_key_secret", "password"})
_TRIED = "messaging_tried"


def overview() -> Any:
    """Every account and how it does."""
    return _overview({})


def twilio() -> Any:
    """Connect Twilio, or change how."""
    if request.method == "GET":
        return _form("twilio", _known("twilio"), {})
    return _connect("twilio", TWILIO_FIELDS, messaging_accounts.connect_twilio)


def smtp() -> Any:
    """Connect a mail account, or change how."""
    if request.method == "GET":
        return _form("smtp", _known("smtp"), {})
    return _connect("smtp", SMTP_FIELDS, messaging_accounts.connect_smtp)


def test() -> Any:
    """Send a test message; its card says how that went."""
    channel, address = request.form.get("channel", ""), request.form.get("address", "")
    try:
        result = messaging_accounts.test_send(box(), channel, address, current_time())
    except (Invalid, Conflict) as refused:
        return _overview({channel: page.sentence(refused.code, **refused.params)}, 422)
    session[_TRIED] = _kept(result)
    return page.go(f"{HOME}#m-{messaging_accounts.PROVIDER_OF[channel]}")


def pause() -> Any:
    """Send nothing to anybody."""
    return frame.act(
        lambda: messaging_accounts.pause(box(), current_time(), auth.actor()),
        N_("Sending is paused. What is to be sent waits; nothing is lost."), HOME,
    )  # fmt: skip


def resume() -> Any:
    """Send again what was waiting."""
    return frame.act(
        lambda: messaging_accounts.resume_sending(box(), current_time(), auth.actor()),
        N_("Sending goes on. What was waiting goes out now."), HOME,
    )  # fmt: skip


def save_order() -> Any:
    """Which way messages try first, for guests who have not chosen."""
    return frame.act(
        lambda: set_up_business.change_policies(
            box(), {"channel_order": request.form.get("channel_order", "")}, current_time(), auth.actor()
        ),
        N_("Saved. It counts from the next message."), HOME,
    )  # fmt: skip


def disconnect(provider: str) -> Any:
    """Forget an account."""
    return frame.act(
        lambda: messaging_accounts.disconnect(box(), provider, current_time(), auth.actor()),
        N_("The account is disconnected, and its secrets are forgotten."), HOME,
    )  # fmt: skip


def _connect(provider: str, asked: tuple[str, ...], connect: Callable[..., Account]) -> Any:
    given = {name: request.form.get(name, "") for name in asked}
    try:
        connect(box(), given, current_time(), auth.actor())
    except BadAccount as bad:
        say = page.say().gettext
        return _form(provider, given, {name: say(sentence) for name, sentence in bad.problems.items()}, 422)
    except (Invalid, Conflict) as refused:
        return _form(provider, given, page.field_errors(refused, asked), 422)
    return frame.act(
        lambda: None, N_("Connected: the account works. Send yourself a test message."), f"{HOME}#m-{provider}"
    )


def _known(provider: str) -> dict[str, str]:
    """What is kept and may be shown."""
    return dict(messaging_accounts.card(box(), provider).shown)


def _overview(errors: dict[str, str], status: int = 200) -> Any:
    cards, paused = messaging_accounts.status(box(), current_time()), messaging_accounts.paused(box())
    tried = session.pop(_TRIED, None) if not errors else None
    shown = [(card, messaging_words.state_of(card, paused=paused is not None), _told(card.trouble)) for card in cards]
    return _render(
        "messaging.html", status=status, shown=[one for one in shown if one[0].connected], paused=paused, errors=errors,
        others=[card for card in cards if not card.connected], typed=request.form if errors else {}, tried=tried,
        tried_words=_told(tried["trouble"]) if tried else None, cost=message_cost.today(),
    )  # fmt: skip


def _form(provider: str, given: dict[str, str], errors: dict[str, str], status: int = 200) -> Any:
    return _render(
        f"messaging_{provider}.html", status=status, card=messaging_accounts.card(box(), provider), errors=errors,
        given={name: value for name, value in given.items() if name not in _SECRETS},
    )  # fmt: skip


def _kept(result: TestResult) -> dict[str, Any]:
    return {
        "channel": result.channel, "address": result.address, "ok": result.ok, "trouble": result.trouble,
        "detail": result.detail or result.code or "", "state": result.state, "simulated": result.simulated,
    }  # fmt: skip


def _orders() -> list[tuple[str, str]]:
    say = page.say().gettext
    return [(value, say(text)) for value, text in CHOICES["channel_order"].items()]


def _told(trouble: str | None) -> Words | None:
    return messaging_trouble.told(trouble, page.locale()) if trouble else None


def _render(template: str, status: int = 200, **context: Any) -> Any:
    return frame.render(
        template, "messaging", status=status, msg=messaging_words, channel_names=words.CHANNELS,
        addresses=messaging_accounts.hook_addresses(box()), reachable=box().config.is_https,
        provider_of=messaging_accounts.PROVIDER_OF, orders=_orders(), **context,
    )  # fmt: skip
