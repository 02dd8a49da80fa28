"""The Flask app: the URL table behind its gate, and what every request shares."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_bootstrap import Bootstrap5

from waitlist_appliance.paths import static_dir, templates_dir
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.web import brand, compression, errors, gate, headers, i18n, limits
from waitlist_appliance.web.assets import asset
from waitlist_appliance.web.server import MAX_BODY

# Callers there prove themselves in every request; opening a signed cookie for them would only cost time.
_WITHOUT_SESSION = (
    "/api/", "/waitlist/", "/booking/", "/healthz", "/readyz", "/metrics", "/static/", "/bootstrap/", "/bench/",
    "/brand.css", "/brand/logo", "/unsubscribe/", "/hooks/", "/twilio/",
)  # fmt: skip


class Sessions(SecureCookieSessionInterface):
    """Signed cookies for staff and log-in pages only."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if request.path.startswith(_WITHOUT_SESSION):
            return None
        return super().open_session(app, request)


def create_app(appliance: Appliance, **config: Any) -> Flask:
    """The web application of this appliance. ``config`` adds Flask settings (TESTING, BENCH, CLOCK)."""
    from waitlist_appliance.web import routes
    from waitlist_appliance.web.staff.auth import require_staff, session_name

    folders = {"template_folder": str(templates_dir()), "static_folder": str(static_dir())}
    app = Flask("waitlist_appliance.web", static_url_path="/static", **folders)  # type: ignore[arg-type]
    app.session_interface = Sessions()
    app.extensions["appliance"] = appliance
    app.config.update(_settings(appliance), **config)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.policies["json.dumps_function"] = json.dumps
    app.jinja_env.globals.update(asset=asset, brand_css=brand.address)
    Bootstrap5(app)
    i18n.install(app)
    errors.install(app)
    compression.install(app)
    headers.install(app, https=appliance.config.is_https)
    table = routes.every(bench=bool(config.get("BENCH")))
    limits.install(app, table, session_name)
    gate.install(app, table, require_staff)
    app.teardown_request(_assert_no_transaction)
    return app


def _settings(appliance: Appliance) -> dict[str, Any]:
    https = appliance.config.is_https
    return {
        "SECRET_KEY": appliance.config.session_key,
        "MAX_CONTENT_LENGTH": MAX_BODY,
        "MAX_FORM_PARTS": 500,
        # No other host, not even a neighbour under the same domain, can set a cookie of such a name.
        "SESSION_COOKIE_NAME": "__Host-waitlist_desk" if https else "waitlist_desk",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": https,
        "PERMANENT_SESSION_LIFETIME": timedelta(days=30),
        "BOOTSTRAP_SERVE_LOCAL": True,
        "WTF_CSRF_TIME_LIMIT": 12 * 3600,
        # Our own pages keep the referrer to themselves; the token, tied to the session cookie, is the proof.
        "WTF_CSRF_SSL_STRICT": False,
        "PROPAGATE_EXCEPTIONS": False,
        "TRAP_HTTP_EXCEPTIONS": False,
    }


def _assert_no_transaction(error: BaseException | None) -> None:
    """The connection stays open, one per thread (facts/runtime.md 2); an open transaction is a fault of ours."""
    from waitlist_appliance.web.context import box

    if box().db.in_write:
        raise RuntimeError("a request ended inside a transaction")
