"""What needs a person now, in words: what happened, what to do about it, and where."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app, g, url_for

from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.notices import kind_of
from waitlist_appliance.services import manage_keys, messaging_accounts, staff_login, watch_box
from waitlist_appliance.storage import alarms, api_keys, bell_reads, staff_pages
from waitlist_appliance.storage.bell_reads import AT_MOST, Case
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.texts.notices import WORDS
from waitlist_appliance.web.context import box, business_if_known
from waitlist_appliance.web.staff import auth

# The worker says that it lives every ten seconds; three missed ones are a fault.
WORKER_SILENT_AFTER = timedelta(seconds=45)
# What cannot be ticked off leaves the bell by itself.
REMEMBERED = timedelta(hours=24)
SHOWN = 3

Say = Callable[[str], str]
When = Callable[[datetime], str]


@dataclass(frozen=True, slots=True)
class Need:
    """One thing to look at. `severe`: the box does not work as it should; `button`: an endpoint that puts it right."""

    kind: str
    icon: str
    title: str
    advice: str
    count: int = 1
    severe: bool = False
    link: str | None = None
    names: tuple[tuple[str, str, str | None], ...] = ()
    button: tuple[str, str] | None = None

    @property
    def sentence(self) -> str:
        return f"{self.title} {self.advice}"


@dataclass(frozen=True, slots=True)
class _Kind:
    icon: str
    one: str
    many: str
    advice: str


_PAUSED = (
    N_("Sending is paused: the message provider refuses everything."),
    N_("Put its account right, then resume. What was waiting goes out."),
)
_PAUSED_BY_STAFF = (
    N_("Sending is paused by the team: no message goes out."),
    N_("Resume when you are ready. What was waiting goes out."),
)
# Alarms about the box itself, with the page that says more; the others are told of above and below in words of their own.
_OF_THE_BOX = {
    "sync_failing": "staff.calendars", "delivery_failing": "staff.messages", "messages_failing": "staff.messages",
    "messages_waiting": "staff.system", "expiry_late": "staff.system", "disk_low": "staff.system",
    "backup_old": "staff.system", "backup_failed": "staff.system",
}  # fmt: skip
# These keep the house from its work now; the others can wait for whoever looks after the box.
_GRAVE_OF_THE_BOX = frozenset({"disk_low", "messages_waiting"})
_CASES = {
    "proposed": _Kind(
        "hand-index-thumb", N_("An offer waits for your approval."), N_("{number} offers wait for your approval."),
        N_("Approve it and the message goes out, or withdraw it. The time is held meanwhile."),
    ),
    "unreachable": _Kind(
        "exclamation-triangle-fill", N_("Somebody in line cannot be reached."),
        N_("{number} people in line cannot be reached."),
        N_("Call them, correct the number, or take them off the list: they are passed over until then."),
    ),
    "stuck": _Kind(
        "hourglass-split", N_("A booking has waited too long for the calendar."),
        N_("{number} bookings have waited too long for the calendar."),
        N_("Look at the calendar: confirm it by hand there, or cancel the booking. The time stays blocked."),
    ),
    "conflict": _Kind(
        "calendar-x", N_("A booking was taken back: the calendar had something else."),
        N_("{number} bookings were taken back: the calendar had something else."),
        N_("The customer has had an apology and keeps the place in line. A call is a kind thing."),
    ),
    "held": _Kind(
        "question-circle-fill", N_("A booking was changed in the calendar app."),
        N_("{number} bookings were changed in the calendar app at once."),
        N_("Nothing has happened yet. Say whether the changes count or our bookings stay."),
    ),
    "unclear": _Kind(
        "chat-left-dots", N_("An answer was not understood."), N_("{number} answers were not understood."),
        N_("Read it and answer, or do what it asks for."),
    ),
}  # fmt: skip


def needs(now: datetime, say: Say, when: When) -> list[Need]:
    """Everything that needs a person, the gravest first; read once per request."""
    if "needs" not in g:
        found = [*_troubles(now, say), *_of_the_box(say), *_cases(now, say, when), *_policies(say)]
        g.needs = sorted(found, key=lambda need: not need.severe)
    return list(g.needs)


def fingerprint(found: list[Need]) -> str:
    """Changes with what the bell says: what open pages compare."""
    said = "\n".join(f"{need.kind} {need.count} {need.title} {need.names}" for need in found)
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def _troubles(now: datetime, say: Say) -> Iterator[Need]:
    seen = staff_pages.worker_seen_at(box().db)
    watch_box.note_silence(box(), now)
    if seen is None or to_ms(now) - seen > WORKER_SILENT_AFTER.total_seconds() * 1000:
        yield Need(
            "worker", "plug", say(N_("The worker is not running: no message goes out and no time is offered.")),
            say(N_("Start it again.")), severe=True, link=_to("staff.system", "settings.manage"),
        )  # fmt: skip
    for calendar in staff_pages.calendars(box().db):
        if calendar.status == "needs_reconnect":
            yield Need(
                "calendar", "calendar-x",
                say(N_("The calendar “{name}” must be connected again.")).format(name=calendar.name),
                say(N_("We may no longer read it, so all its time counts as busy. The settings say why and how.")),
                severe=True, link=_to("staff.calendars", "settings.manage"),
            )  # fmt: skip
        elif calendar.status != "active" or calendar.failing_since_at:
            yield Need(
                "calendar", "calendar-x",
                say(N_("The calendar “{name}” cannot be read.")).format(name=calendar.name),
                say(N_("Nothing on it counts as free until it can be read again. Look whether it is still connected.")),
                severe=True, link=_to("staff.calendars", "settings.manage"),
            )  # fmt: skip
    for key in manage_keys.ending(box(), now):
        over = not api_keys.is_in_force(key, now)
        yield Need(
            "api_key", "key",
            say(N_("The API key “{name}” has ended.") if over else N_("The API key “{name}” ends soon.")).format(name=key.name),
            say(N_("Make a new secret for the program that uses it, or revoke it.")),
            severe=over, link=_to("staff.keys", "settings.manage"),
        )  # fmt: skip
    pause = messaging_accounts.paused(box())
    if pause is not None:
        title, advice = _PAUSED_BY_STAFF if pause.by_staff else _PAUSED
        yield Need(
            "paused", "pause-circle-fill", say(title), say(advice), severe=True, link=_to("staff.messaging", "settings.manage"),
            button=("staff.resume_sending", say(N_("Resume sending"))),
        )  # fmt: skip


def _of_the_box(say: Say) -> Iterator[Need]:
    for alarm in alarms.present(box().db):
        kind = kind_of(alarm.condition)
        if kind is not None and alarm.condition in _OF_THE_BOX:
            words, needed = WORDS[kind.name], "settings.manage"
            yield Need(
                alarm.condition, "exclamation-triangle-fill", say(words.what).format(detail=alarm.detail),
                say(words.advice), severe=alarm.condition in _GRAVE_OF_THE_BOX,
                link=_to(_OF_THE_BOX[alarm.condition], needed),
            )  # fmt: skip


def _cases(now: datetime, say: Say, when: When) -> Iterator[Need]:
    db, since = box().db, now - REMEMBERED
    yield from _need("proposed", bell_reads.proposed_offers(db), say, when, _entry, _to("staff.waitlist"))
    yield from _need("unreachable", bell_reads.unreachable(db), say, when, _entry, _to("staff.waitlist"))
    yield from _need("stuck", bell_reads.stuck_bookings(db), say, when, _agenda, _to("staff.agenda"), severe=True)
    yield from _need("conflict", bell_reads.conflicts(db, since), say, when, _agenda, _to("staff.agenda"))
    yield from _need("held", bell_reads.held_changes(db), say, when, _agenda, _to("staff.calendars", "settings.manage"))
    yield from _need("unclear", bell_reads.unclear_replies(db, since), say, when, _answers, _to("staff.messages"))


def _policies(say: Say) -> Iterator[Need]:
    business = business_if_known()
    if business is not None and box().setup().policies.offers == "paused":
        yield Need(
            "offers_paused", "pause-circle", say(N_("Offers are paused: free times wait.")),
            say(N_("Switch them on again in the settings when you are ready.")), link=_to("staff.switches", "settings.manage"),
        )  # fmt: skip


def _need(
    kind: str, cases: list[Case], say: Say, when: When, where: Callable[[Case], str | None], link: str | None, *,
    severe: bool = False,
) -> Iterator[Need]:  # fmt: skip
    if not cases:
        return
    about, number = _CASES[kind], f"{AT_MOST}+" if len(cases) == AT_MOST else str(len(cases))
    title = say(about.one) if len(cases) == 1 else say(about.many).format(number=number)
    names = tuple((case.name, when(case.at), where(case)) for case in cases[:SHOWN])
    yield Need(kind, about.icon, title, say(about.advice), len(cases), severe, link, names)


def _entry(case: Case) -> str | None:
    return url_for("staff.entry", entry_id=case.public_id) if case.public_id else None


def _agenda(case: Case) -> str:
    day = case.at.astimezone(box().setup().zone).date()
    return url_for("staff.agenda", day=day.isoformat())


def _answers(case: Case) -> str | None:
    """Their conversation; the simulated phone where nothing shows conversations."""
    if "staff.conversation" in current_app.view_functions:
        return url_for("staff.conversation", customer_id=case.phone)
    return url_for("staff.phone", phone=case.phone)


def _to(endpoint: str, permission: str = "waitlist.view") -> str | None:
    """The page's address, where there is such a page and the reader may open it."""
    user = auth.current_user()
    there = endpoint in current_app.view_functions and user is not None and staff_login.may(user, permission)
    return url_for(endpoint) if there else None
