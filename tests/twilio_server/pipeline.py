"""From a request to its answer: held against Twilio's description on the way in and on the way out."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from typing import Any

from tests.twilio_server import creating, listing, views
from tests.twilio_server.description import operation, reply_problems, request_problems
from tests.twilio_server.errors import ApiError
from tests.twilio_server.state import Reply, Request, World

OPERATIONS = {
    "CreateMessage": "messages.create", "ListMessage": "messages.list", "FetchMessage": "messages.fetch",
    "FetchAccount": "accounts.fetch", "ListIncomingPhoneNumber": "numbers.list",
}  # fmt: skip


def json_reply(status: int, value: Any, headers: dict[str, str] | None = None) -> Reply:
    """An answer in JSON."""
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json"} | (headers or {}))


def refused(world: World, error: ApiError) -> Reply:
    """A refusal on the wire."""
    reply = json_reply(error.status, error.body(problem=world.problem_details), error.headers)
    if world.problem_details:
        reply.headers["Content-Type"] = "application/problem+json"
    return reply


def admit(world: World, request: Request) -> None:
    """Name the operation and hold the request against its description; what is wrong is noted and refused."""
    found = operation(request)
    if found is None or found[0] not in OPERATIONS:
        world.violations.append(f"{request.method} {request.path}: not known, or not modelled by this server")
        raise ApiError(20404, f"The requested resource {request.path} was not found")
    request.operation_id, request.params = found
    request.operation = OPERATIONS[found[0]]
    problems = request_problems(request)
    if problems:
        world.violations += [f"{request.operation}: {problem}" for problem in problems]
        raise ApiError(20001, "; ".join(problems))


def perform(world: World, request: Request) -> Reply:
    """Let an admitted request take effect."""
    try:
        with world.lock:
            _authorize(world, request)
            status, value = _answer(world, request)
    except ApiError as error:
        return refused(world, error)
    reply = json_reply(status, value)
    world.violations += [f"{request.operation}: {problem}" for problem in reply_problems(request, reply)]
    return reply


def _authorize(world: World, request: Request) -> None:
    user, secret = _credentials(request)
    account = request.params.get("AccountSid") or request.params.get("Sid", "")
    if world.test_credentials and _same(world.test_credentials, (user, secret)):
        if request.operation != "messages.create" or account != user:
            raise ApiError(20008)
        request.test_credentials = True
        return
    keys = {world.account_sid: world.auth_token, **world.api_keys}
    if user not in keys or not _same((user, keys[user]), (user, secret)):
        raise ApiError(20003, headers={"WWW-Authenticate": 'Basic realm="Twilio API"'})
    if account != world.account_sid:
        raise ApiError(20003)
    if world.suspended and request.method != "GET":
        raise ApiError(20005)


def _credentials(request: Request) -> tuple[str, str]:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    try:
        user, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (user, secret) if scheme == "Basic" else ("", "")


def _same(left: tuple[str, str], right: tuple[str, str]) -> bool:
    return hmac.compare_digest(":".join(left).encode(), ":".join(right).encode())


def _answer(world: World, request: Request) -> tuple[int, Any]:
    if request.operation == "messages.create":
        return 201, views.resource(world, creating.create(world, request))
    if request.operation == "messages.fetch":
        return 200, views.resource(world, world.message(request.params["Sid"]))
    if request.operation == "messages.list":
        return 200, listing.list_messages(world, request)
    if request.operation == "numbers.list":
        return 200, views.numbers(world)
    return 200, views.account(world)
