"""Builds the appliance out of its parts: the only place that picks adapters and timers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from waitlist_appliance.adapters.calendars.lazily import LazyConsent, LazyProvider, LazyPush
from waitlist_appliance.adapters.calendars.local import LocalCalendar
from waitlist_appliance.adapters.messengers.accounts import SmtpAccounts, TwilioAccounts, TwilioHooks
from waitlist_appliance.adapters.messengers.lazily import SERVES, Accounts, ConnectedMessengers
from waitlist_appliance.adapters.messengers.simulator import SimulatorMessenger
from waitlist_appliance.adapters.notices.apprise_notifier import AppriseNotifier
from waitlist_appliance.adapters.probes import NetworkProbes
from waitlist_appliance.config import Config, ConfigError
from waitlist_appliance.ports import BadAccount, CalendarProvider, Consent, ConsentClient, Timers
from waitlist_appliance.ports.offsite import Offsite
from waitlist_appliance.services import messaging_accounts
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.connect_calendar import google_client
from waitlist_appliance.storage import provider_credentials, whatsapp_templates
from waitlist_appliance.storage.database import Database
from waitlist_appliance.storage.vault import Vault, VaultError
from waitlist_appliance.worker.timers import HueyTimers

if TYPE_CHECKING:
    from waitlist_appliance.adapters.calendars.google import GoogleEndpoints, GoogleProvider

TOKEN_KEY_BYTES = 32
# Variable of the environment → field of the account.
TWILIO_NAMES = {
    "TWILIO_ACCOUNT_SID": "account_sid", "TWILIO_AUTH_TOKEN": "auth_token", "TWILIO_FROM_NUMBER": "sms_from",
    "TWILIO_WHATSAPP_FROM": "whatsapp_from",
}  # fmt: skip


def build(config: Config, timers: Timers | None = None, environ: Mapping[str, str] | None = None) -> Appliance:
    """The appliance on this configuration; without ``timers`` it rings the worker through Huey.

    Opens the database, which must be migrated already. Raises ConfigError without a data directory or a real key.
    """
    _fail_closed(config)
    if config.sentry_dsn:
        _start_telling_faults(config.sentry_dsn)
    environ = os.environ if environ is None else environ
    db = Database(config.database_path)
    google = _google(config, lambda: google_client(appliance))
    appliance = Appliance(
        config=config,
        db=db,
        timers=timers or HueyTimers(config.huey_path, checks=config.internal_timers),
        calendars={
            "local": LocalCalendar(db),
            "google": LazyProvider(google),
            "caldav": LazyProvider(_caldav),
            "ics": LazyProvider(_ics),
        },
        messengers=ConnectedMessengers(
            Accounts(
                lambda: _versions(appliance),
                lambda provider: messaging_accounts.settings(appliance, provider),
                VaultError,
            ),
            SimulatorMessenger(db),
            lambda kind, locale: whatsapp_templates.find(db, kind, locale),
        ),
        token_key=config.token_key,
        vault=Vault(config.credentials_key_path),
        consents={"google": LazyConsent(lambda: _google_consent(config))},
        push={"google": LazyPush(google)},
        clients=_clients(environ),
        accounts={"twilio": TwilioAccounts(), "smtp": SmtpAccounts()},
        hooks={"twilio": TwilioHooks()},
        notifier=AppriseNotifier(),
        probes=NetworkProbes(),
        given_accounts=_given_accounts(environ),
        offsite=lambda: _offsite(config.backup_offsite),
    )
    return appliance


def tell_fault(error: BaseException) -> None:
    """Tell the owner's Sentry of a fault that no log carries; for processes in which it was started."""
    from waitlist_appliance.adapters import errors_to_sentry

    errors_to_sentry.tell(error)


def _start_telling_faults(dsn: str) -> None:
    from waitlist_appliance.adapters import errors_to_sentry

    errors_to_sentry.start(dsn)


# The adapters are imported where they are used: Google's library alone costs 30 MB, and most processes never need it.


def _offsite(target: str) -> Offsite | None:
    from waitlist_appliance.adapters.offsite import offsite

    return offsite(target)


def _google(config: Config, client: Callable[[], ConsentClient | None]) -> Callable[[], GoogleProvider]:
    """The one provider that reads, writes and arranges notices."""

    @cache
    def make() -> GoogleProvider:
        from waitlist_appliance.adapters.calendars.google import GoogleProvider

        return GoogleProvider(_endpoints(config), client)

    return make


def _google_consent(config: Config) -> Consent:
    from waitlist_appliance.adapters.calendars.google import GoogleConsent

    return GoogleConsent(_endpoints(config))


def _endpoints(config: Config) -> GoogleEndpoints:
    from waitlist_appliance.adapters.calendars.google import GoogleEndpoints

    return GoogleEndpoints(
        api_url=config.google_api_url,
        auth_url=config.google_auth_url,
        token_url=config.google_token_url,
        revoke_url=config.google_revoke_url,
    )


def _caldav() -> CalendarProvider:
    from waitlist_appliance.adapters.calendars.caldav import CalDavProvider

    return CalDavProvider()


def _ics() -> CalendarProvider:
    from waitlist_appliance.adapters.calendars.ics import IcsProvider

    return IcsProvider()


def _clients(environ: Mapping[str, str]) -> dict[str, ConsentClient]:
    """ConfigError for half a client: the other half would be looked for in vain."""
    client_id, secret = environ.get("GOOGLE_CLIENT_ID", "").strip(), environ.get("GOOGLE_CLIENT_SECRET", "").strip()
    if bool(client_id) != bool(secret):
        missing = "GOOGLE_CLIENT_SECRET" if client_id else "GOOGLE_CLIENT_ID"
        raise ConfigError(missing, None, "the other one of GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET is set; set both")
    return {"google": ConsentClient(client_id, secret)} if client_id else {}


def _versions(appliance: Appliance) -> dict[str, object]:
    """The messengers' accounts that are connected; each with what changes when it does."""
    kept = provider_credentials.versions(appliance.db)
    given = appliance.given_accounts
    return {name: "given" if name in given else kept[name] for name in SERVES if name in given or name in kept}


def _given_accounts(environ: Mapping[str, str]) -> dict[str, Mapping[str, str]]:
    """The Twilio account of the environment. ConfigError for half of one: the other half would be looked for in vain."""
    given = {name: environ.get(name, "").strip() for name in TWILIO_NAMES}
    if not any(given.values()):
        return {}
    missing = next((name for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN") if not given[name]), "")
    if missing:
        raise ConfigError(missing, None, "another TWILIO_… variable is set; this one is needed, too")
    settings = {field: given[name] for name, field in TWILIO_NAMES.items()}
    if settings["sms_from"].startswith("MG"):  # a messaging service in the place of a number
        settings["messaging_service_sid"] = settings.pop("sms_from")
    try:
        return {"twilio": TwilioAccounts().read(settings).settings}
    except BadAccount as error:
        field, sentence = next(iter(error.problems.items()))
        name = next((name for name, of in TWILIO_NAMES.items() if of == field), "TWILIO_FROM_NUMBER")
        raise ConfigError(name, None, sentence) from None


def _fail_closed(config: Config) -> None:
    if len(config.token_key) < TOKEN_KEY_BYTES:
        short = f"it has {len(config.token_key)} bytes (hidden); at least {TOKEN_KEY_BYTES} are needed"
        raise ConfigError("keys.token_key", None, f"{short}; `waitlist init` makes one")
    if not config.data_directory.is_dir():
        allowed = "there is no such folder; `waitlist init` makes it"
        raise ConfigError("data.directory", str(config.data_directory), allowed)
