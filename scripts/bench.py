#!/usr/bin/env python3
"""Measures the appliance against its own empty endpoint, prints a table and writes JSON.

Everything is a ratio within one run, or a duration beside its aim: absolute rates say more about the machine.
"""

from __future__ import annotations

import argparse
import gzip
import html
import http.client
import json
import os
import re
import secrets
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import count
from multiprocessing import get_context
from pathlib import Path

from bench_backup import backup
from bench_box import Box, a_box
from bench_load import Load, run
from bench_messages import outbox, replies

from waitlist_appliance.domain import matching
from waitlist_appliance.domain.assignment import Seat, parties_of
from waitlist_appliance.domain.moments import local, local_day_bounds
from waitlist_appliance.domain.states import OfferState
from waitlist_appliance.services import check_slots, edit_events
from waitlist_appliance.storage import api_reads, line, sessions, staff
from waitlist_appliance.storage.activity import SYSTEM

CONCURRENCY = (1, 8, 32, 64)
STAFF_PAGES = (
    "/staff/waitlist", "/staff/agenda", "/staff/slots", "/staff/messages", "/staff/statistics", "/staff/activity",
    "/staff/system", "/staff/settings",
)  # fmt: skip


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    rounds: int
    seconds: float
    freed: int
    waiting: tuple[int, ...]
    places: int
    entries: int
    idle_seconds: int
    starts: int
    replies: int
    messages: int
    events: int
    watched: tuple[int, ...]
    backup_megabytes: int


FULL = Size(3, 3.0, 25, (10, 1_000, 50_000), 1_000, 100_000, 60, 5, 6_000, 400, 5_000, (1, 100, 1_000), 1_000)
QUICK = Size(1, 1.0, 6, (10, 1_000, 5_000), 200, 5_000, 10, 2, 1_500, 120, 500, (1, 100), 60)


@dataclass(frozen=True)
class Result:
    """One line of the table; ``met`` is None where there is no aim."""

    part: str
    what: str
    value: float
    unit: str
    aim: str = ""
    met: bool | None = None


