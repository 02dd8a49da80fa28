"""What is wrong with a calendar, in words: what happened, and what to do next. Used by pages, API and command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from waitlist_appliance.texts.catalogues import N_, translator


@dataclass(frozen=True, slots=True)
class Words:
    """``what`` happened, and what to do ``next``."""

    what: str
    next: str


# By ports.Trouble, and by cases of it that need words of their own (services/manage_calendars, connect_calendar).
TROUBLES: Final[Mapping[str, Words]] = {
    "signed_out": Words(
        N_("We may no longer use this calendar: the permission was taken back or has run out."),
        N_("Please connect it again; nothing is lost."),
    ),
    "testing_ended": Words(
        N_("Google let us in for seven days only, because the consent screen of your Google project is in testing."),
        N_('Set its publishing status to "In production" at Google, then connect the calendar again.'),
    ),
    "login_refused": Words(
        N_("The calendar server does not take this user name or password any more."),
        N_("Please connect it again with the present password; an app password is the safest."),
    ),
    "scope_missing": Words(
        N_("A box on Google's page was not ticked, so we may not see or write the calendar."),
        N_("Please connect it again and tick every box."),
    ),
    "refused": Words(
        N_("This account may not do that in this calendar."),
        N_("Please share the calendar with the right to change events, or choose another one."),
    ),
    "missing": Words(
        N_("There is no such calendar any more, or it is not shared with this account."),
        N_("Please choose the calendar again."),
    ),
    "too_fast": Words(
        N_("The calendar's provider asks us to slow down."),
        N_("There is nothing to do: we try again by ourselves in a few minutes."),
    ),
    "unreachable": Words(
        N_("The calendar cannot be reached: there is no answer from its server."),
        N_("We keep trying. If it lasts, please check the address and the internet connection of this box."),
    ),
    "garbage": Words(
        N_("What came back is not a calendar that we can read."),
        N_("Please check that the address leads to the calendar itself and not to a web page."),
    ),
    "too_big": Words(
        N_("The calendar is too big to be read."),
        N_("Please use a calendar of its own for the bookings, or remove very old events."),
    ),
    "unsafe": Words(
        N_("The address lies in a private network, or its certificate is not good."),
        N_("Please check the address; if the server is your own, allow private addresses for this calendar."),
    ),
    "conflict": Words(
        N_("Somebody changed the event at the same moment."),
        N_("There is nothing to do: we try again by ourselves."),
    ),
    "not_configured": Words(
        N_("This box lacks what it needs to reach that calendar."),
        N_("Please enter the Google client first, and check the key file with: waitlist config check"),
    ),
    "vault": Words(
        N_("The key file that opens the calendars' passwords cannot be used."),
        N_("Please run on the box: waitlist config check"),
    ),
}  # fmt: skip

# A refusal's code for each of them, as services raise it.
CODES: Final[Mapping[str, str]] = {f"calendar_{trouble}": trouble for trouble in TROUBLES}


def told(trouble: str, locale: str) -> Words:
    """The words for a trouble; KeyError for an unknown one."""
    say = translator(locale).gettext
    words = TROUBLES[trouble]
    return Words(say(words.what), say(words.next))


def sentence(trouble: str, locale: str) -> str:
    """Both in one line."""
    words = told(trouble, locale)
    return f"{words.what} {words.next}"
