"""From a request to its answer: checked against the discovery document on the way in and on the way out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.google_server import calendar_list, channels, events, listing, oauth
from tests.google_server.discovery import AUTH, Method, find
from tests.google_server.errors import ApiError, OAuthError, bad
from tests.google_server.state import Request, World
from tests.google_server.tokens import Tokens
from tests.google_server.validation import body_problems, query_problems

API = "/calendar/v3/"
OAUTH = {
    "/o/oauth2/v2/auth": ("GET", "oauth.auth"),
    "/token": ("POST", "oauth.token"),
    "/revoke": ("POST", "oauth.revoke"),
}

HANDLERS: dict[str, Callable[[World, Request], Any]] = {
    "events.list": listing.list_events,
    "events.instances": listing.list_instances,
    "events.get": events.get_event,
    "events.insert": events.insert_event,
    "events.update": events.update_event,
    "events.patch": events.patch_event,
    "events.delete": events.delete_event,
    "calendarList.list": calendar_list.list_calendars,
    "calendarList.get": calendar_list.get_entry,
    "calendars.get": calendar_list.get_calendar,
}


@dataclass
class Reply:
    """What goes back over the wire."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Services:
    """What a request may touch."""

    world: World
    tokens: Tokens
    channels: dict[str, channels.Channel]


def json_reply(status: int, value: Any, headers: dict[str, str] | None = None) -> Reply:
    """An answer in JSON."""
    kind = {"Content-Type": "application/json; charset=UTF-8"}
    return Reply(status, json.dumps(value, ensure_ascii=False, indent=1).encode(), kind | (headers or {}))


def refused(error: ApiError, request: Request) -> Reply:
    """A refusal on the wire; the sign-in side words it in its own way."""
    if request.operation.startswith("oauth."):
        body = OAuthError(error.status, error.reason, error.message).body()
        return json_reply(error.status, body, error.headers)
    return json_reply(error.status, error.body(), error.headers)


def admit(services: Services, request: Request) -> Method | None:
    """Name the operation and hold the request against its description; what is wrong is noted and refused."""
    if request.path in OAUTH:
        verb, request.operation = OAUTH[request.path]
        if verb != request.method:
            services.world.violations.append(f"{request.operation}: asked with {request.method}")
            raise ApiError(405, "methodNotAllowed", "Method Not Allowed")
        return None
    found = find(request.method, request.path.removeprefix(API)) if request.path.startswith(API) else None
    if found is None:
        services.world.violations.append(f"{request.method} {request.path}: there is no such method")
        raise ApiError(404, "notFound", "Not Found")
    method, request.params = found
    request.operation = method.name
    problems = query_problems(method, request.pairs) + _body_problems(method, request)
    if problems:
        services.world.violations += [f"{method.name}: {problem}" for problem in problems]
        raise bad("; ".join(problems), "badRequest")
    return method


def perform(services: Services, request: Request, method: Method | None) -> Reply:
    """Let an admitted request take effect."""
    try:
        if method is None:
            return _sign_in(services, request)
        with services.world.lock:
            _authorize(services, request, method)
            return _answer(services, request, method)
    except events.NotModified:
        return Reply(304)
    except ApiError as error:
        return refused(error, request)


def _body_problems(method: Method, request: Request) -> list[str]:
    if method.request is None:
        return ["a body where none belongs"] if request.raw else []
    if request.headers.get_content_type() != "application/json":
        return [f"content type {request.headers.get_content_type()}"]
    if request.body is None:
        return ["the body is no JSON"]
    return body_problems(method.request, request.body, nulls=method.name.endswith(".patch"))


def _authorize(services: Services, request: Request, method: Method) -> None:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not value:
        raise ApiError(401, "required", "Login Required.", headers={"WWW-Authenticate": "Bearer"})
    scopes = services.tokens.scopes_of(value, services.world.clock)
    if scopes is None:
        challenge = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
        raise ApiError(401, "authError", "Invalid Credentials", headers={"WWW-Authenticate": challenge})
    request.scopes = frozenset(scope.removeprefix(AUTH) for scope in scopes)
    if not request.scopes & method.scopes:
        challenge = 'Bearer realm="https://accounts.google.com/", error="insufficient_scope"'
        raise ApiError(
            403, "insufficientPermissions", "Request had insufficient authentication scopes.",
            headers={"WWW-Authenticate": challenge},
        )  # fmt: skip


def _answer(services: Services, request: Request, method: Method) -> Reply:
    world = services.world
    if method.name == "events.watch":
        value: Any = channels.watch(world, services.channels, request)
    elif method.name == "channels.stop":
        channels.stop(world, services.channels, request)
        return Reply(204)
    elif method.name in HANDLERS:
        value = HANDLERS[method.name](world, request)
    else:
        world.violations.append(f"{method.name} is not modelled by this server")
        raise ApiError(501, "notImplemented", "Not Implemented")
    if method.response is None:
        return Reply(204)
    world.violations += [f"answer of {method.name}: {problem}" for problem in body_problems(method.response, value)]
    headers = {"ETag": value["etag"]} if "etag" in value else {}
    return json_reply(200, value, headers)


def _sign_in(services: Services, request: Request) -> Reply:
    world, tokens = services.world, services.tokens
    try:
        with world.lock:
            if request.operation == "oauth.auth":
                return Reply(302, headers={"Location": oauth.consent(world, tokens, request)})
            act = oauth.token if request.operation == "oauth.token" else oauth.revoke
            return json_reply(200, act(world, tokens, request), {"Cache-Control": "no-store"})
    except OAuthError as error:
        if request.operation == "oauth.auth":
            return Reply(error.status, f"<h1>Error: {error.error}</h1>".encode(), {"Content-Type": "text/html"})
        return json_reply(error.status, error.body())
