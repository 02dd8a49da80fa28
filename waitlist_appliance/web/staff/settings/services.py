"""Services: what can be booked, how long it lasts, and who gives it."""

from __future__ import annotations

from typing import Any

from flask import abort, request

from waitlist_appliance.domain.records import Service
from waitlist_appliance.services import set_up_services
from waitlist_appliance.services.set_up_services import Offering
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, page
from waitlist_appliance.web.staff.settings import frame

HOME = "/staff/settings/services"


def overview() -> Any:
    """Every service, those no longer offered at the end."""
    setup = box().setup()
    services = list(setup.services.values())
    return frame.render(
        "services.html", "services", offered=[s for s in services if s.active],
        retired=[s for s in services if not s.active], setup=setup,
    )  # fmt: skip


def new() -> Any:
    """An empty form, and making a service."""
    if request.method == "GET":
        return _form(None, {"duration_minutes": "90", "given_by": "all"}, {})
    return frame.store(
        lambda: set_up_services.add_service(box(), _typed(), current_time(), auth.actor()),
        N_("Added. It can be booked and waited for from now on."), HOME,
        lambda errors: _form(None, dict(request.form), errors, 422),
    )  # fmt: skip


def edit(service_id: str) -> Any:
    """One of them."""
    return _form(_service(service_id), {}, {})


def save(service_id: str) -> Any:
    """Describe it anew."""
    service = _service(service_id)
    return frame.store(
        lambda: set_up_services.change_service(box(), service_id, _typed(), current_time(), auth.actor()),
        N_("Saved."), HOME, lambda errors: _form(service, dict(request.form), errors, 422),
    )  # fmt: skip


def retire(service_id: str) -> Any:
    """No longer offer it."""
    return frame.act(
        lambda: set_up_services.retire_service(box(), service_id, current_time(), auth.actor()),
        N_("It is no longer offered. You can bring it back at any time."), page.back_to(HOME),
    )  # fmt: skip


def restore(service_id: str) -> Any:
    """Offer it again."""
    return frame.act(
        lambda: set_up_services.restore_service(box(), service_id, current_time(), auth.actor()),
        N_("It is offered again."), page.back_to(HOME),
    )  # fmt: skip


def make_usual(service_id: str) -> Any:
    """What is meant when nobody says which."""
    return frame.act(
        lambda: set_up_services.make_default(box(), service_id, current_time(), auth.actor()),
        N_("From now on this is meant when nobody says which."), page.back_to(HOME),
    )  # fmt: skip


def _typed() -> Offering:
    chosen = None if request.form.get("given_by", "all") == "all" else frozenset(request.form.getlist("resource"))
    return Offering(
        request.form.get("name", ""), frame.number("duration_minutes"), frame.optional_number("buffer_before_minutes"),
        frame.optional_number("buffer_after_minutes"), chosen,
    )  # fmt: skip


def _form(service: Service | None, given: dict[str, str], errors: dict[str, str], status: int = 200) -> Any:
    setup = box().setup()
    shown, chosen = {}, set(request.form.getlist("resource"))
    if service is not None:
        ids = setup.given_by.get(service.id)
        shown = {name: _text(getattr(service, name)) for name in _NUMBERS} | {"name": service.name}
        shown["given_by"] = "all" if ids is None else "some"
        chosen = chosen or {r.public_id for r in setup.resources.values() if ids and r.id in ids}
    return frame.render(
        "service.html", "services", status=status, service=service, given=shown | given, errors=errors, chosen=chosen,
        resources=list(setup.resources.values()), rule=setup.default_rule,
    )  # fmt: skip


_NUMBERS = ("duration_minutes", "buffer_before_minutes", "buffer_after_minutes")


def _text(value: int | None) -> str:
    return "" if value is None else str(value)


def _service(service_id: str) -> Service:
    found = (service for service in box().setup().services.values() if service.public_id == service_id)
    return next(found, None) or abort(404)
