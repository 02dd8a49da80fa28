"""doctor: everything that can be wrong with a box, what it means, and what to do about it."""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from waitlist_appliance.cli.context import Cli, now, pass_cli
from waitlist_appliance.cli.tables import json_option, show_json

if TYPE_CHECKING:
    from pathlib import Path

    from waitlist_appliance.config import Config
    from waitlist_appliance.services.appliance import Appliance
    from waitlist_appliance.services.box_health import Finding

Moved = Callable[[int], object]

# Whoever does not answer by then is not waited for: the whole look takes less than fifteen seconds.
NETWORK_SECONDS: Final = 13.0
GROUPS: Final = {
    "This machine": ("config", "data.", "disk.", "memory", "time_zone", "clock."),
    "Database": ("database",),
    "Work": ("worker", "web", "messages", "calendars", "queue"),
    "Outside": ("public.", "calendar.", "messaging."),
    "Care": ("backup", "api_keys", "second_factor", "alarms"),
}
MARKS: Final = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "red"), "unknown": ("?", "cyan")}
PLAIN_MARKS: Final = {"ok": "ok", "warning": "warning", "problem": "PROBLEM", "unknown": "unknown"}
WORST_FIRST: Final = ("problem", "warning", "unknown", "ok")
WIDTH: Final = 24


@click.command()
@json_option
@click.option("--offline", is_flag=True, help="Ask nobody outside: no address, no calendar, no provider.")
@click.option("--thorough", is_flag=True, help="Compare every row of the database with its indexes, too.")
@pass_cli
def doctor(cli: Cli, as_json: bool, offline: bool, thorough: bool) -> None:
    """Look at everything, and say what to do.

    Exit code 0: well, or warnings only. 1: a problem. 2: it could not be looked at as it should.
    """
    from waitlist_appliance.cli.run import start_logging

    start_logging("critical")  # what is found is said below, not in the log
    began = time.monotonic()
    with _progress(hidden=as_json) as moved:
        findings = _examine(cli, offline=offline, thorough=thorough, moved=moved)
    took_ms = round((time.monotonic() - began) * 1000)
    code = exit_code(findings)
    if as_json:
        _show_json(findings, code, took_ms)
    else:
        _show(findings, took_ms)
    sys.exit(code)


def exit_code(findings: list[Finding]) -> int:
    """2 when configuration or database could not be looked at, 1 for a problem, else 0."""
    if any(found.state == "unknown" and found.check in ("config", "database", "data.directory") for found in findings):
        return 2
    return int(any(found.state == "problem" for found in findings))


def _examine(cli: Cli, *, offline: bool, thorough: bool, moved: Moved) -> list[Finding]:
    from waitlist_appliance.services import box_place

    config, told = _configuration(cli)
    found = [told, box_place.configuration_file(cli.config_path), box_place.memory(), box_place.sqlite_version()]
    if config is None:
        return [*found, box_place.zones(now(), None)]
    found += [
        box_place.data_directory(config), box_place.disk("disk.data", config.data_directory),
        box_place.disk("disk.backup", config.backup_path),
    ]  # fmt: skip
    app, opened = _database(config)
    found.append(opened)
    if app is None:
        return [*found, box_place.zones(now(), None)]
    return found + _of_the_appliance(app, opened.state == "ok", offline=offline, thorough=thorough, moved=moved)


def _of_the_appliance(app: Appliance, opens: bool, *, offline: bool, thorough: bool, moved: Moved) -> list[Finding]:
    from waitlist_appliance.services import box_health, box_place, box_reach

    found = box_health.examine(app, now()) if opens else []
    moved(20)
    sound = any(finding.check == "database.schema" and finding.state == "ok" for finding in found)
    if thorough and opens:
        found = [finding for finding in found if finding.check != "database.integrity"]
        found.append(_thoroughly(app, moved))
    found.append(box_place.zones(now(), _zone(app) if sound else None))
    if not offline:
        found += ask_all(box_reach.checks(app, now(), sound=sound), NETWORK_SECONDS, moved)
    app.db.close()
    return found


def _configuration(cli: Cli) -> tuple[Config | None, Finding]:
    from waitlist_appliance.config_checks import ConfigError
    from waitlist_appliance.services.box_health import Finding

    path = str(cli.config_path)
    try:
        return cli.config, Finding("config", "ok", {"path": path})
    except ConfigError as error:
        hidden = isinstance(error.__cause__, PermissionError)
        return None, Finding("config", "unknown" if hidden else "problem", {"path": path, "error": str(error)})


