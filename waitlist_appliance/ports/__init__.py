"""What lies outside the box, as Protocols: calendars, messengers, timers."""

from waitlist_appliance.ports.calendars import (
    Calendar,
    CalendarAccess,
    CalendarChoice,
    CalendarError,
    CalendarEvent,
    CalendarProvider,
    Changes,
    Consent,
    ConsentClient,
    Grant,
    NewEvent,
    Push,
    SyncTokenLost,
    WatchChannel,
    Written,
)
from waitlist_appliance.ports.errors import OutsideError
from waitlist_appliance.ports.messengers import DeliveryError, Letter, Messenger
from waitlist_appliance.ports.timers import SilentTimers, Timers

__all__ = [
    "Calendar",
    "CalendarAccess",
    "CalendarChoice",
    "CalendarError",
    "CalendarEvent",
    "CalendarProvider",
    "Changes",
    "Consent",
    "ConsentClient",
    "DeliveryError",
    "Grant",
    "Letter",
    "Messenger",
    "NewEvent",
    "OutsideError",
    "Push",
    "SilentTimers",
    "SyncTokenLost",
    "Timers",
    "WatchChannel",
    "Written",
]
