"""What the page of the messengers' accounts asks: when each channel last worked, and how it fares today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from waitlist_appliance.domain.moments import from_ms
from waitlist_appliance.storage.database import Database

# Newest first, and no further: a page need not read years of messages to find none.
LOOKED_THROUGH = 2000


@dataclass(frozen=True, slots=True)
class Traffic:
    """The last message out and in on one channel; None where there was none."""

    out_at: datetime | None
    in_at: datetime | None


def traffic(db: Database, channel: str, since: datetime | None) -> Traffic:
    """Of this channel, since an account was connected (None: ever)."""
    out_at = db.value(
        """SELECT sent_at FROM (SELECT sent_at, channel, provider FROM message WHERE sent_at IS NOT NULL
                                ORDER BY sent_at DESC LIMIT ?)
           WHERE channel = ? AND provider IS NOT 'simulator' AND sent_at >= ? LIMIT 1""",
        LOOKED_THROUGH, channel, since or 0,
    )  # fmt: skip
    in_at = db.value(
        """SELECT received_at FROM (SELECT received_at, channel, provider_id FROM reply ORDER BY id DESC LIMIT ?)
           WHERE channel = ? AND provider_id IS NOT NULL AND received_at >= ? LIMIT 1""",
        LOOKED_THROUGH, channel, since or 0,
    )  # fmt: skip
    return Traffic(_moment(out_at), _moment(in_at))


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else from_ms(ms)
