"""What the account page shows of passkeys, and the API keys in each of their states, for as long as they are looked at.

The restaurant is reached by a bare number, where browsers allow no passkeys: adding one is in test_passkeys.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from playwright.sync_api import Page

from tests.browser.gallery import Gallery, State
from waitlist_appliance.services import manage_keys
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.storage import api_keys, passkeys, staff

ACCOUNT, KEYS = "/staff/account", "/staff/settings/keys"


@dataclass(frozen=True)
class SetState(State):
    """A page while something is there that no other state should see."""

    path: str = ACCOUNT
    furnish: Callable[[Appliance], Callable[[], object]] = lambda app: lambda: None
    then: Callable[[Page], None] = lambda page: None

    @contextlib.contextmanager
    def show(self, page: Page, gallery: Gallery) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            stack.callback(self.furnish(gallery.restaurant.app))
            page.goto(self.path)
            self.then(page)
            yield


def _passkeys(app: Appliance) -> Callable[[], object]:
    now = datetime.now(UTC)
    owner = next(user for user in staff.users(app.db) if user.role == "owner")
    with app.db.write():
        passkeys.add(app.db, owner.id, b"gallery-1", b"x", 0, "Phone", now - timedelta(days=3))
        long_name = "The laptop behind the bar that everybody calls the old one"
        passkeys.add(app.db, owner.id, b"gallery-2", b"x", 0, long_name, now)
    return lambda: app.db.execute("DELETE FROM passkey WHERE credential_id LIKE 'gallery-%'")


def _keys(app: Appliance) -> Callable[[], object]:
    now = datetime.now(UTC)

    def make(name: str, days_old: int = 0, last: date | None = None) -> str:
        made, _ = manage_keys.create(app, name, api_keys.SCOPES[:3], now - timedelta(days=days_old), SYSTEM, last)
        return made.public_id

    make("Gallery till", 30, (now - timedelta(days=2)).date())
    make("Gallery bot", 30, (now + timedelta(days=9)).date())
    make("Gallery of a program whose name goes on and on, until it has to be wrapped", 120)
    fresh = make("Gallery n8n", 3, (now + timedelta(days=400)).date())
    manage_keys.rotate(app, fresh, "7d", now, SYSTEM, (now + timedelta(days=400)).date())
    return lambda: app.db.execute("DELETE FROM api_key WHERE name LIKE 'Gallery %'")


def _open(selector: str) -> Callable[[Page], None]:
    return lambda page: page.locator(selector).first.click()


def _nothing(page: Page, gallery: Gallery) -> None:
    """`show` reaches these states itself."""


STATES: Final = (
    SetState("staff.account", "passkeys", _nothing, "owner", furnish=_passkeys),
    SetState(
        "staff.account", "passkey-menu", _nothing, "owner", furnish=_passkeys, then=_open("#passkeys .menu summary")
    ),
    SetState("staff.keys", "each", _nothing, "owner", path=KEYS, furnish=_keys),
    SetState("staff.keys", "new-secret", _nothing, "owner", path=KEYS, furnish=_keys, then=_open(".key-acts summary")),
)
