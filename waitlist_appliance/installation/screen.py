"""What is shown while it works: a line per step, a moving sign beside what takes long, questions on a terminal."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, TextIO

_FRAMES: Final = "|/-\\"
_WIDTH: Final = 76


class Screen:
    """Lines to `out` (stderr with --json, so that stdout holds the answer alone)."""

    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self.moves = self.out.isatty()

    def line(self, text: str = "") -> None:
        """Nobody reading any more (a lost connection, `| head`) is no reason to stop half-way."""
        with suppress(OSError):
            print(text, file=self.out, flush=True)

    def done(self, title: str, detail: str = "") -> None:
        self._state("✓", title, detail)

    def already(self, title: str, detail: str = "") -> None:
        self._state("·", title, f"already: {detail}" if detail else "already")

    def would(self, title: str, detail: str) -> None:
        self._state("→", title, detail)

    def failed(self, title: str) -> None:
        self._state("✗", title, "")

    def note(self, text: str) -> None:
        self.line(f"    {text}")

    @contextmanager
    def working(self, title: str) -> Iterator[Work]:
        """While something takes long: on a terminal a sign that moves, with what is done just now and for how long."""
        work = Work(self, title)
        if not self.moves:
            yield work
            return
        work.start()
        try:
            yield work
        finally:
            work.end()

    def _state(self, sign: str, title: str, detail: str) -> None:
        shown = sign if _speaks_unicode(self.out) else {"✓": "ok", "·": "--", "→": "->", "✗": "!!"}[sign]
        self.line(f"{shown} {title}" + (f" – {detail}" if detail else ""))


class Work:
    """One long step. `heard` takes a line of the program that works; the last is shown."""

    def __init__(self, screen: Screen, title: str) -> None:
        self._screen, self._title = screen, title
        self._said = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._turn, daemon=True)

    def heard(self, line: str) -> None:
        self._said = line.strip()

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join()
        self._write("")

    def _turn(self) -> None:
        started = time.monotonic()
        for frame in itertools.cycle(_FRAMES):
            seconds = int(time.monotonic() - started)
            self._write(f"{frame} {self._title} {seconds} s  {self._said}")
            if self._over.wait(0.15):
                return

    def _write(self, text: str) -> None:
        with suppress(OSError):
            print(f"\r\033[K{text[:_WIDTH]}", end="", file=self._screen.out, flush=True)


def _speaks_unicode(out: TextIO) -> bool:
    return "utf" in (out.encoding or "").lower()
