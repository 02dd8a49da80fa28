"""What staff can be told of, who hears it unless they say otherwise, and for how long a trouble may pass by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """``conditions``: the alarms it tells of (without their subject); none for what simply happens.

    ``fault``: somebody must do something, so owners hear of it unless they say no. ``patience``: what is over sooner is
    told to nobody.
    """

    name: str
    fault: bool = True
    conditions: tuple[str, ...] = ()
    patience: timedelta = timedelta()


KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind("booking_conflict", conditions=("booking_overlapped", "event_moved_onto")),
        Kind("booking_pending", conditions=("booking_pending",)),
        Kind("changes_held", conditions=("calendar_changes_held",)),
        # A calendar that misses one read is nobody's business.
        Kind("calendar_unreadable", conditions=("calendar_failing",), patience=timedelta(minutes=2)),
        Kind("calendar_signed_out", conditions=("calendar_signed_out",)),
        Kind("sending_paused", conditions=("messenger_account",)),
        Kind("text_refused", conditions=("message_refused",)),
        Kind("messages_failing", conditions=("messages_failing",)),
        # Calendars and messages that fail altogether have alarms of their own; these see what fails now and then.
        Kind("sync_failing", conditions=("sync_failing",)),
        Kind("delivery_failing", conditions=("delivery_failing",)),
        Kind("expiry_late", conditions=("expiry_late",)),
        Kind("worker_silent", conditions=("worker_silent",)),
        # A restart, or an upgrade, is no alarm.
        Kind("web_silent", conditions=("web_silent",), patience=timedelta(minutes=3)),
        Kind("messages_waiting", conditions=("messages_waiting",)),
        Kind("backup_old", conditions=("backup_old",)),
        Kind("backup_failed", conditions=("backup_failed",)),
        Kind("box_restored", conditions=("box_restored",)),
        Kind("disk_low", conditions=("disk_low",)),
        Kind("place_filled", fault=False),
        Kind("booking_cancelled", fault=False),
    )
}
_OF_CONDITION: Final = {condition: kind for kind in KINDS.values() for condition in kind.conditions}


def kind_of(condition: str) -> Kind | None:
    """Which kind an alarm belongs to ("calendar_failing:3"); None for one that nobody is told of."""
    return _OF_CONDITION.get(condition.partition(":")[0])


def wanted_by_default(kind: Kind, role: str | None) -> bool:
    """Whether it is told without anybody having chosen: faults, to owners and to the addresses of services (role None)."""
    return kind.fault and role in (None, "owner")
