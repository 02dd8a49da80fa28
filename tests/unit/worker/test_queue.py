"""Huey's own file: private, and made anew when it is broken."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from waitlist_appliance.worker import queue as queues


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    queues.open_queue(tmp_path / "huey.db").storage.close()
    assert stat.S_IMODE((tmp_path / "huey.db").stat().st_mode) == 0o600


@pytest.mark.parametrize("where", [0, 100, 4096])
def test_a_broken_file_is_deleted_and_made_anew(tmp_path: Path, where: int) -> None:
    path = filled(tmp_path / "huey.db")
    scribble(path, where)
    queue = queues.open_queue(path)
    assert queue.storage.queue_size() == 0
    queues.check(queue)
    queue.storage.close()


def test_a_sound_file_keeps_what_is_in_it(tmp_path: Path) -> None:
    queue = queues.open_queue(filled(tmp_path / "huey.db"))
    assert queue.storage.queue_size() == 50
    queue.storage.close()


def test_a_file_that_breaks_while_in_use_is_noticed(tmp_path: Path) -> None:
    queue = queues.open_queue(filled(tmp_path / "huey.db"))
    queue.storage.close()  # what its connection remembers would hide the damage for a while
    scribble(tmp_path / "huey.db", 0)
    with pytest.raises(queues.Broken):
        queues.check(queue)
    queue.storage.close()


def test_results_are_not_kept(tmp_path: Path) -> None:
    queue = queues.open_queue(tmp_path / "huey.db")
    assert not queue.results
    queue.storage.close()


def filled(path: Path) -> Path:
    queue = queues.open_queue(path)
    for number in range(50):
        queue.storage.enqueue(b"x" * 500 + str(number).encode())
    queue.storage.sql("PRAGMA wal_checkpoint(TRUNCATE)", results=True)
    queue.storage.close()
    return path


def scribble(path: Path, where: int) -> None:
    with path.open("r+b") as file:
        file.seek(where)
        file.write(os.urandom(8000))
