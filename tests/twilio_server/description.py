"""Twilio's own description of its API, cut to what this server answers, and exchanges held against it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse
from openapi_core.validation.request.exceptions import SecurityValidationError

from tests.twilio_server.state import Reply, Request

HOST = "https://api.twilio.com"
# scripts/setup-lib puts it into the virtual environment; it is never part of the tree.
DESCRIPTION = Path(sys.prefix) / "share" / "twilio_api_v2010.json"
ACCOUNT = "/2010-04-01/Accounts/{AccountSid}"
PATHS = (
    "/2010-04-01/Accounts/{Sid}.json", f"{ACCOUNT}/Messages.json", f"{ACCOUNT}/Messages/{{Sid}}.json",
    f"{ACCOUNT}/IncomingPhoneNumbers.json",
)  # fmt: skip
FORM = "application/x-www-form-urlencoded"


@cache
def document() -> dict[str, Any]:
    """The description with these paths alone, and the schemas that they reach."""
    whole = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
    paths = {name: whole["paths"][name] for name in PATHS}
    schemas = whole["components"]["schemas"]
    kept: dict[str, Any] = {}
    waiting = _references(paths)
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept[name] = schemas[name]
            waiting |= _references(schemas[name])
    components = {"schemas": kept, "securitySchemes": whole["components"]["securitySchemes"]}
    return {key: whole[key] for key in ("openapi", "info", "servers", "security")} | {
        "paths": paths,
        "components": components,
    }


@cache
def validator() -> OpenAPI:
    """The description, ready to hold exchanges against."""
    return OpenAPI.from_dict(document())


def operation(request: Request) -> tuple[str, dict[str, str]] | None:
    """The operation that answers this verb and path, and the path's parameters."""
    for template, methods in document()["paths"].items():
        hit = re.fullmatch(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+?)", re.escape(template)), request.path)
        if hit and request.method.lower() in methods:
            return methods[request.method.lower()]["operationId"], hit.groupdict()
    return None


def request_problems(request: Request) -> list[str]:
    """What does not fit in a request of a known operation."""
    try:
        validator().validate_request(_asked(request))
    except SecurityValidationError:
        # Answered with 401, as wrong credentials are.
        return []
    except OpenAPIError as error:
        return [_wording(error)]
    return _unknown_names(request)


def reply_problems(request: Request, reply: Reply) -> list[str]:
    """What does not fit in the answer; refusals are not described."""
    if reply.status >= 400:
        return []
    answer = MockResponse(reply.body, reply.status, content_type="application/json")
    try:
        validator().validate_response(_asked(request), answer)
    except OpenAPIError as error:
        return [f"answer: {_wording(error)}"]
    return []


def _references(node: Any) -> set[str]:
    return set(re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(node)))


def _asked(request: Request) -> MockRequest:
    return MockRequest(
        HOST, request.method.lower(), request.path,
        args=dict(request.query), headers=dict(request.headers.items()),
        data=request.raw or None, content_type=request.headers.get("Content-Type", ""),
    )  # fmt: skip


def _unknown_names(request: Request) -> list[str]:
    """openapi-core lets names pass that the description does not have; a misspelt one does nothing at Twilio either."""
    entry = _entry(request)
    known = {parameter["name"] for parameter in entry.get("parameters", ()) if parameter["in"] == "query"}
    form = entry.get("requestBody", {}).get("content", {}).get(FORM, {}).get("schema", {}).get("properties", {})
    sent = [name for name, _ in parse_qsl(request.raw.decode(), keep_blank_values=True)]
    return _strange("query", request.query, known) + _strange("form", sent, form)


def _strange(where: str, names: Iterable[str], known: Iterable[str]) -> list[str]:
    return [f"{where} parameter {name} does not exist" for name in names if name not in known]


def _entry(request: Request) -> dict[str, Any]:
    methods = (method for path in document()["paths"].values() for method in path.values())
    return next(m for m in methods if isinstance(m, dict) and m.get("operationId") == request.operation_id)


def _wording(error: Exception) -> str:
    details = getattr(error.__cause__, "schema_errors", ())
    if details:
        return "; ".join(f"{'.'.join(map(str, detail.path))}: {detail.message}" for detail in details)
    return f"{error} {error.__cause__ or ''}".strip()
