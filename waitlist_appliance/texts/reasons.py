"""Why somebody was not offered a time, in a sentence for staff."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from waitlist_appliance.texts.catalogues import N_, translator

SENTENCES: Final[Mapping[str, str]] = {
    "not_registered": N_("They were sent the sign-up link and have not signed up yet."),
    "party_too_big": N_("Their party is too big for what is free."),
    "party_too_small": N_("Their party is too small for what is free."),
    "wants_other_resource": N_("They want somebody or something else than what is free."),
    "wants_other_zone": N_("They want to sit in another zone."),
    "cannot_be_contacted": N_("They cannot be reached: no phone or email that works, or they asked for no messages."),
    "capped": N_("They have had as many offers or messages as a day allows."),
    "live_offer": N_("They already have an offer that waits for their answer."),
    "pending_booking": N_("They have a booking that is just being written."),
    "already_offered": N_("They were already offered this very place."),
    "behind_in_line": N_("Somebody before them in the line was asked."),
    "nothing_free": N_("Nothing is free at that time."),
    "calendar_stale": N_("A calendar could not be read, so nothing counts as free."),
    "quiet_hours": N_("It is quiet hours: the offer waits until they end."),
    "paused": N_("Offers are paused."),
    "approve_each": N_("The offer waits for your approval."),
    "manual": N_("Offers are made by hand only."),
    "cut_off_passed": N_("It is too close to the start to offer this time."),
    "wish_declined": N_("They said no to this time."),
    "wish_over": N_("They no longer wait for this time."),
    "entry_over": N_("They are no longer on the waitlist."),
    "offered_now": N_("They are being offered it right now."),
    "reserved_for_other": N_("It is held for somebody else."),
}


def why_not(code: str, locale: str) -> str:
    """The sentence for a reason; KeyError for an unknown one."""
    return translator(locale).gettext(SENTENCES[code])
