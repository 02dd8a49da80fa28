"""How far a long step is, told to whoever watches; nobody need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

# Called with what is done and how many bytes that takes; what it gives is called with the bytes done so far.
Steps = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


@contextmanager
def unseen(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Nobody watches."""
    yield lambda done: None