def _database(config: Config) -> tuple[Appliance | None, Finding]:
    """The appliance, where one can be built, and whether its database opens. No file is made where there is none."""
    from waitlist_appliance.bootstrap import build
    from waitlist_appliance.config_checks import ConfigError
    from waitlist_appliance.services.box_health import UNUSABLE, Finding

    path = config.database_path
    facts: dict[str, object] = {"path": str(path)}
    if not _is_there(path):
        return None, Finding("database", "problem", {**facts, "missing": True})
    if not os.access(path, os.R_OK | os.W_OK):
        return None, Finding("database", "unknown", facts)
    try:
        app = build(config)
    except ConfigError as error:
        return None, Finding("config", "problem", {"path": "the environment", "error": str(error)})
    try:
        app.db.value("SELECT COUNT(*) FROM sqlite_schema")
    except UNUSABLE as error:
        return app, Finding("database", "problem", {**facts, "error": str(error)})
    return app, Finding("database", "ok", facts)


def _is_there(path: Path) -> bool:
    """True also where this user may not look: that is another finding."""
    try:
        path.stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def _thoroughly(app: Appliance, moved: Moved) -> Finding:
    from waitlist_appliance.services import box_health

    def each(number: int, of: int) -> None:
        moved(20 + 50 * number // of)

    return box_health.guarded(
        "database.integrity", lambda app, now: box_health.thorough_integrity(app, each), app, now()
    )


def _zone(app: Appliance) -> str | None:
    from waitlist_appliance.domain.errors import NotFound

    try:
        return app.setup().business.zone
    except NotFound:
        return None


def ask_all(asks: Mapping[str, Callable[[], list[Finding]]], seconds: float, moved: Moved) -> list[Finding]:
    """Everybody at once; who does not answer in time is a finding, and is not waited for."""
    from waitlist_appliance.services.box_health import UNKNOWN_WHY, Finding

    answers: queue.SimpleQueue[tuple[str, list[Finding]]] = queue.SimpleQueue()

    def put(name: str, ask: Callable[[], list[Finding]]) -> None:
        answers.put((name, ask()))

    for name, ask in asks.items():
        threading.Thread(target=put, args=(name, ask), daemon=True).start()
    found: dict[str, list[Finding]] = {}
    deadline = time.monotonic() + seconds
    while len(found) < len(asks):
        try:
            name, findings = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        found[name] = findings
        moved(100 * len(found) // len(asks))
    late = {name: [Finding(name, "unknown", {UNKNOWN_WHY: f"no answer within {seconds:.0f} s"})] for name in asks}
    return [finding for name in asks for finding in (found.get(name) or late[name])]


@contextlib.contextmanager
def _progress(*, hidden: bool) -> Iterator[Moved]:
    """A bar on a terminal, nothing elsewhere; what is given it is a percentage that only rises."""
    if hidden or not sys.stderr.isatty():
        yield lambda percent: None
        return
    with click.progressbar(length=100, label="Looking", file=sys.stderr) as bar:
        yield lambda percent: bar.update(max(0, percent - bar.pos))
        bar.update(100 - bar.pos)


def _show_json(findings: list[Finding], code: int, took_ms: int) -> None:
    from waitlist_appliance.cli.box_words import explain

    rows: list[dict[str, Any]] = []
    for finding in findings:
        said = explain(finding)
        rows.append({
            "check": finding.check, "state": finding.state, "sentence": said.sentence, "advice": said.advice,
            "facts": dict(finding.facts),
        })  # fmt: skip
    worst = next(state for state in WORST_FIRST if any(finding.state == state for finding in findings))
    show_json({"state": worst, "exit_code": code, "took_ms": took_ms, "findings": rows})


def _show(findings: list[Finding], took_ms: int) -> None:
    from waitlist_appliance.cli.box_words import explain

    for title, checks in GROUPS.items():
        among = [finding for finding in findings if finding.check.startswith(checks)]
        if among:
            click.secho(title, bold=True)
        for finding in among:
            said = explain(finding)
            click.echo(f"  {_mark(finding.state)} {finding.check:<{WIDTH}} {said.sentence}")
            if said.advice:
                click.echo(
                    f"  {' ' * _mark_width()} {'':<{WIDTH}} → {said.advice}" if _signs() else f"    do: {said.advice}"
                )
    number = {state: sum(finding.state == state for finding in findings) for state in MARKS}
    click.echo(
        f"\n{number['problem']} problems, {number['warning']} warnings, {number['unknown']} not known, "
        f"{number['ok']} well; looked for {took_ms / 1000:.1f} s."
    )


def _signs() -> bool:
    return "utf" in (sys.stdout.encoding or "").lower()


def _mark_width() -> int:
    return 1 if _signs() else max(map(len, PLAIN_MARKS.values()))


def _mark(state: str) -> str:
    sign, colour = MARKS[state]
    return click.style(sign if _signs() else f"{PLAIN_MARKS[state]:<{_mark_width()}}", fg=colour)


__all__ = ["doctor"]
