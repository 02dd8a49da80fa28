"""Slack, Telegram, ntfy and a hundred others through Apprise, which is an extra and is loaded at the first notice."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from typing import Any, Final

from waitlist_appliance.ports.notices import Level, NoticeError

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 10.0
# Services of the machine itself (its desktop, its log): their addresses name nobody.
_OF_THIS_MACHINE: Final = "{schema}://"


class AppriseNotifier:
    """ports.Notifier. May be used by several threads."""

    def is_installed(self) -> bool:
        return find_spec("apprise") is not None

    def send(self, address: str, title: str, body: str, level: Level, *, allow_private: bool) -> None:
        apprise = _library()
        # Apprise's guard imports HTTP clients, which a web process must not load.
        from waitlist_appliance.adapters.notices.guarded import guarded

        service = _service(apprise, address, allow_private)
        kind = _kinds(apprise)[level]
        with guarded(encrypted=not _is_plain(service), allow_private=allow_private) as guard:
            # Asked by itself: Apprise's own `notify` would hand it to a thread that nobody guards.
            taken = _ask(service, title, body, kind)
        if guard.refused:
            raise NoticeError("the address leads where it may not lead", "private")
        if not taken:
            raise NoticeError(f"{service.service_name} did not take the notice", "refused")


def _ask(service: Any, title: str, body: str, kind: Any) -> bool:
    try:
        return bool(service.notify(title=title, body=body, notify_type=kind))
    except Exception as error:  # each of its hundred services has its own
        raise NoticeError(f"{service.service_name} failed ({type(error).__name__})", "refused") from None


def _library() -> Any:
    try:
        import apprise
    except ImportError:
        raise NoticeError("Apprise is not installed", "missing") from None
    # Its log names hosts and users, and at some levels whole requests.
    logging.getLogger("apprise").disabled = True
    return apprise


def _service(apprise: Any, address: str, allow_private: bool) -> Any:
    """Whoever this address tells; NoticeError ``nonsense``."""
    asset = apprise.AppriseAsset(
        app_id="Waitlist Appliance", app_desc="Waitlist Appliance", app_url="", async_mode=False, secure_logging=True,
        http_redirects=False,
    )  # fmt: skip
    try:
        service = apprise.Apprise.instantiate(address, asset=asset, suppress_exceptions=False)
    except Exception as error:  # each of its hundred services has its own
        raise NoticeError(f"no service is told by this address ({type(error).__name__})", "nonsense") from None
    if service is None or not service.enabled or _OF_THIS_MACHINE in service.templates:
        raise NoticeError("no service is told by this address", "nonsense")
    # An address may ask for more than it should have.
    service.redirects = False
    service.socket_connect_timeout = min(service.socket_connect_timeout, CONNECT_SECONDS)
    service.socket_read_timeout = min(service.socket_read_timeout, READ_SECONDS)
    service.verify_certificate = service.verify_certificate or not allow_private
    return service


def _is_plain(service: Any) -> bool:
    """Whether the address says that nothing is encrypted."""
    return service.schema in _names(service.protocol) and service.schema not in _names(service.secure_protocol)


def _names(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given or ())


def _kinds(apprise: Any) -> dict[Level, Any]:
    kinds = apprise.NotifyType
    return {"trouble": kinds.FAILURE, "good": kinds.SUCCESS, "news": kinds.INFO}
