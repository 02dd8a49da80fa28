"""Installing: a plan of steps from a bare machine to a box that answers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from waitlist_appliance.installation import database, proxy, releases, settings, system
from waitlist_appliance.installation.answers import Answers
from waitlist_appliance.installation.failure import Failed
from waitlist_appliance.installation.machine import Machine
from waitlist_appliance.installation.places import SECRETS, STARTED, USER
from waitlist_appliance.installation.releases import Release, Supplies
from waitlist_appliance.installation.screen import Screen
from waitlist_appliance.installation.source import Source
from waitlist_appliance.installation.steps import Step

READY_SECONDS: Final = 60.0
Heard = Callable[[str], None]


@dataclass
class Install:
    """One run. `made` is what `waitlist init` handed out, shown once at the end."""

    machine: Machine
    source: Source
    supplies: Supplies
    answers: Answers
    proxy: str
    screen: Screen
    made: dict[str, Any] = field(default_factory=dict)
    new_passphrase: bool = False

    def plan(self) -> list[Step]:
        """Every step in order."""
        places = self.machine.places
        steps = [
            Step("System", "look at systemd, disk space and the port", _never, self._check),
            Step("User", f"make the system user {USER}", self.machine.has_user, self._add_user),
            Step("Folders", self._folders_in_words(), self._has_folders, self._make_folders),
            Step("Program", self._program_in_words(), self._has_release, self._build),
            Step("Secrets", f"make {', '.join(SECRETS)} in {places.secrets}", self._has_secrets, self._make_secrets),
            Step("Configuration", f"write {places.config}", places.config.exists, self._write_config),
            Step("Units", f"write {', '.join(self._units())} and {places.command}", self._fits, self._fit),
            Step("Database", f"make {places.database}, the business and its owner", self._is_set_up, self._set_up),
        ]
        if self.proxy != "none":
            path = proxy.target(places, self.proxy)
            steps.append(Step("Reverse proxy", f"write {path}", path.exists, self._write_proxy))
        return [
            *steps,
            Step("Services", f"enable and start {', '.join(STARTED)}", self._is_enabled, self._enable),
            Step("Answer", f"wait until http://127.0.0.1:{self.port}/healthz answers", _never, self._wait),
        ]

    @property
    def port(self) -> int:
        """The port in force: an existing configuration goes before the flag."""
        places = self.machine.places
        try:
            return settings.read(places).port if places.config.exists() else self.answers.port
        except Failed:
            return self.answers.port

    @property
    def release(self) -> Release:
        found = releases.current(self.machine.places)
        if found is None:
            raise Failed("there is no complete release; run the installation again")
        return found

    def _check(self, heard: Heard) -> str:
        ours = self.machine.systemctl("is-active", "--quiet", "waitlist-web.service").code == 0
        warnings = system.check(self.machine, self.port, taken_by_us=ours)
        return "; ".join(warnings) or "fit"

    def _add_user(self, heard: Heard) -> str:
        self.machine.add_user()
        return USER

    def _folders_in_words(self) -> str:
        return "make " + ", ".join(
            f"{path} ({owner} {mode:o})" for path, owner, mode in system.folders(self.machine.places)
        )

    def _has_folders(self) -> bool:
        return system.folders_are_there(self.machine.places)

    def _make_folders(self, heard: Heard) -> str:
        system.make_folders(self.machine)
        return str(self.machine.places.data)

    def _program_in_words(self) -> str:
        where = self.supplies.wheelhouse or "the network"
        lock = "extras" if self.supplies.extras else "runtime"
        return f"a virtual environment below {self.machine.places.releases}: {lock}.lock from {where}, then {self.source.origin}"

    def _has_release(self) -> bool:
        return releases.current(self.machine.places) is not None

    def _build(self, heard: Heard) -> str:
        releases.prune(self.machine.places)
        name = releases.new_name(self.source, datetime.now(UTC))
        release = releases.build(self.machine, self.source, self.supplies, name, heard)
        releases.switch(self.machine.places, release)
        return release.name

    def _has_secrets(self) -> bool:
        return not settings.missing_secrets(self.machine.places)

    def _make_secrets(self, heard: Heard) -> str:
        made = settings.make_secrets(self.machine)
        self.new_passphrase = "backup_passphrase" in made
        return ", ".join(made)

    def _write_config(self, heard: Heard) -> str:
        settings.write_config(self.machine, self.answers)
        return str(self.machine.places.config)

    def _units(self) -> list[str]:
        return sorted(unit.name for unit in (self.source.deploy / "systemd").iterdir())

    def _fits(self) -> bool:
        release = releases.current(self.machine.places)
        return release is not None and system.fits(self.machine, release)

    def _fit(self, heard: Heard) -> str:
        system.fit(self.machine, self.release)
        return str(self.machine.places.units)

    def _is_set_up(self) -> bool:
        release = releases.current(self.machine.places)
        return release is not None and database.look(self.machine, release).set_up

    def _set_up(self, heard: Heard) -> str:
        a = self.answers
        done = self.machine.cli(
            self.release.folder, "init", "--existing-config", "--json", "--name", a.name, "--zone", a.zone,
            "--locale", a.locale, "--region", a.region, "--tables", a.tables, "--owner-email", a.email,
        )  # fmt: skip
        if done.code != 0:
            raise Failed(f"The database could not be set up:\n{done.tail}")
        self.made = json.loads(done.output)
        return a.name

    def _write_proxy(self, heard: Heard) -> str:
        return proxy.write(self.machine.places, self.proxy, proxy.text(self.source.deploy, self.proxy, self.answers))

    def _is_enabled(self) -> bool:
        return system.are_enabled(self.machine)

    def _enable(self, heard: Heard) -> str:
        system.enable(self.machine)
        return "web, worker, backup every night, watch every two minutes"

    def _wait(self, heard: Heard) -> str:
        trouble = wait_until_well(lambda: self.machine.health(self.port), READY_SECONDS)
        if trouble:
            raise Failed(f"The box does not answer: {trouble}\n{self.machine.journal()}")
        return "well"


def wait_until_well(trouble_now: Callable[[], str], seconds: float) -> str:
    """ "" as soon as there is no trouble; the trouble, when the time is over."""
    end = time.monotonic() + seconds
    while (trouble := trouble_now()) and time.monotonic() < end:
        time.sleep(0.5)
    return trouble


def _never() -> bool:
    return False
