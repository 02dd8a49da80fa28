"""Which answers a text invites to: the words in capitals or quotation marks, and those that follow "answer"."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import Final

from waitlist_appliance.domain.replies import CARRIER_STOP, NO, YES, words_of

_ASKING: Final = frozenset(
    {
        "answer", "reply", "respond", "text", "write", "send", "type", "say", "responde", "responda", "responded",
        "contesta", "conteste", "contestad", "envia", "envie", "escribe", "escriba", "responder", "contestar",
        "enviar", "repondez", "reponds", "repondre", "envoyez", "envoie", "ecrivez", "tapez",
    }
)  # fmt: skip
_BETWEEN: Final = frozenset(
    {
        "with", "by", "only", "the", "word", "just", "either", "or", "and", "us", "con", "por", "solo", "solamente",
        "la", "palabra", "o", "u", "y", "nos", "a", "par", "avec", "seulement", "le", "mot", "ou", "et", "nous",
        "sms",
    }
)  # fmt: skip
_ANSWERS: Final = YES | NO | CARRIER_STOP
_WORD: Final = re.compile(r"[^\W\d_]+|\d+")
_QUOTED: Final = re.compile(r"[\"“«‘']\s*([^\W\d_]+)\s*[\"”»’']")
_ADDRESS: Final = re.compile(r"\S+://\S+")


def invited(text: str) -> frozenset[str]:
    """The words, without case and accents, that a reader may take for the answer to send."""
    plain = _ADDRESS.sub(" ", text)
    words = _WORD.findall(plain)
    shouted = {word for word in words if len(word) > 1 and word.isupper()}
    quoted = set(_QUOTED.findall(plain))
    return frozenset(_folded(word) for word in shouted | quoted) | _asked_for([_folded(word) for word in words])


def stop_words(text: str) -> list[str]:
    """The words among them on which a carrier stops every message to the sender of the answer."""
    return sorted(word.upper() for word in invited(text) if (word,) in CARRIER_STOP)


def asks_for_yes_and_no(text: str) -> bool:
    """Whether a reader learns how to say yes and how to say no."""
    words = invited(text)
    return any((word,) in YES for word in words) and any((word,) in NO for word in words)


def _folded(word: str) -> str:
    return " ".join(words_of(word))


def _asked_for(words: list[str]) -> frozenset[str]:
    """What follows each "answer", as long as it can be an answer: "with YES, NO or STOP, or call us" names three."""
    found: set[str] = set()
    for at, word in enumerate(words):
        if word in _ASKING:
            said = (following for following in words[at + 1 :] if following not in _BETWEEN)
            found.update(takewhile(lambda following: (following,) in _ANSWERS, said))
    return frozenset(found)
