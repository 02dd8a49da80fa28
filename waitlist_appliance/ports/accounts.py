"""What is wrong with an account that the owner typed in."""

from __future__ import annotations

from collections.abc import Mapping


class BadAccount(ValueError):
    """The settings cannot be used. ``problems``: by field, a sentence of the catalogues (in English, to be translated
    where it is shown)."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {sentence}" for field, sentence in problems.items()))
        self.problems = dict(problems)