class Report:
    """Collects results and draws the progress of long parts."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.notes: list[str] = []
        self._part = ""

    def part(self, name: str) -> None:
        self._part = name

    def add(self, what: str, value: float, unit: str, *, most: float | None = None, least: float | None = None) -> None:
        aim = f"≤ {most:g}" if most is not None else f"≥ {least:g}" if least is not None else ""
        met = None if not aim else value <= most if most is not None else value >= (least or 0)
        self.results.append(Result(self._part, what, round(value, 3), unit, aim, met))

    def progress(self, steps: int) -> Callable[[], None]:
        """A bar; the function moves it on by one step."""
        done = iter(range(1, steps + 1))

        def step() -> None:
            if sys.stderr.isatty():
                at = next(done, steps)
                bar = "#" * (30 * at // steps)
                print(f"\r{self._part:<12} [{bar:<30}] {at}/{steps}", end="\n" if at >= steps else "", file=sys.stderr)

        return step

    def table(self) -> str:
        lines = []
        for result in self.results:
            verdict = {True: "met", False: "MISSED", None: ""}[result.met]
            lines.append(
                f"{result.part:<9} {result.what:<58} {result.value:>10.2f} {result.unit:<6} {result.aim:<8} {verdict}"
            )
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def trigger(report: Report, size: Size) -> None:
    """(a) The trigger against the empty and the two-row endpoint of the same server, which is pinned to one CPU."""
    report.part("trigger")
    with a_box() as box, ProcessPoolExecutor(1, mp_context=get_context("spawn")) as generator:
        box.fill(box.evening(1, 0), box.evening(1, 720))
        starts = [box.evening(1, 30 * number).isoformat() for number in range(20)]
        phones = count(600_000_000)
        kinds: dict[str, Callable[[], bytes]] = {
            "empty": lambda: _request(box, "GET", "/healthz/ping"),
            "two rows": lambda: _request(box, "POST", "/bench/two-rows", "{}"),
            "trigger": lambda: _request(box, "POST", "/api/waitlist/trigger", json.dumps(
                {"requested_slot": starts[secrets.randbelow(20)], "phone": str(next(phones)), "first_name": "Ana",
                 "nb_persons": 2})),
        }  # fmt: skip
        web = box.serve()
        step = report.progress(size.rounds * len(CONCURRENCY) * len(kinds))
        for concurrency in CONCURRENCY:
            found: dict[str, list[Load]] = {kind: [] for kind in kinds}
            server_busy = 0.0
            for _ in range(size.rounds):
                for kind, make in kinds.items():
                    requests = [make() for _ in range(int(size.seconds * (9000 if kind == "empty" else 3000)))]
                    before = cpu_seconds(web)
                    load = generator.submit(run, box.port, concurrency, size.seconds, requests).result()
                    if kind == "empty":
                        server_busy = max(server_busy, 100 * (cpu_seconds(web) - before) / (load.seconds + 0.3))
                    if load.refused:
                        raise RuntimeError(f"{load.refused} requests of {kind} were refused")
                    found[kind].append(load)
                    step()
            _tell_trigger(report, concurrency, found, server_busy)
    _tell_collapse(report)


def _request(box: Box, method: str, path: str, body: str = "") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{box.port}\r\nAuthorization: Bearer {box.key}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n{body}".encode()


def _tell_trigger(report: Report, concurrency: int, found: dict[str, list[Load]], server_busy: float) -> None:
    best = {kind: max(loads, key=lambda load: load.rate) for kind, loads in found.items()}
    ours = best["trigger"]
    at = f"at {concurrency}"
    report.add(f"{at}: trigger, requests per second", ours.rate, "/s")
    report.add(f"{at}: of the empty endpoint ({best['empty'].rate:.0f}/s)", 100 * ours.rate / best["empty"].rate, "%", least=15)
    report.add(f"{at}: of the two-row endpoint ({best['two rows'].rate:.0f}/s)",
               100 * ours.rate / best["two rows"].rate, "%", least=50)  # fmt: skip
    p50, p95, p99 = (min(load.percentile(share) for load in found["trigger"]) for share in (0.5, 0.95, 0.99))
    report.add(f"{at}: p50", p50, "ms")
    report.add(f"{at}: p95", p95, "ms", most=25 if concurrency == 8 else None)
    report.add(f"{at}: p99", p99, "ms")
    report.notes.append(
        f"{at}: on the empty endpoint the server used {server_busy:.0f} % of its CPU, the generator "
        f"{best['empty'].generator_busy:.0f} % of the other; on the trigger the generator {ours.generator_busy:.0f} %"
    )


def _tell_collapse(report: Report) -> None:
    rates = {r.what: r.value for r in report.results if r.what.endswith("requests per second")}
    at8, at64 = rates["at 8: trigger, requests per second"], rates["at 64: trigger, requests per second"]
    report.add("throughput at 64, of that at 8 (no collapse)", 100 * at64 / at8, "%", least=80)


def freed(report: Report, size: Size) -> None:
    """(b) From the cancellation of an event to the offer in the outbox, and to the message handed over."""
    report.part("freed")
    with a_box(tables=1) as box:  # one is asked at a time
        events = []
        for number in range(size.freed):
            starts_at = box.evening(2 + number, 400)
            events.append(box.fill(starts_at, starts_at + timedelta(minutes=90)))
            box.line_up(starts_at, 3)
        box.serve()
        box.start("worker", "worker")
        _wait(lambda: box.db.value("SELECT 1 FROM heartbeat WHERE name = 'worker'"), 15)
        time.sleep(3)
        outbox, handed, step = [], [], report.progress(size.freed)
        for number, event in enumerate(events):
            began = time.perf_counter()
            status, said = box.call("DELETE", f"/api/calendar/events/{event}")
            if status != 200:
                raise RuntimeError(f"{status} {said!r}")
            written = "SELECT COUNT(*) FROM message WHERE kind LIKE 'offer%'"
            _wait(lambda written=written, number=number: box.db.value(written) > number, 5)
            outbox.append(1000 * (time.perf_counter() - began))
            sent = "SELECT COUNT(*) FROM message WHERE kind LIKE 'offer%' AND state = 'sent'"
            _wait(lambda sent=sent, number=number: box.db.value(sent) > number, 10)
            handed.append(1000 * (time.perf_counter() - began))
            step()
            time.sleep(0.4 + secrets.randbelow(1500) / 1000)
        for what, found, aim in (("offer in the outbox", outbox, None), ("message handed over", handed, 1000)):
            report.add(f"event cancelled → {what}, median", statistics.median(found), "ms")
            report.add(f"event cancelled → {what}, slowest of {size.freed}", max(found), "ms", most=aim)


def choosing(report: Report, size: Size) -> None:
    """(c) Choosing who is asked, as matching does it, among many who wait."""
    report.part("choosing")
    with a_box() as box:
        setup = box.app.setup()
        seat, now = next(iter(setup.resources.values())).seat, datetime.now(UTC)
        day_start = local_day_bounds(local(now, setup.zone).date(), setup.zone)[0]
        for number, waiting in enumerate(size.waiting):
            usual = box.line_up(box.evening(1, 30 * number), waiting, (6, 2, 5, 3, 1, 4))
            worst = box.line_up(box.evening(2, 30 * number), waiting, (*(6,) * (waiting - 1), 2))
            box.db.execute("ANALYZE")

            first = partial(_first, box, seat, day_start)
            report.add(f"first of {waiting:,}, mixed parties", _best(partial(first, usual)), "ms", most=5)
            report.add(f"first of {waiting:,}, only the last one fits", _best(partial(first, worst), 5), "ms")


def _first(box: Box, seat: Seat, day_start: datetime, slot: int) -> object:
    policies = box.app.setup().policies
    line_of = line.candidates(box.db, slot, day_start, parties_of([seat], policies.party_tolerance))
    return next((c for c in line_of if matching.problem(c, seat, False, policies) is None), None)


def mass(report: Report, size: Size) -> None:
    """(d) Many places free at once: how fast the offers are made, and whether the last are as fast as the first."""
    report.part("mass")
    with a_box(tables=size.places) as box:
        starts_at = box.evening(1, 400)
        event = box.fill(starts_at, starts_at + timedelta(minutes=90))
        box.line_up(starts_at, size.places * 2)
        step = report.progress(size.places // 50)
        now, marks = datetime.now(UTC), []
        edit_began = time.perf_counter()
        edit_events.cancel_event(box.app, event, now, SYSTEM)
        marks.append((_offers(box), time.perf_counter() - edit_began))
        step()
        while marks[-1][0] < size.places:
            began = time.perf_counter()
            check_slots.check_due(box.app, now, read=False)
            made = _offers(box)
            if made == marks[-1][0]:
                raise RuntimeError(f"matching stopped at {made} of {size.places}")
            marks.append((made, time.perf_counter() - began))
            step()
        made, total = marks[-1][0], sum(took for _, took in marks)
        report.add(f"{made} offers, each", 1000 * total / made, "ms", most=1.5)
        report.add("offers per second", made / total, "/s")
        first, last = _per_offer(marks[:2], 0), _per_offer(marks[-2:], marks[-3][0])
        report.add("each of the first hundred", first, "ms")
        report.add("each of the last hundred", last, "ms")
        report.add("the last hundred, of the first (flat)", 100 * last / first, "%", most=150)


def listing(report: Report, size: Size) -> None:
    """(e) The list of entries with very many of them: the query, and the pages on a running server."""
    report.part("list")
    with a_box() as box:
        step = report.progress(20)
        for number in range(20):
            box.line_up(box.evening(1 + number, 400), size.entries // 20)
            step()
        box.db.execute("UPDATE entry SET status = 'cancelled' WHERE id % 3 > 0")
        box.db.execute("UPDATE wish SET state = 'withdrawn' WHERE entry_id % 3 > 0")
        box.db.execute("ANALYZE")
        token = secrets.token_urlsafe(32)
        with box.db.write():
            user = staff.insert_user(box.db, "olivia@casalola.example", "Olivia", "owner", box.now)
            hashed = sha256(token.encode()).digest()
            sessions.insert(box.db, hashed, user, box.now, box.now + timedelta(days=1))
        plain = {"status": None, "day": None, "slot": None, "q": None, "cursor": None, "limit": 50}
        for what, given in (("newest 50", {}), ("waiting", {"status": "waiting"}), ("searched, one match", {"q": "700000123"})):
            asked = {**plain, **given}
            report.add(f"query, {size.entries:,} entries, {what}", _best(partial(api_reads.entries, box.db, **asked)),
                       "ms", most=60)  # fmt: skip
        box.serve()
        cookie = f"{_session_cookie()}={token}"
        pages = [(path.rsplit("/", 1)[-1], path) for path in STAFF_PAGES]
        for what, path, by in (
            ("API", "/api/waitlist/entries", None), ("API, status", "/api/waitlist/entries?status=waiting", None),
            ("API, phone searched", "/api/waitlist/entries?q=700000123", None),
            ("staff's waitlist, searched", "/staff/waitlist?q=700000123", cookie),
            *((f"staff's {name}", path, cookie) for name, path in pages),
        ):  # fmt: skip
            status, _ = box.call("GET", path, by)
            if status == 200:
                took = _best(partial(box.call, "GET", path, by))
                report.add(f"over HTTP, {size.entries:,} entries, {what}", took, "ms", most=60)
            else:
                report.notes.append(f"{path} answered {status} and was not measured")
        for path in STAFF_PAGES[:2]:
            report.add(f"first load of {path}, over the wire", _first_load(box, path, cookie) / 1000, "kB", most=150)


def _first_load(box: Box, path: str, cookie: str) -> int:
    """Bytes over the wire of a page and everything it names (styles, scripts, pictures), as a browser asks for them."""
    headers = {"Cookie": cookie, "Accept-Encoding": "gzip"}
    connection = http.client.HTTPConnection("127.0.0.1", box.port, timeout=30)

    def fetch(target: str) -> tuple[int, bytes]:
        connection.request("GET", target, headers=headers)
        answer = connection.getresponse()
        raw = answer.read()
        return len(raw), gzip.decompress(raw) if answer.headers.get("Content-Encoding") == "gzip" else raw

    weight, page = fetch(path)
    named = re.findall(r'<(?:link|script|img)[^>]*(?:href|src)="(/[^"]+)"', page.decode())
    return weight + sum(fetch(html.unescape(target))[0] for target in sorted(set(named)))


def idle(report: Report, size: Size) -> None:
    """(f) Web and worker with nothing to do but a few people waiting: CPU and memory."""
    report.part("idle")
    with a_box() as box:
        box.fill(box.evening(1, 0), box.evening(1, 720))
        box.line_up(box.evening(1, 400), 5)
        pids = {"web": box.serve(), "worker": box.start("worker", "worker")}
        time.sleep(5)
        box.call("GET", "/api/waitlist/entries")
        before, step = {name: cpu_seconds(pid) for name, pid in pids.items()}, report.progress(size.idle_seconds)
        for _ in range(size.idle_seconds):
            time.sleep(1)
            step()
        used = {name: 100 * (cpu_seconds(pid) - before[name]) / size.idle_seconds for name, pid in pids.items()}
        report.add(f"CPU of both over {size.idle_seconds} s", sum(used.values()), "%", most=0.5)
        for name, pid in pids.items():
            report.add(f"CPU of {name}", used[name], "%")
            report.add(f"resident memory of {name}", memory(pid, "VmRSS") / 1024, "MB", most=60)


def starting(report: Report, size: Size) -> None:
    """(g) From the start of the process to its first answer."""
    report.part("start")
    with a_box() as box:
        took, step = [], report.progress(size.starts)
        for _ in range(size.starts):
            began = time.perf_counter()
            box.start("web", "serve")
            took.append(box.wait_until_up() - began)
            box.stop()
            step()
        report.add(f"start to first answer, median of {size.starts}", statistics.median(took), "s", most=0.5)
        report.add("start to first answer, fastest", min(took), "s")


def calendars(report: Report, size: Size) -> None:
    """(h) Calendars outside, on servers of this machine: reading all and what changed, calls per hour, memory."""
    # Only this part needs the tests' servers.
    import bench_calendars

    report.part("calendars")
    for kind, name in bench_calendars.KINDS.items():
        _reading(report, size, kind, name)
    for kind, name in bench_calendars.KINDS.items():
        _calls(report, size, kind, name)
    _with_google(report, size)


def _reading(report: Report, size: Size, kind: str, name: str) -> None:
    """The seconds hold the test server's own work too, which is a good part of them."""
    from bench_calendars import change, connected, fill

    with a_box() as box, connected(box, kind) as calendar:
        names = fill(calendar.app, size.events, box.evening(1, 0))
        for what, prepare in (
            (f"{name}: all of {size.events:,} events", lambda: None),
            (f"{name}: 50 changes among them", lambda: change(calendar.app, names[:50], box.evening(1, 400))),
            (f"{name}: nothing changed", lambda: None),
        ):
            prepare()
            began = time.perf_counter()
            requests = calendar.read()
            report.add(what, time.perf_counter() - began, "s")
            report.add(f"{what}, requests", requests, "")
        if calendar.mirrored() != size.events:
            raise RuntimeError(f"{calendar.mirrored()} of {size.events} events are in the mirror")


