"""Words and groups for every verb of the history, for the activity log of the whole box."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.staff import words
from waitlist_appliance.web.staff.settings.words import DEEDS as SETTINGS_DEEDS

# What concerns no single entry; what does is in words.DEEDS.
_BOX: Final[Mapping[str, str]] = {
    "opened": N_("A place was found free"),
    "taken": N_("A free place was taken by something else"),
    "slot_closed": N_("A time is no longer watched: too close to its start"),
    "check_asked": N_("Asked to check a time now"),
    "slot_noted": N_("A note was written on a time"),
    "booking_in_progress": N_("The booking has begun"),
    "booking_completed": N_("The booking is over"),
    "booking_expired": N_("The booking lapsed: the calendar never took it"),
    "booking_no_show": N_("The guest did not come"),
    "booking_refunded": N_("The booking was marked as refunded"),
    "event_added": N_("Put into the agenda"),
    "event_moved": N_("Moved in the agenda"),
    "event_cancelled": N_("Taken out of the agenda"),
    "calendar_failing": N_("A calendar can no longer be read"),
    "calendar_back": N_("The calendar can be read again"),
    "calendar_forgotten": N_("What a calendar was let in with was given back and forgotten"),
    "calendar_signed_out": N_("A calendar lets us in no more: somebody must connect it again"),
    "booking_overlapped": N_("Somebody put an event on top of the booking"),
    "event_move_refused": N_("Its event was moved where the booking cannot be: it stays as it was"),
    "sending_paused": N_("Sending was paused: the provider refuses everything"),
    "sending_resumed": N_("Sending was resumed"),
    "failed_step": N_("A step failed and is tried again"),
    "set_up": N_("The business was set up"),
    "set_policy": N_("A setting was changed"),
    "staff_added": N_("Was added to the team"),
    "password_link_made": N_("A link for a new password was made"),
    "password_set": N_("Chose a password"),
    "logged_in": N_("Logged in"),
    "login_slowed": N_("Log-in was slowed down after wrong passwords or codes"),
    "logged_out": N_("Logged out"),
    "session_ended": N_("A browser was logged out from elsewhere"),
    "sessions_ended": N_("Was logged out on other browsers"),
    "password_changed": N_("Changed the password"),
    "second_factor_set_up": N_("Set up an authenticator app as second step"),
    "second_factor_off": N_("Turned the authenticator app off"),
    "second_factor_reset": N_("The second step was taken off"),
    "recovery_codes_made": N_("Made new recovery codes"),
    "recovery_code_used": N_("Logged in with a recovery code"),
    "passkey_added": N_("Added a passkey"),
    "passkey_removed": N_("Removed a passkey"),
    "passkey_refused": N_("A log-in with a passkey was refused"),
    "customer_erased": N_("A person's data was erased"),
    "refused": N_("Tried what the role does not allow"),
    **SETTINGS_DEEDS,
}
DEEDS: Final[Mapping[str, str]] = {**words.DEEDS, **_BOX}

_GROUPS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "line": (
        N_("The line"),
        ("invited", "joined", "registered", "wishes_changed", "entry_expired", "cancelled", "reopened",
         "priority_changed", "notes_changed", "entry_edited", "slot_noted"),
    ),
    "offers": (N_("Offers"), (*(verb for verb in DEEDS if verb.startswith("offer_")), "opened", "taken")),
    "bookings": (N_("Bookings"), tuple(verb for verb in DEEDS if verb.startswith(("booking_", "booked")))),
    "messages": (
        N_("Messages"),
        ("message_sent", "message_failed", "message_sent_again", "message_dropped", "wrote", "replied", "opted_out",
         "emails_refused", "emails_wanted", "sending_paused", "sending_resumed"),
    ),
    "calendars": (
        N_("Calendars"),
        ("event_added", "event_moved", "event_cancelled", "calendar_failing", "calendar_back", "calendar_signed_out",
         "calendar_forgotten", "event_move_refused", "slot_closed", "check_asked", "failed_step",
         *(verb for verb in SETTINGS_DEEDS if verb.startswith("calendar_"))),
    ),
    "team": (
        N_("Team and access"),
        ("staff_added", "password_link_made", "password_set", "logged_in", "login_slowed", "refused", "role_changed",
         "logged_out", "session_ended", "sessions_ended", "password_changed", "second_factor_set_up",
         "second_factor_off", "second_factor_reset", "recovery_codes_made", "recovery_code_used",
         "passkey_added", "passkey_removed", "passkey_refused",
         "password_forgotten", "staff_disabled", "staff_enabled", "key_created", "key_rotated",
         "key_revoked"),
    ),
}  # fmt: skip
_GROUPED: Final = {verb for _, verbs in _GROUPS.values() for verb in verbs}
# Group → its name and verbs. Whatever is in no other group is a change of how the box is set up.
GROUPS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    **_GROUPS,
    "settings": (N_("Settings"), tuple(verb for verb in DEEDS if verb not in _GROUPED)),
}
# Reasons that only a log file should show.
TECHNICAL: Final = frozenset({"failed_step", "message_failed", "calendar_failing", "sending_paused", "refused"})

# What freed a place, in words.
CAUSES: Final[Mapping[str, str]] = {
    "joined": N_("when somebody joined"),
    "registered": N_("when somebody signed up"),
    "withdrawn": N_("an offer was withdrawn"),
    "booking_cancelled": N_("a booking was cancelled"),
    "booking_conflict": N_("a booking was taken back"),
    "event_cancelled": N_("taken out of the agenda"),
    "event_moved": N_("moved in the agenda"),
    "calendar_back": N_("the calendar can be read again"),
    "by_hand": N_("offered by hand"),
    "check": N_("found by a check"),
    "found_free": N_("found by a check"),
    "calendar_read": N_("found by a check"),
    "calendar_changed": N_("something changed in the calendar"),
    "event_removed": N_("taken out of the calendar"),
    "booking_moved": N_("a booking was moved"),
    "booking_asked": N_("when somebody wanted to book"),
    "declined": N_("somebody said no"),
    "late_yes": N_("a late yes"),
    "reopened": N_("somebody came back on the list"),
    "wishes_changed": N_("somebody changed the wished times"),
    "owner": N_("Owner"), "manager": N_("Manager"), "host": N_("Host"), "viewer": N_("Viewer"),
}  # fmt: skip
