"""What the discovery document says about a request or an answer, held against the real thing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from tests.google_server.discovery import Method, Schema, schema

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")

# Facts 1.1: none of these may stand beside a sync token.
NOT_WITH_SYNC_TOKEN = (
    "iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "timeMin", "timeMax", "updatedMin",
)  # fmt: skip


def query_problems(method: Method, pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Everything that is wrong with the query of a call of this method."""
    known = method.query_parameters()
    problems = [_query_problem(known.get(name), name, value) for name, value in pairs]
    names = [name for name, _ in pairs]
    problems += [
        f"query {name} is given more than once"
        for name in sorted(set(names))
        if names.count(name) > 1 and not known.get(name, {}).get("repeated")
    ]
    problems += [
        f"query {name} is missing" for name, spec in known.items() if spec.get("required") and name not in names
    ]
    if "syncToken" in names:
        problems += [f"query {name} may not stand beside syncToken" for name in NOT_WITH_SYNC_TOKEN if name in names]
        if method.name == "events.list" and dict(pairs).get("showDeleted") == "false":
            problems.append("showDeleted=false may not stand beside syncToken")
    if "fields" in names:
        problems.append("query fields is not modelled by this server")
    return [problem for problem in problems if problem]


def body_problems(name: str, value: Any, *, nulls: bool = False) -> list[str]:
    """Everything that is wrong with a body; ``nulls`` lets a patch delete what it names."""
    return list(_problems({"$ref": name}, value, name, nulls))


def _query_problem(spec: Schema | None, name: str, value: str) -> str:
    if spec is None:
        return f"query {name} does not exist"
    if spec["type"] == "boolean" and value not in ("true", "false"):
        return f"query {name}={value!r} is no boolean"
    if spec["type"] == "integer":
        return _integer_problem(spec, name, value)
    if "enum" in spec and value not in spec["enum"]:
        return f"query {name}={value!r} is none of {spec['enum']}"
    if spec.get("format") == "date-time" and not _moment_with_offset(value):
        return f"query {name}={value!r} is no RFC 3339 time with an offset"
    return ""


def _integer_problem(spec: Schema, name: str, value: str) -> str:
    if not re.fullmatch(r"-?\d+", value):
        return f"query {name}={value!r} is no whole number"
    low, high = spec.get("minimum"), spec.get("maximum")
    if (low is not None and int(value) < int(low)) or (high is not None and int(value) > int(high)):
        return f"query {name}={value} is out of range"
    return ""


def _moment_with_offset(value: str) -> bool:
    hit = RFC3339.fullmatch(value)
    return bool(hit and hit.group(2)) and _parses(datetime.fromisoformat, value)


def _problems(spec: Schema, value: Any, where: str, nulls: bool) -> list[str]:
    if "$ref" in spec:
        spec = schema(spec["$ref"])
    if value is None:
        return [] if nulls else [f"{where} is null"]
    kind = spec["type"]
    if kind == "object":
        return _object_problems(spec, value, where, nulls)
    if kind == "array":
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [p for n, item in enumerate(value) for p in _problems(spec["items"], item, f"{where}[{n}]", nulls)]
    return _scalar_problems(spec, value, where)


def _object_problems(spec: Schema, value: Any, where: str, nulls: bool) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where} is no object"]
    known, rest = spec.get("properties", {}), spec.get("additionalProperties")
    problems: list[str] = []
    for key, item in value.items():
        inner = known.get(key, rest)
        if inner is None:
            problems.append(f"{where}.{key} does not exist")
        else:
            problems += _problems(inner, item, f"{where}.{key}", nulls)
    return problems


def _scalar_problems(spec: Schema, value: Any, where: str) -> list[str]:
    wanted: Any = {"string": str, "boolean": bool, "integer": int, "number": float, "any": object}[spec["type"]]
    if not isinstance(value, wanted) or (spec["type"] == "integer" and isinstance(value, bool)):
        return [f"{where} is {type(value).__name__}, not {spec['type']}"]
    form = spec.get("format")
    if "enum" in spec and value not in spec["enum"]:
        return [f"{where}={value!r} is none of {spec['enum']}"]
    if form == "date" and not _parses(date.fromisoformat, value):
        return [f"{where}={value!r} is no date"]
    if form == "date-time" and not (RFC3339.fullmatch(value) and _parses(datetime.fromisoformat, value)):
        return [f"{where}={value!r} is no RFC 3339 time"]
    if form == "int64" and isinstance(value, str) and not re.fullmatch(r"-?\d+", value):
        return [f"{where}={value!r} is no 64-bit number"]
    return []


def _parses(read: Any, value: str) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True
