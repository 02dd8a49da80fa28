"""Every refusal and fault as an answer: JSON under /api, a friendly page elsewhere, never an internal text."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping
from datetime import datetime

from flask import Flask, Response, g, render_template, request
from werkzeug.exceptions import HTTPException

from waitlist_appliance.domain.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from waitlist_appliance.storage.database import OperationalError, StorageUnavailable
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.texts.errors import SENTENCES, explain
from waitlist_appliance.web.context import business_if_known
from waitlist_appliance.web.i18n import locale, speak, translate, when

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 5
STATUS = {Invalid: 422, NotFound: 404, Conflict: 409, Forbidden: 403}
_JSON_PATHS = ("/api/", "/healthz", "/readyz", "/metrics", "/bench/", "/hooks/", "/twilio/", "/vapi")

# What only a web server says; everything else is in texts/errors.py.
SENTENCES_OF_THE_WEB: Mapping[str, str] = {
    "malformed_json": N_("The request is not readable JSON. Please check it and send it again."),
    "invalid_fields": N_("Some of the answers need another look."),
    "too_large": N_("That is too much at once. Please send less."),
    "method_not_allowed": N_("That cannot be done at this address."),
    "bad_request": N_("We did not understand that request. Please check it and send it again."),
    "too_long": N_("This is too long: at most {limit} characters."),
    "out_of_range": N_("This must be a number from {minimum} to {maximum}."),
    "wrong_kind": N_("This has the wrong form."),
}
_CODES = {
    400: "bad_request", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
    413: "too_large", 429: "rate_limited", 503: "database_busy",
}  # fmt: skip


class BadRequest(Refused):
    """What was sent cannot be read at all: 400."""


class Unauthorized(Refused):
    """The caller did not prove who they are: 401."""


class TooOften(Refused):
    """More than the caller's share: 429, and when to try again."""

    def __init__(self, seconds: int) -> None:
        super().__init__("rate_limited", params={"seconds": seconds})
        self.seconds = seconds


class Fields(Invalid):
    """Several fields at fault at once: ``problems`` maps each field's name to a code and what its sentence needs."""

    def __init__(self, problems: Mapping[str, tuple[str, dict[str, object]]]) -> None:
        super().__init__("invalid_fields")
        self.problems = problems


def install(app: Flask) -> None:
    """Answer every exception of this app."""
    app.register_error_handler(Refused, refused)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(StorageUnavailable, unavailable)
    app.register_error_handler(OperationalError, unavailable)
    app.register_error_handler(Exception, unexpected)


def refused(error: Refused) -> Response:
    """The answer to a rule's refusal."""
    extra = dict(error.extra)
    if isinstance(error, Conflict):
        extra.setdefault("reason", error.code)
    response = answer(status_of(error), error.code, sentence(error), field_sentences(error), extra)
    if isinstance(error, TooOften):
        response.headers["Retry-After"] = str(error.seconds)
    return response


def http_error(error: HTTPException) -> Response:
    """The answer to what Flask itself turns down."""
    if error.response is not None and error.code is not None and error.code < 400:
        return error.response  # type: ignore[return-value]
    status = error.code or 500
    if 300 <= status < 400:
        return error.get_response()  # type: ignore[return-value]
    code = _code_of(error, status)
    response = answer(status, code, say(code))
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def unavailable(error: Exception) -> Response:
    """The database is locked, full or read-only: nothing was written, and it is worth trying again."""
    from waitlist_appliance.web import limits  # which itself refuses with an error of ours

    if limits.seldom(f"unavailable:{error}"):  # a full disk refuses everybody, and the log may lie on it
        log.error("the database could not be used: %s (%s %s)", error, request.method, request.url_rule)
    code = "database_busy" if "locked" in str(error) else "storage_unavailable"  # a full disk needs a person
    response = answer(503, code, say(code))
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def unexpected(error: Exception) -> Response:
    """A fault of ours: the caller gets a number, the log everything."""
    number = secrets.token_hex(4)
    log.error("unexpected error %s at %s %s", number, request.method, request.url_rule, exc_info=error)
    return answer(500, "internal", say("internal"), extra={"reference": number})


def answer(
    status: int,
    code: str,
    message: str,
    fields: Mapping[str, str] | None = None,
    extra: Mapping[str, object] | None = None,
) -> Response:
    """The error as this caller reads it."""
    if wants_json():
        error = {"code": code, "message": message, "fields": dict(fields or {})}
        body = {"success": False, "error": error, **(extra or {})}
        return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")
    page = render_template(
        "errors/error.html", status=status, code=code, message=message, extra=extra or {}, business=business_if_known()
    )
    return Response(page, status, mimetype="text/html")


def wants_json() -> bool:
    """Whether this address speaks JSON."""
    return request.path.startswith(_JSON_PATHS) or request.path == "/api"


def status_of(error: Refused) -> int:
    """The HTTP status of a refusal."""
    if isinstance(error, BadRequest):
        return 400
    if isinstance(error, Unauthorized):
        return 401
    if isinstance(error, TooOften):
        return 429
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 400)


def sentence(error: Refused) -> str:
    """The refusal in the caller's words; a single field's fault is said at once."""
    if isinstance(error, Fields) and len(error.problems) == 1:
        (name, (code, params)), *_ = error.problems.items()
        return say(code, **{"field": name, **params})
    params = dict(error.params)
    if error.field and "field" not in params:
        params["field"] = error.field
    if "time" not in params and isinstance(start := error.extra.get("startTime"), str):
        params["time"] = when(datetime.fromisoformat(start))
    return say(error.code, **params)


def field_sentences(error: Refused) -> dict[str, str]:
    """Field name → sentence, under the names that the caller used."""
    if isinstance(error, Fields):
        return {name: say(code, **{"field": name, **params}) for name, (code, params) in error.problems.items()}
    if error.field is None:
        return {}
    return {_as_called(error.field): sentence(error)}


def say(code: str, **params: object) -> str:
    """The sentence for a code in the caller's language; a code without one is logged and said in general."""
    if spoken := g.get("spoken_locale"):
        speak(spoken)
    if code in SENTENCES_OF_THE_WEB:
        return translate(SENTENCES_OF_THE_WEB[code]).format_map(params)
    if code not in SENTENCES:
        log.error("no sentence for the refusal %s", code)
        code = "bad_value"
    return explain(code, locale(), **params)


def _as_called(field: str) -> str:
    names: dict[str, str] = g.get("names", {})
    return names.get(field, field)


def _code_of(error: HTTPException, status: int) -> str:
    if type(error).__name__ == "CSRFError":
        return "csrf"
    return _CODES.get(status, "bad_request" if status < 500 else "internal")
