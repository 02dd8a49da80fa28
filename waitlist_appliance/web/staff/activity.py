"""The activity log of the whole box: who did what, when and why, narrowed to what one looks for."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import groupby
from urllib.parse import urlencode

from flask import request
from phonenumbers import country_code_for_region

from waitlist_appliance.domain.moments import local_day_bounds
from waitlist_appliance.storage import activity_reads, search_reads
from waitlist_appliance.storage.activity_reads import Deed, Wanted
from waitlist_appliance.texts import dates
from waitlist_appliance.web.context import box, the_business
from waitlist_appliance.web.staff import deeds, page, times, words
from waitlist_appliance.web.staff.settings import policy_words

PAGE = 60
HOME = "/staff/activity"
FILTERS = ("who", "what", "person", "from", "to")


def overview() -> str:
    """One page of the log."""
    chosen = {name: request.args.get(name, "").strip()[:100] for name in FILTERS}
    found = activity_reads.log(box().db, _wanted(chosen), _before(), PAGE + 1)
    shown = found[:PAGE]
    return page.render(
        "activity.html", "activity", days=_by_day(shown), chosen=chosen, team=activity_reads.team(box().db),
        groups=deeds.GROUPS, older=_older(shown[-1].id) if len(found) > PAGE else None, filtered=any(chosen.values()),
        first=_before() is None, deed=deed_words, reason=reason_words, about=about,
    )  # fmt: skip


def deed_words(deed: Deed) -> str:
    """What happened, in words."""
    known = deeds.DEEDS.get(deed.verb)
    return page.say().gettext(known) if known else deed.verb.replace("_", " ").capitalize()


def reason_words(deed: Deed) -> str:
    """Why: a sentence for our own codes, what a person typed as it is; nothing where it repeats the deed."""
    if deed.verb in deeds.TECHNICAL:
        return ""
    known = words.REASONS.get(deed.reason or "") or deeds.CAUSES.get(deed.reason or "")
    return page.say().gettext(known) if known else (deed.reason or "").replace("_", " ")


def about(deed: Deed) -> str:
    """What it was about besides the person: the time, the resource, the title, the code."""
    detail = json.loads(deed.detail)
    parts = [detail.get(name) for name in ("title", "resource", "name")]
    parts.append(policy_name(detail["key"]) if "key" in detail else None)
    parts.append(page.say().gettext(words.CHANNELS.get(str(detail.get("channel")), "")) if "channel" in detail else None)
    when = dates.day_and_time(deed.slot_at, the_business().tz, page.locale()) if deed.slot_at else None
    return " · ".join(str(part) for part in (when, *parts, deed.code) if part)


def policy_name(key: str) -> str:
    """What the settings page calls this policy; the key of one that is no more."""
    known = policy_words.LABELS.get(key)
    return page.say().gettext(known[0]) if known else key


def _wanted(chosen: dict[str, str]) -> Wanted:
    actor, _, name = chosen["who"].partition(":")
    actor = actor if actor in words.ACTORS else ""
    return Wanted(
        actor=actor, name=name if actor else "", verbs=deeds.GROUPS.get(chosen["what"], ("", ()))[1],
        customers=_customers(chosen["person"]), since=_day(chosen["from"], 0), until=_day(chosen["to"], 1),
    )  # fmt: skip


def _customers(text: str) -> tuple[int, ...] | None:
    if not text:
        return None
    country_code = str(country_code_for_region(the_business().phone_region))
    return tuple(search_reads.customer_ids(box().db, text, country_code, limit=20))


def _day(text: str, end: int) -> datetime | None:
    day = times.day_of(text)
    return None if day is None else local_day_bounds(day, the_business().tz)[end]


def _before() -> int | None:
    """The line that the page begins below; None for the newest, also where the address was tampered with."""
    text = request.args.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


def _older(last_id: int) -> str:
    kept = {name: request.args[name] for name in FILTERS if request.args.get(name)}
    return f"{HOME}?{urlencode({**kept, 'before': last_id})}"


def _by_day(lines: list[Deed]) -> list[list[Deed]]:
    zone = the_business().tz
    return [list(day) for _, day in groupby(lines, lambda deed: deed.at.astimezone(zone).date())]
