"""The box inside a booted machine: installing it, asking it over HTTP and by its command line."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.boot.machine import Done, Machine

SOURCE: Final = "/mnt/sources/now"
WHEELHOUSE: Final = "/mnt/wheelhouse"
WEB: Final = "waitlist-web.service"
WORKER: Final = "waitlist-worker.service"
PORT: Final = 8080
ANSWERS: Final = (
    "--name 'Casa Lola' --public-url http://127.0.0.1:8080 --owner-email lola@casalola.example --tables '2x2, 1x4' --locale en"
)
ENTERED: Final = "Lola"
_SQL: Final = """
import sys
from peewee import sqlite3
db = sqlite3.connect("/var/lib/waitlist/waitlist.db", timeout=10, isolation_level=None)
for row in db.execute(sys.argv[1]):
    print(row[0])
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer over HTTP."""

    status: int
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Box:
    """A box on a machine. `made` is what the installation printed, with the secrets that are shown once."""

    machine: Machine
    made: dict[str, Any]

    @property
    def key(self) -> str:
        return str(self.made["api_key"])

    def asks(self, path: str, *flags: str, body: Any = None, given: str = "") -> Answer:
        """GET, or POST with a body in JSON, by curl in the machine. Status 0: nobody answered."""
        words = ["curl", "-sS", "-m", "30", "-w", "\n%{http_code}", *flags]
        if body is not None:
            words += ["-H", "Content-Type: application/json", "--data-binary", "@-"]
            given = json.dumps(body)
        done = self.machine.run(shlex.join([*words, f"http://127.0.0.1:{PORT}{path}"]), check=False, given=given)
        text, _, status = done.out.rpartition("\n")
        return Answer(int(status) if status.isdigit() else 0, text)

    def calls(self, path: str, body: Any = None) -> Answer:
        """The API, as the voice agent calls it."""
        return self.asks(path, "-H", f"Authorization: Bearer {self.key}", body=body)

    def trigger(self, phone: str = "600000001", **more: Any) -> Answer:
        """Somebody wants a table in five days, at nine in the evening."""
        wanted = (datetime.now(UTC) + timedelta(days=5)).strftime("%Y-%m-%dT21:00:00")
        said = {"requested_slot": wanted, "phone": phone, "firstName": ENTERED, "partySize": 2, "force": True, **more}
        return self.calls("/api/waitlist/trigger", said)

    def entries(self) -> list[str]:
        """Who is on the list, by id, as the API tells it."""
        return sorted(entry["id"] for entry in self.calls("/api/waitlist/entries").json["entries"])

    def health(self) -> int:
        """The status of /healthz."""
        return self.asks("/healthz").status

    def is_well(self) -> bool:
        """Whether it answers and does its work."""
        return self.health() == 200 and self.asks("/readyz").status == 200

    def waits_until_well(self, seconds: float = 60) -> None:
        self.machine.until(self.is_well, "/healthz and /readyz answer 200", seconds=seconds)

    def cli(self, words: str, *, check: bool = True, seconds: float = 120) -> Done:
        """`waitlist WORDS`, as the owner types it."""
        return self.machine.run(f"waitlist {words}", check=check, seconds=seconds)

    def pid(self, unit: str) -> int:
        """The main process of a unit, as numbered in the machine; 0 when it does not run."""
        return int(self.machine.shows(unit, "MainPID")["MainPID"])

    def migrations(self) -> list[str]:
        """What the database has had."""
        return self.rows("SELECT name FROM schema_migration ORDER BY name")

    def rows(self, query: str) -> list[str]:
        """The first column of what a read of the database answers, by the release's own SQLite."""
        return self._sql(query).splitlines()

    def writes(self, statement: str) -> None:
        """A change that no command makes, by the service's user."""
        self._sql(statement)

    def _sql(self, statement: str) -> str:
        user = "setpriv --reuid waitlist --regid waitlist --clear-groups"
        return self.machine.run(f"{user} /opt/waitlist/current/bin/python -c {shlex.quote(_SQL)} {shlex.quote(statement)}").out


def install(machine: Machine, source: str = SOURCE, flags: str = "", *, check: bool = True) -> Done:
    """The one command, out of a checkout."""
    return machine.run(f"{source}/scripts/install {ANSWERS} --wheelhouse {WHEELHOUSE} {flags}", check=check, seconds=300)


def tree(machine: Machine, *folders: str) -> str:
    """Every file below the folders with owner, mode, time and content: what an idle command must leave alike."""
    listed = f"find {shlex.join(folders)} -printf '%p %U:%G %m %T@ %l\\n' | sort"
    return machine.run(f"{listed}; find {shlex.join(folders)} -type f -exec sha256sum {{}} + | sort").out
