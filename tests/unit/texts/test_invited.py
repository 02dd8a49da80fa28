"""Which answers a text invites to."""

from __future__ import annotations

import pytest

from waitlist_appliance.texts.invited import asks_for_yes_and_no, invited, stop_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Answer YES or NO, or here: https://lola.example/STOP", {"yes", "no"}),
        ("Responde sí o no", {"si", "no"}),
        ("Répondez OUI/NON", {"oui", "non"}),
        ("Please reply with cancel or stop", {"cancel", "stop"}),
        ("Write \"vale\" to us", {"vale"}),
        ("To cancel: here", set()),
        ("si no puedes venir, no pasa nada", set()),
        ("Questions? Répondez simplement", set()),
        ("", set()),
    ],
)  # fmt: skip
def test_the_answers_that_a_text_invites_to(text: str, words: set[str]) -> None:
    assert invited(text) == words


@pytest.mark.parametrize("word", ["CANCEL", "STOP", "END", "QUIT", "UNSUBSCRIBE", "ARRET"])
@pytest.mark.parametrize("text", ["Answer YES or {}", "reply with no or {}", "“{}”"])
def test_a_carriers_stop_word_is_seen_in_each_form(word: str, text: str) -> None:
    assert stop_words(text.format(word.lower())) == [word] or stop_words(text.format(word)) == [word]


@pytest.mark.parametrize("text", ["Answer YES or NO", "Responda SI/NO", "OUI ou NON ?"])
def test_both_answers_are_needed(text: str) -> None:
    assert asks_for_yes_and_no(text)


@pytest.mark.parametrize("text", ["Answer YES", "NO", "Please call", "Are you coming, yes or no?"])
def test_one_answer_or_none_is_not_enough(text: str) -> None:
    assert not asks_for_yes_and_no(text)
