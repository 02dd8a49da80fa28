"""Words of the calendars' pages: providers, states of a card, what sets off a read, addresses that many people have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from waitlist_appliance.services.manage_calendars import CalendarCard
from waitlist_appliance.texts.catalogues import N_

PROVIDERS: Final[Mapping[str, str]] = {
    "local": N_("Built-in calendar"), "google": N_("Google Calendar"), "caldav": "CalDAV", "ics": N_("Calendar address"),
}  # fmt: skip
ICONS: Final[Mapping[str, str]] = {"local": "house", "google": "google", "caldav": "cloud", "ics": "rss"}

# State of a card → its word and tone; the dot before the word has the tone's colour.
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "choose": (N_("Choose a calendar"), "warn"),
    "off": (N_("Switched off"), "quiet"),
    "reconnect": (N_("Must be connected again"), "bad"),
    "failing": (N_("Cannot be read"), "bad"),
    "first": (N_("Is being read for the first time"), "info"),
    "asks": (N_("Has a question for you"), "warn"),
    "well": (N_("Working"), "ok"),
}
# Such cards come first.
URGENT: Final = frozenset({"choose", "reconnect", "failing", "asks"})

# Trouble → what the card offers first: connect again, choose again, the client of Google. Everything else: a try.
REMEDIES: Final[Mapping[str, str]] = {
    "signed_out": "reconnect", "testing_ended": "reconnect", "login_refused": "reconnect", "scope_missing": "reconnect",
    "refused": "choose", "missing": "choose", "not_configured": "client", "vault": "none",
}  # fmt: skip

CAUSES: Final[Mapping[str, str]] = {
    "due": N_("it was time"), "check": N_("before an offer"), "push": N_("the provider told us"),
    "hand": N_("asked for by hand"), "booking": N_("before a booking"),
}  # fmt: skip
KINDS: Final[Mapping[str, str]] = {"full": N_("everything"), "changes": N_("changes only")}

USES: Final[Mapping[str, tuple[str, str]]] = {
    "write": (
        N_("Bookings are written to it"),
        N_("For the tables or people ticked below. What else stands in it takes their time."),
    ),
    "block": (
        N_("It only takes time"),
        N_("Nothing is written. What stands in it takes the time of those ticked below."),
    ),
    "business": (
        N_("It closes the whole house"),
        N_("For holidays and days off: while something stands in it, nothing at all is free."),
    ),
}


@dataclass(frozen=True, slots=True)
class Preset:
    """A CalDAV provider that many people use: its address, and where it makes app passwords."""

    name: str
    address: str
    user: str
    password: str


PRESETS: Final[Mapping[str, Preset]] = {
    "icloud": Preset(
        "iCloud", "https://caldav.icloud.com/", N_("Your Apple Account's email address."),
        N_("An app-specific password: account.apple.com → Sign-In and Security → App-Specific Passwords."),
    ),
    "fastmail": Preset(
        "Fastmail", "https://caldav.fastmail.com/", N_("Your whole Fastmail address."),
        N_("An app password: Settings → Privacy & Security → App passwords."),
    ),
    "nextcloud": Preset(
        "Nextcloud", "https://cloud.example.com/remote.php/dav/", N_("The name you log in with at Nextcloud."),
        N_("An app password: Settings → Security → Devices & sessions → Create new app password."),
    ),
    "other": Preset(
        N_("Another server"), "", N_("The name you log in with there."),
        N_("Where the server makes app passwords, one of these: it can be taken back by itself."),
    ),
}  # fmt: skip


def state_of(card: CalendarCard) -> str:
    """The one word for a connection: a key of STATES, the gravest that applies."""
    connection = card.connection
    if card.needs_choice:
        return "choose"
    if not connection.enabled:
        return "off"
    if connection.status == "needs_reconnect":
        return "reconnect"
    if connection.status == "error" or connection.failing_since_at is not None:
        return "failing"
    if card.held:
        return "asks"
    return "first" if card.last_read_at is None and not connection.live_mirror else "well"


def remedy_of(card: CalendarCard) -> str:
    """What a card in trouble offers first: reconnect, choose, client, try or none."""
    if card.trouble is None:
        return "none"
    remedy = REMEDIES.get(card.trouble, "try")
    if card.connection.provider == "ics" and remedy in ("reconnect", "choose"):
        return "try"
    if card.trouble == "not_configured" and card.connection.provider != "google":
        return "try"
    return remedy
