"""What the waitlist brings, out of counted facts: shares, medians, trends. No counting of rows here, only arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

STAGES = ("triggered", "signed_up", "offered", "accepted", "booked")
SOURCES = ("voice_agent", "web", "manual")
DAYS = (7, 30, 90)
LONGEST_DAYS = 731
HEAT_LEVELS = 4

Direction = Literal["up", "down", "same", "unknown"]


@dataclass(frozen=True, slots=True)
class Period:
    """Whole local days, `since` and `last` both included."""

    since: date
    last: date

    def __post_init__(self) -> None:
        if not 0 < self.days <= LONGEST_DAYS:
            raise ValueError("a period has 1 to 731 days")

    @property
    def days(self) -> int:
        return (self.last - self.since).days + 1

    @property
    def until(self) -> date:
        """The first day after it."""
        return self.last + timedelta(days=1)

    def before(self) -> Period:
        """As many days, just before."""
        return Period(self.since - timedelta(days=self.days), self.since - timedelta(days=1))


def last_days(today: date, days: int) -> Period:
    """The last `days` days, today included."""
    return Period(today - timedelta(days=days - 1), today)


@dataclass(frozen=True, slots=True)
class Tally:
    """The counted facts of a period.

    `entries`: (source, furthest stage 0–4) → entries that came in it; `offers`: state → offers sent in it; `openings`:
    state → places freed in it; `minutes`: minutes from freed to filled → places; `covers`: guests of bookings won in it.
    """

    entries: Mapping[tuple[str, int], int]
    offers: Mapping[str, int]
    openings: Mapping[str, int]
    minutes: Mapping[int, int]
    covers: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the funnel: how many came this far, as a share of the first step and of the step before."""

    stage: str
    count: int
    of_all: float | None
    of_previous: float | None


@dataclass(frozen=True, slots=True)
class SourceLine:
    source: str
    triggered: int
    booked: int
    conversion: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """Shares are 0 to 1; None where there is nothing to divide by."""

    funnel: tuple[Step, ...]
    sources: tuple[SourceLine, ...]
    filled: int
    freed: int
    minutes_to_fill: float | None
    conversion: float | None
    fill_rate: float | None
    acceptance: float | None
    refusal: float | None
    silence: float | None
    offers_sent: int
    offers_per_fill: float | None
    covers: int

    @property
    def empty(self) -> bool:
        return not (self.funnel[0].count or self.offers_sent or self.freed)


@dataclass(frozen=True, slots=True)
class Trend:
    """How a number moved against the previous period; `good` None where it did not move or cannot be compared."""

    direction: Direction
    change: float
    good: bool | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One hour of one weekday: `level` 0 (nobody asked) to 4 (most)."""

    hour: int
    asked: int
    booked: int
    level: int


@dataclass(frozen=True, slots=True)
class Heat:
    """Monday first; every row has the same hours."""

    hours: tuple[int, ...]
    rows: tuple[tuple[Cell, ...], ...]


def summarise(tally: Tally) -> Summary:
    """Everything the statistics page says about one period."""
    funnel = _funnel(tally)
    filled, freed = tally.openings.get("booked", 0), _freed(tally)
    accepted, declined, expired = (tally.offers.get(state, 0) for state in ("accepted", "declined", "expired"))
    answered, sent = accepted + declined + expired, sum(tally.offers.values())
    return Summary(
        funnel=funnel, sources=_sources(tally), filled=filled, freed=freed,
        minutes_to_fill=median_of(tally.minutes), conversion=share(funnel[-1].count, funnel[0].count),
        fill_rate=share(filled, freed), acceptance=share(accepted, answered), refusal=share(declined, answered),
        silence=share(expired, answered), offers_sent=sent, offers_per_fill=share(sent, filled), covers=tally.covers,
    )  # fmt: skip


def share(part: float, whole: float) -> float | None:
    """`part` by `whole`; None where there is no whole."""
    return part / whole if whole else None


def median_of(counted: Mapping[int, int]) -> float | None:
    """The median of values given as value → how often; None for none."""
    total = sum(counted.values())
    if not total:
        return None
    return (_at(counted, (total - 1) // 2) + _at(counted, total // 2)) / 2


def trend(now: float | None, before: float | None, *, more_is_better: bool = True) -> Trend:
    """The move from `before` to `now`."""
    if now is None or before is None:
        return Trend("unknown", 0.0, None)
    change = now - before
    if change == 0:
        return Trend("same", 0.0, None)
    return Trend("up" if change > 0 else "down", change, (change > 0) == more_is_better)


def heat(demand: Iterable[tuple[int, int, int, int]]) -> Heat:
    """Weekday × hour out of (weekday 0–6, hour 0–23, asked, booked); hours nobody asked for at the edges are left out."""
    asked: dict[tuple[int, int], int] = {}
    booked: dict[tuple[int, int], int] = {}
    for weekday, hour, wanted, won in demand:
        asked[weekday, hour] = asked.get((weekday, hour), 0) + wanted
        booked[weekday, hour] = booked.get((weekday, hour), 0) + won
    hours = [hour for _, hour in asked]
    span = tuple(range(min(hours), max(hours) + 1)) if hours else ()
    most = max(asked.values(), default=0)
    return Heat(span, tuple(tuple(_cell(day, hour, asked, booked, most) for hour in span) for day in range(7)))


def revenue(covers: int, per_cover: int) -> int | None:
    """What the won covers bring; None where the owner has not said what a cover brings."""
    return covers * per_cover if per_cover else None


def _funnel(tally: Tally) -> tuple[Step, ...]:
    """Whoever came further also came this far, however they did."""
    counts = [_reached(tally, stage) for stage in range(len(STAGES))]
    return tuple(
        Step(name, count, share(count, counts[0]), share(count, counts[at - 1]) if at else None)
        for at, (name, count) in enumerate(zip(STAGES, counts, strict=True))
    )


def _reached(tally: Tally, stage: int, source: str | None = None) -> int:
    return sum(n for (come_by, far), n in tally.entries.items() if far >= stage and source in (None, come_by))


def _sources(tally: Tally) -> tuple[SourceLine, ...]:
    lines = ((source, _reached(tally, 0, source), _reached(tally, len(STAGES) - 1, source)) for source in SOURCES)
    return tuple(SourceLine(source, came, won, share(won, came)) for source, came, won in lines)


def _freed(tally: Tally) -> int:
    """The places that could be filled: what something else took back was never on offer."""
    return sum(count for state, count in tally.openings.items() if state != "taken")


def _at(counted: Mapping[int, int], place: int) -> int:
    """The value at a place (from 0) of the sorted list that the counts stand for."""
    for value in sorted(counted):
        place -= counted[value]
        if place < 0:
            return value
    raise IndexError(place)


def _cell(day: int, hour: int, asked: Mapping[tuple[int, int], int], booked: Mapping[tuple[int, int], int], most: int) -> Cell:
    wanted = asked.get((day, hour), 0)
    # Rounded up, so that a single person is seen beside a hundred.
    level = -(-wanted * HEAT_LEVELS // most) if wanted else 0
    return Cell(hour, wanted, booked.get((day, hour), 0), level)
