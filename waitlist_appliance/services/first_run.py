"""The owner's first steps, one question at a time; they can be left and taken up again, and come once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from waitlist_appliance.domain.errors import Conflict, Invalid
from waitlist_appliance.services import set_up_resources
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.set_up_resources import Place
from waitlist_appliance.storage import activity, set_up
from waitlist_appliance.storage.database import IntegrityError

STEPS: Final = ("business", "place", "hours", "resources", "done")


@dataclass(frozen=True, slots=True)
class FirstRun:
    """How far the owner has come: the step to do next, and whether all is over."""

    step: str
    finished: bool


def state(app: Appliance) -> FirstRun:
    """Where the first set-up stands."""
    found = set_up.first_run(app.db)
    step, finished = found or (STEPS[0], False)
    return FirstRun(step if step in STEPS else STEPS[0], finished)


def pass_step(app: Appliance, step: str, now: datetime, actor: Actor) -> str:
    """This step is done or skipped; the one that follows. Going back over earlier steps loses nothing."""
    following = STEPS[min(STEPS.index(step) + 1, len(STEPS) - 1)]
    with app.db.write():
        present = state(app)
        if not present.finished and STEPS.index(following) > STEPS.index(present.step):
            set_up.set_first_run(app.db, following, None)
            activity.record(app.db, now, actor, "first_run_step", "business", 1, name=step)
    return following


def finish(app: Appliance, now: datetime, actor: Actor) -> None:
    """Never ask again."""
    with app.db.write():
        if not state(app).finished:
            set_up.set_first_run(app.db, STEPS[-1], now)
            activity.record(app.db, now, actor, "first_run_done", "business", 1)


def replace_resources(app: Appliance, wanted: Sequence[Place], now: datetime, actor: Actor) -> int:
    """These instead of what there is; how many there are now. All or nothing.

    Invalid resources_missing, name_taken; Conflict resources_in_use while bookings or offers lie ahead.
    """
    if not wanted:
        raise Invalid("resources_missing", "count_1")
    with app.db.write():
        for line in set_up.resource_lines(app.db, now):
            if line.bookings or line.holds:
                raise Conflict("resources_in_use", params={"name": line.name})
            _remove(app, line.id)
        for place in wanted:
            set_up_resources.add_resource(app, place, now, actor)
    return len(wanted)


def _remove(app: Appliance, resource_id: int) -> None:
    """What was never used leaves no trace; what the history names goes out of use."""
    try:
        app.db.execute("DELETE FROM resource WHERE id = ?", resource_id)
    except IntegrityError:
        set_up.update(app.db, "resource", resource_id, {"active": 0})
