"""A crowd of operating-system processes that all act on one SQLite file at the same instant."""

from __future__ import annotations

import multiprocessing
import queue
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from tests.conftest import build_box
from waitlist_appliance.domain.errors import Refused
from waitlist_appliance.services.appliance import Appliance

PATIENCE_SECONDS = 60.0
HEAD_START_SECONDS = 0.05


@dataclass(frozen=True)
class Act:
    """What one process does in one round: ``do(box, *given)``, whose answer is a word. ``do`` is a module's function."""

    do: Callable[..., str]
    given: tuple[Any, ...] = ()


@dataclass(frozen=True)
class _Place:
    """One process's part: a folder and an act for every round."""

    number: int
    rounds: list[tuple[Path, Act]]


def crowd(rounds: Sequence[tuple[Path, Sequence[Act]]]) -> list[list[str]]:
    """Run every round's acts at once, one process each; their answers, in the order of the acts.

    The processes are started once and meet at a barrier before each round. A refusal answers ``refused: <code>``.
    Raises AssertionError with the traceback when an act raised anything else.
    """
    context = _context()
    places = [
        _Place(number, [(folder, acts[number]) for folder, acts in rounds]) for number in range(len(rounds[0][1]))
    ]
    barrier, start = context.Barrier(len(places)), context.Value("d", 0.0)
    answers: Any = context.Queue()
    people = [context.Process(target=_take_part, args=(place, barrier, start, answers)) for place in places]
    for person in people:
        person.start()
    try:
        return _collect(answers, len(places), len(rounds))
    finally:
        for person in people:
            person.join(PATIENCE_SECONDS)
            if person.is_alive():
                person.kill()


def _context() -> ForkServerContext:
    """Each process is forked from a clean server that has only imported the code: no connection, lock or thread of ours."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.chaos.acts", "waitlist_appliance.bootstrap"])
    return context


def _collect(answers: Any, people: int, rounds: int) -> list[list[str]]:
    found: dict[int, list[str]] = {}
    for _ in range(people):
        try:
            number, said = answers.get(timeout=PATIENCE_SECONDS)
        except queue.Empty:
            raise AssertionError(f"only {len(found)} of {people} processes answered") from None
        found[number] = said
    raised = [word for said in found.values() for word in said if word.startswith("raised")]
    assert not raised, f"{len(raised)} raised, such as {raised[0]}"
    return [[found[number][turn] for number in range(people)] for turn in range(rounds)]


def _take_part(place: _Place, barrier: Any, start: Any, answers: Any) -> None:
    said = []
    for folder, act in place.rounds:
        box = build_box(folder)
        box.db.value("SELECT count(*) FROM business")  # the connection is open before the gun
        if barrier.wait(PATIENCE_SECONDS) == 0:
            start.value = time.monotonic() + HEAD_START_SECONDS
        barrier.wait(PATIENCE_SECONDS)
        time.sleep(max(0.0, start.value - time.monotonic()))
        said.append(_answer(box, act))
        box.db.close()
    answers.put((place.number, said))
    answers.close()
    answers.join_thread()
    sys.stdout.flush()


def _answer(box: Appliance, act: Act) -> str:
    try:
        return act.do(box, *act.given)
    except Refused as refusal:
        return f"refused: {refusal.code}"
    except Exception:
        return f"raised: {traceback.format_exc()}"
