"""Google Calendar through its official client. Import it only when a Google calendar is used: it costs some 30 MB."""

from waitlist_appliance.adapters.calendars.google.consent import GoogleConsent
from waitlist_appliance.adapters.calendars.google.endpoints import GoogleEndpoints
from waitlist_appliance.adapters.calendars.google.provider import GoogleProvider

__all__ = ["GoogleConsent", "GoogleEndpoints", "GoogleProvider"]
