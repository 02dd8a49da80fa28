"""Where Google is, and how long we wait for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GoogleEndpoints:
    """Google's addresses; others only for a server of our own in tests. ``api_url`` ends in a slash."""

    api_url: str = "https://www.googleapis.com/calendar/v3/"
    auth_url: str = "https://accounts.google.com/o/oauth2/v2/auth"
    token_url: str = "https://oauth2.googleapis.com/token"
    revoke_url: str = "https://oauth2.googleapis.com/revoke"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: without a byte of an answer, after which nothing is repeated any more, and the first pause before that."""

    read: float = 20
    budget: float = 20
    pause: float = 1
