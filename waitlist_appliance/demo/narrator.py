"""The voice of the demo: calm lines, message bubbles, and what is left of the time to answer."""

from __future__ import annotations

import os
import shutil
import textwrap
import time
from collections.abc import Callable
from typing import Final, TextIO

from waitlist_appliance.cli.tables import width

BUBBLE: Final = 66
STYLES: Final = {"bold": "1", "dim": "2", "green": "32", "yellow": "33", "cyan": "36", "red": "31"}


class Narrator:
    """Writes to one stream; colour and moving lines only on a terminal, plain signs where it knows no others."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._is_terminal = out.isatty()
        self._colours = self._is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._fancy = "utf" in (out.encoding or "").lower()
        self._steps = 0

    def title(self, text: str, below: str) -> None:
        """The head of the play."""
        self._say(f"\n  {self._in(text, 'bold')}\n  {self._in(below, 'dim')}")

    def step(self, text: str) -> None:
        """A new scene."""
        self._steps += 1
        self._say(f"\n {self._in(f'{self._steps:>2}', 'cyan')}  {self._in(text, 'bold')}")

    def say(self, text: str) -> None:
        """What happens."""
        for line in textwrap.wrap(text, max(40, min(self._columns() - 6, 90))):
            self._say(f"     {line}")

    def good(self, text: str) -> None:
        """Something went as it should."""
        self._say(f"     {self._in('✓' if self._fancy else 'ok', 'green')} {text}")

    def bad(self, text: str) -> None:
        """Something did not."""
        self._say(f"\n     {self._in('✗' if self._fancy else 'FAILED:', 'red')} {text}")

    def fact(self, name: str, value: str) -> None:
        """One line of what is good to know."""
        self._say(f"     {self._in(f'{name:<12}', 'dim')}{value}")

    def bubble(self, whose: str, channel: str, body: str) -> None:
        """A message as it is read on the phone."""
        self._say(f"\n     {self._in(f'{whose}, {channel}', 'dim')}")
        top, side, bottom = ("╭─╮", "│", "╰─╯") if self._fancy else ("+-+", "|", "+-+")
        self._say(f"     {top[0]}{top[1] * (BUBBLE + 2)}{top[2]}")
        for line in _wrapped(body):
            self._say(f"     {side} {line}{' ' * (BUBBLE - width(line))} {side}")
        self._say(f"     {bottom[0]}{bottom[1] * (BUBBLE + 2)}{bottom[2]}")

    def wait(self, text: str, is_over: Callable[[], bool], seconds: float, limit: float) -> bool:
        """Shows how much of `seconds` is left until `is_over`; False when `limit` seconds went by without."""
        started = time.monotonic()
        if not self._is_terminal:
            self.say(f"{text} ({seconds:.0f} s)")
        while not is_over():
            gone = time.monotonic() - started
            if gone > limit:
                self._clear()
                return False
            self._show_left(text, gone, seconds)
            time.sleep(0.1)
        self._clear()
        return True

    def _show_left(self, text: str, gone: float, seconds: float) -> None:
        if not self._is_terminal:
            return
        left = max(0.0, seconds - gone)
        full = round(20 * left / max(seconds, 0.1))
        bar = ("━" if self._fancy else "#") * full + ("╌" if self._fancy else ".") * (20 - full)
        self._out.write(f"\r     {text}  {self._in(bar, 'yellow')} {left:4.1f} s ")
        self._out.flush()

    def _clear(self) -> None:
        if self._is_terminal:
            self._out.write("\r\033[K")
            self._out.flush()

    def _say(self, text: str) -> None:
        encoding = self._out.encoding or "ascii"
        self._out.write(text.encode(encoding, "replace").decode(encoding) + "\n")
        self._out.flush()

    def _in(self, text: str, style: str) -> str:
        return f"\033[{STYLES[style]}m{text}\033[0m" if self._colours else text

    def _columns(self) -> int:
        return shutil.get_terminal_size((96, 24)).columns


def _wrapped(body: str) -> list[str]:
    """Lines no wider than a bubble; a long link is broken, since what is cut off cannot be read."""
    lines: list[str] = []
    for paragraph in body.splitlines():
        lines += textwrap.wrap(paragraph, BUBBLE, break_on_hyphens=False) or [""]
    return lines
