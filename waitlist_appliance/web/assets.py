"""Static files under addresses that change with their content, so that browsers may keep them for a year."""

from __future__ import annotations

import hashlib
from functools import cache

from waitlist_appliance.paths import static_dir


@cache
def asset(name: str) -> str:
    """The address of a file of ``static/`` ("css/public.css"); FileNotFoundError for one that is not there."""
    digest = hashlib.sha256((static_dir() / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"
