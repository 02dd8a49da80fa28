"""The kinds of accounts behind their port. Each adapter is loaded when it is used: most boxes have one, or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from waitlist_appliance.ports import Fate, Inbound
from waitlist_appliance.ports.accounts import Account, Examined

_SECRET: Final = frozenset({"auth_token", "api_key_secret", "password"})


class TwilioAccounts:
    """ports.AccountChecker for Twilio."""

    def read(self, given: Mapping[str, Any]) -> Account:
        from waitlist_appliance.adapters.messengers.twilio import TwilioAccount

        account = TwilioAccount.from_mapping(given)
        return _account(asdict(account), account.channels)

    def check(self, account: Account) -> None:
        from waitlist_appliance.adapters.messengers.twilio import TwilioAccount, check

        check(TwilioAccount.from_mapping(account.settings))

    def examine(self, account: Account) -> Examined:
        from waitlist_appliance.adapters.messengers.twilio import TwilioAccount, examining

        return examining.examine(TwilioAccount.from_mapping(account.settings))


class SmtpAccounts:
    """ports.AccountChecker for email."""

    def read(self, given: Mapping[str, Any]) -> Account:
        from waitlist_appliance.adapters.messengers.smtp import SmtpAccount

        return _account(asdict(SmtpAccount.from_mapping(given)), ("email",))

    def check(self, account: Account) -> None:
        from waitlist_appliance.adapters.messengers.smtp import SmtpAccount, check

        check(SmtpAccount.from_mapping(account.settings))

    def examine(self, account: Account) -> Examined:
        self.check(account)
        return Examined()


class TwilioHooks:
    """ports.ProviderHooks for Twilio; of its library only the signature check is loaded."""

    def is_genuine(
        self, settings: Mapping[str, str], public_url: str, raw_path: str, raw_query: str, form: Mapping[str, Any],
        headers: Mapping[str, str],
    ) -> bool:  # fmt: skip
        from waitlist_appliance.adapters.messengers.twilio import is_genuine

        return is_genuine(settings.get("auth_token", ""), public_url, raw_path, raw_query, form, headers)

    def inbound(self, form: Mapping[str, str], received_at: datetime) -> Inbound:
        from waitlist_appliance.adapters.messengers.twilio import parse_inbound

        return parse_inbound(form, received_at)

    def fate(self, form: Mapping[str, str]) -> Fate:
        from waitlist_appliance.adapters.messengers.twilio import parse_status

        return parse_status(form)


def _account(fields: Mapping[str, object], channels: tuple[str, ...]) -> Account:
    settings = {name: _text(value) for name, value in fields.items()}
    shown = {name: value for name, value in settings.items() if name not in _SECRET}
    return Account(settings, shown, channels)


def _text(value: object) -> str:
    """As a form would say it: a tick is "true" or nothing."""
    if isinstance(value, bool):
        return "true" if value else ""
    return f"{value:g}" if isinstance(value, float) else str(value)
