"""The long crash test: web, worker or both are killed a thousand times under a hundred journeys; nothing may be lost.

It runs in storms of some forty kills, each on a box of its own in a temporary folder, on this machine alone
(127.0.0.1). It ends by itself, kills only what it has started, and says at the end what it found.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.chaos.storm import Verdict, storm

KILLS_PER_STORM = 40
WIDTH = 40


class Bar:
    """A progress bar on a terminal, a line per storm elsewhere."""

    def __init__(self, total: int) -> None:
        self._total, self._before, self._started = total, 0, time.monotonic()

    def show(self, done: int, of: int) -> None:
        """So many kills of this storm are done."""
        if not sys.stderr.isatty():
            return
        kills = self._before + done
        left = (time.monotonic() - self._started) / max(kills, 1) * (self._total - kills)
        filled = "█" * (WIDTH * kills // self._total)
        print(f"\r{filled:░<{WIDTH}} {kills}/{self._total} kills, {left / 60:.0f} min left ", end="", file=sys.stderr)

    def storm_over(self, verdict: Verdict) -> None:
        """One storm is over: its verdict as a line of its own."""
        self._before += verdict.kills
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr)
        print(verdict, flush=True)


def main() -> int:
    """0 when nothing was lost, 1 when something was, 130 when it was interrupted."""
    asked = _arguments()
    # Both end it, and nothing is left running; a shell's background job would ignore Ctrl-C, and its children, too.
    for asked_to_end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked_to_end, signal.default_int_handler)
    bar, broken, left, seed = Bar(asked.kills), 0, asked.kills, asked.seed
    print(f"{asked.kills} kills in storms of {KILLS_PER_STORM} at most; the first seed is {seed}", flush=True)
    try:
        while left > 0 and not broken:
            with tempfile.TemporaryDirectory(prefix="waitlist-soak-") as folder:
                verdict = storm(Path(folder), seed, min(left, KILLS_PER_STORM), bar.show)
            bar.storm_over(verdict)
            broken += bool(verdict.problems)
            left, seed = left - verdict.kills, seed + 1
    except KeyboardInterrupt:
        print("\ninterrupted; nothing is left running")
        return 130
    done = asked.kills - left
    print(
        f"VERDICT: something was lost; again with --seed {seed - 1}"
        if broken
        else f"VERDICT: {done} kills, nothing lost"
    )
    return 1 if broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--kills", type=_positive, default=1000, help="how often something is killed (default: 1000)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6), help="to repeat a run")
    return parser.parse_args()


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return value


if __name__ == "__main__":
    sys.exit(main())
