"""``Idempotency-Key``: the same request twice acts once and gets the same answer, for 24 hours."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, g, request

from waitlist_appliance.domain.errors import Invalid, Refused
from waitlist_appliance.storage import idempotency as kept_answers
from waitlist_appliance.storage.idempotency import KeptAnswer
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.errors import refused
from waitlist_appliance.web.validation import body

LONGEST_KEY = 255


def once(view: Callable[..., Response]) -> Callable[..., Response]:
    """The view, acting at most once per caller and key."""

    @wraps(view)
    def act(**arguments: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(**arguments)
        if not 0 < len(key) <= LONGEST_KEY:
            raise Invalid("bad_value", "Idempotency-Key")
        return _act_once(lambda: view(**arguments), _caller(arguments), key)

    return act


def _act_once(act: Callable[[], Response], caller: str, key: str) -> Response:
    request_hash = _hash_of_request()
    try:
        with box().db.write():
            # The answer is kept in the transaction of the act itself: both are there, or neither.
            return _replay(caller, key, request_hash) or _keep(act(), caller, key, request_hash)
    except Refused as refusal:
        if refusal.code == "idempotency_mismatch":
            raise
        with box().db.write():
            return _keep(refused(refusal), caller, key, request_hash)


def _replay(caller: str, key: str, request_hash: bytes) -> Response | None:
    found = kept_answers.find(box().db, caller, key, current_time(), box().token_key)
    if found is None:
        return None
    if found.request_hash != request_hash:
        raise Invalid("idempotency_mismatch")
    response = Response(found.body, found.status, mimetype="application/json")
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _keep(response: Response, caller: str, key: str, request_hash: bytes) -> Response:
    answer = KeptAnswer(request_hash, response.status_code, response.get_data(as_text=True))
    kept_answers.keep(box().db, caller, key, answer, current_time())
    return response


def _caller(arguments: dict[str, Any]) -> str:
    if "api_key" in g:
        return f"key:{g.api_key.id}"
    # The token itself is never stored.
    return "link:" + hashlib.sha256(str(arguments.get("token", "")).encode()).hexdigest()


def _hash_of_request() -> bytes:
    said = json.dumps(body(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{request.method} {request.path}\n{said}".encode("utf-8", "surrogatepass")).digest()
