"""waitress, set up as measured (facts/runtime.md 3): one CPU, a graceful end, small bodies, quiet queue warnings."""

from __future__ import annotations

import logging
import os
import signal
from types import FrameType
from typing import Any

import waitress
from flask import Flask

from waitlist_appliance.config import Config

MAX_BODY = 1024 * 1024
CONNECTION_LIMIT = 500


def serve(app: Flask, config: Config, *, port: int | None = None) -> None:
    """Answer requests until SIGINT or SIGTERM; requests in flight are finished first."""
    signal.signal(signal.SIGTERM, _end)
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


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)
