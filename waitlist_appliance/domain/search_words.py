"""The words by which a person is found: without capitals and accents, and the number also from its end."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

# A word that begins so is a number written backwards: "ends with 222" becomes "begins with ~222".
BACKWARDS = "~"
LONGEST_WORD = 40
MOST_WORDS = 60
_WORD = re.compile(r"\w+", re.UNICODE)


def fold(text: str) -> str:
    """Small letters without accents, full-width signs as plain ones: "CHLOÉ" and "chloe" are the same."""
    # Folded twice: some letters are capitals only once they are plain ones, some fall apart only when small.
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(char for char in plain if not unicodedata.combining(char)).casefold()


def words_of(text: str) -> list[str]:
    """The folded words of a text, in order, each once; an email address is also one word by itself."""
    return list(dict.fromkeys(word[:LONGEST_WORD] for word in _words(text)))[:MOST_WORDS]


def stored_words(phone: str, said: str) -> list[str]:
    """What is kept of a person: the words of all they said, and their number (E.164) backwards."""
    return [BACKWARDS + phone.removeprefix("+")[::-1], *words_of(said)]


def ending(digits: str) -> str:
    """What a number that ends with these digits begins with, as it is stored."""
    return BACKWARDS + digits[::-1]


def _words(text: str) -> Iterator[str]:
    for piece in fold(text).split():
        if "@" in piece:
            yield piece
            piece = piece.partition("@")[0]  # every second address ends in the same few words
        yield from _WORD.findall(piece)
