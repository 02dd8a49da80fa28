"""Forms that make something new: sent twice (a double click, Back and again), they act once and are answered twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from flask import Response, flash, request

from waitlist_appliance.storage import idempotency as kept_answers
from waitlist_appliance.storage.idempotency import KeptAnswer
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, page

# What differs between two sendings of the same form without meaning anything.
_BESIDES = frozenset({"csrf_token"})


def page_key() -> str:
    """A key for a form that carries none of its own: its form token was made for the page it stood on."""
    return hashlib.sha256(request.form.get("csrf_token", "").encode("utf-8", "surrogatepass")).hexdigest()


def once(doing: Callable[[], tuple[str, str]], key: str | None = None) -> Response:
    """Do it, say so and go on; `doing` gives the sentence and the address. A refusal passes and keeps nothing.

    The same form with the same answers is not acted on again for a day: its first answer is given once more. The same
    form with other answers is another wish. What tells one form from another is `key`, else what the form carries.
    """
    key = request.form.get("form_key", "") if key is None else key
    text, address = _kept(key[:40], doing) if key else doing()
    flash(text, "ok")
    return page.go(address)


def _kept(key: str, doing: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    caller, said = f"staff:{auth.the_user().id}", _hash_of_form()
    key = f"{key}:{said.hex()}"
    # The answer is kept in the transaction of the act itself: both are there, or neither.
    with box().db.write():
        found = kept_answers.find(box().db, caller, key, current_time(), box().token_key)
        if found is not None:
            text, address = json.loads(found.body)
            return text, address
        answer = doing()
        kept_answers.keep(box().db, caller, key, KeptAnswer(said, 303, json.dumps(answer)), current_time())
        return answer


def _hash_of_form() -> bytes:
    said = [pair for pair in request.form.items(multi=True) if pair[0] not in _BESIDES]
    return hashlib.sha256(json.dumps([request.path, sorted(said)]).encode("utf-8", "surrogatepass")).digest()
