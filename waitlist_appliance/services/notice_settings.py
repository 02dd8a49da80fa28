"""Who is told of what, in which language, and the services' addresses that are told for everybody."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from waitlist_appliance.domain.errors import Conflict, Invalid, NotFound
from waitlist_appliance.domain.notices import KINDS, Kind, wanted_by_default
from waitlist_appliance.services import staff_mail
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.storage import activity, notice_choices, notices
from waitlist_appliance.storage.notice_choices import Address, Listener
from waitlist_appliance.storage.vault import VaultError
from waitlist_appliance.texts.catalogues import LOCALES

LONGEST_NAME: Final = 80
LONGEST_ADDRESS: Final = 2000
MOST_ADDRESSES: Final = 20
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,30}://[!-~]+")
# These tell the machine's own desktop or log, where nobody looks.
_OF_THE_MACHINE: Final = frozenset(
    {"blink1", "dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wishes:
    """Everybody's choices over the defaults; keys are kind and user, or kind and address."""

    users: Mapping[tuple[str, int], bool]
    addresses: Mapping[tuple[str, int], bool]

    def of_user(self, kind: Kind, user: Listener) -> bool:
        """Whether this person is written to."""
        return self.users.get((kind.name, user.id), wanted_by_default(kind, user.role))

    def of_address(self, kind: Kind, address: Address) -> bool:
        """Whether this service is told."""
        return self.addresses.get((kind.name, address.id), wanted_by_default(kind, None))


def wishes(app: Appliance) -> Wishes:
    """Who wants to hear of what."""
    found = notice_choices.choices(app.db)
    return Wishes(
        {(choice.kind, choice.user_id): choice.wanted for choice in found if choice.user_id is not None},
        {(choice.kind, choice.address_id): choice.wanted for choice in found if choice.address_id is not None},
    )


def save(
    app: Appliance, ticked: Collection[str], languages: Mapping[str, str], now: datetime, actor: Actor
) -> None:  # fmt: skip
    """``ticked``: every wish of the page as ``kind:public id``; what is not among them is not wanted. ``languages``: by
    user, "" for the business's. Invalid bad_value for a language that there is not."""
    if any(language and language not in LOCALES for language in languages.values()):
        raise Invalid("bad_value", "language", params={"field": "language"})
    wanted = frozenset(ticked)
    with app.db.write():
        present = wishes(app)
        for user in notice_choices.listeners(app.db):
            if user.public_id in languages:
                notice_choices.set_locale(app.db, user.id, languages[user.public_id] or None)
            for kind in KINDS.values():
                if (chosen := f"{kind.name}:{user.public_id}" in wanted) != present.of_user(kind, user):
                    notice_choices.choose(app.db, kind.name, chosen, user=user.id)
        for address in notice_choices.addresses(app.db):
            for kind in KINDS.values():
                if (chosen := f"{kind.name}:{address.public_id}" in wanted) != present.of_address(kind, address):
                    notice_choices.choose(app.db, kind.name, chosen, address=address.id)
        activity.record(app.db, now, actor, "notices_chosen", "settings")


def add_address(app: Appliance, name: str, secret: str, allow_private: bool, now: datetime, actor: Actor) -> None:
    """Keep a service's address and try it. Invalid names the field; Conflict notices_missing, notices_vault."""
    if not can_tell_services(app):
        raise Conflict("notices_missing")
    name, secret = " ".join(name.split()), secret.strip()
    scheme = secret.partition("://")[0].lower()
    if not _ADDRESS.fullmatch(secret) or len(secret) > LONGEST_ADDRESS or scheme in _OF_THE_MACHINE:
        raise Invalid("bad_notice_address", "address")
    if len(name) > LONGEST_NAME:
        raise Invalid("too_long", "name", params={"length": len(name), "limit": LONGEST_NAME})
    try:
        with app.db.write():
            if len(notice_choices.addresses(app.db)) >= MOST_ADDRESSES:
                raise Invalid("too_many_notice_addresses", "address")
            shown = _shown(secret)
            new = notice_choices.add_address(app.db, app.vault, name or shown, shown, secret, allow_private, now)
            _queue_test(app, now, f"address:{new}", address=new)
            activity.record(app.db, now, actor, "notice_address_added", "settings", name=name or shown)
    except VaultError as error:
        raise Conflict("notices_vault") from error


def remove_address(app: Appliance, address_id: str, now: datetime, actor: Actor) -> None:
    """Tell it nothing more, and forget it. NotFound."""
    with app.db.write():
        found = _found(app, address_id)
        notice_choices.remove_address(app.db, found.id)
        activity.record(app.db, now, actor, "notice_address_removed", "settings", name=found.name)


def test_address(app: Appliance, address_id: str, now: datetime) -> None:
    """Have the worker send it a test. NotFound."""
    with app.db.write():
        found = _found(app, address_id)
        _queue_test(app, now, f"address:{found.id}", address=found.id)


def test_mail(app: Appliance, user_id: int, now: datetime) -> None:
    """Have the worker send this person a test. Conflict messaging_not_connected without a mail account."""
    if not staff_mail.is_possible(app):
        raise Conflict("messaging_not_connected")
    with app.db.write():
        _queue_test(app, now, f"user:{user_id}", user=user_id)


def can_tell_services(app: Appliance) -> bool:
    """Whether the extra that tells services is installed."""
    return app.notifier is not None and app.notifier.is_installed()


def _queue_test(app: Appliance, now: datetime, to: str, *, user: int | None = None, address: int | None = None) -> None:
    found = notices.test(app.db, now, to)
    if found is not None:
        notices.deliver_to(app.db, found, now, user=user, address=address)


def _shown(secret: str) -> str:
    """What of an address may be shown: most services keep their key where others keep the server's name."""
    scheme = secret.partition("://")[0].lower()
    host = urlsplit(secret).hostname if scheme in ("http", "https") else None
    return f"{scheme}://{host or ''}…"


def _found(app: Appliance, address_id: str) -> Address:
    found = notice_choices.address_by_public_id(app.db, address_id)
    if found is None:
        raise NotFound("not_found")
    return found
