"""A machine in a folder: real files, real databases, tiny releases; its services are a line in a file.

It can be cut off (SIGKILL) before any of its acts, and it can be switched on again afterwards.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path

from peewee import sqlite3

from waitlist_appliance.installation import database, files, releases, settings, system
from waitlist_appliance.installation.answers import Answers
from waitlist_appliance.installation.failure import Failed
from waitlist_appliance.installation.machine import Done, Machine, Trial
from waitlist_appliance.installation.places import Places
from waitlist_appliance.installation.releases import Release, Supplies
from waitlist_appliance.installation.source import Source

DEPLOY = Path(__file__).parents[2] / "deploy"
PYTHON = getattr(sys, "_base_executable", sys.executable)
AFTER = "written after the power was back"
ANSWERS = Answers(name="Casa Lola", url="https://waitlist.casa-lola.es", email="lola@casa-lola.es")

# What a release's own command does here: it migrates a real database, and refuses one that is newer than it is.
_COMMAND = """#!/bin/sh
exec {python} -S - "$@" <<'END'
import json, pathlib, sqlite3, sys
here, data = pathlib.Path({folder!r}), pathlib.Path({data!r})
if sys.argv[1] == "backup":
    sys.exit(2)
if (here / "cannot-migrate").exists():
    print("error: no such column", file=sys.stderr)
    sys.exit(1)
known = json.loads((here / "release.json").read_text())["migrations"]
db = sqlite3.connect(data / "waitlist.db", isolation_level=None)
db.execute("PRAGMA journal_mode=wal")
had = [name for name, in db.execute("SELECT name FROM schema_migration")]
if set(had) - set(known):
    print("error: the database is newer than this program", file=sys.stderr)
    sys.exit(1)
applied = [name for name in known if name not in had]
for name in applied:
    db.executescript(f"BEGIN IMMEDIATE; CREATE TABLE m{{name}} (x); INSERT INTO schema_migration VALUES ('{{name}}'); COMMIT")
