"""Mail to the team, through the owner's mail account only: a team has no simulated phone."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from waitlist_appliance.domain.records import Business
from waitlist_appliance.ports import BadAccount, DeliveryError, Letter
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.messaging_accounts import is_connected
from waitlist_appliance.storage.vault import VaultError
from waitlist_appliance.texts.staff_letters import Sender, StaffLetter

log = logging.getLogger(__name__)

FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(hours=1)
# Refusals that say something about this one address; all others concern every mail.
OF_THE_ADDRESS: Final = frozenset({"dead", "opted_out", "landline", "elsewhere", "message"})


class NotSent(Exception):
    """The mail did not leave. The text may be shown; ``for_good``: it never will; ``for_all``: nor would another now."""

    def __init__(self, reason: str, *, for_good: bool, for_all: bool) -> None:
        super().__init__(reason)
        self.for_good = for_good
        self.for_all = for_all


def is_possible(app: Appliance) -> bool:
    """Whether a mail account is connected."""
    return is_connected(app, "smtp")


def send(app: Appliance, key: str, address: str, said: StaffLetter, locale: str, kind: str, now: datetime) -> None:
    """Hand it to the mail server; NotSent. ``key`` is the same at every attempt."""
    letter = Letter(key, "email", address, said.subject, said.text, html=said.html, kind=kind, locale=locale)
    if not is_possible(app):
        raise NotSent("no mail account is connected", for_good=True, for_all=True)
    try:
        app.messenger("email").send(letter, now)
    except DeliveryError as error:
        alone = error.verdict in OF_THE_ADDRESS
        raise NotSent(str(error), for_good=alone, for_all=not alone) from None
    except (KeyError, VaultError, BadAccount) as error:
        log.error("the mail account cannot be used: %s", type(error).__name__)
        raise NotSent("the mail account cannot be used", for_good=False, for_all=True) from None


def wait_after(attempts: int) -> timedelta:
    """How long to wait before the next attempt."""
    return min(FIRST_WAIT * float(1 << min(max(attempts - 1, 0), 10)), LONGEST_WAIT)


def sender(business: Business) -> Sender:
    """Who writes to the team."""
    return Sender(business.name, business.brand_colour, business.tz)
