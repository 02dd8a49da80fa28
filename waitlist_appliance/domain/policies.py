"""Policies: what the owner may set, with its default, its meaning and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, Literal, TypeVar, get_args

from waitlist_appliance.domain.event_texts import (
    LONGEST_DESCRIPTION,
    LONGEST_TITLE,
    PLACEHOLDERS,
    PersonalData,
    unknown_placeholders,
)
from waitlist_appliance.domain.moments import parse_clock

__all__ = [
    "MAX_PARTY_CEILING", "Distribution", "Joining", "Offers", "PersonalData", "Policies", "PolicyError",
    "PolicyInfo", "UnnamedEvents", "check_together", "describe", "from_settings", "validate",
]  # fmt: skip

Joining = Literal["open", "closed"]
Offers = Literal["automatic", "approve_each", "manual", "paused"]
UnnamedEvents = Literal["block_everything", "block_one_that_fits"]
Distribution = Literal["round_robin", "least_busy", "priority", "specific"]
# The ways to try, first to last, for a customer who has not chosen.
ChannelOrder = Literal["sms_email", "sms_whatsapp_email", "whatsapp_sms_email", "email_sms"]
Kind = Literal["choice", "switch", "number", "time", "text"]

MAX_PARTY_CEILING = 499
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
_C = TypeVar("_C", bound=str)


class PolicyError(ValueError):
    """A setting that cannot be: which one, what was given, and in words what is allowed."""

    def __init__(self, key: str, value: object, allowed: str) -> None:
        super().__init__(f"{key}: {value!r} is not allowed; allowed: {allowed}")
        self.key = key
        self.value = value
        self.allowed = allowed


@dataclass(frozen=True, slots=True)
class PolicyInfo:
    """One policy as the settings page shows it; minimum and maximum for numbers, choices for choices, longest for texts."""

    key: str
    kind: Kind
    default: object
    meaning: str
    allowed: str
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    longest: int | None = None


def _choice(default: _C, meaning: str, choices: tuple[_C, ...]) -> _C:
    return field(default=default, metadata={"kind": "choice", "meaning": meaning, "choices": choices})


def _switch(default: bool, meaning: str) -> bool:
    return field(default=default, metadata={"kind": "switch", "meaning": meaning})


def _number(default: int, meaning: str, minimum: int, maximum: int) -> int:
    bounds = {"minimum": minimum, "maximum": maximum}
    return field(default=default, metadata={"kind": "number", "meaning": meaning, **bounds})


def _time(default: str, meaning: str, *, end: bool = False) -> str:
    return field(default=default, metadata={"kind": "time", "meaning": meaning, "end": end})


def _text(default: str, meaning: str, longest: int) -> str:
    return field(default=default, metadata={"kind": "text", "meaning": meaning, "longest": longest})


@dataclass(frozen=True, slots=True)
class Policies:
    """All policies. Times of day are "HH:MM" in the business's zone; build from stored settings with from_settings."""

    joining: Joining = _choice("open", "Whether new people may join the waitlist.", get_args(Joining))  # noqa: RUF009
    offers: Offers = _choice("automatic", "How a freed time is offered to the next in line.", get_args(Offers))  # noqa: RUF009
    registration_required: bool = _switch(True, "A new person signs up by a link before they wait.")
    calls_join: bool = _switch(False, "A reported call that wants the waitlist joins it by itself.")
    nudge_after_seconds: int = _number(1200, "After this long without sign-up one nudge is sent.", 60, 86400)
    alternatives_from: str = _time("18:00", "First time proposed beside the requested one.")
    alternatives_to: str = _time("22:00", "Last time proposed beside the requested one.", end=True)
    alternatives_step_minutes: int = _number(30, "Minutes between two proposed times.", 5, 240)
    flexible_wishes: bool = _switch(True, "Customers may wish for ranges such as any afternoon this week.")
    flexible_wish_limit: int = _number(100, "A flexible wish becomes at most this many times.", 1, 100)
    single_wish_limit: int = _number(10, "An entry may have at most this many times picked singly.", 1, 50)
    waitlist_first: bool = _switch(True, "A free time somebody waits for is reserved for those in line.")
    offer_window_seconds: int = _number(900, "How long a person has to answer an offer.", 10, 86400)
    offer_window_minimum_seconds: int = _number(300, "The least time a person is given to answer.", 5, 3600)
    cutoff_seconds: int = _number(1800, "This long before a start nothing is offered any more.", 0, 172800)
    race_from_seconds: int = _number(7200, "From this long before a start several people are asked at once.", 0, 172800)
    race_size: int = _number(3, "How many people are asked at once in a race.", 1, 100)
    silences_limit: int = _number(3, "After this many unanswered offers in a row an entry expires.", 1, 20)
    late_yes: bool = _switch(True, "A yes after the deadline counts while nobody else has the time.")
    quiet_hours: bool = _switch(True, "Offers, nudges and reminders wait during the quiet hours.")
    quiet_from: str = _time("22:00", "The quiet hours begin.")
    quiet_to: str = _time("08:00", "The quiet hours end.", end=True)
    urgent_in_quiet_hours: bool = _switch(False, "An offer that waiting would lose is sent in the quiet hours.")
    offers_per_day: int = _number(3, "At most this many offers a day to one customer.", 1, 50)
    messages_per_day: int = _number(20, "At most this many messages a day to one customer.", 1, 200)
    grace_seconds: int = _number(60, "A foreign event that is back within this time has freed nothing.", 0, 3600)
    party_tolerance: int = _number(4, "A table may have at most this many seats too many for a party.", 0, 50)
    max_party_size: int = _number(50, "The largest party that may join or book.", 1, MAX_PARTY_CEILING)
    unnamed_events: UnnamedEvents = _choice(  # noqa: RUF009
        "block_everything", "What an event blocks that names no resource on a shared calendar.", get_args(UnnamedEvents)
    )
    calendar_days_back: int = _number(30, "How many past days of a calendar are kept.", 1, 365)
    calendar_days_ahead: int = _number(90, "How many days ahead a calendar is read; later times count as busy.", 7, 730)
    event_title: str = _text(
        "{{customer_name}} · {{party_size}}", "What the title of a booking's calendar event says.", LONGEST_TITLE
    )
    event_description: str = _text(
        "{{code}}\n{{customer_phone}}\n{{notes}}", "What the text of a booking's calendar event says.",
        LONGEST_DESCRIPTION,
    )  # fmt: skip
    event_personal_data: PersonalData = _choice(  # noqa: RUF009
        "name", "What of a customer may stand in a calendar.", get_args(PersonalData)
    )
    staleness_seconds: int = _number(900, "A calendar not read for this long counts as busy.", 60, 86400)
    read_interval_seconds: int = _number(300, "How often a calendar that something depends on is read.", 30, 86400)
    offer_read_age_seconds: int = _number(60, "An offer needs a calendar read at most this old.", 5, 3600)
    mass_change_limit: int = _number(
        3, "This many own events gone in one read: none is cancelled until staff agree.", 1, 1000
    )
    retention_months: int = _number(24, "After this long a customer's personal data is erased.", 1, 240)
    disk_low_megabytes: int = _number(500, "With less space than this on the disk staff are told.", 50, 100000)
    revenue_per_cover: int = _number(0, "What one guest brings on average, in whole units; 0 hides revenue.", 0, 100000)
    second_factor_required: bool = _switch(False, "Everybody on the team needs a second step at the log-in.")
    unsent_offer_seconds: int = _number(600, "An offer's message unsent for this long ends the offer.", 30, 86400)
    channel_order: ChannelOrder = _choice(  # noqa: RUF009
        "sms_email", "In which order messages try to reach a customer.", get_args(ChannelOrder)
    )
    sms_plain_letters: bool = _switch(True, "An SMS is written in the letters that cost least: si instead of sí.")
    sms_price_cents: int = _number(0, "What one part of an SMS costs, in cents; 0 hides the estimate.", 0, 500)
    distribution: Distribution = _choice(  # noqa: RUF009
        "round_robin", "How bookings are shared out among staff members.", get_args(Distribution)
    )
    reminder_24h_email: bool = _switch(True, "An email reminds the customer 24 hours before.")
    reminder_24h_sms: bool = _switch(True, "An SMS reminds the customer 24 hours before.")
    reminder_1h_email: bool = _switch(False, "An email reminds the customer one hour before.")
    reminder_1h_sms: bool = _switch(True, "An SMS reminds the customer one hour before.")
    reminder_15min_email: bool = _switch(False, "An email reminds the customer 15 minutes before.")
    reminder_15min_sms: bool = _switch(False, "An SMS reminds the customer 15 minutes before.")


