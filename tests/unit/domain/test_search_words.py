"""The words by which a person is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waitlist_appliance.domain.search_words import LONGEST_WORD, MOST_WORDS, ending, fold, stored_words, words_of


@pytest.mark.parametrize(("said", "words"), [
    ("Chloé DUPRÉ", ["chloe", "dupre"]),
    ("Ｊｏｓé-María", ["jose", "maria"]),
    ("Straße", ["strasse"]),
    ("ana.lopez@example.com", ["ana.lopez@example.com", "ana", "lopez"]),
    ("Ana ana ANA", ["ana"]),
    ("  ", []),
])  # fmt: skip
def test_what_was_said_becomes_words_without_capitals_and_accents(said: str, words: list[str]) -> None:
    assert words_of(said) == words


def test_a_number_is_found_by_its_end() -> None:
    [backwards] = stored_words("+34600111222", "")
    assert backwards.startswith(ending("222"))
    assert backwards.startswith(ending("600111222"))
    assert not backwards.startswith(ending("600"))


@given(st.text(max_size=5000))
def test_any_text_gives_a_bounded_number_of_short_words(text: str) -> None:
    words = words_of(text)
    assert len(words) == len(set(words)) <= MOST_WORDS
    assert all(0 < len(word) <= LONGEST_WORD for word in words)


@given(st.text(max_size=50))
def test_what_is_folded_stays_as_it_is(text: str) -> None:
    assert fold(fold(text)) == fold(text)
