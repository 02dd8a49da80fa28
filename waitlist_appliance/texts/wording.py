"""The default wording of every message, in English; the other languages are in the catalogues.

Texts are Jinja2 templates that may use the placeholders declared for their kind, `{% if placeholder %}` and nothing
else. An SMS keeps to straight apostrophes and short sentences: one character outside GSM-7 doubles its price.
Never ask for CANCEL, STOP, END or QUIT as an answer: carriers opt the number out of everything on those words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from waitlist_appliance.texts.catalogues import N_

CHANNELS: Final = ("sms", "whatsapp", "email")
# Known for every message, whatever it is about.
ALWAYS: Final = frozenset({"business", "phone", "first_name"})
_TIME = frozenset({"date", "time", "when"})
_DEADLINE = frozenset({"deadline"})


@dataclass(frozen=True, slots=True)
class Wording:
    """One message: what its texts may name, the short text (SMS, WhatsApp), the email's subject and own text."""

    placeholders: frozenset[str]
    short: str
    subject: str
    email: str | None = None  # the short text serves where there is none


GREETING: Final = N_("Hello{% if first_name %} {{ first_name }}{% endif %},")
SIGNATURE: Final = N_("{{ business }}{% if phone %}, {{ phone }}{% endif %}")

WORDINGS: Final[Mapping[str, Wording]] = {
    "join_link": Wording(
        _TIME | {"link", "party_size", "service"},
        N_("The time you wanted is not available. You can join the waitlist in a few seconds here: {{ link }}"),
        N_("{{ business }}: join the waitlist"),
    ),
    "join_nudge": Wording(
        _TIME | {"link", "party_size", "service"},
        N_("{{ business }}: you are not on the waitlist for {{ when }} yet. It takes a few seconds here: {{ link }}"),
        N_("{{ business }}: you are not on the waitlist yet"),
    ),
    "joined": Wording(
        _TIME | {"link", "party_size", "service", "position"},
        N_(
            "You are on the waitlist of {{ business }} for {{ when }}{% if position %}, number {{ position }}"
            "{% endif %}. Nothing is booked until you say yes. Your place: {{ link }}"
        ),
        N_("{{ business }}: you are on the waitlist"),
    ),
    "offer": Wording(
        _TIME | _DEADLINE | {"link", "party_size", "service"},
        N_(
            "A place is free on {{ date }} at {{ time }}. Are you coming? Answer YES or NO, or here: {{ link }}"
            " until {{ deadline }} ({{ business }})."
        ),
        N_("{{ business }}: a place is free on {{ date }} at {{ time }}"),
        N_(
            "A place is free on {{ date }} at {{ time }}. Are you coming?\n\nPlease say yes or no here: {{ link }}\n\n"
            "The place is held for you until {{ deadline }}. Nothing is booked until you say yes."
        ),
    ),
    "offer_race": Wording(
        _TIME | _DEADLINE | {"link", "party_size", "service"},
        N_(
            "A place is free on {{ date }} at {{ time }}. Are you coming? The first answer gets it."
            " YES or NO, or here: {{ link }} until {{ deadline }} ({{ business }})."
        ),
        N_("{{ business }}: a place is free on {{ date }} at {{ time }}"),
        N_(
            "A place is free on {{ date }} at {{ time }}. Are you coming?\n\nPlease say yes or no here: {{ link }}\n\n"
            "Others were asked as well: the first answer gets it, until {{ deadline }}."
        ),
    ),
    "offer_lost": Wording(
        _TIME | {"link", "party_size", "service", "keeps_place"},
        N_(
            "Sorry, the place on {{ when }} is gone."
            "{% if keeps_place %} You keep your place on the waitlist.{% endif %} ({{ business }})"
        ),
        N_("{{ business }}: the place is gone"),
    ),
    "confirmed": Wording(
        _TIME | {"link", "party_size", "service", "code", "others_ended"},
        N_(
            "Booked at {{ business }}: {{ when }}{% if party_size %}, {{ party_size }} p{% endif %}. Code {{ code }}."
            "{% if others_ended %} You no longer wait for your other times that day.{% endif %} To cancel: {{ link }}"
        ),
        N_("{{ business }}: your booking on {{ date }} at {{ time }}"),
        N_(
            "Your booking is confirmed.\n\n{% if service %}{{ service }}\n{% endif %}{{ when }}\n"
            "{% if party_size %}Number of people: {{ party_size }}\n{% endif %}Confirmation code: {{ code }}\n\n"
            "{% if others_ended %}You no longer wait for your other times that day.\n\n{% endif %}To cancel it: {{ link }}"
        ),
    ),
    "declined": Wording(
        _TIME | {"link", "party_size", "service", "keeps_place"},
        N_(
            "Thank you for answering: the place on {{ when }} goes to somebody else."
            "{% if keeps_place %} You stay on the waitlist for your other times.{% endif %} ({{ business }})"
        ),
        N_("{{ business }}: thank you for answering"),
    ),
    "left": Wording(
        _TIME | {"link", "party_size", "service"},
        N_("You have left the waitlist of {{ business }}. You are welcome to join again at any time."),
        N_("{{ business }}: you have left the waitlist"),
    ),
    "expired": Wording(
        _TIME | {"link", "party_size", "service", "keeps_place"},
        N_(
            "{% if keeps_place %}The time to answer has passed. You stay on the waitlist of {{ business }}."
            "{% else %}Your time on the waitlist of {{ business }} is over. We hope to see you another time."
            "{% endif %}{% if link %} {{ link }}{% endif %}"
        ),
        N_("{{ business }}: your place on the waitlist"),
    ),
    "apology": Wording(
        _TIME | {"link", "party_size", "service"},
        N_(
            "We are sorry: the time on {{ when }} was taken at the last moment. Nothing is booked, and you keep your"
            " place on the waitlist. ({{ business }})"
        ),
        N_("{{ business }}: we are sorry"),
    ),
    "reminder": Wording(
        _TIME | {"link", "party_size", "service", "code"},
        N_(
            "Reminder: we expect you at {{ business }} on {{ when }}."
            "{% if link %} To move or cancel: {{ link }}{% endif %}"
        ),
        N_("{{ business }}: we expect you on {{ date }} at {{ time }}"),
    ),
    "moved": Wording(
        _TIME | {"link", "party_size", "service", "code", "old_when"},
        N_(
            "Your booking at {{ business }} was moved to {{ when }}."
            "{% if link %} To change or cancel: {{ link }}{% endif %}"
        ),
        N_("{{ business }}: your booking was moved"),
    ),
    "cancelled": Wording(
        _TIME | {"link", "party_size", "service", "code"},
        N_(
            "Your booking at {{ business }} on {{ when }} is cancelled.{% if phone %} Questions? {{ phone }}{% endif %}"
        ),
        N_("{{ business }}: your booking is cancelled"),
    ),
    "help": Wording(
        _TIME | _DEADLINE | {"link"},
        N_(
            "Sorry, we did not understand. Please answer only YES or NO{% if link %}, or here: {{ link }}{% endif %}"
            " ({{ business }})."
        ),
        N_("{{ business }}: how to answer"),
    ),
    "nothing_pending": Wording(
        frozenset({"link"}),
        N_(
            "Thank you. Nothing is waiting for your answer at {{ business }}."
            "{% if phone %} Questions? {{ phone }}{% endif %}"
        ),
        N_("{{ business }}: nothing is waiting for your answer"),
    ),
    "error": Wording(
        frozenset({"link"}),
        N_(
            "Sorry, something went wrong on our side. Please call us"
            "{% if phone %} at {{ phone }}{% endif %} ({{ business }})."
        ),
        N_("{{ business }}: please call us"),
    ),
    "opted_out": Wording(
        frozenset(),
        N_("You will get no more messages from {{ business }}. To get them again, answer START."),
        N_("{{ business }}: no more messages"),
    ),
    "opted_in": Wording(
        frozenset(),
        N_("You will get messages from {{ business }} again."),
        N_("{{ business }}: messages again"),
    ),
    "already_booked": Wording(
        _TIME | {"link", "party_size", "service", "code"},
        N_(
            "It is done already: you have a booking at {{ business }} on {{ when }}."
            "{% if code %} Code {{ code }}.{% endif %}{% if link %} {{ link }}{% endif %}"
        ),
        N_("{{ business }}: you are booked already"),
    ),
    "note": Wording(
        frozenset({"text"}),
        N_("Message from {{ business }}: {{ text }}"),
        N_("{{ business }}: a message for you"),
        N_("A message for you from {{ business }}:\n\n{{ text }}"),
    ),
    "too_late": Wording(
        _TIME | {"link", "party_size", "service", "keeps_place"},
        N_(
            "Thank you, but the time to answer has passed and the place on {{ when }} is gone."
            "{% if keeps_place %} You keep your place on the waitlist.{% endif %} ({{ business }})"
        ),
        N_("{{ business }}: the place is gone"),
    ),
}
KINDS: Final = tuple(WORDINGS)
