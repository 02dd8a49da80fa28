"""What every customer's page is made of."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from flask import Response, g, redirect, render_template, request

from waitlist_appliance.domain.errors import Invalid, NotFound, Refused
from waitlist_appliance.domain.tokens import looks_like
from waitlist_appliance.web import errors
from waitlist_appliance.web.i18n import chosen_language, speak


def require_token(token: str) -> None:
    """A malformed token is answered like an unknown one."""
    if not looks_like(token):
        raise NotFound("token_gone")


def show(template: str, locale: str | None, status: int = 200, **context: Any) -> Response:
    """The page in the subject's language, unless the address says another one."""
    speak(locale)
    return Response(render_template(f"public/{template}", **context), status, mimetype="text/html")


def here(**query: str) -> str:
    """This page's address with another query; the chosen language is carried along."""
    lang = chosen_language()
    given = ({"lang": lang} if lang else {}) | query
    return request.path + ("?" + urlencode(given) if given else "")


def again(**query: str) -> Response:
    """See other: after a form comes a page that can be reloaded."""
    return cast(Response, redirect(here(**query), code=303))


class Trouble:
    """What was wrong with a form: sentences by field (the form's own names), and what was typed."""

    def __init__(self, error: Refused, names: dict[str, str]) -> None:
        self.status = errors.status_of(error)
        self.summary = errors.sentence(error)
        found = errors.field_sentences(error)
        self.fields = {names.get(name, name): sentence for name, sentence in found.items()}
        self.typed = request.form


def is_a_form_fault(error: Refused) -> bool:
    """Whether the form should be shown again with the fault beside its field."""
    return isinstance(error, Invalid)


def words_of(error: Refused) -> str:
    """The refusal in the reader's words."""
    g.pop("spoken_locale", None)
    return errors.sentence(error)
