"""Where the templates and static files lie: beside the package in the repository, inside it in the wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def templates_dir() -> Path:
    """The folder of Jinja templates."""
    return _folder("templates")


def static_dir() -> Path:
    """The folder that is served as /static."""
    return _folder("static")


def _folder(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
