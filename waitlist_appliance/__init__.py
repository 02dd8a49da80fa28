"""Waitlist Appliance: turns "sorry, that time is full" into a booking."""

from __future__ import annotations

__version__ = "0.1.0"
