"""Letters to the team: the invitation, and the link to a new password. Their links are shown once and never kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from waitlist_appliance.texts import dates
from waitlist_appliance.texts.catalogues import N_, translator
from waitlist_appliance.texts.email_html import as_html

INVITATION_SUBJECT: Final = N_("{business}: your access to the waitlist")
INVITATION: Final = N_(
    "Hello {name},\n\nYou can now work with the waitlist of {business}.\n\n"
    "Choose a password here: {link}\n\n"
    "The link works once, until {until}. After that, ask for a new one.\n\n"
    "You did not expect this? Then you can ignore it: without a password nobody gets in."
)
PASSWORD_SUBJECT: Final = N_("{business}: choose a new password")
PASSWORD: Final = N_(
    "Hello {name},\n\nHere is the link to a new password for the waitlist of {business}.\n\n"
    "Choose a new password here: {link}\n\n"
    "The link works once, until {until}. Older links no longer work.\n\n"
    "You did not ask for it? Then you can ignore it: your present password stays as it is."
)
# What became of somebody's access, and that it was not you: kind → subject and text.
ACCOUNT: Final = {
    "password_changed": (
        N_("{business}: your password was changed"),
        N_("Hello {name},\n\nThe password of your access to the waitlist of {business} was changed just now."),
    ),
    "second_factor_set_up": (
        N_("{business}: second step set up"),
        N_(
            "Hello {name},\n\nA second step was set up for your access to the waitlist of {business}: the log-in now asks"
            " for more than the password."
        ),
    ),
    "second_factor_off": (
        N_("{business}: second step taken off"),
        N_(
            "Hello {name},\n\nYour authenticator app was taken off your access to the waitlist of {business}: its codes"
            " are no longer asked for."
        ),
    ),
    "passkey_added": (
        N_("{business}: passkey added"),
        N_(
            "Hello {name},\n\nA passkey was added to your access to the waitlist of {business}: whoever holds that device"
            " and can unlock it logs in as you."
        ),
    ),
    "passkey_removed": (
        N_("{business}: passkey removed"),
        N_("Hello {name},\n\nA passkey was removed from your access to the waitlist of {business}."),
    ),
    "second_factor_reset": (
        N_("{business}: second step taken off"),
        N_(
            "Hello {name},\n\nSomebody who looks after the waitlist of {business} took the second step off your access"
            " and logged you out everywhere. The log-in asks for your password only. Please set the second step up again."
        ),
    ),
}
NOT_YOU: Final = N_("That was not you? Then please tell the owner of {business} at once, and choose another password.")
TO_THE_ACCOUNT: Final = N_("Your account: {link}")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: the business's name, its colour and its zone."""

    business: str
    colour: str | None
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class StaffLetter:
    """A letter ready to be sent."""

    subject: str
    text: str
    html: str


def invitation(locale: str, sender: Sender, name: str, link: str, until: datetime) -> StaffLetter:
    """To somebody who is to work here and has no password yet."""
    return _letter("staff_invitation", locale, sender, INVITATION_SUBJECT, INVITATION, name, link, until)


def new_password(locale: str, sender: Sender, name: str, link: str, until: datetime) -> StaffLetter:
    """To somebody who cannot come in any more."""
    return _letter("staff_password", locale, sender, PASSWORD_SUBJECT, PASSWORD, name, link, until)


def account(kind: str, locale: str, sender: Sender, name: str, link: str) -> StaffLetter:
    """To somebody whose password or second factor was changed; ``kind`` is a key of ACCOUNT."""
    say = translator(locale).gettext
    facts = {"name": _one_line(name), "business": _one_line(sender.business), "link": link}
    subject, text = ACCOUNT[kind]
    head = say(subject).format_map(facts)
    body = "\n\n".join(say(part).format_map(facts) for part in (text, NOT_YOU, TO_THE_ACCOUNT))
    html = as_html("staff_account", locale, head, body, facts["business"], sender.colour, link)
    return StaffLetter(head, body, html)


def _letter(
    kind: str, locale: str, sender: Sender, subject: str, text: str, name: str, link: str, until: datetime
) -> StaffLetter:
    say = translator(locale).gettext
    facts = {
        "name": _one_line(name), "business": _one_line(sender.business), "link": link,
        "until": dates.day_and_time(until, sender.zone, locale),
    }  # fmt: skip
    head, body = say(subject).format_map(facts), say(text).format_map(facts)
    html = as_html(kind, locale, head, body, facts["business"], sender.colour, link, times=(facts["until"],))
    return StaffLetter(head, body, html)


def _one_line(text: str) -> str:
    return " ".join(text.split())
