"""Lists: aligned in the terminal, or JSON for programs."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
WIDEST = 44


def json_option(command: Command) -> Command:
    """Adds --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")(command)


def show(rows: Sequence[Any], columns: Mapping[str, Callable[[Any], str]], *, as_json: bool, empty: str) -> None:
    """Prints the rows (dataclasses) as JSON, or as a table of ``columns`` (heading → cell)."""
    if as_json:
        return show_json([plain(row) for row in rows])
    if not rows:
        return click.echo(empty)
    click.echo(table(list(columns), [[cell(row) for cell in columns.values()] for row in rows]))


def show_json(value: object) -> None:
    """Prints one JSON document."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_scalar))


def plain(row: Any) -> Any:
    """A dataclass as a dict for JSON; times in ISO 8601, UTC."""
    return asdict(row) if is_dataclass(row) and not isinstance(row, type) else row


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Headings and rows in columns as wide as their longest cell."""
    cells = [[heading.upper() for heading in headings], *[[_short(cell) for cell in row] for row in rows]]
    widths = [max(width(line[at]) for line in cells) for at in range(len(headings))]
    return "\n".join(_line(line, widths) for line in cells)


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) != 0 for char in text)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell + " " * (wide - width(cell)) for cell, wide in zip(cells, widths, strict=True)).rstrip()


def _short(cell: str) -> str:
    """One line without control characters, which could play tricks with a terminal."""
    line = "".join(char if char.isprintable() else " " for char in cell)
    return line if len(line) <= WIDEST else line[: WIDEST - 1] + "…"


def _scalar(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
