"""The demo's own check of its final state finds what is wrong: every sabotage is named."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from waitlist_appliance.cli.processes import Processes, free_port
from waitlist_appliance.demo import check
from waitlist_appliance.demo.client import Client, wait_for_answer
from waitlist_appliance.demo.house import House, furnish
from waitlist_appliance.demo.narrator import Narrator
from waitlist_appliance.demo.story import Story
from waitlist_appliance.storage.database import Database

pytestmark = [pytest.mark.processes, pytest.mark.slow]
NOBODY = {"customer_id": 1, "service_id": 1, "resource_id": 2, "party_size": 2, "source": "web", "status": "confirmed"}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, Story]:
    """A house on which the play has been played, its processes stopped."""
    folder, port = tmp_path_factory.mktemp("house"), free_port()
    house = furnish(folder, port, datetime.now(UTC))
    with Processes(house.config_path, folder / "demo.log") as processes, (folder / "said").open("w") as said:
        processes.start("web", "serve")
        processes.start("worker", "worker")
        client = Client("127.0.0.1", port, house.api_key)
        assert wait_for_answer(client, 30, lambda: processes.ended() is not None)
        story = Story(house, client, Narrator(said), lambda: processes.ended() is not None)
        story.play()
    return house, story


@pytest.fixture
def db(played: tuple[House, Story], tmp_path: Path) -> Iterator[Database]:
    shutil.copytree(played[0].database_path.parent, tmp_path / "data")
    db = Database(tmp_path / "data" / "waitlist.db")
    yield db
    db.close()


def found(db: Database, played: tuple[House, Story], *, behind: bool = True) -> str:
    house, story = played
    return "; ".join(check.problems(db, house, story.cast, ana_went_behind=behind))


def test_a_play_that_went_well_has_no_problems(db: Database, played: tuple[House, Story]) -> None:
    assert found(db, played, behind=played[1].ana_went_behind) == ""


@pytest.mark.parametrize(
    ("sabotage", "words"),
    [
        ("UPDATE booking SET status = 'pending'", "the booking is pending"),
        ("UPDATE booking SET starts_at = starts_at - 60000", "the booking is for"),
        ("DELETE FROM occupancy", "the occupied times are []"),
        ("UPDATE local_event SET status = 'cancelled' WHERE tag IS NOT NULL", "holds 0 events"),
        ("UPDATE entry SET status = 'waiting'", "Bruno's entry"),
        ("UPDATE offer SET state = 'withdrawn' WHERE state = 'expired'", "Ana's entry"),
        ("UPDATE message SET state = 'failed' WHERE kind = 'confirmed'", "Chloé never got: confirmed"),
    ],
)
def test_every_sabotage_is_named(db: Database, played: tuple[House, Story], sabotage: str, words: str) -> None:
    with db.write():
        db.execute(sabotage)
    assert words in found(db, played)


def test_a_second_booking_is_noticed(db: Database, played: tuple[House, Story]) -> None:
    now = datetime.now(UTC)
    with db.write():
        db.insert(
            "booking", public_id="other", code="OTHER", starts_at=now, ends_at=now + timedelta(hours=1), created_at=now,
            **NOBODY,
        )  # fmt: skip
    assert "2 bookings" in found(db, played)


def test_a_place_that_did_not_go_behind_is_noticed(db: Database, played: tuple[House, Story]) -> None:
    assert "did not go behind" in found(db, played, behind=False)
