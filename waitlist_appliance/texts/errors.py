"""Refusals as sentences that a voice agent can speak and a page can show: what happened and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from waitlist_appliance.texts import calendar_trouble, messaging_trouble
from waitlist_appliance.texts.catalogues import N_, translator

SENTENCES: Final[Mapping[str, str]] = {
    # what was asked for
    "slot_in_past": N_("That time has already passed. Please choose a later one."),
    "inside_cut_off": N_("That time starts too soon for the waitlist. Please choose a later one."),
    "outside_hours": N_("We are not open at that time. Please choose a time within our opening hours."),
    "closed_day": N_("We are closed on that day. Please choose another day."),
    "unknown_service": N_("We do not know that service. Please choose one of those we offer."),
    "unknown_resource": N_("We do not know whom or what you asked for. Please choose again, or take any."),
    "unknown_zone": N_("We do not have that zone. Please choose another one, or take any."),
    "unknown_business": N_("We do not know that business. Please check the address or the number you used."),
    "unknown_wish": N_("That time is not one of those you can choose. Please load the page again."),
    "bad_phone": N_("That phone number cannot be right. Please give it again, with its country code if it is foreign."),
    "landline_without_email": N_(
        "That number cannot receive text messages. Please give a mobile number or an email address."
    ),
    "bad_party_size": N_("We cannot take that number of people. Please give another number, or call us."),
    "bad_date_time": N_("We did not understand the date or the time. Please say it again, with day and hour."),
    "missing_field": N_("Something is missing: {field}. Please fill it in and try again."),
    "bad_value": N_("Something cannot be right: {field}. Please check it and try again."),
    "name_required": N_("Your name is missing. Please tell us what to call you."),
    "no_times_selected": N_("No time is selected. Please choose at least one."),
    "too_many_wishes": N_("These are too many times at once. Please choose fewer."),
    "notice_too_short": N_("That time is too soon to be booked. Please choose a later one."),
    "too_far_ahead": N_("That time is too far ahead to be booked yet. Please choose an earlier one."),
    # joining
    "joining_closed": N_("The waitlist takes nobody at the moment. Please try again later, or call us."),
    "slot_available": N_("Good news: {time} is free. You can book it now instead of waiting."),
    "opted_out": N_("That number asked us for no more messages. To get them again, send START to our number."),
    "consent_required": N_("We need your consent to send you messages. Please tick the box and try again."),
    "entry_over": N_("This place on the waitlist is no longer valid. You are welcome to join again."),
    "still_in_play": N_(
        "This person still waits, has a booking ahead or a message on its way. Please end that first, then erase."
    ),
    "entry_invited": N_("The sign-up is not finished yet. Please finish it first, with the link that was sent."),
    # booking
    "reserved": N_("That time is held for somebody on the waitlist. Please choose another one, or join the waitlist."),
    "full": N_("That time is full. Please choose another one, or join the waitlist."),
    "closed": N_("We are closed at that time. Please choose another one."),
    "nothing_free": N_("Nothing is free at that time. Please choose another one, or join the waitlist."),
    "booking_over": N_("That booking can no longer be changed. Please call us if you need help."),
    "not_begun": N_("That booking has not begun yet. Please cancel or move it instead."),
    "not_stuck": N_("The calendar may still take that booking by itself. Please give it a quarter of an hour first."),
    "too_small": N_("That table is too small for so many people. Please choose a larger one."),
    "undo_too_late": N_("That cannot be undone any more: the time was given to somebody else."),
    "bad_transition": N_("That is no longer possible: something has changed meanwhile. Please load the page again."),
    # offers
    "live_offer_exists": N_("This person already has an offer that waits for an answer. Please wait for it."),
    "already_offered": N_("This person was already offered this place. Please choose somebody else."),
    "does_not_fit": N_("What is free does not fit this wish. Please choose somebody else."),
    "cannot_be_contacted": N_("This person cannot be reached by message. Please call, or choose somebody else."),
    "capped": N_("This person has had enough messages for today. Please try again tomorrow, or call."),
    "quiet_hours": N_(
        "It is quiet hours, and this offer could no longer be answered when they end. Please call the person, or allow"
        " urgent offers in quiet hours."
    ),
    "cut_off_passed": N_("It is too close to the start for this. Please call us."),
    "offer_over": N_("The time to answer has passed. You can see on your page whether you still have a place in line."),
    "offer_taken": N_("Sorry, somebody else was faster. Your page shows your place on the waitlist."),
    "offers_paused": N_("Offers are paused. Please resume them first."),
    # access
    "not_found": N_("We did not find that. Please check the link, or call us."),
    "token_gone": N_("This link is no longer valid. Please use the newest one we sent you, or call us."),
    "unauthorized": N_("You are not signed in. Please sign in and try again."),
    "forbidden": N_("You are not allowed to do that. Please ask somebody with more rights."),
    "csrf": N_("This page was open for too long. Please load it again and repeat what you did."),
    "wrong_login": N_("Email address or password is wrong. Please try again."),
    "not_set_up": N_("This appliance is not set up yet. Please run the set-up first."),
    "email_taken": N_("Somebody already has this email address. Please use another one."),
    "password_short": N_("That password is too short. Please choose a longer one."),
    "password_long": N_("That password is too long. Please choose a shorter one."),
    "rate_limited": N_("That was too often in a short time. Please wait a moment and try again."),
    "idempotency_mismatch": N_("This request was sent before with other content. Please use a new key."),
    "calendar_being_read": N_("The calendar is being read just now. Please try again in a few seconds."),
    # connecting calendars
    "calendar_no_client": N_("Google is not set up yet. Please enter the client id and secret of your Google project."),
    "calendar_client_bad": N_("That is no Google client id: it ends in .apps.googleusercontent.com. Please copy it again."),
    "calendar_state_bad": N_("This sign-in at Google is used up or took too long. Please begin again."),
    "calendar_paste_bad": N_(
        "That address does not come from Google's sign-in. Please copy the whole address line of the page you ended at."
    ),
    "calendar_denied": N_("At Google's page the answer was no, so nothing was connected. You can begin again any time."),
    "calendar_other_account": N_(
        "Another account signed in at Google than before ({account}). Please begin again and choose that one."
    ),
    "calendar_address_bad": N_("That is no address of a calendar. Please copy it whole, beginning with https://."),
    "calendar_needs_tls": N_(
        "The address must begin with https://, or the password could be read on its way. Only a server in your own"
        " network may do without."
    ),
    "calendar_unknown": N_("This account has no such calendar. Please choose one of those it offers."),
    "calendar_read_only": N_("This calendar can only be read, so bookings cannot be written to it. Please choose another."),
    "calendar_not_chosen": N_("No calendar of this account is chosen yet. Please choose one first."),
    "calendar_built_in": N_("The built-in calendar stays: it serves whatever uses no other calendar."),
    "calendar_off": N_("This calendar is switched off. Please switch it on first."),
    "calendar_in_use": N_(
        "Bookings ahead are written to this calendar ({number}). Please move them first, or disconnect all the same:"
        " they stay booked, and their events stay behind."
    ),
    **{code: calendar_trouble.TROUBLES[trouble].what for code, trouble in calendar_trouble.CODES.items()},
    # the accounts that messages go through; what is wrong with one stands in texts/messaging_trouble.py
    "messaging_fixed": N_("This account comes from the environment of the box and is changed there."),
    "messaging_not_connected": N_("No account is connected that can write in this way. Please connect one first."),
    "bad_email": N_("That is no email address. Please check it."),
    **{code: messaging_trouble.TROUBLES[trouble].what for code, trouble in messaging_trouble.CODES.items()},
    # ourselves
    "calendar_unreadable": N_("We cannot see the calendar at the moment, so nothing can be booked. Please try later."),
    "database_busy": N_("We are very busy at this moment. Please try again in a few seconds."),
    "storage_unavailable": N_("Nothing can be saved here at the moment. Please try again in some minutes, or call us."),
    "internal": N_("Something went wrong on our side. Please try again in a moment, or call us."),
}  # fmt: skip

# How the fields of forms and requests are called in a sentence.
FIELDS: Final[Mapping[str, str]] = {
    "first_name": N_("first name"),
    "last_name": N_("last name"),
    "name": N_("name"),
    "phone": N_("phone number"),
    "email": N_("email address"),
    "password": N_("password"),
    "party_size": N_("number of people"),
    "date": N_("date"),
    "time": N_("time"),
    "starts_at": N_("date and time"),
    "date_time": N_("date and time"),
    "service": N_("service"),
    "resource": N_("table or person"),
    "zone": N_("zone"),
    "notes": N_("notes"),
    "consent": N_("consent"),
    "locale": N_("language"),
    "url": N_("address"),
    "address": N_("address"),
    "username": N_("user name"),
    "client_id": N_("client id"),
    "client_secret": N_("client secret"),
    "calendar_id": N_("calendar"),
}
_WHEN_NOT_TOLD: Final = {
    "field": N_("one of the answers"), "time": N_("that time"), "value": N_("the answer"),
    "account": N_("the account"), "number": "–",
}  # fmt: skip


def explain(code: str, locale: str, /, **params: object) -> str:
    """The sentence for a refusal, `params` filled in by name; KeyError for an unknown code."""
    if code in calendar_trouble.CODES:
        return calendar_trouble.sentence(calendar_trouble.CODES[code], locale)
    if code in messaging_trouble.CODES:
        return messaging_trouble.sentence(messaging_trouble.CODES[code], locale)
    say = translator(locale).gettext
    values = {name: say(word) for name, word in _WHEN_NOT_TOLD.items()} | params
    if (field := str(params.get("field", ""))) in FIELDS:
        values["field"] = say(FIELDS[field])
    return say(SENTENCES[code]).format_map(values)
