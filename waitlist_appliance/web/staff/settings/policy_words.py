"""The policies in the words of a host: groups, names, meanings, choices and units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from waitlist_appliance.texts.catalogues import N_

# Group → its name, what it is about, and its policies in the order of the page.
GROUPS: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "joining": (
        N_("Joining"), N_("Who may wait, and for how many times"),
        ("joining", "registration_required", "calls_join", "nudge_after_seconds", "max_party_size",
         "single_wish_limit", "flexible_wishes", "flexible_wish_limit"),
    ),
    "alternatives": (
        N_("Other times"), N_("What is proposed beside the time that was asked for"),
        ("alternatives_from", "alternatives_to", "alternatives_step_minutes"),
    ),
    "offers": (
        N_("Offers"), N_("How a freed time finds the next in line"),
        ("offers", "waitlist_first", "offer_window_seconds", "offer_window_minimum_seconds", "cutoff_seconds",
         "race_from_seconds", "race_size", "silences_limit", "late_yes", "party_tolerance", "distribution"),
    ),
    "quiet": (
        N_("Quiet hours"), N_("When nobody's phone should buzz"),
        ("quiet_hours", "quiet_from", "quiet_to", "urgent_in_quiet_hours"),
    ),
    "messages": (
        N_("Messages"), N_("How many, and which reminders"),
        ("offers_per_day", "messages_per_day", "unsent_offer_seconds", "channel_order", "sms_plain_letters", "sms_price_cents",
         "reminder_24h_email", "reminder_24h_sms",
         "reminder_1h_email", "reminder_1h_sms", "reminder_15min_email", "reminder_15min_sms"),
    ),
    "calendar": (
        N_("Calendar"), N_("How carefully it is read, and what is written into it"),
        ("read_interval_seconds", "staleness_seconds", "offer_read_age_seconds", "grace_seconds",
         "mass_change_limit", "unnamed_events", "calendar_days_back", "calendar_days_ahead", "event_title",
         "event_description", "event_personal_data"),
    ),
    "access": (N_("Access"), N_("How the team comes in"), ("second_factor_required",)),
    "data": (
        N_("Data and statistics"), N_("How long it is kept, and what a guest brings"),
        ("retention_months", "revenue_per_cover", "disk_low_megabytes"),
    ),
}  # fmt: skip

# Policy → its name and its meaning in one sentence, the same as in domain/policies.py.
LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "joining": (N_("Joining the waitlist"), N_("Whether new people may join the waitlist.")),
    "offers": (N_("Offers"), N_("How a freed time is offered to the next in line.")),
    "registration_required": (N_("Sign-up by link"), N_("A new person signs up by a link before they wait.")),
    "calls_join": (N_("Calls join by themselves"), N_("A reported call that wants the waitlist joins it by itself.")),
    "nudge_after_seconds": (N_("Nudge after"), N_("After this long without sign-up one nudge is sent.")),
    "alternatives_from": (N_("First other time"), N_("First time proposed beside the requested one.")),
    "alternatives_to": (N_("Last other time"), N_("Last time proposed beside the requested one.")),
    "alternatives_step_minutes": (N_("Every"), N_("Minutes between two proposed times.")),
    "flexible_wishes": (
        N_("Flexible wishes"), N_("Customers may wish for ranges such as any afternoon this week."),
    ),
    "flexible_wish_limit": (N_("Times of a flexible wish"), N_("A flexible wish becomes at most this many times.")),
    "single_wish_limit": (N_("Times per person"), N_("An entry may have at most this many times picked singly.")),
    "waitlist_first": (N_("Waitlist first"), N_("A free time somebody waits for is reserved for those in line.")),
    "offer_window_seconds": (N_("Time to answer"), N_("How long a person has to answer an offer.")),
    "offer_window_minimum_seconds": (N_("Least time to answer"), N_("The least time a person is given to answer.")),
    "cutoff_seconds": (N_("Stop before the start"), N_("This long before a start nothing is offered any more.")),
    "race_from_seconds": (
        N_("Ask several from"), N_("From this long before a start several people are asked at once."),
    ),
    "race_size": (N_("Asked at once"), N_("How many people are asked at once in a race.")),
    "silences_limit": (N_("Silences"), N_("After this many unanswered offers in a row an entry expires.")),
    "late_yes": (N_("A late yes counts"), N_("A yes after the deadline counts while nobody else has the time.")),
    "quiet_hours": (N_("Quiet hours"), N_("Offers, nudges and reminders wait during the quiet hours.")),
    "quiet_from": (N_("From"), N_("The quiet hours begin.")),
    "quiet_to": (N_("Until"), N_("The quiet hours end.")),
    "urgent_in_quiet_hours": (
        N_("Urgent offers anyway"), N_("An offer that waiting would lose is sent in the quiet hours."),
    ),
    "offers_per_day": (N_("Offers a day"), N_("At most this many offers a day to one customer.")),
    "messages_per_day": (N_("Messages a day"), N_("At most this many messages a day to one customer.")),
    "grace_seconds": (
        N_("Grace for vanished events"), N_("A foreign event that is back within this time has freed nothing."),
    ),
    "party_tolerance": (
        N_("Empty seats allowed"), N_("A table may have at most this many seats too many for a party."),
    ),
    "max_party_size": (N_("Largest party"), N_("The largest party that may join or book.")),
    "unnamed_events": (
        N_("Events that name no table"), N_("What an event blocks that names no resource on a shared calendar."),
    ),
    "calendar_days_back": (N_("Days kept"), N_("How many past days of a calendar are kept.")),
    "calendar_days_ahead": (
        N_("Days read ahead"), N_("How many days ahead a calendar is read; later times count as busy."),
    ),
    "event_title": (N_("Title of an event"), N_("What the title of a booking's calendar event says.")),
    "event_description": (N_("Text of an event"), N_("What the text of a booking's calendar event says.")),
    "event_personal_data": (N_("Customers in calendars"), N_("What of a customer may stand in a calendar.")),
    "staleness_seconds": (N_("Believe a calendar for"), N_("A calendar not read for this long counts as busy.")),
    "read_interval_seconds": (
        N_("Read calendars every"), N_("How often a calendar that something depends on is read."),
    ),
    "offer_read_age_seconds": (N_("Fresh enough for an offer"), N_("An offer needs a calendar read at most this old.")),
    "mass_change_limit": (
        N_("Many vanish at once"),
        N_("This many own events gone in one read: none is cancelled until staff agree."),
    ),
    "retention_months": (N_("Keep personal data"), N_("After this long a customer's personal data is erased.")),
    "disk_low_megabytes": (N_("Little space"), N_("With less space than this on the disk staff are told.")),
    "revenue_per_cover": (
        N_("Revenue per guest"), N_("What one guest brings on average, in whole units; 0 hides revenue."),
    ),
    "second_factor_required": (
        N_("Second step for everybody"), N_("Everybody on the team needs a second step at the log-in."),
    ),
    "unsent_offer_seconds": (N_("Unsent offers end after"), N_("An offer's message unsent for this long ends the offer.")),
    "channel_order": (N_("Order of the ways"), N_("In which order messages try to reach a customer.")),
    "sms_plain_letters": (
        N_("Plain letters in SMS"), N_("An SMS is written in the letters that cost least: si instead of sí."),
    ),
    "sms_price_cents": (
        N_("Price of an SMS part"), N_("What one part of an SMS costs, in cents; 0 hides the estimate."),
    ),
    "distribution": (N_("Sharing out"), N_("How bookings are shared out among staff members.")),
    "reminder_24h_email": (N_("Email, a day before"), N_("An email reminds the customer 24 hours before.")),
    "reminder_24h_sms": (N_("SMS, a day before"), N_("An SMS reminds the customer 24 hours before.")),
    "reminder_1h_email": (N_("Email, an hour before"), N_("An email reminds the customer one hour before.")),
    "reminder_1h_sms": (N_("SMS, an hour before"), N_("An SMS reminds the customer one hour before.")),
    "reminder_15min_email": (N_("Email, 15 minutes before"), N_("An email reminds the customer 15 minutes before.")),
    "reminder_15min_sms": (N_("SMS, 15 minutes before"), N_("An SMS reminds the customer 15 minutes before.")),
}  # fmt: skip

CHOICES: Final[Mapping[str, Mapping[str, str]]] = {
    "joining": {"open": N_("Open: people may join"), "closed": N_("Closed: nobody new joins")},
    "offers": {
        "automatic": N_("Automatic: the next in line is asked at once"),
        "approve_each": N_("Approve each: you say yes before the message goes out"),
        "manual": N_("By hand: you choose whom to ask"),
        "paused": N_("Paused: nobody is asked"),
    },
    "unnamed_events": {
        "block_everything": N_("Everything on that calendar"),
        "block_one_that_fits": N_("One table that fits"),
    },
    "channel_order": {
        "sms_email": N_("SMS, then email"),
        "sms_whatsapp_email": N_("SMS, then WhatsApp, then email"),
        "whatsapp_sms_email": N_("WhatsApp, then SMS, then email"),
        "email_sms": N_("Email, then SMS"),
    },
    "event_personal_data": {
        "full": N_("Everything: name, phone and notes"),
        "name": N_("The name only"),
        "none": N_("Nothing: the booking's code stands in its place"),
    },
    "distribution": {
        "round_robin": N_("In turn"), "least_busy": N_("Whoever has least to do"),
        "priority": N_("By priority"), "specific": N_("Only whom the guest asked for"),
    },
}  # fmt: skip

# What stands behind a number that is no duration.
SUFFIXES: Final[Mapping[str, str]] = {
    "alternatives_step_minutes": N_("minutes"), "flexible_wish_limit": N_("times"), "single_wish_limit": N_("times"),
    "race_size": N_("people"), "silences_limit": N_("offers"), "offers_per_day": N_("offers"),
    "messages_per_day": N_("messages"), "party_tolerance": N_("seats"), "max_party_size": N_("people"),
    "mass_change_limit": N_("events"), "retention_months": N_("months"),
    "disk_low_megabytes": N_("megabytes"),
    "sms_price_cents": N_("cents"), "calendar_days_back": N_("days"), "calendar_days_ahead": N_("days"),
}  # fmt: skip

# Seconds → how people say it.
UNITS: Final[Mapping[int, str]] = {1: N_("seconds"), 60: N_("minutes"), 3600: N_("hours")}
MINUTE_UNITS: Final[Mapping[int, str]] = {1: N_("minutes"), 60: N_("hours"), 1440: N_("days")}
