"""What a request knows: the appliance, the business it serves, the key it came with."""

from __future__ import annotations

from typing import cast

from flask import current_app, g

from waitlist_appliance.domain.errors import NotFound
from waitlist_appliance.domain.records import ApiKey, Business
from waitlist_appliance.services import business as business_service
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.storage.database import DatabaseError, StorageUnavailable


def box() -> Appliance:
    """The appliance that this Flask app serves."""
    return cast(Appliance, current_app.extensions["appliance"])


def the_business() -> Business:
    """The one business, read once per request; NotFound before set-up."""
    if "business" not in g:
        g.business = business_service.business(box())
    return cast(Business, g.business)


def business_if_known() -> Business | None:
    """The business for an error page; None before set-up or while the database cannot be read."""
    try:
        return the_business()
    except (NotFound, StorageUnavailable, DatabaseError):
        return None


def require_business(public_id: str | None) -> None:
    """NotFound unless the id is the configured business's, ``default`` or absent."""
    if public_id not in (None, "", "default", the_business().public_id):
        raise NotFound("unknown_business", "business_id")


def calling_key() -> ApiKey:
    """The API key of this request; only routes of kind ``api`` have one."""
    return cast(ApiKey, g.api_key)


def api_actor() -> Actor:
    """Who acts when an API key calls: the voice agent, under the key's name."""
    return Actor("voice_agent", calling_key().name)
