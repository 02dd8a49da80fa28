"""What the rules refuse, in codes that the texts put into words."""

from __future__ import annotations


class Refused(Exception):
    """A request that a rule turns down.

    ``code`` names the reason (see ``texts/errors.py``), ``field`` the input at fault, ``params`` what the sentence
    needs. ``extra`` holds JSON values that the caller is told as well, such as the bookable time.
    """

    def __init__(
        self,
        code: str,
        field: str | None = None,
        *,
        params: dict[str, object] | None = None,
        extra: dict[str, object] | None = None,
    ) -> None:
        super().__init__(code if field is None else f"{code} ({field})")
        self.code = code
        self.field = field
        self.params = params or {}
        self.extra = extra or {}


class Invalid(Refused):
    """Bad input: nothing was stored, the field is named."""


class NotFound(Refused):
    """What was asked for does not exist, or is not the asker's to see."""


class Conflict(Refused):
    """Well-formed, but the present state does not allow it."""


class Forbidden(Refused):
    """The asker may not do this."""
