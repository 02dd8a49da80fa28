"""What one line of the URL table says: a path, a view, and how its caller proves who they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

# public: anybody; customer: the token in the link; api: a key with a scope; staff: the session cookie and a permission;
# cron: the cron secret; metrics: the token of /metrics; hook: a signature that the view checks; bench: only where
# app.config["BENCH"] is set.
Auth = Literal["public", "customer", "api", "staff", "cron", "metrics", "hook", "bench"]
AUTHS: tuple[str, ...] = ("public", "customer", "api", "staff", "cron", "metrics", "hook", "bench")


@dataclass(frozen=True, slots=True)
class Route:
    """``permission`` is the scope (api) or permission (staff) that the caller must have; None for any logged-in one."""

    path: str
    methods: tuple[str, ...]
    endpoint: str
    view: Callable[..., Any]
    auth: Auth
    permission: str | None = None

    @property
    def changes_state(self) -> bool:
        return not {"GET", "HEAD"}.issuperset(self.methods)