def _calls(report: Report, size: Size, kind: str, name: str) -> None:
    from bench_calendars import connected

    for slots in size.watched:
        with a_box() as box, connected(box, kind) as calendar:
            calendar.app.whole_day("Cerrado", box.evening(1, 0).date(), days=80)
            calendar.read()
            asked = calendar.asked_within_an_hour(slots)
        # One every five minutes, whoever waits for whatever; where the marks of checks fall makes one of difference.
        report.add(f"{name}: calls in an hour, {slots:,} watched times", asked, "", most=12)


def _with_google(report: Report, size: Size) -> None:
    """Real processes on a box with a Google calendar that is in use."""
    from bench_calendars import connected, fill, for_processes, google_modules

    for events in (size.events // 10, size.events):
        with a_box() as box, connected(box, "google") as calendar:
            for_processes(calendar)
            fill(calendar.app, events, box.evening(1, 0))
            box.line_up(box.evening(1, 0), 5)
            worker = box.start("worker", "worker")
            _wait(lambda calendar=calendar, events=events: calendar.mirrored() >= events, 60)
            time.sleep(15)  # and a pass or two more
            report.add(f"worker with a Google calendar of {events:,} events", memory(worker, "VmRSS") / 1024, "MB", most=90)
            web = box.serve()
            box.call("GET", "/api/waitlist/entries")
            report.add(f"web beside it, {events:,} events", memory(web, "VmRSS") / 1024, "MB", most=60)
            box.stop()
            report.add("Google modules in a web process that has started", google_modules(box), "", most=0)


def _offers(box: Box) -> int:
    return int(box.db.value("SELECT COUNT(*) FROM offer WHERE state = ?", OfferState.LIVE))


def _per_offer(marks: list[tuple[int, float]], before: int) -> float:
    return 1000 * sum(took for _, took in marks) / (marks[-1][0] - before)


def _best(act: Callable[[], object], times: int = 15) -> float:
    """Milliseconds of the fastest run but the first: others use this machine too."""
    act()
    return min(_timed(act) for _ in range(times))


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - began)


