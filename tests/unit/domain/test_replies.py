"""A wrong yes books a table for nobody; everything doubtful is unclear."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waitlist_appliance.domain.replies import COURTESY, NO, YES, Reply, understand, words_of

SAID_YES = [
    "si", "sí", "SÍ", "Sí.", "si!", "SI\u0301", "yes", "Y", "oui", "Oui !", "ok", "OK.", "vale", "confirmo", "acepto",
    "d'accord", "D’accord", "je confirme", "1", "1.", "1️⃣", "１", "👍",
    "👍🏽", "✅", "👌", "sí 👍", "yes please", "Oui, merci !",
    "ＹＥＳ", "  sí  ", "si si", "vale, gracias", "YES\u200d", "¡Sí!",
]  # fmt: skip
SAID_NO = [
    "no", "No.", "NOPE", "non", "Non merci", "no gracias", "cancelar", "ya no", "annuler", "2", "2️⃣", "👎", "❌", "🙅‍♀️",
    "no puedo", "je ne peux pas", "can't make it", "nah", "no no no", "cancel please",
]  # fmt: skip
SAID_NEITHER = [
    "", "   ", "???", "?", "gracias", "merci", "hola", "😀", "no sí", "sí no", "si pero no puedo", "ok mais non",
    "ok but no", "yes? what time", "si?", "¿sí?", "oui ?", "👍👎", "yes 🤔", "SI/NO", "1 2", "1/2", "½", "11", "12",
    "quizás", "maybe", "yesterday", "sick", "notary", "okra", "$1", "yes or no", "si puedo",
    "j'arrive en retard", "not sure", "no?",
    "1 persona", "si " * 20, "yes" + "!" * 400, "да", "نعم",
]  # fmt: skip


@pytest.mark.parametrize("text", SAID_YES)
def test_a_yes_is_understood_whatever_its_case_accents_and_decoration(text: str) -> None:
    assert understand(text) is Reply.yes


@pytest.mark.parametrize("text", SAID_NO)
def test_a_no_is_understood_in_three_languages(text: str) -> None:
    assert understand(text) is Reply.no


@pytest.mark.parametrize("text", SAID_NEITHER)
def test_mixed_asked_conditional_and_unknown_replies_are_unclear(text: str) -> None:
    assert understand(text) is Reply.unclear


@pytest.mark.parametrize(
    "word",
    [
        "STOP",
        "unsubscribe",
        "END",
        "Quit",
        "stopall",
        "REVOKE",
        "optout",
        "Cancel",
        "ARRET",
        "arrêt",
        "arrêté",
        "ARRETT",
        "Baja",
        "stop.",
        "stop!",
        "stop?",
    ],
)
def test_the_single_words_on_which_carriers_stop_are_stop(word: str) -> None:
    assert understand(word) is Reply.stop


@pytest.mark.parametrize("text", ["stop please", "Darme de baja", "stop all", "plus de messages"])
def test_stop_is_honoured_in_more_words_too(text: str) -> None:
    assert understand(text) is Reply.stop


@pytest.mark.parametrize("text", ["cancelar", "annuler", "no cancel", "cancel it"])
def test_cancelling_in_other_words_is_a_no_and_not_an_opt_out(text: str) -> None:
    assert understand(text) in (Reply.no, Reply.unclear)


@pytest.mark.parametrize("word", ["START", "unstop", "Start."])
def test_start_opts_in_again(word: str) -> None:
    assert understand(word) is Reply.start


@pytest.mark.parametrize("word", ["HELP", "info", "ayuda", "Aide !"])
def test_help_is_help(word: str) -> None:
    assert understand(word) is Reply.help


NO_WORDS = sorted({" ".join(phrase) for phrase in NO} | {"👎", "❌", "ni", "pas", "pero", "but", "mais"})
YES_VOCABULARY = {word for phrase in YES | COURTESY for word in phrase}
AROUND = st.lists(
    st.sampled_from([*(" ".join(phrase) for phrase in YES | COURTESY), "👍", "✅", "!", "and"]), max_size=4
)


@given(before=AROUND, word=st.sampled_from(NO_WORDS), after=AROUND)
def test_nothing_that_contains_a_no_is_ever_a_yes(before: list[str], word: str, after: list[str]) -> None:
    assert understand(" ".join([*before, word, *after])) is not Reply.yes


@given(st.one_of(st.text(), st.lists(st.sampled_from([*"yesiok1?!. 👍", "si", "oui", "no"])).map("".join)))
def test_random_text_is_a_yes_only_when_all_its_words_are(text: str) -> None:
    if understand(text) is Reply.yes:
        assert set(words_of(text)) <= YES_VOCABULARY
        assert "?" not in text


@given(AROUND.filter(bool), st.sampled_from(["?", "¿", "❓", "？", "🤔"]))
def test_a_question_is_never_a_yes(words: list[str], mark: str) -> None:
    assert understand(" ".join(words) + mark) is not Reply.yes
