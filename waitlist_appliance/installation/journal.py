"""How far a change of release came: written down before each stage, so that a cut in between can be mended."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

from waitlist_appliance.installation import files
from waitlist_appliance.installation.failure import Failed
from waitlist_appliance.installation.places import Places

# In this order; "undo" and "again" (the old release is started again) only when something failed.
STAGES: Final = ("prepare", "stop", "copy", "data", "switch", "start", "clean", "undo", "again")


@dataclass(frozen=True, slots=True)
class Journal:
    """One change from release `old` to release `new`.

    `migrations`: what the database had had before. `builds`: the new release is made for this change. `replaces`: the
    database's content is replaced, not only migrated. `started`: the new release has run and may have written.
    """

    stage: str
    old: str
    new: str
    migrations: tuple[str, ...]
    builds: bool = False
    replaces: bool = False
    started: bool = False


def read(places: Places) -> Journal | None:
    """What is under way or was cut short. Raises Failed for a file that is no journal."""
    try:
        found = json.loads(places.journal.read_text(encoding="utf-8"))
        return Journal(**(found | {"migrations": tuple(found["migrations"])}))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise Failed(
            f"{places.journal} cannot be read ({error}); it is written by an upgrade and by nothing else"
        ) from error


def write(places: Places, journal: Journal) -> None:
    """On the disk when this returns."""
    files.write(places.journal, json.dumps(asdict(journal), indent=2) + "\n")


def forget(places: Places) -> None:
    files.remove(places.journal)
