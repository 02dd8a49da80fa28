"""What a customer meant by a short reply in Spanish, French or English.

A reply is a yes only when *every* word of it belongs to the yes grammar: a wrong yes books a table for somebody who
does not come, a wrong "unclear" costs one more message. So whole phrases are matched, never parts of them.
"""

from __future__ import annotations

import unicodedata
from enum import Enum

MAX_LENGTH = 300
MAX_WORDS = 12

Phrase = tuple[str, ...]


class Reply(Enum):
    """What was meant; `unclear` changes nothing and is answered with the help text."""

    yes = "yes"
    no = "no"
    stop = "stop"
    start = "start"
    help = "help"
    unclear = "unclear"


def _phrases(*lines: str) -> frozenset[Phrase]:
    return frozenset(tuple(phrase.split()) for line in lines for phrase in line.split(","))


YES = _phrases(
    "1, y, yes, yep, yeah, yup, ok, okay, okey, oki, sure, of course, absolutely, confirm, confirmed, i confirm",
    "accept, accepted, i accept, coming, i am coming, i m coming, we are coming, i will be there, i ll be there",
    "we will be there, we ll be there, count me in",
    "si, sip, s, vale, claro, claro que si, por supuesto, confirmo, confirmado, confirmada, confirmamos, confirmar",
    "si confirmo, acepto, aceptar, aceptamos, de acuerdo, voy, vamos, alli estare, ahi estare, alli estaremos",
    "ahi estaremos, dale",
    "oui, ouais, d accord, daccord, dac, je confirme, nous confirmons, je valide, j accepte, accepte, bien sur",
    "volontiers, je viens, nous venons, j arrive, on arrive, j y serai, nous y serons, on y sera, on vient",
)
NO = _phrases(
    "2, n, no, nope, nah, no way, not, never, i can t, i cannot, i can not, can t, cannot, can t make it",
    "i can t make it, i can t come, i cannot come, not coming, i am not coming, i m not coming, no longer",
    "not anymore, not any more, decline, i decline, declined, cancel, cancel it, not interested, i m not interested",
    "nop, ya no, ya no quiero, ya no puedo, ya no me interesa, ya no hace falta, cancelar, cancela, cancelo",
    "cancelado, cancelalo, no puedo, no podemos, no podre, no podremos, no puedo ir, no podemos ir, no voy, no vamos",
    "no ire, no iremos, no quiero, no me interesa, no me viene bien, no me va bien, rechazo, rechazar, nunca",
    "imposible, me es imposible, no va a poder ser",
    "non, annuler, annule, annulez, j annule, je ne peux pas, je peux pas, je ne pourrai pas, je ne viens pas",
    "je viens pas, nous ne pouvons pas, nous ne venons pas, on ne peut pas, on ne vient pas, pas possible",
    "ce n est pas possible, c est pas possible, pas disponible, je ne suis pas disponible, je ne suis plus disponible",
    "plus disponible, plus besoin, je refuse, refuse, refuser, pas interesse, pas interessee, jamais, impossible",
)
# The exact words on which a carrier stops delivering; it only acts on messages of one single word.
CARRIER_STOP = _phrases(
    "stop, unsubscribe, end, quit, stopall, revoke, optout, cancel, arret, arrete, arrett, baja",
)
# Also said politely, or in more words; here a wrong guess only silences us.
STOP = _phrases(
    "stop, unsubscribe, stopall, optout, arret, arrete, arrett, baja, stop all, opt out, stop messages",
    "stop texting me, stop sending messages, stop sending me messages, no more messages, unsubscribe me, remove me",
    "darme de baja, dame de baja, dar de baja, darse de baja, no mas mensajes, no me escribas mas, no me escriban mas",
    "arretez, stop sms, plus de messages, desabonnement, desabonner, se desabonner, desinscription, desinscrire",
)
START = _phrases("start, unstop, alta, darme de alta, dame de alta")
HELP = _phrases("help, info, ayuda, aide, aidez moi, help me")
# Says nothing by itself: "yes please" is a yes, "perfect" alone is not.
COURTESY = _phrases(
    "please, pls, plz, thanks, thank you, thank you very much, many thanks, thx, hi, hello, great, perfect",
    "good morning, good evening, with pleasure",
    "gracias, muchas gracias, mil gracias, por favor, porfavor, porfa, hola, buenas, buenos dias, buenas tardes",
    "buenas noches, perfecto, genial, estupendo, encantado, encantada, con gusto, un saludo, saludos",
    "merci, merci beaucoup, merci bien, s il vous plait, s il te plait, svp, stp, bonjour, bonsoir, salut, parfait",
    "super, avec plaisir, tres bien, cordialement",
)

_YES_EMOJI = "👍✅👌✔☑🆗"
_NO_EMOJI = "👎❌✖🚫❎🙅⛔✗✘"
_QUESTION_EMOJI = "❓❔🤔🤷⁉⁈⁇"
_EMOJI_WORDS = {ord(c): " yes " for c in _YES_EMOJI} | {ord(c): " no " for c in _NO_EMOJI}
_EMOJI_WORDS |= {ord(c): " ? " for c in _QUESTION_EMOJI}
_QUESTION_MARKS = frozenset("?¿؟")
_LONGEST = max(len(phrase) for phrase in YES | NO | STOP | START | HELP | COURTESY)


def understand(text: str) -> Reply:
    """The meaning of a whole reply; anything mixed, conditional, asked or unknown is `unclear`."""
    words = words_of(text)
    if not words or len(words) > MAX_WORDS or len(text.strip()) > MAX_LENGTH:
        return Reply.unclear
    if words in CARRIER_STOP or _says(words, STOP):
        return Reply.stop
    if _is_question(text):
        return Reply.unclear
    meanings = ((START, Reply.start), (HELP, Reply.help), (NO, Reply.no), (YES, Reply.yes))
    return next((reply for phrases, reply in meanings if _says(words, phrases)), Reply.unclear)


def words_of(text: str) -> Phrase:
    """The reply without case, accents, punctuation and decoration; answering emoji become "yes" and "no"."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text.translate(_EMOJI_WORDS)).casefold())
    return tuple("".join(_letter(char) for char in plain).split())


def _letter(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Mn", "Me", "Cf", "Sk"):
        return ""  # accents, joiners, skin tones: they belong to the sign before them
    return " " if category[0] in "PZCSM" and category != "Sc" else char


def _is_question(text: str) -> bool:
    return not _QUESTION_MARKS.isdisjoint(unicodedata.normalize("NFKC", text.translate(_EMOJI_WORDS)))


def _says(words: Phrase, phrases: frozenset[Phrase]) -> bool:
    return _made_of(words, phrases | COURTESY) and not _made_of(words, COURTESY)


def _made_of(words: Phrase, phrases: frozenset[Phrase]) -> bool:
    """Whether the words are a sequence of whole phrases (all ways to cut them are tried, in linear time)."""
    reached = {0}
    for end in range(1, len(words) + 1):
        starts = range(max(0, end - _LONGEST), end)
        if any(start in reached and words[start:end] in phrases for start in starts):
            reached.add(end)
    return len(words) in reached
