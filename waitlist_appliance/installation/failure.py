"""The one error that people are shown."""

from __future__ import annotations


class Failed(Exception):
    """What went wrong and what to do about it, in a sentence or two."""
