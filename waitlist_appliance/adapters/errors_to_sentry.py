"""Faults of the program, told to a Sentry of the owner's choice. An extra; loaded only where an address is configured.

What leaves the machine is not a report with secrets taken out but a new one of what may leave: kind and place of the
fault, the code around it, and its text with everything taken out that looks like a person or a secret. No request, no
variable, no address, no breadcrumb. Only errors with a traceback are told, each fault once an hour.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import PurePath
from typing import Any, Final

from waitlist_appliance import __version__
from waitlist_appliance.config_checks import ConfigError

# A dead Sentry may cost a process that ends so long, and a request nothing: events are sent by a thread of their own.
SHUTDOWN_SECONDS: Final = 1
AGAIN_AFTER_SECONDS: Final = 3600.0
REMEMBERED: Final = 200
LONGEST_TEXT: Final = 500

# In this order: quoted words are what somebody typed; whatever is long, or has many digits, is a token, key or number.
_TAKEN_OUT: Final = (
    (re.compile(r"""(['"`“«]).*?(['"`”»])""", re.DOTALL), "'…'"),
    (re.compile(r"\b\w+://\S+"), "<address>"),
    (re.compile(r"[^\s@<>]+@[^\s@<>]+"), "<email>"),
    (re.compile(r"(?<![\w.])/\S+"), "<path>"),
    (re.compile(r"\bwlk?_\S*"), "<secret>"),
    (re.compile(r"\+?\d(?:[ ().\-/]*\d){5,}"), "<number>"),
    (re.compile(r"(?=\S*\d)[\w\-+=]{12,}"), "<secret>"),
    (re.compile(r"[\w\-+=]{32,}"), "<secret>"),
)
_KEPT_OF_EVENT: Final = ("event_id", "timestamp", "level", "logger", "release", "environment", "platform")
_KEPT_OF_FRAME: Final = ("module", "function", "lineno", "in_app", "pre_context", "context_line", "post_context")


def start(dsn: str) -> None:
    """Tell faults there from now on. ConfigError where the extra is not installed."""
    if find_spec("sentry_sdk") is None:
        raise ConfigError(
            "sentry.dsn", None, "it needs an extra: pip install 'waitlist-appliance[sentry]' (or leave the key out)"
        )
    import sentry_sdk
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration

    once = Once()
    sentry_sdk.init(
        dsn=dsn, release=f"waitlist-appliance@{__version__}", environment="production",
        before_send=lambda event, hint: _to_send(event, once),
        # Nothing looks into requests, threads or libraries by itself; the log is the only way in.
        default_integrations=False, auto_enabling_integrations=False,
        integrations=[
            LoggingIntegration(level=None, event_level=logging.ERROR), DedupeIntegration(),
            AtexitIntegration(callback=lambda pending, timeout: None),
        ],
        send_default_pii=False, include_local_variables=False, max_request_body_size="never", max_breadcrumbs=0,
        server_name="", auto_session_tracking=False, send_client_reports=False, traces_sample_rate=None,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )  # fmt: skip


def tell(error: BaseException) -> None:
    """Tell of a fault that no log carries; nothing where Sentry was not started."""
    import sentry_sdk

    sentry_sdk.capture_exception(error)


class Once:
    """Whether a fault was told lately: a broken step of the sweep fails every ten seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[object, float] = {}
        self._lock = threading.Lock()

    def is_news(self, fault: object) -> bool:
        now = self._clock()
        with self._lock:
            if now - self._told.get(fault, -AGAIN_AFTER_SECONDS) < AGAIN_AFTER_SECONDS:
                return False
            self._told.pop(fault, None)
            self._told[fault] = now
            if len(self._told) > REMEMBERED:
                del self._told[next(iter(self._told))]
        return True


def scrubbed(text: str) -> str:
    """The text without what looks like a person, an address or a secret."""
    for shape, instead in _TAKEN_OUT:
        text = shape.sub(instead, text)
    return text[:LONGEST_TEXT]


def what_may_leave(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """A report of what may be told; None for one without a traceback."""
    values = (event.get("exception") or {}).get("values") or []
    if not values:
        return None
    told = {name: event[name] for name in _KEPT_OF_EVENT if name in event}
    # The unformatted line of the log is ours; what was put into it may be somebody's.
    template = (event.get("logentry") or {}).get("message")
    if isinstance(template, str):
        told["logentry"] = {"message": scrubbed(template)}
    return told | {"exception": {"values": [_exception(value) for value in values]}}


def _to_send(event: Mapping[str, Any], once: Once) -> Any:
    told = what_may_leave(event)
    return told if told is not None and once.is_news(_place(told)) else None


def _place(told: Mapping[str, Any]) -> object:
    """What makes two faults the same: kind, and where."""
    last = told["exception"]["values"][-1]
    frames = (last.get("stacktrace") or {}).get("frames") or [{}]
    return last.get("type"), frames[-1].get("filename"), frames[-1].get("function"), frames[-1].get("lineno")


def _exception(value: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: value[name] for name in ("type", "module") if name in value}
    told["value"] = scrubbed(str(value.get("value") or ""))
    frames = (value.get("stacktrace") or {}).get("frames") or []
    if frames:
        told["stacktrace"] = {"frames": [_frame(frame) for frame in frames]}
    return told


def _frame(frame: Mapping[str, Any]) -> dict[str, Any]:
    """Where, and the code around it; not where that lies on the machine, and no variable."""
    told = {name: frame[name] for name in _KEPT_OF_FRAME if name in frame}
    filename = str(frame.get("filename") or "")
    return told | {"filename": PurePath(filename).name if filename.startswith("/") else filename}
