"""What the machine says about its own clock."""

from __future__ import annotations

import subprocess
from typing import Final

SECONDS: Final = 3.0
_ASK: Final = ("timedatectl", "show", "--property=NTPSynchronized", "--value")


def is_synchronised() -> bool | None:
    """As systemd tells it; None without systemd."""
    try:
        done = subprocess.run(_ASK, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(done.stdout.strip()) if done.returncode == 0 else None
