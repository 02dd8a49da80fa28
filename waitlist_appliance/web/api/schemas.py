"""Every request body and query of the API, declared once: what validates is what the documentation will show."""

from __future__ import annotations

from dataclasses import replace

from waitlist_appliance.web.validation import Field, Schema

LONGEST_NOTES = 2000
LONGEST_EMAIL = 254
LONGEST_PHONE = 60

BUSINESS = Field("business_id", "business_id", longest=64, help="The business's id, or `default`.")
FIRST_NAME = Field("firstName", "first_name", aliases=("given_name",))
LAST_NAME = Field("lastName", "last_name", aliases=("family_name",))
EMAIL = Field("email", "email", "email", longest=LONGEST_EMAIL)
PARTY = Field(
    "nbPersons", "party_size", "integer", aliases=("party_size", "nb_personnes", "people"), problem="bad_party_size",
    minimum=1, maximum=499, help="How many people, 1 to 499.",
)  # fmt: skip
PHONE = Field("phone", "phone", longest=LONGEST_PHONE, problem="bad_phone", help="Any spelling.")
NOTES = Field("notes", "notes", longest=LONGEST_NOTES)
ZONE = Field("zone", "zone")
RESOURCE = Field("resource", "resource", help="A resource's id or name, or `any`.")
LOCALE = Field("locale", "locale", longest=35, help="es, fr or en.")
CONSENT = Field("consent", "consent", "boolean")
FLEXIBLE = Field("flexible", "flexible", "object", help="Dates, hours and weekdays that suit, instead of single times.")

