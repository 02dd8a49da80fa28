"""Words of the notices' settings: refusals, and why a notice was not told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from waitlist_appliance.texts.catalogues import N_

REFUSALS: Final[Mapping[str, str]] = {
    "bad_notice_address": N_("This is no address that can be told. Please copy one such as ntfy://… or slack://…"),
    "too_many_notice_addresses": N_("There are twenty addresses already. Please remove one first."),
    "notices_missing": N_(
        "The part that tells other services is not installed. Whoever looks after this box can add it: "
        "pip install 'waitlist-appliance[notices]'"
    ),
    "notices_vault": N_("The key file that seals such addresses cannot be used. Please run on the box: waitlist config check"),
}  # fmt: skip
DEEDS: Final[Mapping[str, str]] = {
    "notices_chosen": N_("Who is told of what was changed"),
    "notice_address_added": N_("A service is told of things from now on"),
    "notice_address_removed": N_("A service is told of nothing more"),
    "password_forgotten": N_("Asked for a link to a new password"),
}
# By ports.notices.NoticeTrouble; what a mail server says is shown as it is.
TROUBLES: Final[Mapping[str, str]] = {
    "missing": N_("The part that tells other services is missing, or the address cannot be unsealed."),
    "nonsense": N_("No service is told by this address. Please check it and add it once more."),
    "private": N_(
        "The address leads into the local network, or is told without encryption. That was not allowed for it."
    ),
    "refused": N_("The service did not take it, or did not answer."),
}
LETTERS: Final[Mapping[str, str]] = {
    "invitation": N_("Invitation"), "password": N_("Link to a new password"),
    "account": N_("Change of an access"),
}
