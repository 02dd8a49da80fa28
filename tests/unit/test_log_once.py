"""The same complaint once a minute, with how often it was kept back; everything else as it comes."""

from __future__ import annotations

import logging

from waitlist_appliance.cli.log_once import PAUSE_SECONDS, REMEMBERED, OncePerMinute


class Journal(logging.Handler):
    """What reaches the journal."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.lines = 100.0, list[str]()
        self.addFilter(OncePerMinute(lambda: self.now))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def hears(self, said: str, *given: object, name: str = "worker", level: int = logging.ERROR) -> None:
        self.handle(logging.LogRecord(name, level, "", 0, said, given, None))


def test_the_same_complaint_is_told_once_a_minute_and_then_counted() -> None:
    journal = Journal()
    for _ in range(4):
        journal.hears("the disk is %s", "full")
    journal.now += PAUSE_SECONDS - 0.1
    journal.hears("the disk is full")
    assert journal.lines == ["the disk is full"]
    journal.now += 0.1
    journal.hears("the disk is full")
    assert journal.lines[1:] == ["the disk is full (and 4 times more since it was last told)"]
    journal.now += PAUSE_SECONDS
    journal.hears("the disk is full")
    assert journal.lines[2:] == ["the disk is full"]


def test_what_differs_is_told_each_time() -> None:
    journal = Journal()
    journal.hears("entry %s could not be worked on", 1)
    journal.hears("entry %s could not be worked on", 2)
    journal.hears("entry %s could not be worked on", 2, name="web")
    assert len(journal.lines) == 3


def test_news_are_no_complaints() -> None:
    journal = Journal()
    for _ in range(3):
        journal.hears("worker started", level=logging.INFO)
    assert len(journal.lines) == 3


def test_only_so_many_are_remembered_and_the_oldest_is_forgotten_first() -> None:
    journal = Journal()
    for number in range(REMEMBERED + 1):
        journal.hears("entry %s", number)
    journal.hears("entry %s", REMEMBERED)
    journal.hears("entry %s", 0)
    assert len(journal.lines) == REMEMBERED + 2
