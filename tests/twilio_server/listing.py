"""Messages.list: newest first, filtered, in pages that stay put while messages arrive."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from tests.twilio_server.errors import ApiError
from tests.twilio_server.state import VERSION, Message, Request, World
from tests.twilio_server.views import resource

TIMES = ("DateSent", "DateSent<", "DateSent>")


def list_messages(world: World, request: Request) -> dict[str, Any]:
    """One page."""
    query = request.query
    size, page = int(query.get("PageSize", 50)), int(query.get("Page", 0))
    found = [message for message in reversed(world.messages.values()) if _fits(world, message, query)]
    start = _start(found, query.get("PageToken"), page)
    shown, more = found[start : start + size], len(found) > start + size
    next_page = _uri(world, query, PageSize=size, Page=page + 1, PageToken=f"PA{shown[-1].sid}") if more else None
    return {
        "messages": [resource(world, message) for message in shown], "page": page, "page_size": size,
        "start": page * size, "end": page * size + max(len(shown) - 1, 0), "uri": _uri(world, query),
        "first_page_uri": _uri(world, query, PageSize=size, Page=0, PageToken=None), "next_page_uri": next_page,
        "previous_page_uri": None,
    }  # fmt: skip


def _start(found: list[Message], token: str | None, page: int) -> int:
    """A page goes on after the last message of the one before it."""
    if token is None:
        if page:
            raise ApiError(20001, "Page needs a PageToken")
        return 0
    last = token.removeprefix("PA")
    after = [n for n, message in enumerate(found) if message.sid == last]
    if not after:
        raise ApiError(20001, "Invalid PageToken")
    return after[0] + 1


def _fits(world: World, message: Message, query: dict[str, str]) -> bool:
    if query.get("To", message.to) != message.to or query.get("From", message.sender) != message.sender:
        return False
    if not any(name in query for name in TIMES):
        return True
    if message.sent_at is None and world.hides_unsent:
        return False
    sent = (message.sent_at or message.created_at).replace(microsecond=0)
    return (
        ("DateSent" not in query or sent.date() == _moment(query["DateSent"]).date())
        and ("DateSent>" not in query or sent >= _moment(query["DateSent>"]))
        and ("DateSent<" not in query or sent <= _moment(query["DateSent<"]))
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _uri(world: World, query: dict[str, str], **change: object) -> str:
    asked = {key: value for key, value in {**query, **change}.items() if value is not None}
    path = f"/{VERSION}/Accounts/{world.account_sid}/Messages.json"
    return f"{path}?{urlencode(asked)}" if asked else path
