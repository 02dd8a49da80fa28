"""What a request may say: declared fields, read in either spelling, with every problem collected."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Literal, NoReturn
from zoneinfo import ZoneInfo

from flask import g, request
from werkzeug.datastructures import MultiDict

from waitlist_appliance.domain.moments import YEARS, parse_when
from waitlist_appliance.web.errors import BadRequest, Fields

Kind = Literal["text", "integer", "boolean", "moment", "moments", "date", "object", "strings", "email"]
MOST_ITEMS = 200
LONGEST_NAME = 60
_TRUE = frozenset({"true", "1", "yes", "on", "y", "si", "sí", "oui"})
_FALSE = frozenset({"false", "0", "no", "off", "n", "non", ""})
_CAMEL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]{2,}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: ``name`` as documented, ``key`` as the services call it; both cases of either are accepted."""

    name: str
    key: str
    kind: Kind = "text"
    required: bool = False
    missing: str = "missing_field"  # the code where a required value is absent
    aliases: tuple[str, ...] = ()
    longest: int = 300
    minimum: int = -(2**31)
    maximum: int = 2**31 - 1
    problem: str | None = None  # the code where the value cannot be understood
    help: str = ""


class Problem(Exception):
    """One field's fault, as a code and what its sentence needs."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


@dataclass(frozen=True, slots=True)
class Schema:
    """The fields of one kind of request."""

    name: str
    fields: tuple[Field, ...]

    def read(self, given: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
        """The values by ``key``; absent ones are None. Raises Fields with all that is wrong."""
        # Longer ones are none of ours, and `snake` would keep each in memory.
        named = [item for item in given.items() if len(item[0]) <= LONGEST_NAME]
        known = {snake(name): (name, value) for name, value in reversed(named)}
        values: dict[str, Any] = {}
        problems: dict[str, tuple[str, dict[str, object]]] = {}
        called: dict[str, str] = {}
        for field in self.fields:
            name, raw = _find(field, known)
            called[field.key] = name
            try:
                values[field.key] = _value(field, raw, zone)
            except Problem as problem:
                problems[name] = (problem.code, problem.params)
        g.names = called
        if problems:
            raise Fields(problems)
        return values


@lru_cache(maxsize=1024)
def snake(name: str) -> str:
    """"nbPersons" and "nb_persons" are one name."""
    return _CAMEL.sub(r"_\1", name).lower().replace("-", "_")


def body() -> dict[str, Any]:
    """The request's body as an object: JSON, or a form. Raises BadRequest for what is neither."""
    if "body" not in g:
        g.body = _form(request.form) if request.mimetype in FORMS else _json(request.get_data())
        said = g.body.get("locale")
        if isinstance(said, str):
            g.spoken_locale = said
    found: dict[str, Any] = g.body
    return found


FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


def read_body(schema: Schema, zone: ZoneInfo) -> dict[str, Any]:
    """The body's values by the schema."""
    return schema.read(body(), zone)


def read_query(schema: Schema, zone: ZoneInfo) -> dict[str, Any]:
    """The query's values by the schema."""
    return schema.read(_form(request.args), zone)


def _form(form: MultiDict[str, str]) -> dict[str, Any]:
    return {name: values if len(values) > 1 else values[0] for name, values in form.lists()}


def _json(data: bytes) -> dict[str, Any]:
    if not data.strip():
        return {}
    try:
        found = json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadRequest("malformed_json") from None
    if not isinstance(found, dict):
        raise BadRequest("malformed_json")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _find(field: Field, known: Mapping[str, tuple[str, Any]]) -> tuple[str, Any]:
    for spelling in (field.name, *field.aliases, field.key):
        found = known.get(snake(spelling))
        if found is not None:
            return found
    return field.name, None


def _value(field: Field, raw: Any, zone: ZoneInfo) -> Any:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        if field.required:
            raise Problem(field.missing, field=field.key)
        return None
    try:
        return _READERS[field.kind](field, raw, zone)
    except (ValueError, TypeError, OverflowError):
        raise Problem(field.problem or "bad_value", field=field.key) from None


def _text(field: Field, raw: Any, zone: ZoneInfo) -> str:
    if isinstance(raw, bool | float | list | dict):
        raise ValueError
    text = _CONTROL.sub("", str(raw)).strip()
    text.encode()  # a lone surrogate is no text
    if len(text) > field.longest:
        raise Problem("too_long", limit=field.longest)
    return text


def _email(field: Field, raw: Any, zone: ZoneInfo) -> str:
    text = _text(field, raw, zone)
    if not _EMAIL.fullmatch(text):
        raise ValueError
    return text


def _integer(field: Field, raw: Any, zone: ZoneInfo) -> int:
    if isinstance(raw, bool):
        raise ValueError
    if isinstance(raw, float) and not (math.isfinite(raw) and raw.is_integer()):
        raise ValueError
    if isinstance(raw, str) and len(raw) > 20:
        raise ValueError
    number = int(raw)
    if not field.minimum <= number <= field.maximum:
        raise Problem(field.problem or "out_of_range", minimum=field.minimum, maximum=field.maximum)
    return number


def _boolean(field: Field, raw: Any, zone: ZoneInfo) -> bool:
    word = str(raw).strip().lower()
    if isinstance(raw, bool | int | str) and word in _TRUE | _FALSE:
        return word in _TRUE
    raise ValueError


def _moment(field: Field, raw: Any, zone: ZoneInfo) -> datetime:
    if not isinstance(raw, str):
        raise ValueError
    return parse_when(raw, zone)


def _moments(field: Field, raw: Any, zone: ZoneInfo) -> tuple[datetime, ...]:
    items = raw if isinstance(raw, list) else [part for part in str(raw).split(",") if part.strip()]
    if len(items) > MOST_ITEMS:
        raise Problem("too_many_wishes")
    return tuple(dict.fromkeys(_moment(field, item, zone) for item in items))


def _strings(field: Field, raw: Any, zone: ZoneInfo) -> tuple[str, ...]:
    items = raw if isinstance(raw, list) else str(raw).split(",")
    if len(items) > MOST_ITEMS:
        raise Problem("too_long", limit=MOST_ITEMS)
    return tuple(_text(field, item, zone) for item in items)


def _date(field: Field, raw: Any, zone: ZoneInfo) -> date:
    day = date.fromisoformat(str(raw).strip())
    if day.year not in YEARS:
        raise ValueError  # the ends of the calendar cannot be moved by a day or a zone
    return day


def _object(field: Field, raw: Any, zone: ZoneInfo) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ValueError
    return raw


_READERS = {
    "text": _text, "integer": _integer, "boolean": _boolean, "moment": _moment, "moments": _moments,
    "date": _date, "object": _object, "strings": _strings, "email": _email,
}  # fmt: skip
