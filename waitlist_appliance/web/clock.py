"""The one place where the web process asks what time it is."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import current_app


def current_time() -> datetime:
    """Now, aware, in UTC; tests put their own clock into ``app.config["CLOCK"]``."""
    clock = current_app.config.get("CLOCK")
    now: datetime = datetime.now(UTC) if clock is None else clock()
    return now
