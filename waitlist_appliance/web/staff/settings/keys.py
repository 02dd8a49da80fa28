"""API keys: what programs prove themselves with."""

from __future__ import annotations

from typing import Any

from flask import request

from waitlist_appliance.services import manage_keys
from waitlist_appliance.storage import api_keys
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth
from waitlist_appliance.web.staff.settings import frame

HOME = "/staff/settings/keys"


def overview() -> Any:
    """All keys, and one that was just made."""
    return _page({})


def create() -> Any:
    """A new key; the next page shows its secret, once."""
    form = request.form

    def doing() -> None:
        key, secret = manage_keys.create(
            box(), form.get("name", ""), form.getlist("scopes"), current_time(), auth.actor()
        )
        frame.keep_once("key", name=key.name, secret=secret)

    return frame.store(
        doing, N_("The key is below. It is shown this once only."), HOME, lambda errors: _page(errors, 422)
    )


def revoke(key_id: str) -> Any:
    """End a key."""
    return frame.act(
        lambda: manage_keys.revoke(box(), key_id, current_time(), auth.actor()),
        N_("The key is revoked. Whoever uses it is refused from now on."), HOME,
    )  # fmt: skip


def _page(errors: dict[str, str], status: int = 200) -> Any:
    found = [(key, api_keys.scopes_of(key)) for key in reversed(api_keys.every(box().db))]
    typed = {"name": request.form.get("name", "")}
    chosen = set(request.form.getlist("scopes")) if request.method == "POST" else set(api_keys.SCOPES[:7])
    return frame.render(
        "keys.html", "keys", status=status, used=[pair for pair in found if pair[0].revoked_at is None],
        revoked=[pair for pair in found if pair[0].revoked_at is not None][:50], scopes=api_keys.SCOPES,
        errors=errors, given=typed, chosen=chosen, fresh=frame.shown_once("key"),
        address=box().url("/api/waitlist/trigger"),
    )  # fmt: skip