def from_settings(settings: Mapping[str, object]) -> Policies:
    """The policies with these settings over the defaults; PolicyError for an unknown key, bad value or combination."""
    values: dict[str, Any] = {key: validate(key, value) for key, value in settings.items()}
    policies = Policies(**values)
    check_together(policies)
    return policies


def validate(key: str, value: object) -> object:
    """The value in its own type ("15" → 15, "true" → True, "8:00" → "08:00"); PolicyError if it cannot be."""
    policy = _BY_KEY.get(key)
    if policy is None:
        raise PolicyError(key, value, "one of " + ", ".join(_BY_KEY))
    try:
        return _coerce(policy, value)
    except ValueError:
        raise PolicyError(key, value, _allowed(policy)) from None


def check_together(policies: Policies) -> None:
    """PolicyError where two policies contradict each other."""
    if policies.offer_window_minimum_seconds > policies.offer_window_seconds:
        allowed = f"at most the offer window ({policies.offer_window_seconds})"
        raise PolicyError("offer_window_minimum_seconds", policies.offer_window_minimum_seconds, allowed)
    if parse_clock(policies.alternatives_from) >= parse_clock(policies.alternatives_to, end=True):
        raise PolicyError("alternatives_from", policies.alternatives_from, f"before {policies.alternatives_to}")


