"""A hundred thousand replies put together out of parts whose meaning is known: no accepted no, no accepted nonsense."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from waitlist_appliance.domain.replies import (
    CARRIER_STOP,
    COURTESY,
    HELP,
    MAX_WORDS,
    NO,
    START,
    STOP,
    YES,
    Reply,
    understand,
    words_of,
)

QUICK, ALL = 4_000, 100_000
SAYS_YES = [*sorted(" ".join(phrase) for phrase in YES), "👍", "✅", "👌", "👍🏽"]
SAYS_NO = [*sorted(" ".join(phrase) for phrase in NO), "👎", "❌", "🙅\u200d♀️"]
POLITE = sorted(" ".join(phrase) for phrase in COURTESY)
# What people write besides: conditions, questions, other times, other matters, other answers.
OTHERWISE = """
maybe if but when where what late later tomorrow today tonight table parking dog terrace perhaps wait price menu call
quizas quiza pero cuando donde que tarde manana hoy mesa aparcamiento perro terraza ojala espera precio llamame
peut-etre mais quand ou quoi tard demain table parking chien terrasse attendez prix appelez sauf
3 4 12 21 22 100 19:30 20h 1/2 $1 10% yesterday sick okra notary sicher ja da nein sim não jawohl hai ναι да نعم 好
yess okk sí2 no1 n0 y3s oui-dire simon novale valen confirmar? accept? 🤔 🤷 ❓ ¿ ?
""".split()  # noqa: SIM905  a list of sixty strings reads worse
ALONE = {word for phrase in YES | NO | COURTESY | STOP | START | HELP | CARRIER_STOP for word in phrase}
LOOSE = [
    "!", "!!", ".", "...", ",", ";", "-", "😀", "🎉", "🙏", "❤️", "\u200d", "\u200b", "\ufe0f", "\n", "\t", "  ", "\u00a0", "*",
]  # fmt: skip


@dataclass(frozen=True)
class Written:
    """A reply, what went into it, and whether all of it is as it was meant (not cut, not too long)."""

    text: str
    parts: frozenset[str]
    whole: bool


def plain(text: str, chance: random.Random) -> str:
    return text


def shouted(text: str, chance: random.Random) -> str:
    return text.upper()


def mixed(text: str, chance: random.Random) -> str:
    return "".join(chance.choice((char.upper(), char.lower())) for char in text)


def accented(text: str, chance: random.Random) -> str:
    """Accents where there are none, as one sign or as two."""
    form = chance.choice(("NFC", "NFD"))
    spelt = "".join(char + "\u0301" if char in "aeiou" and chance.random() < 0.4 else char for char in text)
    return unicodedata.normalize(form, spelt)  # type: ignore[arg-type]


def wide(text: str, chance: random.Random) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" < char < "~" and char not in "?" else char for char in text)


SPELT: tuple[Callable[[str, random.Random], str], ...] = (plain, plain, shouted, mixed, accented, wide)


def gibberish(chance: random.Random) -> str:
    """A word that nobody uses."""
    while True:
        word = "".join(chance.choice("bcdfghjklmnpqrtvwxzaeiou") for _ in range(chance.randint(3, 11)))
        if word not in ALONE:
            return word


def replies(count: int, seed: int) -> Iterator[Written]:
    chance = random.Random(seed)
    recipes = ("y", "yp", "pyp", "yy", "n", "np", "pn", "nn", "yn", "ny", "pynp", "o", "oo", "yo", "oy", "yoy", "no", "on",
               "g", "yg", "gy", "ng", "p", "pp", "ypo", "nyo", "ygy", "yyyyo", "nnn")  # fmt: skip
    for _ in range(count):
        recipe = chance.choice(recipes)
        said = [_part(kind, chance) for kind in recipe]
        spell = chance.choice(SPELT)
        text = "".join(spell(part, chance) + _between(chance) for part in said)
        yield Written(_between(chance) + text, frozenset(recipe), len(words_of(text)) <= MAX_WORDS)


def _part(kind: str, chance: random.Random) -> str:
    sources = {"y": SAYS_YES, "n": SAYS_NO, "p": POLITE, "o": OTHERWISE}
    return chance.choice(sources[kind]) if kind in sources else gibberish(chance)


def _between(chance: random.Random) -> str:
    return " " + "".join(chance.choice(LOOSE) for _ in range(chance.choice((0, 0, 1, 2)))) + " "


def problem(written: Written) -> str | None:
    """What is wrong with how the reply was understood."""
    meant = understand(written.text)
    if meant is Reply.yes and written.parts & set("nog"):
        return "accepted, though it says no, or something else as well"
    if meant is Reply.yes and "y" not in written.parts:
        return "accepted, though nothing of it is a yes"
    # "not" and "coming" are a no together: only what is neither yes nor no speaks against one.
    if meant is Reply.no and (written.parts & set("og") or "n" not in written.parts):
        return "declined, though something of it is no no"
    if written.whole and written.parts <= set("yp") and "y" in written.parts and meant is not Reply.yes:
        return f"a plain yes was taken for {meant.value}"
    if written.whole and written.parts <= set("np") and "n" in written.parts and meant not in (Reply.no, Reply.stop):
        return f"a plain no was taken for {meant.value}"
    return None


def understood_wrongly(count: int, seed: int) -> list[tuple[str, str]]:
    return [(written.text, wrong) for written in replies(count, seed) if (wrong := problem(written))]


@pytest.mark.parametrize("seed", [1, 2])
def test_thousands_of_replies_are_never_understood_wrongly(seed: int) -> None:
    assert understood_wrongly(QUICK, seed)[:20] == []


@pytest.mark.slow
def test_a_hundred_thousand_replies_are_never_understood_wrongly() -> None:
    seed = random.SystemRandom().randrange(10**9)
    assert understood_wrongly(ALL, seed)[:20] == [], f"seed {seed}"


def test_the_generator_makes_every_kind_of_reply() -> None:
    found = {understand(written.text) for written in replies(QUICK, 3)}
    assert {Reply.yes, Reply.no, Reply.unclear} <= found
