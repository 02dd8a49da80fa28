"""The messages in the words of a host: when each is sent, what its placeholders stand for, why a text is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from waitlist_appliance.texts.catalogues import N_

# Moment → its name and the messages sent then, each with when exactly.
GROUPS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "joining": (N_("Joining the waitlist"), {
        "join_link": N_("When somebody's time is full: the way onto the waitlist."),
        "join_nudge": N_("Once, when the link was not used for a while."),
        "joined": N_("When somebody has signed up."),
    }),
    "offers": (N_("A place becomes free"), {
        "offer": N_("To the next in line; they answer yes or no."),
        "offer_race": N_("To several at once, shortly before the time; the first answer gets it."),
        "offer_lost": N_("When somebody else was faster, or the offer was taken back."),
        "too_late": N_("When a yes comes after the place has gone."),
        "declined": N_("After a no."),
        "apology": N_("When the time was taken at the last moment, after a yes."),
    }),
    "bookings": (N_("Bookings"), {
        "confirmed": N_("When a booking is made, with its code."),
        "reminder": N_("Before the visit; the rules say when."),
        "moved": N_("When a booking gets another time."),
        "cancelled": N_("When a booking is cancelled."),
    }),
    "leaving": (N_("The end of the wait"), {
        "expired": N_("When an offer was not answered in time."),
        "left": N_("When somebody leaves the waitlist."),
    }),
    "answers": (N_("Answers to what people write"), {
        "help": N_("When an answer was not understood while an offer waits."),
        "nothing_pending": N_("When somebody writes and no offer waits for them."),
        "already_booked": N_("When somebody says yes again after the booking."),
        "error": N_("When something went wrong on our side."),
        "opted_out": N_("After STOP: the last message they get."),
        "opted_in": N_("After START: messages come again."),
    }),
    "team": (N_("From the team"), {
        "note": N_("Around what you write to somebody by hand."),
    }),
}  # fmt: skip

PLACEHOLDERS: Final[Mapping[str, str]] = {
    "business": N_("name of the house"), "phone": N_("your phone number"), "first_name": N_("first name"),
    "date": N_("day"), "time": N_("time of day"), "when": N_("day and time"), "old_when": N_("earlier day and time"),
    "deadline": N_("answer until"), "link": N_("link"), "party_size": N_("number of people"), "service": N_("service"),
    "position": N_("place in line"), "code": N_("code of the booking"), "keeps_place": N_("if they stay in line"),
    "others_ended": N_("if their other times ended"), "text": N_("what you write"),
}  # fmt: skip
# These are asked about and never named: they are yes or no.
CONDITIONS: Final = frozenset({"keeps_place", "others_ended"})

REFUSALS: Final[Mapping[str, str]] = {
    "text_empty": N_("The text is empty. Please write one, or go back to the one as delivered."),
    "text_unreadable": N_(
        "A placeholder is not closed. Each begins with two curly brackets and ends with two, like {{{{ link }}}}."
    ),
    "text_too_clever": N_("Only the placeholders below and simple conditions can be used. Please take out the rest."),
    "text_unknown": N_("There is no placeholder called {names} in this message. Please use those below the text."),
    "text_needs_if": N_(
        "{name} is not known for every message. Please write: {{% if {name} %}}…{{% endif %}} around what names it."
    ),
    "text_no_answer": N_(
        "Nobody could answer this offer. Please put the link into it, or say which words to answer with, such as YES or NO."
    ),
    "text_no_link": N_("Nobody could answer this offer: an email is answered by its link. Please put the link into it."),
    "text_stop_word": N_(
        "Whoever answers {word} gets no more messages from you at all: phone companies see to that. Please use another"
        " word."
    ),
    "content_sid_bad": N_("That is no id of a template. It begins with HX and has 32 more signs, 0 to 9 and a to f."),
}
