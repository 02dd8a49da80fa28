"""What the business says of itself: name, place, language, colour, logo."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from babel import Locale
from flask import request

from waitlist_appliance.domain import phones
from waitlist_appliance.services import set_up_business
from waitlist_appliance.services.set_up_business import About
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web import brand
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box, the_business
from waitlist_appliance.web.staff import auth, page
from waitlist_appliance.web.staff.settings import frame

HOME = "/staff/settings/business"
FIELDS = ("name", "zone", "locale", "phone_region", "phone", "email", "address", "brand_colour")


def overview() -> Any:
    """The form, as things stand."""
    return _page({})


def save() -> Any:
    """Store what changed."""
    return frame.store(
        lambda: set_up_business.change_business(box(), typed(), current_time(), auth.actor()),
        N_("Saved."), HOME, lambda errors: _page(errors, dict(request.form), 422),
    )  # fmt: skip


def save_logo() -> Any:
    """Store the picture that was chosen, or remove the one there is."""
    if "remove" in request.form:
        return frame.act(
            lambda: set_up_business.remove_logo(box(), current_time(), auth.actor()), N_("The logo is removed."), HOME
        )
    return frame.store(store_logo, N_("The logo is saved."), HOME, lambda errors: _page(errors, None, 422))


def store_logo() -> None:
    """Keep the uploaded picture. Invalid."""
    sent = request.files.get("logo")
    set_up_business.set_logo(box(), sent.read() if sent else b"", current_time(), auth.actor())


def typed() -> About:
    """What the form says; what it does not ask stays as it is."""
    present = set_up_business.about(the_business())
    said = {name: request.form.get(name, getattr(present, name)) for name in FIELDS}
    if request.form.get("brand_default"):
        said["brand_colour"] = ""
    return About(**said)


def given() -> dict[str, str]:
    """The present answers by field."""
    present = set_up_business.about(the_business())
    return {name: getattr(present, name) for name in FIELDS}


@lru_cache(maxsize=8)
def countries(language: str) -> list[tuple[str, str]]:
    """Every country whose phone numbers can be read, by name."""
    names = Locale(language).territories
    found = [(code, str(names[code])) for code in phones.regions() if code in names]
    return sorted(found, key=lambda pair: pair[1].casefold())


def colours(colour: str) -> dict[str, object]:
    """How the colour is used: as it is or moved until it can be read, in both themes."""
    wanted = colour or brand.DEFAULT
    light, dark = brand.readable(wanted, brand.LIGHT_PAPER), brand.readable(wanted, brand.DARK_PAPER)
    return {
        "wanted": wanted, "light": light, "dark": dark, "kept": light == wanted.lower(),
        "ratio": round(brand.contrast(wanted, brand.LIGHT_PAPER), 1),
    }  # fmt: skip


def _page(errors: dict[str, str], said: dict[str, str] | None = None, status: int = 200) -> Any:
    shown = given() | (said or {})
    return frame.render(
        "business.html", "business", status=status, given=shown, errors=errors, zones=set_up_business.zones(),
        countries=countries(page.locale()), colours=colours(given()["brand_colour"]), default_colour=brand.DEFAULT,
    )  # fmt: skip