def describe() -> list[PolicyInfo]:
    """Every policy in the order of the settings page."""
    return [_info(policy) for policy in _BY_KEY.values()]


def _coerce(policy: Field[Any], value: object) -> object:
    about = policy.metadata
    match about["kind"]:
        case "choice":
            return _as_choice(value, about["choices"])
        case "switch":
            return _as_switch(value)
        case "number":
            return _as_number(value, about["minimum"], about["maximum"])
        case "text":
            return _as_text(value, about["longest"])
        case _:
            return _as_time(value, end=about["end"])


def _as_choice(value: object, choices: tuple[str, ...]) -> str:
    word = re.sub(r"[\s-]+", "_", str(value).strip().lower())
    if word not in choices:
        raise ValueError
    return word


def _as_switch(value: object) -> bool:
    word = str(value).strip().lower()
    if not isinstance(value, bool | int | str) or word not in _TRUE | _FALSE:
        raise ValueError
    return word in _TRUE


def _as_number(value: object, minimum: int, maximum: int) -> int:
    # str(True) is no number, and "15.0" is what JSON makes of some whole numbers.
    found = re.fullmatch(r"([+-]?\d{1,9})(?:\.0)?", str(value).strip(), re.ASCII)
    if found is None or not minimum <= int(found[1]) <= maximum:
        raise ValueError
    return int(found[1])


def _as_time(value: object, *, end: bool) -> str:
    hours, minutes = divmod(parse_clock(str(value), end=end), 60)
    return f"{hours:02}:{minutes:02}"


def _as_text(value: object, longest: int) -> str:
    if not isinstance(value, str):
        raise ValueError
    text = value.replace("\r\n", "\n").strip()
    if not text or len(text) > longest or unknown_placeholders(text):
        raise ValueError
    return text


def _allowed(policy: Field[Any]) -> str:
    about = policy.metadata
    match about["kind"]:
        case "choice":
            return ", ".join(about["choices"])
        case "switch":
            return "true, false"
        case "number":
            return f"{about['minimum']} to {about['maximum']}"
        case "text":
            names = ", ".join(f"{{{{{name}}}}}" for name in PLACEHOLDERS)
            return f"a text of 1 to {about['longest']} characters, with {names}"
        case _:
            return "a time of day, HH:MM from 00:00 to " + ("24:00" if about["end"] else "23:59")


def _info(policy: Field[Any]) -> PolicyInfo:
    about = policy.metadata
    return PolicyInfo(
        key=policy.name,
        kind=about["kind"],
        default=policy.default,
        meaning=about["meaning"],
        allowed=_allowed(policy),
        choices=about.get("choices", ()),
        minimum=about.get("minimum"),
        maximum=about.get("maximum"),
        longest=about.get("longest"),
    )


_BY_KEY: dict[str, Field[Any]] = {policy.name: policy for policy in fields(Policies)}
