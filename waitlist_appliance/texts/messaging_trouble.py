"""What is wrong with an account that messages go through, or with a test message: what happened, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from waitlist_appliance.texts.calendar_trouble import Words as Words
from waitlist_appliance.texts.catalogues import N_, translator

# By services/messaging_accounts.trouble_of.
TROUBLES: Final[Mapping[str, Words]] = {
    # the account
    "login_refused": Words(
        N_("The provider does not take these credentials."),
        N_("Please copy them once more; a blank or a missing sign at the end is the usual reason."),
    ),
    "suspended": Words(
        N_("The provider has stopped this account."),
        N_("Please log in there and see what it says; often a payment is missing."),
    ),
    "sender": Words(
        N_("The provider does not let this account write under this number or name."),
        N_("Please check the sender; it must belong to the same account."),
    ),
    "unreachable": Words(
        N_("There is no answer from the provider."),
        N_("Please check what was entered and the internet connection of this box, then try again."),
    ),
    "certificate": Words(
        N_("The mail server's certificate is not good, so nobody knows whose server it is."),
        N_("Please check the server's name; it must be the one in the certificate."),
    ),
    "encryption": Words(
        N_("The mail server does not speak the chosen encryption at this port."),
        N_("Please try STARTTLS with port 587, or TLS with port 465."),
    ),
    "unencrypted": Words(
        N_("The mail server stands outside your own network, and nothing is sent there without encryption."),
        N_("Please choose STARTTLS or TLS."),
    ),
    "too_fast": Words(
        N_("The provider asks us to slow down."),
        N_("Please wait a minute and try again."),
    ),
    "account": Words(
        N_("The provider refuses everything from this account."),
        N_("Please log in there and see what it says."),
    ),
    "vault": Words(
        N_("The key file that opens the kept passwords cannot be used."),
        N_("Please run on the box: waitlist config check"),
    ),
    "incomplete": Words(
        N_("What is kept of this account makes no sense any more."),
        N_("Please connect it again."),
    ),
    # one message
    "dead": Words(
        N_("There is no such number or address."),
        N_("Please check it and try another one."),
    ),
    "opted_out": Words(
        N_("This number has answered STOP, or blocks our messages."),
        N_("Send START from that phone to our number, or try another one."),
    ),
    "landline": Words(
        N_("This number cannot receive text messages."),
        N_("Please try a mobile number."),
    ),
    "elsewhere": Words(
        N_("This number or address cannot be reached in this way."),
        N_("For WhatsApp, first write to our number from that phone; within 24 hours free text may be sent. Else try another."),
    ),
    "message": Words(
        N_("The provider does not send this message."),
        N_("A trial account writes to verified numbers only; and the country must be allowed at the provider."),
    ),
    "unknown": Words(
        N_("The connection ended before the provider said whether it has the message."),
        N_("Look at the phone or the mailbox; if nothing has come in a minute, try again."),
    ),
}  # fmt: skip

# A refusal's code for each of them, as services raise it.
CODES: Final[Mapping[str, str]] = {f"messaging_{trouble}": trouble for trouble in TROUBLES}


def told(trouble: str, locale: str) -> Words:
    """The words for a trouble; KeyError for an unknown one."""
    say = translator(locale).gettext
    words = TROUBLES[trouble]
    return Words(say(words.what), say(words.next))


def sentence(trouble: str, locale: str) -> str:
    """Both in one line."""
    words = told(trouble, locale)
    return f"{words.what} {words.next}"
