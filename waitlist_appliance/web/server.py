"""waitress, set up as measured (facts/runtime.md 3): one CPU, a graceful end, small bodies, quiet queue warnings."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

import waitress
from flask import Flask

from waitlist_appliance.config import Config

MAX_BODY = 1024 * 1024
CONNECTION_LIMIT = 500
# Cookies and a long address take some kilobytes; waitress would take 256.
MAX_HEADERS = 32 * 1024
# A connection on which nothing comes or goes for so long is closed: a phone on a bad line pauses for less.
IDLE_SECONDS = 30
# Waitress waits five seconds for requests in flight; what still runs after these has not heard that it is to end.
AGAIN_SECONDS = 10.0


def serve(app: Flask, config: Config, *, port: int | None = None, on_stop: Callable[[], object] | None = None) -> None:
    """Answer requests until SIGINT or SIGTERM; ``on_stop`` is called then, and requests in flight are finished."""

    def at_once(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    def end(number: int, frame: FrameType | None) -> None:
        # Asked again, it waits for nobody; and what on_stop holds just then is not asked for a second time.
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
            signal.signal(each, at_once)
        # Raised within a callback of the interpreter's own, SystemExit is lost: then it is raised once more.
        signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
        if on_stop is not None:
            on_stop()
        raise SystemExit(0)

    # A shell starts background jobs with SIGINT ignored; the way to end this process must work there too.
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    # One warning per queued request is noise under load; the queue itself is bounded by the connections.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    waitress.serve(app, **options(config, port=port))


def options(config: Config, *, port: int | None = None) -> dict[str, Any]:
    """What waitress is told."""
    return {
        "host": config.host,
        "port": config.port if port is None else port,
        "threads": config.threads,
        "connection_limit": CONNECTION_LIMIT,
        # A little more than Flask's own limit, so that the refusal is ours and speaks JSON.
        "max_request_body_size": 4 * MAX_BODY,
        "max_request_header_size": MAX_HEADERS,
        "channel_timeout": IDLE_SECONDS,
        "cleanup_interval": IDLE_SECONDS // 3,
        "clear_untrusted_proxy_headers": True,
        "ident": None,
        **_proxy(config),
    }


def is_measured() -> bool:
    """Whether ./scripts/bench has started this process: only then does /bench/two-rows answer."""
    return os.environ.get("WAITLIST_BENCH") == "1"


def pin_to_one_cpu() -> int | None:
    """Keep this process on one CPU where there are several: waitress's threads hand the GIL over within it.

    The CPU chosen, or None where nothing was to be done.
    """
    if not hasattr(os, "sched_setaffinity"):
        return None
    allowed = os.sched_getaffinity(0)
    if len(allowed) < 2:
        return None
    os.sched_setaffinity(0, {min(allowed)})
    return min(allowed)


def _proxy(config: Config) -> dict[str, Any]:
    if not config.trusted_proxy:
        return {}
    return {
        "trusted_proxy": config.trusted_proxy,
        "trusted_proxy_count": 1,
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"},
    }