print(json.dumps({{"applied": applied}}))
END
"""


class House(Trial):
    """The machine. `cut_before`: the number of the act before which the power goes; `acts` counts them."""

    def __init__(self, root: Path, cut_before: int | None = None) -> None:
        super().__init__(Places(root))
        self.acts = 0
        self.cut_before = cut_before

    def tick(self) -> None:
        self.acts += 1
        if self.acts == self.cut_before:
            os.kill(os.getpid(), signal.SIGKILL)

    @property
    def runs_services(self) -> bool:
        return True

    @property
    def running(self) -> str | None:  # type: ignore[override]
        """The release that serves now."""
        return json.loads(self._state.read_text()) if self._state.exists() else None

    def run(
        self, command: Sequence[str | Path], *, as_service: bool = False, env: Mapping[str, str] | None = None,
        heard: Callable[[str], None] | None = None,
    ) -> Done:  # fmt: skip
        if database.LOOK not in "".join(map(str, command)):  # looking changes nothing: no cut of its own
            self.tick()
        return super().run(command, as_service=as_service, env=env, heard=heard)

    def stop(self) -> None:
        self.tick()
        self._state.unlink(missing_ok=True)

    def start(self) -> None:
        """Web migrates, web and worker write."""
        self.tick()
        current = releases.current(self.places)
        assert current is not None
        if (current.folder / "does-not-start").exists() or self.cli(current.folder, "migrate").code:
            raise Failed("the services do not start")
        self._state.write_text(json.dumps(current.name))
        self.write_down(f"written by {current.version}")

    def health(self, port: int) -> str:
        current = releases.current(self.places)
        if self.running is None or current is None or self.running != current.name:
            return "web does not run"
        return "web answers 503" if (current.folder / "sick").exists() else ""

    def boot(self) -> None:
        """The power is back: the services start if they can."""
        self.cut_before = None
        self._state.unlink(missing_ok=True)
        try:
            self.start()
        except Failed:
            return
        self.write_down(AFTER)

    def write_down(self, text: str) -> None:
        with self.database() as db:
            db.execute("INSERT INTO line VALUES (?)", (text,))
            db.execute("INSERT OR REPLACE INTO heartbeat VALUES ('worker', 4102444800000)")
        db.close()

    def lines(self, path: Path | None = None) -> list[str]:
        db = self.database(path)
        found = [text for (text,) in db.execute("SELECT text FROM line ORDER BY rowid")]
        db.close()
        return found

    def migrations(self) -> tuple[str, ...]:
        db = self.database()
        found = tuple(name for (name,) in db.execute("SELECT name FROM schema_migration ORDER BY name"))
        db.close()
        return found

    def database(self, path: Path | None = None) -> sqlite3.Connection:
        return sqlite3.connect(path or self.places.database)

    @property
    def _state(self) -> Path:
        return self.places.root / "services.json"


def source(version: str, *migrations: str, deploy: Traversable = DEPLOY) -> Source:
    return Source(Path(f"/wheels/waitlist_appliance-{version}.whl"), deploy, migrations, version)


def builder(*marks: str) -> Callable[[Machine, Source, Supplies, str, Callable[[str], None]], Release]:
    """Builds tiny releases with these marks: sick, cannot-migrate, does-not-start."""

    def build(machine: Machine, of: Source, supplies: Supplies, name: str, heard: Callable[[str], None]) -> Release:
        return tiny_release(machine, of, name, *marks)

    return build


def tiny_release(machine: Machine, of: Source, name: str, *marks: str) -> Release:
    """A release without an environment: a Python, a command, the units."""
    folder = machine.places.releases / name
    (folder / "bin").mkdir(parents=True)
    inside = folder / "lib" / "python3.11" / "site-packages" / "waitlist_appliance"
    for kind in ("systemd", "bin"):
        (inside / "deploy" / kind).mkdir(parents=True)
    (inside / "deploy" / "systemd" / "waitlist-web.service").write_text(f"[Unit]\nDescription={of.version}\n")
    (inside / "deploy" / "bin" / "waitlist").write_text(f"# Waitlist Appliance {of.version}\n")
    _program(folder / "bin" / "python", f'#!/bin/sh\nexec {PYTHON} -S "$@"\n')
    command = _COMMAND.format(python=PYTHON, folder=str(folder), data=str(machine.places.data))
    _program(folder / "bin" / "waitlist", command)
    for mark in marks:
        (folder / mark).touch()
    about = {"version": of.version, "made_at": name.rsplit("-", 1)[-1], "migrations": of.migrations, "wheel": "0" * 64}
    files.write(folder / "release.json", json.dumps(about))
    found = releases.read(folder)
    assert found is not None
    return found


def install(house: House, of: Source) -> Release:
    """The house with this version running and a line in its database."""
    system.make_folders(house)
    settings.make_secrets(house)
    settings.write_config(house, ANSWERS)
    release = tiny_release(house, of, f"{of.version}-20260101T000000000000Z")
    releases.switch(house.places, release)
    db = house.database()
    db.executescript(
        """CREATE TABLE schema_migration (name TEXT PRIMARY KEY); CREATE TABLE line (text TEXT);
           CREATE TABLE business (id INTEGER); CREATE TABLE heartbeat (name TEXT PRIMARY KEY, at INTEGER)"""
    )
    db.close()
    system.fit(house, release)
    house.start()
    return release


def leftovers(places: Places) -> list[str]:
    """What a change must not leave lying about."""
    wanted = {"waitlist.db", "waitlist.db-wal", "waitlist.db-shm"}
    strange = [path.name for path in places.data.iterdir() if path.name not in wanted]
    unfinished = [folder.name for folder in places.releases.iterdir() if releases.read(folder) is None]
    spare = [path.name for path in places.program.iterdir() if path.name not in ("current", "releases")]
    return strange + unfinished + spare


def cut_files(house: House) -> Callable[[], None]:
    """From now on also every change of a file counts as an act; undoes that when called."""
    real = {name: getattr(files, name) for name in ("write", "link", "remove")}

    def counted(act: Callable[..., object]) -> Callable[..., object]:
        def ticked(*words: object, **named: object) -> object:
            house.tick()
            return act(*words, **named)

        return ticked

    for name, act in real.items():
        setattr(files, name, counted(act))

    def restore() -> None:
        for name, act in real.items():
            setattr(files, name, act)

    return restore


def _program(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
