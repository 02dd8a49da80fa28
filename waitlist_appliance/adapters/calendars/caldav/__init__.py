"""Calendars behind CalDAV (RFC 4791): Nextcloud, iCloud, Fastmail, Radicale and their like."""

from waitlist_appliance.adapters.calendars.caldav.provider import CalDavProvider

__all__ = ["CalDavProvider"]
