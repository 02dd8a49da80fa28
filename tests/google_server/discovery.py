"""Google's own description of the Calendar API, as it ships in the client's wheel."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import unquote

Schema = dict[str, Any]

AUTH = "https://www.googleapis.com/auth/"


@dataclass(frozen=True)
class Method:
    """One method of the API; ``name`` is its id without the leading ``calendar.``."""

    name: str
    verb: str
    path: re.Pattern[str]
    parameters: dict[str, Schema]
    request: str | None
    response: str | None
    scopes: frozenset[str]

    def query_parameters(self) -> dict[str, Schema]:
        """What may stand in the query: the method's own parameters and those of every method."""
        own = {name: spec for name, spec in self.parameters.items() if spec["location"] == "query"}
        return {**document()["parameters"], **own}


@cache
def document() -> Schema:
    """The discovery document."""
    where = resources.files("googleapiclient.discovery_cache") / "documents" / "calendar.v3.json"
    return json.loads(where.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def schema(name: str) -> Schema:
    """One named schema of the document."""
    return document()["schemas"][name]  # type: ignore[no-any-return]


def find(verb: str, path: str) -> tuple[Method, dict[str, str]] | None:
    """The method that answers this verb and (still encoded) path, with its path parameters."""
    for method in methods():
        hit = method.path.fullmatch(path)
        if hit and method.verb == verb:
            return method, {name: unquote(value) for name, value in hit.groupdict().items()}
    return None


@cache
def methods() -> Sequence[Method]:
    """Every method of the document."""
    return tuple(_method(raw) for raw in _raw_methods(document()))


def _raw_methods(node: Schema) -> list[Schema]:
    found: list[Schema] = []
    for resource in node.get("resources", {}).values():
        found.extend(resource.get("methods", {}).values())
        found.extend(_raw_methods(resource))
    return found


def _method(raw: Schema) -> Method:
    return Method(
        name=raw["id"].removeprefix("calendar."),
        verb=raw["httpMethod"],
        path=re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", raw["path"])),
        parameters=raw.get("parameters", {}),
        request=raw.get("request", {}).get("$ref"),
        response=raw.get("response", {}).get("$ref"),
        scopes=frozenset(scope.removeprefix(AUTH) for scope in raw["scopes"]),
    )
