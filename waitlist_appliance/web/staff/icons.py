"""Icons from the package's sprite. A page carries those it uses, once: the whole sprite weighs a megabyte."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import flask_bootstrap
from flask import g
from markupsafe import Markup

_SPRITE = Path(flask_bootstrap.__file__).parent / "static" / "bootstrap5" / "icons" / "bootstrap-icons.svg"
# Only letters, digits and dashes: a name goes into a pattern and into the page.
_NAME = re.compile(r"[a-z0-9-]+")


def icon(name: str) -> Markup:
    """The icon, hidden from screen readers: words always stand beside it. KeyError for an unknown one."""
    symbol(name)
    g.setdefault("icons_used", set()).add(name)
    return Markup(f'<svg class="icon" aria-hidden="true"><use href="#i-{name}"/></svg>')


def symbols() -> Markup:
    """The shapes of every icon that this page has used so far; stands at its end."""
    return Markup("").join(symbol(name) for name in sorted(g.get("icons_used", ())))


@cache
def symbol(name: str) -> Markup:
    """One shape out of the installed package."""
    found = _NAME.fullmatch(name) and re.search(
        rf'<symbol class="[^"]*" viewBox="([^"]*)" id="{name}">(.*?)</symbol>', _SPRITE.read_text(encoding="utf-8")
    )
    if not found:
        raise KeyError(name)
    return Markup(f'<symbol id="i-{name}" viewBox="{found[1]}">{found[2]}</symbol>')
