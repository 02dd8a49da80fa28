"""Callers without a browser: API keys with scopes, and the cron secret."""

from __future__ import annotations

import hmac
import logging

from flask import abort, g, request

from waitlist_appliance.domain.errors import Forbidden
from waitlist_appliance.domain.records import ApiKey
from waitlist_appliance.storage import api_keys
from waitlist_appliance.storage.database import StorageUnavailable
from waitlist_appliance.web import limits
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.errors import Unauthorized
from waitlist_appliance.web.routing import Route

log = logging.getLogger(__name__)


def require_key(route: Route) -> None:
    """Unauthorized without a key in force, Forbidden where it lacks the route's scope."""
    _require(route.permission)


def key_of_caller(permission: str) -> ApiKey | None:
    """None for a caller that shows no key, as a browser does; otherwise as `require_key`."""
    return _require(permission) if _shown() else None


def _require(permission: str | None) -> ApiKey:
    secret = _shown()
    now = current_time()
    key = api_keys.find_by_secret(box().db, secret, now) if secret.startswith(api_keys.PREFIX) else None
    if key is None:
        limits.count("key_misses", limits.origin())
        raise Unauthorized("unauthorized")
    limits.count("api", key.public_id)
    if permission is not None and permission not in api_keys.scopes_of(key):
        if limits.seldom(f"scope {key.public_id}"):
            log.warning("the API key %s lacks %s, and asked for %s", key.public_id, permission, request.url_rule)
        raise Forbidden("forbidden")
    g.api_key = key
    try:
        api_keys.touch(box().db, key, now)
    except StorageUnavailable as error:
        # Reading must go on where writing cannot; what the request itself wants to write says so by itself.
        log.warning("the use of an API key was not noted: %s", error)
    return key


def require_cron(route: Route) -> None:
    """Unauthorized unless the cron secret is shown; closed where none is configured."""
    secret = box().config.cron_secret
    if not secret or not hmac.compare_digest((_bearer() or "").encode(), secret.encode()):
        limits.count("key_misses", limits.origin())
        raise Unauthorized("unauthorized")
    limits.count("cron", limits.origin())


def require_metrics_token(route: Route) -> None:
    """Unauthorized unless the metrics token is shown; where none is configured there is no such address."""
    token = box().config.metrics_token
    if not token:
        abort(404)
    if not hmac.compare_digest((_bearer() or "").encode(), token.encode()):
        limits.count("key_misses", limits.origin())
        raise Unauthorized("unauthorized")


def _shown() -> str:
    return _bearer() or request.headers.get("X-API-Key", "")


def _bearer() -> str | None:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None
