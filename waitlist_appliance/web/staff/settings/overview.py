"""The way into the settings: every page with the question it answers."""

from __future__ import annotations

from typing import Any

from waitlist_appliance.services import first_run, workflow
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff.settings import frame


def overview() -> Any:
    """The list of pages, what is left of the first set-up, and how many steps work."""
    steps = workflow.steps(box(), current_time())
    return frame.render(
        "overview.html", "", first=first_run.state(box()), steps=first_run.STEPS,
        working=sum(step.done for step in steps), all_steps=len(steps), policies=box().setup().policies,
    )  # fmt: skip
