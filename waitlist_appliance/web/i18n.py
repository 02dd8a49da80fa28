"""Which language the caller reads, and the words that depend on it."""

from __future__ import annotations

from datetime import datetime

from flask import Flask, g, request

from waitlist_appliance.texts import dates
from waitlist_appliance.texts.catalogues import ENGLISH, LOCALES, translator
from waitlist_appliance.web.context import business_if_known, the_business

ENDONYMS = {"en": "English", "es": "Español", "fr": "Français"}


def install(app: Flask) -> None:
    """Give the templates gettext in the language of the request, and the words for days and times."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: translator(locale()).gettext(text),
        lambda one, many, n: translator(locale()).ngettext(one, many, n),
        newstyle=True,
        pgettext=lambda context, text: translator(locale()).pgettext(context, text),
    )
    app.jinja_env.globals.update(
        current_locale=locale, languages=languages, day=day, time_of_day=time_of_day, when=when, ordinal=ordinal
    )


def locale() -> str:
    """The caller's language: said in the address, else the subject's (``speak``), the browser's, the business's."""
    if "locale" not in g:
        g.locale = _chosen() or _preferred() or _of_the_business()
    chosen: str = g.locale
    return chosen


def speak(preferred: str | None) -> None:
    """From now on in this language, unless the address says another one."""
    g.locale = _chosen() or _spoken(preferred) or _preferred() or _of_the_business()


def chosen_language() -> str | None:
    """The language in the address (``?lang=fr``), if any: it is carried along by forms and links."""
    return _chosen()


def languages() -> list[tuple[str, str]]:
    """Every language with its name in itself, for the switcher."""
    return [(code, ENDONYMS.get(code, code)) for code in sorted(LOCALES)]


def translate(text: str) -> str:
    """The text in the caller's language."""
    return translator(locale()).gettext(text)


def day(moment: datetime) -> str:
    """The day as a heading: "Friday 15 January", in the business's zone."""
    said = dates.day(moment, the_business().tz, locale())
    return said[:1].upper() + said[1:]


def time_of_day(moment: datetime) -> str:
    return dates.time_of_day(moment, the_business().tz, locale())


def when(moment: datetime) -> str:
    return dates.day_and_time(moment, the_business().tz, locale())


def ordinal(number: int) -> str:
    """The place in line: "2nd", French "2e" (of *position*), Spanish "2.º" (of *lugar*)."""
    if locale() == "fr":
        return "1re" if number == 1 else f"{number}e"
    if locale() == "es":
        return f"{number}.er" if number in (1, 3) else f"{number}.º"
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def _chosen() -> str | None:
    return _spoken(request.args.get("lang"))


def _spoken(tag: str | None) -> str | None:
    language = (tag or "").replace("_", "-").split("-")[0].lower()
    return language if language in LOCALES else None


def _preferred() -> str | None:
    if "Accept-Language" not in request.headers:
        return None
    # "*" and unknown languages leave the choice to the business.
    tags = (tag for tag, weight in request.accept_languages if weight > 0)
    return next((found for found in map(_spoken, tags) if found), None)


def _of_the_business() -> str:
    # An error page must be sayable when there is no business, or no database to ask.
    business = business_if_known()
    return ENGLISH if business is None else business.locale
