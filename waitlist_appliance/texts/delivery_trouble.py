"""Why one message did not arrive, in words: what happened, and what staff can do. By the provider's own code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from waitlist_appliance.texts.calendar_trouble import Words
from waitlist_appliance.texts.catalogues import N_, translator

_CALL: Final = N_("Please call, and check the number.")
_ADDRESS: Final = N_("Please check the email address, or call.")
_SETTINGS: Final = N_("Please look at the message settings; then send it again.")

TROUBLES: Final[Mapping[str, Words]] = {
    # the recipient
    "no_number": Words(N_("This number does not exist, or is no longer in use."), _CALL),
    "no_address": Words(N_("This number or address takes no messages."), N_("Please check it, or call.")),
    "landline": Words(N_("This number cannot receive text messages."), N_("Please call, or ask for a mobile number.")),
    "opted_out": Words(
        N_("This person has answered STOP, or blocks our messages."),
        N_("Please call. To get messages again they send START to our number."),
    ),
    "out_of_reach": Words(N_("The phone is switched off or out of reach."), N_("Please send it again later, or call.")),
    "not_delivered": Words(N_("The phone company did not deliver it and gives no reason."), N_("Please send it again, or call.")),
    "too_late": Words(N_("It could not be delivered while it was still true."), N_("There is nothing to do.")),
    # WhatsApp
    "no_whatsapp": Words(N_("This number is not on WhatsApp, or not ready for it."), N_("An SMS or a call reaches this person.")),
    "whatsapp_refused": Words(N_("WhatsApp chose not to deliver this message."), N_("An SMS or a call reaches this person.")),
    "whatsapp_window": Words(
        N_("WhatsApp takes free text only within 24 hours of the customer's last message."),
        N_("Please give this message an approved WhatsApp template, under Settings, Texts."),
    ),
    "template": Words(
        N_("WhatsApp does not know this template, or it has other gaps than ours."),
        N_("Please compare its id and its text under Settings, Texts."),
    ),
    # this message
    "country": Words(
        N_("Your provider's account may not write to this country."), N_("Please allow the country in your account there.")
    ),
    "no_way": Words(N_("Our sender cannot reach this number."), N_("Please call, or write by email.")),
    "filtered": Words(
        N_("The phone company took this text for unwanted advertising."), N_("Please word it differently, under Settings, Texts.")
    ),
    "trial": Words(
        N_("A trial account writes to verified numbers only."), N_("Please verify the number at your provider, or upgrade.")
    ),
    "fraud": Words(
        N_("Your provider blocks this range of numbers to protect you from fraud."), N_("Please call, or ask your provider.")
    ),
    "too_long": Words(N_("The text is too long for one message."), N_("Please shorten it.")),
    "refused": Words(N_("Your provider refuses this message."), _SETTINGS),
    # email
    "no_mailbox": Words(N_("There is no such mailbox."), _ADDRESS),
    "mailbox_full": Words(N_("The mailbox is full."), N_("Please send it again later, or call.")),
    "mail_unwanted": Words(N_("The mailbox's provider does not take this email."), N_("Please send an SMS instead, or call.")),
    "mail_login": Words(N_("Your mail server does not take our user name and password."), _SETTINGS),
    "mail_connection": Words(N_("Your mail server cannot be reached safely."), _SETTINGS),
    # everything
    "account": Words(
        N_("Your provider's account is blocked, or its credentials are wrong."),
        N_("Please put it right in the message settings, then resume sending."),
    ),
    "sender": Words(
        N_("Your provider does not let this account write under this number or name."), _SETTINGS
    ),
    "busy": Words(N_("Your provider asked us to slow down for too long."), N_("Please send it again in a few minutes.")),
    "no_answer": Words(N_("Your provider did not answer."), N_("Please send it again in a few minutes.")),
}  # fmt: skip


def _each(trouble: str, *codes: str) -> dict[str, str]:
    return dict.fromkeys(codes, trouble)


# The provider's code → one of TROUBLES.
CODES: Final[Mapping[str, str]] = {
    **_each("no_number", "21211", "21217", "30005"),
    **_each("no_address", "undeliverable", "dead"),
    **_each("landline", "21614", "21635", "30006", "landline"),
    **_each("opted_out", "21610", "30004", "63014", "opted_out"),
    **_each("out_of_reach", "30003", "elsewhere"),
    **_each("not_delivered", "30008"),
    **_each("too_late", "30036"),
    **_each("no_whatsapp", "63003", "63015", "63024"),
    **_each("whatsapp_refused", "63032", "63049"),
    **_each("whatsapp_window", "63016"),
    **_each("template", "21655", "21656"),
    **_each("country", "21408"),
    **_each("no_way", "21612"),
    **_each("filtered", "30007"),
    **_each("trial", "21608"),
    **_each("fraud", "30450"),
    **_each("too_long", "21617", "size"),
    **_each("refused", "20001", "21602", "21604", "21609", "21619", "message"),
    **_each("account", "20003", "20005", "20008", "20404", "30002", "HTTP 401", "HTTP 403", "HTTP 404", "account", "vault"),
    **_each("sender", "21212", "21603", "21606", "21659", "21660", "21701", "21703", "21705", "21910", "30034", "63007"),
    **_each("busy", "20429", "21611", "30001", "63018", "HTTP 429", "slow"),
    **_each("no_mailbox", "address"),
    **_each("mail_unwanted", "smtputf8"),
    **_each("mail_connection", "certificate", "tls", "unencrypted"),
    **_each("no_answer", "disconnected", "timeout", "unreachable", "retry", "unknown_lost"),
}
_MAIL: Final = re.compile(r"([45]\d\d)(?: ([45]\.\d+\.\d+))?")
_MAIL_CODES: Final = {
    **_each("mailbox_full", "552", "5.2.2", "4.2.2"),
    **_each("no_mailbox", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "550", "551", "553"),
    **_each("mail_login", "530", "534", "535", "538", "5.7.8", "5.7.9"),
    **_each("busy", "421", "450", "451", "452", "5.4.5", "5.7.705"),
}


def of(code: str | None) -> str | None:
    """Which of TROUBLES the provider's code stands for; None for a code not known here, or none."""
    if not code:
        return None
    if code in CODES:
        return CODES[code]
    mail = _MAIL.fullmatch(code)
    if mail is None:
        return "no_answer" if code.startswith("HTTP 5") else None
    return _MAIL_CODES.get(mail[2] or mail[1]) or ("busy" if code.startswith("4") else "mail_unwanted")


def told(trouble: str, locale: str) -> Words:
    """The words for a trouble; KeyError for an unknown one."""
    say = translator(locale).gettext
    words = TROUBLES[trouble]
    return Words(say(words.what), say(words.next))
