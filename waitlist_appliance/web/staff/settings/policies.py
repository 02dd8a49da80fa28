"""Every policy: what it means, what it is, what it would be, and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, request

from waitlist_appliance.domain.errors import Forbidden, Invalid
from waitlist_appliance.domain.event_texts import PLACEHOLDERS
from waitlist_appliance.domain.policies import Policies, PolicyError, PolicyInfo, describe
from waitlist_appliance.services import set_up_business, staff_login
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, page
from waitlist_appliance.web.staff.settings import frame
from waitlist_appliance.web.staff.settings.policy_words import CHOICES, GROUPS, LABELS, SUFFIXES, UNITS

HOME = "/staff/settings/policies"
Errors = dict[str, str]
INFO = {info.key: info for info in describe()}
# How the team comes in is for those who manage people, and for whoever has just proved that it is them.
_ACCESS = "access"


@dataclass(frozen=True, slots=True)
class Line:
    """One policy as the page shows it; `unit` is the number of seconds of the amount's unit, 0 for no duration."""

    info: PolicyInfo
    label: str
    meaning: str
    value: object
    amount: object
    unit: int
    default: str
    allowed: str
    changed: bool


def overview() -> Any:
    """All policies in their groups."""
    return _page({}, {})


def save(group: str) -> Any:
    """Store one group, or give one of its policies its default back."""
    if group not in GROUPS:
        return page.go(HOME)
    if group == _ACCESS and not _may_see(group):
        raise Forbidden("forbidden")
    if group == _ACCESS and not auth.recently_proved():
        return auth.ask_again(f"{HOME}#g-{group}")
    keys, key = GROUPS[group][2], request.form.get("reset", "")
    if key:
        return _reset(group, key)
    given, errors = _given(keys)
    if not errors:
        wrong = set_up_business.change_policies(box(), given, current_time(), auth.actor())
        errors = {key: _sentence(error) for key, error in wrong.items()}
    if errors:
        return _page(dict(request.form), errors, 422)
    return _back(group)


def _reset(group: str, key: str) -> Any:
    known = [key] if key in GROUPS[group][2] else []
    wrong = set_up_business.reset_policies(box(), known, current_time(), auth.actor())
    if wrong:
        return _page({}, {key: _sentence(error) for key, error in wrong.items()}, 422)
    return _back(group)


def _back(group: str) -> Any:
    flash(page.say().gettext("Saved. It counts from now on."), "ok")
    return page.go(f"{HOME}#g-{group}")


def _page(typed: dict[str, str], errors: Errors, status: int = 200) -> Any:
    policies = box().setup().policies
    groups = [
        (name, label, about, [_line(INFO[key], policies) for key in keys])
        for name, (label, about, keys) in GROUPS.items()
        if _may_see(name)
    ]
    return frame.render(
        "policies.html", "policies", status=status, groups=groups, typed=typed, errors=errors, units=UNITS,
        suffixes=SUFFIXES, choices=CHOICES,
    )  # fmt: skip


def _may_see(group: str) -> bool:
    return group != _ACCESS or staff_login.may(auth.the_user(), "users.manage")


def _line(info: PolicyInfo, policies: Policies) -> Line:
    value = getattr(policies, info.key)
    amount, unit = frame.split(value, UNITS) if _is_duration(info) else (value, 0)
    label, meaning = LABELS[info.key]
    return Line(
        info, label, meaning, value, amount, unit, _words(info, info.default), _allowed(info), value != info.default
    )


def _is_duration(info: PolicyInfo) -> bool:
    return info.key.endswith("_seconds")


def _words(info: PolicyInfo, value: object) -> str:
    """A value in words: "15 minutes", "on", "Automatic"."""
    _ = page.say().gettext
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if info.key in CHOICES:
        return _(CHOICES[info.key][str(value)]).split(":")[0]
    if isinstance(value, int) and _is_duration(info):
        return frame.spoken(value, UNITS)
    return f"{value} {_(SUFFIXES[info.key])}" if info.key in SUFFIXES else str(value)


def _allowed(info: PolicyInfo) -> str:
    """The range in words; what a text may hold; nothing for what one can only choose."""
    if info.kind == "text":
        return ", ".join(f"{{{{{name}}}}}" for name in PLACEHOLDERS)
    if info.minimum is None or info.maximum is None:
        return ""
    _ = page.say().gettext
    return _("{least} to {most}").format(least=_words(info, info.minimum), most=_words(info, info.maximum))


def _given(keys: tuple[str, ...]) -> tuple[dict[str, object], Errors]:
    """What the form says of these policies, durations in seconds."""
    given: dict[str, object] = {}
    errors: Errors = {}
    for key in keys:
        if key not in request.form:
            continue
        try:
            given[key] = frame.measured(key, UNITS) if _is_duration(INFO[key]) else request.form.getlist(key)[-1]
        except Invalid:
            errors[key] = _range_sentence(INFO[key])
    return given, errors


def _sentence(error: PolicyError) -> str:
    if error.key == "offer_window_minimum_seconds" and "window" in error.allowed:
        return page.sentence("policy_window")
    if error.key == "alternatives_from" and error.allowed.startswith("before"):
        return page.sentence("policy_alternatives", allowed=error.allowed.removeprefix("before "))
    return _range_sentence(INFO[error.key])


def _range_sentence(info: PolicyInfo) -> str:
    return page.sentence("policy_not_allowed", allowed=_allowed(info) or info.allowed)