def _wait(happened: Callable[[], object], seconds: float) -> None:
    deadline = time.perf_counter() + seconds
    while not happened():
        if time.perf_counter() > deadline:
            raise RuntimeError("what was waited for did not happen")
        time.sleep(0.002)


def _session_cookie() -> str:
    from waitlist_appliance.web.staff.auth import COOKIE

    return COOKIE


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads of the process, to the nanosecond where the kernel keeps it."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has just ended
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def memory(pid: int, name: str) -> int:
    """A line of /proc/<pid>/status, in kB."""
    return next(int(at.split()[1]) for at in _status(pid) if at.startswith(name + ":"))


def _status(pid: int) -> Iterator[str]:
    yield from Path(f"/proc/{pid}/status").read_text().splitlines()


PARTS = {
    "trigger": trigger, "freed": freed, "choosing": choosing, "mass": mass, "list": listing, "idle": idle, "start": starting,
    "replies": replies, "outbox": outbox,
    "calendars": calendars, "backup": backup,
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes: a minute instead of five")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the results here as JSON")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these: {', '.join(PARTS)}")
    asked = parser.parse_args()
    unknown = set(asked.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    report = Report()
    for name in asked.parts or PARTS:
        PARTS[name](report, QUICK if asked.quick else FULL)
    print(report.table())
    if asked.json:
        said = {"at": datetime.now(UTC).isoformat(), "cpus": os.cpu_count(), "quick": asked.quick,
                "results": [asdict(result) for result in report.results], "notes": report.notes}  # fmt: skip
        asked.json.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
