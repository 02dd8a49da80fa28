"""The languages: one gettext catalogue per folder of locales/, English being the text in the code itself."""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Final

DOMAIN = "messages"
FOLDER: Final = Path(__file__).parent / "locales"
ENGLISH = "en"
# Adding a language is adding a file.
LOCALES: Final = (*sorted(mo.parts[-3] for mo in FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")), ENGLISH)


@cache
def translator(locale: str) -> NullTranslations:
    """gettext, ngettext and pgettext of one of LOCALES; KeyError for any other."""
    if locale not in LOCALES:
        raise KeyError(locale)
    if locale == ENGLISH:
        return NullTranslations()
    with (FOLDER / locale / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
        return GNUTranslations(file)


def pick_locale(*candidates: str | None) -> str:
    """The first candidate we speak ("fr-FR", "es_MX", "EN", an Accept-Language list); English when there is none."""
    tags = (tag for candidate in candidates if candidate for tag in candidate.split(","))
    languages = (tag.strip().split(";")[0].replace("_", "-").split("-")[0].lower() for tag in tags)
    return next((language for language in languages if language in LOCALES), ENGLISH)


def N_(text: str) -> str:
    """Marks a text for the catalogues where it is written down, to be translated where it is used."""
    return text


def NP_(context: str, text: str) -> str:
    """N_ for a word whose translation depends on what it is said of (an offer is "expirée", a time "expiré")."""
    return text
