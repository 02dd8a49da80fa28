"""What every outside service may raise."""

from __future__ import annotations


class OutsideError(Exception):
    """An outside service failed. ``retryable`` is the one decision it carries."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable
