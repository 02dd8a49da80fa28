"""Casa Lola before a race: its tables full, people in line, in as many copies as there are rounds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import build_box
from waitlist_appliance.services.appliance import Appliance

Scene = Callable[[Appliance], None]
Rounds = Callable[[Scene, int], list[Path]]


@pytest.fixture
def rounds(ready_made: Path, tmp_path: Path) -> Rounds:
    """Plays a scene once on a fresh Casa Lola and copies the outcome: one folder for each round."""

    def make(scene: Scene, count: int) -> list[Path]:
        folders = [tmp_path / f"round{number}" for number in range(count)]
        for folder in folders:
            folder.mkdir()
        shutil.copy(ready_made, folders[0] / "waitlist.db")
        box = build_box(folders[0])
        scene(box)
        box.db.tuples("PRAGMA wal_checkpoint(TRUNCATE)")
        box.db.close()
        for folder in folders[1:]:
            shutil.copy(folders[0] / "waitlist.db", folder / "waitlist.db")
        return folders

    return make
