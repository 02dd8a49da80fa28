"""The waitlist as a file, and what is done to several people at once."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from flask import Response, flash, request, stream_with_context

from waitlist_appliance.domain.errors import Conflict, Invalid, Refused
from waitlist_appliance.domain.records import Entry
from waitlist_appliance.services import leave_waitlist, staff_acts
from waitlist_appliance.storage import staff_pages
from waitlist_appliance.storage.staff_pages import Line, LineWish
from waitlist_appliance.texts import states
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box, the_business
from waitlist_appliance.web.staff import auth, page, times, waitlist_filter, words

HOME = auth.HOME
STEP, LAST = 10, 1000
AT_MOST = 300
BATCH = 500
NAMES_SAID = 5
# A cell that begins so would be run as a formula by a spreadsheet.
PHONE = re.compile(r"\+[0-9][0-9 -]*", re.ASCII)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    N_("Name"), N_("Phone"), N_("Email"), N_("People"), N_("Wanted time"), N_("Other times"), N_("Status"),
    N_("Place in line"), N_("Signed up"), N_("Asked on"), N_("Source"), N_("Zone"), N_("Table or person"),
    N_("Language"), N_("Note"),
)  # fmt: skip


def cancel() -> Response:
    """Take everybody chosen off the list."""
    n_ = page.say().ngettext
    return _each(
        lambda entry, now: leave_waitlist.cancel_entry(box(), entry, now, auth.actor(), "by_staff"),
        lambda count: n_("{number} person is off the waitlist.", "{number} people are off the waitlist.", count),
    )


def earlier() -> Response:
    """Serve everybody chosen before others."""
    n_ = page.say().ngettext
    return _each(
        lambda entry, now: _shift(entry, -STEP, now),
        lambda count: n_("{number} person moved up.", "{number} people moved up.", count),
    )


def later() -> Response:
    """Serve everybody chosen after others."""
    n_ = page.say().ngettext
    return _each(
        lambda entry, now: _shift(entry, STEP, now),
        lambda count: n_("{number} person moved down.", "{number} people moved down.", count),
    )


def offer_now() -> Response:
    """Offer everybody chosen a free time, where each one's own rules allow it."""
    n_ = page.say().ngettext
    return _each_by_its_rules(
        lambda line, now: staff_acts.notify(box(), line.public_id, now, auth.actor()),
        lambda count: n_("{number} offer is on its way.", "{number} offers are on their way.", count),
    )


def approve() -> Response:
    """Send what is proposed to everybody chosen."""
    n_ = page.say().ngettext
    return _each_by_its_rules(
        _approve, lambda count: n_("{number} offer is approved.", "{number} offers are approved.", count)
    )


def chosen_file() -> Any:
    """Those chosen, as CSV."""
    picked = _picked()
    if not picked:
        return page.act(_nobody, "", page.back_to(HOME))
    return _file(iter([staff_pages.lines_named(box().db, picked)]))


def file() -> Response:
    """The list as it is filtered, as CSV; written while it is read, however long it is."""
    wanted, _ = waitlist_filter.read()
    return _file(staff_pages.all_lines(box().db, wanted, BATCH))


def _picked() -> list[str]:
    return list(dict.fromkeys(request.form.getlist("entry")))[:AT_MOST]


def _nobody() -> None:
    raise Invalid("nobody_chosen")


def _each(doing: Callable[[Entry, datetime], object], done: Callable[[int], str]) -> Response:
    """Do it to each by itself: who can no longer be changed does not stop the others."""
    picked, now, refused, changed = _picked(), current_time(), 0, 0
    if not picked:
        return page.act(_nobody, "", page.back_to(HOME))
    for public_id in picked:
        try:
            doing(staff_acts.entry_named(box(), public_id), now)
            changed += 1
        except Refused:
            refused += 1
    n_ = page.say().ngettext
    said = [done(changed).format(number=changed)] if changed else []
    if refused:
        text = n_("{number} could not be changed any more.", "{number} could not be changed any more.", refused)
        said.append(text.format(number=refused))
    flash(" ".join(said), "ok" if changed else "bad")
    return page.go(page.back_to(HOME))


def _each_by_its_rules(doing: Callable[[Line, datetime], object], done: Callable[[int], str]) -> Response:
    """Do it to each by itself, in the order of the list, and say of the others why not."""
    picked, now, changed = _picked(), current_time(), 0
    if not picked:
        return page.act(_nobody, "", page.back_to(HOME))
    why_not: dict[str, list[str]] = {}
    for line in sorted(staff_pages.lines_named(box().db, picked), key=lambda line: picked.index(line.public_id)):
        try:
            doing(line, now)
            changed += 1
        except Refused as refused:
            sentence = page.sentence(refused.code, **refused.params)
            why_not.setdefault(sentence, []).append(line.name or page.phone(line.phone))
    said = [done(changed).format(number=changed)] if changed else []
    said += [f"{_named(names)}: {sentence}" for sentence, names in why_not.items()]
    flash(" ".join(said), "ok" if changed else "bad")
    return page.go(page.back_to(HOME))


def _approve(line: Line, now: datetime) -> None:
    if line.offer_public_id is None or line.offer_state != "proposed":
        raise Conflict("nothing_to_approve")
    staff_acts.approve(box(), line.offer_public_id, now, auth.actor())


def _named(names: list[str]) -> str:
    """Some of the names, and how many more there are."""
    more = len(names) - NAMES_SAID
    rest = page.say().ngettext("and {number} more", "and {number} more", more).format(number=more) if more > 0 else ""
    return ", ".join([*names[:NAMES_SAID], *([rest] if rest else [])])


def _shift(entry: Entry, by: int, now: datetime) -> None:
    priority = min(max(0, entry.priority + by), LAST)
    staff_acts.set_priority(box(), entry.public_id, priority, now, auth.actor())


def _file(batches: Iterator[list[Line]]) -> Response:
    heading = [page.say().gettext(column) for column in COLUMNS]
    response = Response(stream_with_context(_written(heading, batches)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="waitlist-{times.today()}.csv"'
    return response


def _written(heading: list[str], batches: Iterator[list[Line]]) -> Iterator[str]:
    # The mark at the start tells spreadsheets that it is UTF-8.
    yield "\ufeff" + _rows([heading])
    for lines in batches:
        ids = [line.id for line in lines]
        wishes, places = staff_pages.wishes(box().db, ids), staff_pages.places(box().db, ids)
        yield _rows([_row(line, wishes.get(line.id, []), places.get(line.id)) for line in lines])


def _rows(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([[_cell(value) for value in row] for row in rows])
    return out.getvalue()


def _cell(value: str) -> str:
    return "'" + value if value.startswith(FORMULA) and not PHONE.fullmatch(value) else value


def _row(line: Line, wishes: list[LineWish], place: int | None) -> list[str]:
    _ = page.say().gettext
    others = [_when(wish.starts_at) for wish in wishes
              if wish.state in ("live", "offered", "proposed") and wish.starts_at != line.wanted_at]  # fmt: skip
    return [
        line.name or "", page.phone(line.phone), line.email or "", str(line.party_size or ""), _when(line.wanted_at),
        "; ".join(others), states.shown("entry", line.status, page.locale()), str(place or ""),
        _when(line.registered_at), _when(line.created_at), _(words.SOURCES[line.source]), line.zone or "",
        line.wanted_resource or "", words.LANGUAGES.get(line.locale, line.locale), line.notes or "",
    ]  # fmt: skip


def _when(moment: datetime | None) -> str:
    return moment.astimezone(the_business().tz).strftime("%Y-%m-%d %H:%M") if moment else ""
