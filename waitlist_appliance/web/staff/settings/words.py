"""Words of the settings that hang on a code: refusals, deeds of the history, kinds, scopes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.staff.settings.notice_words import DEEDS as NOTICE_DEEDS
from waitlist_appliance.web.staff.settings.notice_words import REFUSALS as NOTICE_REFUSALS
from waitlist_appliance.web.staff.settings.text_words import REFUSALS as TEXT_REFUSALS

REFUSALS: Final[Mapping[str, str]] = {
    "business_name_required": N_("The name is missing. Please say what guests call you."),
    "name_missing": N_("The name is missing. Please give one."),
    "name_taken": N_("There is already one with that name, maybe among those no longer used. Please choose another."),
    "too_long": N_("That is too long. Please use at most {length} characters."),
    "bad_email": N_("That is no email address. Please check it, or leave the field empty."),
    "bad_zone": N_("We do not know that time zone. Please choose one from the list, such as Europe/Madrid."),
    "bad_region": N_("We do not know that country. Please choose one from the list."),
    "bad_colour": N_("That is no colour. Please write it like #6d3b5e, or leave the field empty."),
    "bad_phone": N_("That phone number cannot be right. Please check it, with its country code if it is foreign."),
    "zone_in_use": N_(
        "The time zone cannot change while bookings or watched times lie ahead ({bookings} bookings, {times} times): "
        "they would be shown at another time of day. Please cancel them first, or wait until they are over."
    ),
    "logo_missing": N_("No picture was chosen. Please choose one first."),
    "key_date_past": N_("That day has passed already. Please choose a later one, or none."),
    "logo_large": N_("That picture is larger than 512 kB. Please make it smaller."),
    "logo_kind": N_("That is no PNG, JPEG or WebP picture. Please save it as one of these."),
    "logo_wide": N_("That picture is more than 4096 pixels wide or high. Please make it smaller."),
    "out_of_range": N_("That number is not possible here. Please choose one from {least} to {most}."),
    "hours_wrong": N_("These hours are not complete. Please give a beginning and an end for each."),
    "hours_overlap": N_("These hours overlap. Please check beginnings and ends, also of the day before."),
    "never_open": N_("With no hours at all nobody could come. Please give at least one day its hours."),
    "notice_crossed": N_("The shortest notice must be less than how far ahead one can book."),
    "day_past": N_("That day is over. Please choose today or a later one."),
    "day_missing": N_("Please choose a day."),
    "resource_booked": N_(
        "{name} has bookings ahead ({number}). Please move or cancel them in the agenda first, then take it out of use."
    ),
    "resource_held": N_("An offer for {name} waits for an answer. Please try again in a few minutes."),
    "resources_in_use": N_("{name} has bookings or offers ahead. Please change your tables one by one in the settings."),
    "last_resource": N_("This is the only one left. Please add another first, or close the waitlist instead."),
    "too_many_resources": N_("A box has at most {most} tables, rooms and people."),
    "resources_missing": N_("Please say how many tables there are, or name at least one person."),
    "given_by_nobody": N_("Nobody would give this. Please tick at least one, or all."),
    "service_held": N_("An offer for {name} waits for an answer. Please try again in a few minutes."),
    "service_default": N_("{name} is what is meant when nobody says which. Please make another the usual one first."),
    "service_in_use": N_(
        "{name} has bookings ahead ({bookings}) or people waiting ({times} times). Please settle these first."
    ),
    "service_retired": N_("{name} is not offered at the moment. Please offer it again first."),
    "last_owner": N_("{name} is the only owner who can log in. Please make somebody else an owner first."),
    "own_account": N_("You cannot disable your own account. Please ask another owner."),
    "user_disabled": N_("{name} has no access at the moment. Please give it back first."),
    "scopes_missing": N_("A key that may do nothing is of no use. Please tick at least one."),
    "resources_unticked": N_("Please tick at least one, or choose the whole house."),
    "number_missing": N_("Please give a whole number."),
    "policy_not_allowed": N_("That is not possible here. Allowed: {allowed}."),
    "policy_number": N_("Please give a number from {least} to {most}."),
    "policy_window": N_("The least time to answer cannot be longer than the time to answer."),
    "policy_alternatives": N_("The first time must come before the last ({allowed})."),
    **TEXT_REFUSALS,
    **NOTICE_REFUSALS,
}  # fmt: skip

DEEDS: Final[Mapping[str, str]] = {
    **NOTICE_DEEDS,
    "business_changed": N_("The business's details were changed"),
    "logo_changed": N_("The logo was changed"),
    "logo_removed": N_("The logo was removed"),
    "hours_changed": N_("The opening hours were changed"),
    "own_hours_given": N_("Hours of its own were given"),
    "own_hours_taken": N_("The hours of the house count again"),
    "day_changed": N_("A day got other hours"),
    "day_restored": N_("A day has its usual hours again"),
    "resource_added": N_("Was added to tables and team"),
    "resources_added": N_("Several tables were added"),
    "resource_changed": N_("A table or team member was changed"),
    "resource_retired": N_("Was taken out of use"),
    "resource_restored": N_("Was brought back into use"),
    "service_added": N_("A service was added"),
    "service_changed": N_("A service was changed"),
    "service_retired": N_("A service is no longer offered"),
    "service_restored": N_("A service is offered again"),
    "service_default": N_("Became the usual service"),
    "role_changed": N_("Got another role"),
    "staff_disabled": N_("Lost access"),
    "staff_enabled": N_("Got access back"),
    "key_created": N_("An API key was created"),
    "key_rotated": N_("An API key got a new secret"),
    "key_revoked": N_("An API key was revoked"),
    "calendar_client_set": N_("The Google client was entered"),
    "calendar_connected": N_("A calendar was connected"),
    "calendar_reconnected": N_("A calendar was connected again"),
    "calendar_chosen": N_("Another calendar was chosen"),
    "calendar_used_for": N_("What a calendar is for was changed"),
    "calendar_renamed": N_("A calendar got another name"),
    "calendar_switched_on": N_("A calendar was switched on"),
    "calendar_switched_off": N_("A calendar was switched off"),
    "calendar_changes_held": N_("Many bookings were changed in the calendar app at once: a person is asked"),
    "calendar_changes_applied": N_("Changes from the calendar app were applied"),
    "calendar_changes_refused": N_("Changes from the calendar app were turned down"),
    "box_restored": N_("The box was put back from a backup"),
    "keys_rotated": N_("The key that seals passwords was changed"),
    "calendar_disconnected": N_("A calendar was disconnected"),
    "messaging_connected": N_("An account for messages was connected"),
    "messaging_changed": N_("An account for messages was changed"),
    "messaging_disconnected": N_("An account for messages was disconnected"),
    "text_changed": N_("A message's text was changed"),
    "text_reset": N_("A message says again what was delivered"),
    "whatsapp_template_set": N_("A WhatsApp template was entered"),
    "whatsapp_template_removed": N_("A WhatsApp template was removed"),
    "first_run_step": N_("A step of the first set-up was done"),
    "first_run_done": N_("The first set-up was finished"),
}

KINDS: Final[Mapping[str, str]] = {"table": N_("Table"), "staff": N_("Team member"), "room": N_("Room")}
KIND_ICONS: Final[Mapping[str, str]] = {"table": "grid", "staff": "person", "room": "door-closed"}
SCOPES: Final[Mapping[str, str]] = {
    "waitlist.view": N_("See the waitlist"),
    "waitlist.create": N_("Put people on the waitlist and change their wishes"),
    "waitlist.notify": N_("Make offers"),
    "waitlist.cancel": N_("Take people off the waitlist"),
    "bookings.view": N_("See bookings and free times"),
    "bookings.create": N_("Make and move bookings"),
    "bookings.cancel": N_("Cancel bookings"),
    "settings.manage": N_("Change settings"),
}
ROLES: Final[Mapping[str, str]] = {
    "owner": N_("Everything, also who works here"),
    "manager": N_("Everything but who works here"),
    "host": N_("The waitlist and the agenda, no settings"),
    "viewer": N_("Looks, changes nothing"),
}
DAYS: Final[Mapping[str, str]] = {
    "monday": N_("Monday"), "tuesday": N_("Tuesday"), "wednesday": N_("Wednesday"), "thursday": N_("Thursday"),
    "friday": N_("Friday"), "saturday": N_("Saturday"), "sunday": N_("Sunday"),
}  # fmt: skip
