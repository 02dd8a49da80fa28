"""Days and times as they are said: "vendredi 15 janvier à 19h30", "viernes 15 de enero a las 19:30"."""

from __future__ import annotations

import math
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time

from waitlist_appliance.texts.catalogues import N_, translator

# Patterns of Unicode CLDR, translated like any text, so that a language brings its own.
DAY = N_("EEEE d MMMM")
TIME = N_("HH:mm")
DAY_AND_TIME = N_("{day} at {time}")
# Said after "until": French and English as day_and_time, Spanish with an article.
UNTIL_DAY_AND_TIME = N_("until|{day} at {time}")
UNTIL_TIME = N_("until|{time}")


def day(when: datetime, zone: ZoneInfo, locale: str) -> str:
    """The local day: "Friday 15 January"."""
    local = when.astimezone(zone)
    said = format_date(local.date(), translator(locale).gettext(DAY), locale=locale)
    return said.replace(" 1 ", " 1er ", 1) if locale == "fr" and local.day == 1 else said


def time_of_day(when: datetime, zone: ZoneInfo, locale: str) -> str:
    """The local time on 24 hours: "19:30", French "19h30"."""
    # A bare time: Babel would convert an aware one again, by today's offset instead of that day's.
    local = when.astimezone(zone).time()
    return format_time(local, translator(locale).gettext(TIME), locale=locale)


def day_and_time(when: datetime, zone: ZoneInfo, locale: str) -> str:
    """The local day and time in one phrase."""
    return _put_together(DAY_AND_TIME, when, zone, locale)


def until(deadline: datetime, now: datetime | None, zone: ZoneInfo, locale: str) -> str:
    """What follows "until": the time alone on the same local day as `now`, else (or when not known) with the day."""
    today = now is not None and deadline.astimezone(zone).date() == now.astimezone(zone).date()
    return _put_together(UNTIL_TIME if today else UNTIL_DAY_AND_TIME, deadline, zone, locale)


def left(seconds: float, locale: str) -> str:
    """How much time is left, in minutes begun: "6 min left", "1 h 05 min left"."""
    say = translator(locale).gettext
    if seconds <= 0:
        return say("time is up")
    hours, minutes = divmod(math.ceil(seconds / 60), 60)
    if not hours:
        return say("{minutes} min left").format(minutes=minutes)
    return say("{hours} h {minutes} min left").format(hours=hours, minutes=f"{minutes:02d}")


def _put_together(pattern: str, when: datetime, zone: ZoneInfo, locale: str) -> str:
    said = translator(locale).gettext(pattern).removeprefix("until|")
    said = said.format(day=day(when, zone, locale), time=time_of_day(when, zone, locale))
    return said.replace("las 01:", "la 01:") if locale == "es" else said
