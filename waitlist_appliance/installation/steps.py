"""A plan: steps that know whether they are done, so that running it again changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from waitlist_appliance.installation.failure import Failed
from waitlist_appliance.installation.screen import Screen


@dataclass(frozen=True, slots=True)
class Step:
    """`would` says what `do` does; `do` returns a word or two on what came of it."""

    title: str
    would: str
    is_done: Callable[[], bool]
    do: Callable[[Callable[[str], None]], str]


def carry_out(plan: Sequence[Step], screen: Screen) -> int:
    """Does what is not done yet; how many steps that were. Raises Failed at the first that cannot be done."""
    changed = 0
    for step in plan:
        if step.is_done():
            screen.already(step.title)
            continue
        try:
            with screen.working(step.title) as work:
                detail = step.do(work.heard)
        except Failed:
            screen.failed(step.title)
            raise
        screen.done(step.title, detail)
        changed += 1
    return changed


def show(plan: Sequence[Step], screen: Screen) -> None:
    """The plan, step by step; nothing is changed."""
    for step in plan:
        if _seems_done(step):
            screen.already(step.title)
        else:
            screen.would(step.title, step.would)


def _seems_done(step: Step) -> bool:
    try:
        return step.is_done()
    except (PermissionError, Failed):  # a dry run may be anybody's, who sees less than root
        return False