TRIGGER = Schema(
    "Trigger",
    (
        Field("requested_slot", "starts_at", "moment", required=True, problem="bad_date_time", help="The time wanted."),
        Field("phone", "phone", required=True, longest=LONGEST_PHONE, problem="bad_phone"),
        BUSINESS, FIRST_NAME, LAST_NAME, EMAIL, PARTY,
        Field("alternativeSlots", "alternatives", "moments", problem="bad_date_time"),
        Field("source", "source", longest=20),
        Field("serviceType", "service", aliases=("service",)),
        RESOURCE, ZONE, NOTES, LOCALE,
        Field("registered", "registered", "boolean"),
        CONSENT,
        Field("force", "force", "boolean"),
    ),
)  # fmt: skip
CONFIRM = Schema(
    "Confirm",
    (
        replace(FIRST_NAME, required=True, missing="name_required"), LAST_NAME, PHONE, EMAIL,
        replace(PARTY, required=True, missing="bad_party_size"),
        Field("selectedSlots", "selected", "moments", problem="bad_date_time"),
        FLEXIBLE, CONSENT, LOCALE,
    ),
)  # fmt: skip
WISHES = Schema(
    "Wishes",
    (
        FIRST_NAME, LAST_NAME, EMAIL, PARTY,
        Field("selectedSlots", "selected", "moments", problem="bad_date_time"),
        FLEXIBLE,
    ),
)  # fmt: skip
BOOK_FREE_TIME = Schema(
    "BookFreeTime",
    (
        Field("requested_slot", "starts_at", "moment", required=True, aliases=("slot",), problem="bad_date_time"),
        FIRST_NAME, LAST_NAME, EMAIL, PARTY,
    ),
)  # fmt: skip
ENTRY_CHANGE = Schema(
    "EntryChange",
    (
        Field("priority", "priority", "integer", minimum=0, maximum=1000),
        NOTES,
        Field("selectedSlots", "selected", "moments", aliases=("wishes",), problem="bad_date_time"),
    ),
)  # fmt: skip
ENTRIES_QUERY = Schema(
    "EntriesQuery",
    (
        Field("date", "date", "date", problem="bad_date_time"),
        Field("slot", "slot", longest=64),
        Field("status", "status", longest=20),
        Field("q", "q", longest=100),
        Field("cursor", "cursor", longest=100),
        Field("limit", "limit", "integer", minimum=1, maximum=200),
    ),
)  # fmt: skip
STATS_QUERY = Schema(
    "StatsQuery",
    (
        Field("days", "days", "integer", minimum=1, maximum=731, help="The last days, today included; 30 without it."),
        Field("from", "since", "date", problem="bad_date_time", help="The first day, together with `to`."),
        Field("to", "last", "date", problem="bad_date_time", help="The last day, included."),
    ),
)  # fmt: skip
NOTIFY = Schema(
    "Notify",
    (Field("slot", "slot", longest=64), RESOURCE, Field("force", "force", "boolean")),
)  # fmt: skip
REASON = Schema("Reason", (Field("reason", "reason", longest=LONGEST_NOTES),))
AVAILABILITY_QUERY = Schema(
    "AvailabilityQuery",
    (
        Field("date", "date", "date", problem="bad_date_time"),
        Field("start", "start", "moment", problem="bad_date_time"),
        Field("end", "end", "moment", problem="bad_date_time"),
        Field("service", "service"),
        replace(PARTY, name="party_size", aliases=("nb_persons",)),
        ZONE, RESOURCE, BUSINESS,
    ),
)  # fmt: skip
BOOKING = Schema(
    "Booking",
    (
        Field("start_time", "starts_at", "moment", required=True, problem="bad_date_time"),
        Field("duration", "duration_minutes", "integer", minimum=1, maximum=1440),
        Field("attendee", "attendee", "object", required=True),
        replace(PARTY, name="party_size", aliases=("nb_persons",)),
        NOTES, RESOURCE, ZONE,
        Field("service", "service", aliases=("service_type",)),
        LOCALE, BUSINESS,
    ),
)  # fmt: skip
BOOKING_CHANGE = Schema(
    "BookingChange",
    (Field("start_time", "starts_at", "moment", problem="bad_date_time", help="The new start."), RESOURCE, NOTES),
)  # fmt: skip
BOOKING_MOVE = Schema(
    "BookingMove",
    (Field("start_time", "starts_at", "moment", required=True, aliases=("slot",), problem="bad_date_time"),),
)  # fmt: skip
TRANSITION = Schema(
    "Transition",
    (
        Field("to", "to", required=True, aliases=("status", "transition", "action"), longest=20,
              help="confirm, cancel, no_show, complete or refund."),
        Field("reason", "reason", longest=200),
    ),
)  # fmt: skip
ATTENDEE = Schema(
    "Attendee",
    (
        Field("name", "name", required=True),
        Field("phone", "phone", required=True, longest=LONGEST_PHONE, problem="bad_phone"),
        EMAIL,
    ),
)  # fmt: skip
EVENT = Schema(
    "Event",
    (
        Field("title", "title", aliases=("summary",)),
        Field("start_time", "starts_at", "moment", required=True, aliases=("start",), problem="bad_date_time"),
        Field("end_time", "ends_at", "moment", required=True, aliases=("end",), problem="bad_date_time"),
        RESOURCE,
        Field("busy", "busy", "boolean"),
    ),
)  # fmt: skip
EVENT_CHANGE = Schema(
    "EventChange",
    (
        Field("start_time", "starts_at", "moment", aliases=("start",), problem="bad_date_time"),
        Field("end_time", "ends_at", "moment", aliases=("end",), problem="bad_date_time"),
        RESOURCE,
    ),
)  # fmt: skip
EVENTS_QUERY = Schema(
    "EventsQuery",
    (
        Field("date", "date", "date", problem="bad_date_time"),
        Field("start", "start", "moment", problem="bad_date_time"),
        Field("end", "end", "moment", problem="bad_date_time"),
    ),
)  # fmt: skip
CONNECTION = Field(
    "connectionId", "connection", aliases=("connection", "id"), longest=64,
    help="Which connection; without it the only one besides the built-in calendar.",
)  # fmt: skip
CALENDAR_QUERY = Schema("CalendarQuery", (CONNECTION,))
CALENDAR_SELECT = Schema(
    "CalendarSelect",
    (
        Field("calendarId", "calendar_id", required=True, longest=2000, help="As listed by /calendars."),
        Field("calendarName", "name", longest=80, help="What it is called here; its own name without it."),
        CONNECTION,
        Field("use", "use", longest=20, help="write (bookings go into it), block (its events take time) or business."),
        Field("resources", "resources", "strings", help="Ids or names; all without it."),
    ),
)  # fmt: skip
CALENDAR_TOGGLE = Schema("CalendarToggle", (Field("isEnabled", "enabled", "boolean", required=True), CONNECTION))
CALENDAR_DISCONNECT = Schema(
    "CalendarDisconnect",
    (Field("force", "force", "boolean", help="Although bookings ahead are written there; they stay booked."), CONNECTION),
)  # fmt: skip
