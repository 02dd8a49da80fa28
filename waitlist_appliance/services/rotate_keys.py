"""Another key for the credentials of others: new key first, everything sealed anew, then the old key goes.

Whatever interrupts it, every secret can be opened and the same command finishes it: the old key leaves the file only
after all was sealed with the new one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.storage import activity, sealed


def secrets_kept(app: Appliance) -> int:
    """How many secrets a rotation seals anew."""
    return sealed.count(app.db)


def rotate(app: Appliance, now: datetime, actor: Actor, done: Callable[[], None] = lambda: None) -> None:
    """Change the key; ``done`` is called for each secret. VaultError, with every secret still readable."""
    with app.vault.rotation():
        app.vault.add_key()
        with app.db.write():
            sealed.reseal(app.db, app.vault, done)
            activity.record(app.db, now, actor, "keys_rotated", "vault")
        app.vault.drop_old_keys()
