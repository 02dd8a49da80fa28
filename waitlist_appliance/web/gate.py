"""The door: every request is checked as its line in the URL table says, and what has no line is not served."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Flask, abort, current_app, request
from flask_wtf.csrf import CSRFProtect

from waitlist_appliance.web.auth_api import require_cron, require_key, require_metrics_token
from waitlist_appliance.web.headers import FILES
from waitlist_appliance.web.idempotency import once
from waitlist_appliance.web.routing import Route

Check = Callable[[Route], Any]
csrf = CSRFProtect()


def install(app: Flask, routes: Sequence[Route], staff_check: Check) -> None:
    """Serve the routes and put the checks before them. RuntimeError where a route is without a decision."""
    # The gate asks for the CSRF token itself, from the table, instead of by exemptions.
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    csrf.init_app(app)
    checks = _checks(staff_check)
    table = {route.endpoint: route for route in routes}
    if len(table) < len(routes):
        raise RuntimeError("two lines of the URL table share an endpoint")
    for route in routes:
        if route.auth not in checks:
            raise RuntimeError(f"{route.path} has no decision on who may call it")
        app.add_url_rule(
            route.path, route.endpoint, _view(route), methods=route.methods, provide_automatic_options=False
        )
    refuse_undecided(app, table)

    @app.before_request
    def check() -> Any:
        if request.endpoint is None or (request.endpoint in FILES and request.endpoint not in table):
            return None
        route = table[request.endpoint]
        return checks[route.auth](route)


def refuse_undecided(app: Flask, table: Mapping[str, Route]) -> None:
    """RuntimeError for an address that came past the table (an extension's, a stray decorator's)."""
    known = {*table, *FILES}
    stray = sorted(rule.rule for rule in app.url_map.iter_rules() if rule.endpoint not in known)
    if stray:
        raise RuntimeError(f"these addresses are not in the URL table: {', '.join(stray)}")


def _checks(staff_check: Check) -> dict[str, Check]:
    return {
        "public": lambda route: csrf.protect(),
        "staff": lambda route: _staff(route, staff_check),
        "api": require_key,
        "cron": require_cron,
        "metrics": require_metrics_token,
        # The token is looked up by the service that acts on it; an unknown one is a 404 there.
        "customer": lambda route: None,
        "hook": lambda route: None,
        "bench": _bench,
    }


def _staff(route: Route, staff_check: Check) -> Any:
    refusal = staff_check(route)
    if refusal is None:
        csrf.protect()
    return refusal


def _bench(route: Route) -> None:
    if not current_app.config.get("BENCH"):
        abort(404)


def _view(route: Route) -> Callable[..., Any]:
    """State-changing JSON routes of keys and customers understand ``Idempotency-Key``."""
    if route.changes_state and route.auth in ("api", "customer") and route.path.startswith("/api/"):
        return once(route.view)
    return route.view
