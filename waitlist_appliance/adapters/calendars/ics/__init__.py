"""Calendars behind an address of a calendar file (ICS, webcal): read only, and never fresher than their maker."""

from waitlist_appliance.adapters.calendars.ics.provider import IcsProvider

__all__ = ["IcsProvider"]
