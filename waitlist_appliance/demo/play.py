"""One evening from furnishing the box to the last check."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import webbrowser
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from waitlist_appliance.cli.processes import Ended, Processes
from waitlist_appliance.demo import check
from waitlist_appliance.demo.client import Client, Refused, wait_for_answer
from waitlist_appliance.demo.house import OWNER, House, furnish
from waitlist_appliance.demo.narrator import Narrator
from waitlist_appliance.demo.story import Interrupted, Story, StoryError
from waitlist_appliance.storage.database import Database

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 30.0
LOG_LINES: Final = 12


def run(port: int, *, once: bool, narrator: Narrator) -> int:
    """Play, and stay open unless `once`; the exit code. Nothing is left behind, neither process nor folder."""
    with tempfile.TemporaryDirectory(prefix="waitlist-demo-") as folder:
        below = "A temporary box: built-in calendar, simulated phones, no account anywhere."
        narrator.title("Casa Lola, a waitlist at work", below)
        house = furnish(Path(folder), port, datetime.now(UTC))
        log_file = Path(folder) / "demo.log"
        with Processes(house.config_path, log_file) as processes:
            processes.start("web", "serve")
            processes.start("worker", "worker")
            return _Evening(house, processes, narrator, log_file).run(once=once)


class _Evening:
    def __init__(self, house: House, processes: Processes, narrator: Narrator, log_file: Path) -> None:
        self._house, self._processes, self._tell, self._log = house, processes, narrator, log_file

    def run(self, *, once: bool) -> int:
        try:
            return self._run(once=once)
        except Interrupted:
            return self._interrupted()
        except (StoryError, Refused, OSError) as error:
            if self._processes.stopping.is_set():
                return self._interrupted()
            return self._failed(str(error))

    def _run(self, *, once: bool) -> int:
        client = Client(HOST, self._house.port, self._house.api_key)
        if not wait_for_answer(client, START_SECONDS, self._is_over):
            if self._is_over():
                raise Interrupted
            raise StoryError(f"the server answers within {START_SECONDS:.0f} s")
        story = Story(self._house, client, self._tell, self._is_over)
        if not once:
            self._addresses(story)
            _open_browser(f"{self._house.public_url}/login")
        story.play()
        self._check(story)
        return 0 if once else self._stay(story)

    def _check(self, story: Story) -> None:
        self._tell.step("Is everything as it should be?")
        db = Database(self._house.database_path)
        try:
            found = check.problems(db, self._house, story.cast, ana_went_behind=story.ana_went_behind)
        finally:
            db.close()
        if found:
            raise StoryError("; ".join(found))
        self._tell.good("One booking, confirmed, on one table, once in the calendar. Ana waits on, Bruno is out.")

    def _stay(self, story: Story) -> int:
        self._tell.step("Now it is yours. Try another yes or no on the phones.")
        self._addresses(story)
        self._tell.say("Ctrl-C ends the demo and removes everything it made.")
        ended = self._processes.wait()
        return 0 if ended is None else self._failed(_in_words(ended))

    def _addresses(self, story: Story) -> None:
        url = self._house.public_url
        self._tell.say("")
        self._tell.fact("Dashboard", f"{url}/staff/waitlist")
        self._tell.fact("Phones", f"{url}/staff/phones")
        if story.cast.ana.url:
            self._tell.fact("Ana's place", story.cast.ana.url)
        self._tell.fact("Log in as", f"{OWNER}   password: {self._house.password}")

    def _is_over(self) -> bool:
        return self._processes.stopping.is_set() or self._processes.ended() is not None

    def _interrupted(self) -> int:
        ended = None if self._processes.stopping.is_set() else self._processes.ended()
        if ended is not None:
            return self._failed(_in_words(ended))
        self._tell.say("Stopped.")
        return 130

    def _failed(self, reason: str) -> int:
        self._tell.bad(f"Expected, but not so: {reason}")
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines() if self._log.exists() else []
        for line in lines[-LOG_LINES:]:
            self._tell.fact("log", line)
        return 1


def _in_words(ended: Ended) -> str:
    return f"the {ended.name} process keeps running; it ended with exit code {ended.code}"


def _open_browser(url: str) -> None:
    """Shows the log-in page where somebody sits in front of a display."""
    has_display = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if has_display and sys.stdout.isatty():
        with contextlib.suppress(webbrowser.Error):
            webbrowser.open(url)
