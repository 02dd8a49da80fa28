"""A backup of a large database, made while another process commits: how long, how large, how much memory."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from bench_box import Box, a_box

from waitlist_appliance.storage import heartbeats
from waitlist_appliance.storage.database import Database

PASSPHRASE = "measured-with-a-passphrase"
MEGABYTE = 1024 * 1024
# Lines of a history take 600 bytes each, of which half is random: what compresses in reality compresses better.
LINE_BYTES = 600
PAUSE = 0.004


class Report(Protocol):
    """What a part needs of the report."""

    def part(self, name: str) -> None: ...
    def add(
        self, what: str, value: float, unit: str, *, most: float | None = None, least: float | None = None
    ) -> None: ...
    def progress(self, steps: int) -> Any: ...


class Size(Protocol):
    @property
    def backup_megabytes(self) -> int: ...


def backup(report: Report, size: Size) -> None:
    """create under write load, verify, restore, each as the command that an operator runs."""
    report.part("backup")
    step = report.progress(6)
    with a_box() as box:
        _sealed_by_passphrase(box.config_path)
        _fill(box.db, size.backup_megabytes)
        box.db.close()
        step()
        with _writer(box) as commits:
            quiet = commits(3.0)
            step()
            took, busy, memory, made = _command(box, "create", "--json")
            loaded = commits(0.0)
            step()
        report.add("database", made["database_bytes"] / MEGABYTE, "MB")
        report.add("backup", made["bytes"] / MEGABYTE, "MB")
        report.add("create: copied, sealed, opened again, counted", took, "s")
        report.add("create: of a processor", busy, "s")
        report.add("create: most memory", memory, "MB", most=160)
        report.add("a commit beside it before, p99", _p99(quiet), "ms")
        report.add("a commit beside it meanwhile, p99", _p99(loaded), "ms")
        report.add("a commit beside it meanwhile, longest", max(loaded), "ms")
        took, busy, memory, _ = _command(box, "verify", "--latest", "--json")
        report.add("verify", took, "s")
        report.add("verify: of a processor", busy, "s")
        report.add("verify: most memory", memory, "MB", most=160)
        step()
        took, busy, memory, _ = _command(box, "restore", "--latest", "--yes", "--json")
        report.add("restore: until the services can be started", took, "s")
        report.add("restore: of a processor", busy, "s")
        report.add("restore: most memory", memory, "MB", most=160)
        step()
        began = time.monotonic()
        box.serve()
        report.add("restore: until the first page after that", time.monotonic() - began, "s")
        step()


def _sealed_by_passphrase(config: Path) -> None:
    config.write_text(config.read_text().replace('# passphrase = ""', f'passphrase = "{PASSPHRASE}"'))


def _fill(db: Database, megabytes: int) -> None:
    wanted = megabytes * MEGABYTE
    with db.write():
        while int(db.value("PRAGMA page_count")) * 4096 < wanted:
            db.execute(
                """WITH RECURSIVE line(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM line WHERE n < 20000)
                   INSERT INTO activity (at, actor, actor_name, verb, subject, subject_id, entry_id, detail)
                   SELECT 1700000000000 + n * 1000, 'system', 'measured', 'offer_made', 'offer', n, n,
                          json_object('said', hex(randomblob(?)), 'why', 'the next in line for the time that was freed')
                     FROM line""",
                LINE_BYTES // 4,
            )


@contextmanager
def _writer(box: Box) -> Iterator[Any]:
    """Another process that commits all the time; called with seconds, it gives how long its commits took since (ms)."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_commit, args=(str(box.app.config.database_path), theirs))
    process.start()
    ours.recv()

    def commits(seconds: float) -> list[float]:
        time.sleep(seconds)
        ours.send("tell")
        return list(ours.recv())

    try:
        yield commits
    finally:
        ours.send("end")
        process.join(20)


def _commit(path: str, told: Connection) -> None:
    db = Database(path)
    took: list[float] = []
    told.send("ready")
    while True:
        if told.poll():
            if told.recv() == "end":
                return db.close()
            told.send(took)
            took = []
        began = time.perf_counter()
        heartbeats.beat(db, "measured", datetime.now(UTC))
        took.append((time.perf_counter() - began) * 1000)
        time.sleep(PAUSE)


def _command(box: Box, *words: str) -> tuple[float, float, float, dict[str, Any]]:
    """Seconds, seconds of a processor, megabytes of memory at most, and what it said."""
    line = [sys.executable, "-m", "waitlist_appliance", "--config", str(box.config_path), "backup", *words]
    began = time.monotonic()
    process = subprocess.Popen(line, stdout=subprocess.PIPE)
    memory, status = 0, None
    while status is None:
        # What wait4 tells of memory begins with that of the process that forked; this begins with the program itself.
        memory = max(memory, _most_memory(process.pid))
        pid, ended, used = os.wait4(process.pid, os.WNOHANG)
        status = ended if pid else time.sleep(0.05)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(
            f"backup {words[0]} ended with {signal.strsignal(-process.returncode) or process.returncode}"
        )
    assert process.stdout is not None
    said = json.loads(process.stdout.read())
    return time.monotonic() - began, used.ru_utime + used.ru_stime, memory / 1024, said


def _most_memory(pid: int) -> int:
    """Kilobytes; 0 once it has ended."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def _p99(took: list[float]) -> float:
    return statistics.quantiles(took, n=100)[98]
