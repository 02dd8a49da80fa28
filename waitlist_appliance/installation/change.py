"""From one release to another and, when that fails or was cut short, back.

Every stage is written down before it begins. Until the link is moved the old release is the one that runs, and what was
cut short is undone; from then on it is carried on with, and undone only when the new release is not well.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from waitlist_appliance.installation import database, files, journal, releases, settings, system
from waitlist_appliance.installation.failure import Failed
from waitlist_appliance.installation.install import wait_until_well
from waitlist_appliance.installation.journal import Journal
from waitlist_appliance.installation.machine import Machine
from waitlist_appliance.installation.places import USER, Places
from waitlist_appliance.installation.releases import Release, Supplies
from waitlist_appliance.installation.screen import Screen
from waitlist_appliance.installation.source import Source

WELL_SECONDS: Final = 60.0
_COPIES_KEPT: Final = 2
# The worker sweeps every ten seconds; a sign of life may be a little older than the question.
_SLACK_MS: Final = 15_000
Build = Callable[[Machine, Source, Supplies, str, Callable[[str], None]], Release]
# Ctrl-C, and what the entry makes of a lost connection, is a failure like others: what was stopped is started again.
_FAILURES: Final = (Failed, OSError, KeyboardInterrupt)


def saved(places: Places) -> Path:
    """The copy that a failed change puts back; gone when the change has ended."""
    return places.data / "waitlist.db.before-change"


@dataclass
class Change:
    """One run of upgrade or rollback. Whoever calls holds the lock (Machine.alone)."""

    machine: Machine
    screen: Screen
    build: Build = releases.build
    well_seconds: float = WELL_SECONDS
    began: float = field(default_factory=time.time)

    @property
    def places(self) -> Places:
        return self.machine.places

    def upgrade(self, source: Source, supplies: Supplies) -> Release:
        """To a new release made of `source`. Raises Failed; the old one runs then, with the old database."""
        old = self._running()
        settings.read(self.places)
        look = database.look(self.machine, old)
        _refuse_newer(look.migrations, source.migrations, f"version {source.version}")
        self._check_space()
        name = releases.new_name(source, datetime.now(UTC))
        begun = Journal("prepare", old.name, name, look.migrations, builds=True)
        journal.write(self.places, begun)
        try:
            new = self._prepare(source, supplies, old, name)
        except _FAILURES:
            self._clean(begun)
            raise
        return self._carry_out(begun, old, new, lambda: self._migrate(new))

    def rollback(self, backup: Path | None) -> Release:
        """To the release before this one; with `backup` the database goes back too. Raises Failed likewise."""
        old = self._running()
        new = releases.before(self.places, old)
        if new is None:
            raise Failed(f"there is no release before {old.name} on this machine")
        look = database.look(self.machine, old)
        if backup is None:
            _refuse_newer(look.migrations, new.migrations, f"release {new.name}", "name its backup: --backup FILE")
        begun = Journal("prepare", old.name, new.name, look.migrations, replaces=backup is not None)
        return self._carry_out(begun, old, new, lambda: self._restore(new, backup))

    def settle(self) -> str:
        """Brings what was cut short to an end. What became of it: "", "finished" or "undone"."""
        found = journal.read(self.places)
        if found is None:
            return ""
        self.screen.line(f"An earlier change was cut short in the stage {found.stage!r}.")
        self.machine.end_orphan()
        current = releases.current(self.places)
        moved = current is not None and current.name == found.new
        if found.stage == "prepare":
            self._clean(found)
        elif found.stage == "again":
            self._start_again(found)
        elif found.stage == "undo" or not moved:
            self._undo(found)
        elif found.stage == "clean":
            self._clean(found)
        else:
            self._start_or_undo(found)
        return "finished" if moved and found.stage not in ("undo", "again") else "undone"

    def _carry_out(self, begun: Journal, old: Release, new: Release, data: Callable[[], str]) -> Release:
        now = begun
        try:
            self._remove_copies()
            now = self._note(now, "stop")
            self._step("Services stopped", lambda: self.machine.stop())
            now = self._note(now, "copy")
            self._step("Database copied", lambda: self._save(old))
            now = self._note(now, "data")
            self._step("Database", data)
            now = self._note(now, "switch")
            system.fit(self.machine, new)
            releases.switch(self.places, new)
        except _FAILURES as error:
            self._fail(now, error)
        self._start_or_undo(now)
        return new

    def _start_or_undo(self, now: Journal) -> None:
        """The new release is started; kept when it is well, otherwise left. Raises Failed for the latter."""
        try:
            now = self._note(replace(now, started=True), "start")
            new = self._named(now.new)
            self._step(f"Release {new.name} started", lambda: self.machine.start())
            self._step("Well", lambda: self._must_be_well(new))
        except _FAILURES as error:
            self._fail(now, error)
        self._clean(self._note(now, "clean"))

    def _fail(self, now: Journal, error: BaseException) -> None:
        said = self.machine.journal(self.began)
        self._undo(now)
        why = str(error) or "it was interrupted"
        lines = f"\nWhat the services said last:\n{said}" if said else ""
        raise Failed(f"The change failed and was undone; {now.old} runs again. What failed:\n{why}{lines}") from error

    def _undo(self, found: Journal) -> None:
        """Back to the old release and its database. Safe to run again, at whatever point it was cut."""
        old = self._named(found.old)
        found = self._note(found, "undo")
        self.machine.stop()
        # First the link: from here on, only a release that refuses a newer database can be started.
        releases.switch(self.places, old)
        system.fit(self.machine, old)
        if saved(self.places).exists() and self._was_changed(old, found):
            self._keep_writes(old, found)
            database.put_back(self.machine, old, saved(self.places))
        self._start_again(self._note(found, "again"))

    def _start_again(self, found: Journal) -> None:
        """The old release, on its own database. From here on nothing is put back any more: it may write."""
        old = self._named(found.old)
        self.machine.start()
        trouble = wait_until_well(lambda: self.machine.health(self._port()), self.well_seconds)
        self.screen.done("Undone", f"{old.name} runs again" if not trouble else f"{old.name} is back, but: {trouble}")
        self._clean(found)

    def _clean(self, found: Journal) -> None:
        """Removes what only the change needed, and at last the journal."""
        self._remove_copies()
        if found.builds and found.stage in ("prepare", "again"):
            shutil.rmtree(self.places.releases / found.new, ignore_errors=True)
        releases.prune(self.places)
        for copy in sorted(self.places.backups.glob("before-upgrade-*.db"))[:-_COPIES_KEPT]:
            files.remove(copy)
        journal.forget(self.places)

    def _remove_copies(self) -> None:
        for path in self.places.data.glob(f"{saved(self.places).name}*"):
            files.remove(path)

    def _prepare(self, source: Source, supplies: Supplies, old: Release, name: str) -> Release:
        """The new release and a backup, while the old one goes on serving."""
        with self.screen.working("Program") as work:
            new = self.build(self.machine, source, supplies, name, work.heard)
        self.screen.done("Program", new.name)
        with self.screen.working("Backup"):
            where = self._back_up(old)
        self.screen.done("Backup", where)
        return new

    def _back_up(self, old: Release) -> str:
        """A backup by the old release; where it cannot make one, a plain copy beside the backups."""
        if not self.places.database.exists():
            return "no database yet"
        done = self.machine.cli(old.folder, "backup", "create", "--json")
        if done.code == 0:
            return str(json.loads(done.output)["file"])
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        target = self.places.backups / f"before-upgrade-{stamp}.db"
        database.copy(self.machine, old, target)
        said = (done.tail.splitlines() or [f"exit code {done.code}"])[-1]
        return f"{target} (a plain copy, as no sealed backup could be made: {said})"

    def _save(self, old: Release) -> str:
        if self.places.database.exists():
            database.copy(self.machine, old, saved(self.places))
        return str(saved(self.places))

    def _migrate(self, new: Release) -> str:
        done = self.machine.cli(new.folder, "migrate", "--json")
        if done.code != 0:
            raise Failed(f"The database could not be migrated:\n{done.tail}")
        applied = json.loads(done.output)["applied"]
        return f"migrated: {', '.join(applied)}" if applied else "nothing to migrate"

    def _restore(self, new: Release, backup: Path | None) -> str:
        if backup is None:
            return "kept as it is"
        if backup.suffix == ".db":
            spare = self.places.data / f"{saved(self.places).name}.given"
            shutil.copyfile(backup, spare)
            self.machine.give(spare, USER, USER, 0o600)
            database.put_back(self.machine, new, spare)
        else:
            done = self.machine.cli(new.folder, "backup", "restore", str(backup), "--yes")
            if done.code != 0:
                raise Failed(f"The backup could not be restored:\n{done.tail}")
        _refuse_newer(database.look(self.machine, new).migrations, new.migrations, f"release {new.name}")
        held = "" if backup.suffix == ".db" else "; nothing is sent until staff have looked and resume it"
        return f"restored from {backup}{held}"

    def _was_changed(self, old: Release, found: Journal) -> bool:
        if found.replaces:
            return True
        try:
            return database.look(self.machine, old).migrations != found.migrations
        except Failed:
            return True

    def _keep_writes(self, old: Release, found: Journal) -> None:
        """What the new release wrote while it ran is not thrown away unseen."""
        if not found.started and not found.replaces:
            return
        target = self.places.backups / f"undone-{found.new}.db"
        try:
            if not target.exists():
                database.copy(self.machine, old, target)
            self.screen.note(f"what was written since the change began lies in {target}")
        except (Failed, OSError) as error:  # a broken database is no reason to stay with the broken release
            self.screen.note(f"what was written since the change began could not be kept: {error}")

    def _must_be_well(self, new: Release) -> str:
        since = int(time.time() * 1000) - _SLACK_MS
        trouble = wait_until_well(lambda: self._trouble(new, since), self.well_seconds)
        if trouble:
            raise Failed(f"{new.name} is not well after {self.well_seconds:.0f} s: {trouble}")
        return "web answers, worker sweeps"

    def _trouble(self, new: Release, since: int) -> str:
        trouble = self.machine.health(self._port())
        if trouble or not self.machine.runs_services:
            return trouble
        return "" if database.look(self.machine, new).heartbeat >= since else "the worker has not swept yet"

    def _check_space(self) -> None:
        size = self.places.database.stat().st_size if self.places.database.exists() else 0
        for folder, needed in ((self.places.program, system.LEAST_FREE_BYTES), (self.places.data, 3 * size)):
            free = shutil.disk_usage(folder).free
            if free < needed:
                raise Failed(f"{folder}: {free // 1_000_000} MB are free, the change needs {needed // 1_000_000}")

    def _step(self, title: str, do: Callable[[], str | None]) -> None:
        with self.screen.working(title):
            detail = do()
        self.screen.done(title, detail or "")

    def _note(self, now: Journal, stage: str) -> Journal:
        noted = replace(now, stage=stage)
        journal.write(self.places, noted)
        return noted

    def _running(self) -> Release:
        found = releases.current(self.places)
        if found is None:
            raise Failed("nothing is installed here that could be changed. First: sudo ./scripts/install")
        return found

    def _named(self, name: str) -> Release:
        found = releases.read(self.places.releases / name)
        if found is None:
            raise Failed(f"the release {name} is gone from {self.places.releases}; run the installation again")
        return found

    def _port(self) -> int:
        return settings.read(self.places).port


def _refuse_newer(had: tuple[str, ...], known: tuple[str, ...], what: str, way_out: str = "") -> None:
    unknown = [name for name in had if name not in known]
    if unknown:
        advice = way_out or "install a version that knows them"
        raise Failed(
            f"the database is newer than {what}: it has had {', '.join(unknown)}, which that does not know; {advice}"
        )
