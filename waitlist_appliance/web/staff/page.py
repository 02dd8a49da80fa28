"""What every staff page is made of: its words, its times, its health light and its answers to actions."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from functools import lru_cache
from gettext import NullTranslations
from typing import Any, cast

import phonenumbers
from flask import Response, current_app, flash, g, redirect, render_template, request, session
from flask_wtf.csrf import generate_csrf

from waitlist_appliance.domain.errors import NotFound, Refused
from waitlist_appliance.domain.moments import to_ms
from waitlist_appliance.domain.records import Business
from waitlist_appliance.services import staff_login
from waitlist_appliance.storage import activity
from waitlist_appliance.storage.personal_data import ERASED_PHONE
from waitlist_appliance.texts import dates, states
from waitlist_appliance.texts.catalogues import LOCALES, translator
from waitlist_appliance.texts.errors import SENTENCES, explain
from waitlist_appliance.web import brand
from waitlist_appliance.web.assets import asset
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box, the_business
from waitlist_appliance.web.errors import SENTENCES_OF_THE_WEB, Fields
from waitlist_appliance.web.staff import auth, bell, passkey_card, words
from waitlist_appliance.web.staff.bell import Need
from waitlist_appliance.web.staff.icons import icon, symbols


def say() -> NullTranslations:
    """The catalogue of this request's language."""
    return translator(locale())


def locale() -> str:
    """The language chosen with ?lang on this browser, else the business's."""
    if "staff_locale" not in g:
        wanted = request.args.get("lang")
        if wanted in LOCALES:
            session["staff_lang"] = wanted
        g.staff_locale = _known(session.get("staff_lang")) or _known(_business_locale()) or "en"
    return cast(str, g.staff_locale)


def render(template: str, section: str, **context: Any) -> str:
    """A page of the desk; `section` is the place in the navigation that it belongs to."""
    return render_template(f"staff/{template}", section=section, needs=needs(), **_tools(), **context)


def render_door(template: str, **context: Any) -> str:
    """A page in front of the desk: nothing of the business but its name."""
    return render_template(f"staff/{template}", section="", needs=[], **_tools(), **context)


def refusal_page(code: str) -> str:
    """Why something was not done, on a page of its own."""
    return render_door("refused.html", sentence=sentence(code), code=code)


def act(doing: Callable[[], object], done: str, back: str) -> Response:
    """Do it, say so in a host's words, and go back to where the button was; a refusal is said instead."""
    try:
        doing()
    except Refused as refused:
        if isinstance(refused, NotFound) and refused.code == "not_found":
            flash(sentence("not_found"), "bad")
        else:
            flash(sentence(refused.code, **refused.params), "bad")
    else:
        flash(done, "ok")
    return go(back)


def go(path: str) -> Response:
    """See other: the answer to a form is a page that can be reloaded."""
    return cast(Response, redirect(path, code=303))


def back_to(default: str) -> str:
    """The staff page that the form stood on."""
    target = auth.local_target(request.form.get("back") or default)
    return target if target.startswith("/staff/") else default


def what_follows() -> str:
    """What becomes of a time that has just become free: what offers are switched to decides."""
    return say().gettext(words.WHAT_FOLLOWS[box().setup().policies.offers])


def sentence(code: str, **params: object) -> str:
    """A refusal in words, in the language of the desk."""
    if code in words.REFUSALS:
        return say().gettext(words.REFUSALS[code]).format_map({"length": "", "seconds": "", **params})
    if code in SENTENCES_OF_THE_WEB:
        return say().gettext(SENTENCES_OF_THE_WEB[code]).format_map(params)
    return explain(code if code in SENTENCES else "internal", locale(), **params)


def field_errors(refused: Refused, shown: Collection[str] | None = None) -> dict[str, str]:
    """The sentence beside the field it is about; under "" when it is about none of those `shown`."""
    if isinstance(refused, Fields):
        return {name: sentence(code, **{"field": name, **params}) for name, (code, params) in refused.problems.items()}
    field = words.FIELDS.get(refused.field or "", refused.field or "")
    there = shown is None or field in shown
    return {field if there else "": sentence(refused.code, **{"field": field, **refused.params})}


def needs() -> list[Need]:
    """What needs a person, for the bell and the health light; the gravest first."""
    business = _business()
    zone = business.tz if business else UTC
    language = locale()
    return bell.needs(current_time(), say().gettext, lambda at: dates.day_and_time(at, zone, language))  # type: ignore[arg-type]


def _tools() -> dict[str, Any]:
    now, language = current_time(), locale()
    user = auth.current_user()
    business = _business()
    zone = business.tz if business else UTC
    return {
        "_": say().gettext,
        "n_": say().ngettext,
        "lang": language,
        "languages": LOCALES,
        "icon": icon,
        "symbols": symbols,
        "asset": asset,
        "brand_css": brand.address(business.brand_colour if business else None),
        "csrf": generate_csrf,
        "new_key": lambda: secrets.token_hex(8),
        "user": user,
        "may": lambda permission: user is not None and staff_login.may(user, permission),
        "business": business,
        "rules": lambda: box().setup().policies,
        "what_follows": what_follows,
        "there_is": lambda endpoint: endpoint in current_app.view_functions,
        "fingerprint": bell.fingerprint,
        "now": now,
        "now_ms": to_ms(now),
        "ms": to_ms,
        "changes": activity.counter(box().db),
        "here": request.full_path.rstrip("?"),
        "words": words,
        "passkeys": passkey_card,
        "state": lambda noun, state: states.shown(noun, state, language),
        "clock": lambda when: dates.time_of_day(when, zone, language),  # type: ignore[arg-type]
        "day": lambda when: dates.day(when, zone, language),  # type: ignore[arg-type]
        "day_time": lambda when: dates.day_and_time(when, zone, language),  # type: ignore[arg-type]
        "near": lambda when: near(when, now, business, language),
        "ago": lambda when: ago(when, now),
        "phone": phone,
        "waited": lambda when: waited(when, now),
        "left": lambda when: dates.left((when - now).total_seconds(), language),
        "local": lambda when: when.astimezone(zone),
    }


def near(when: datetime, now: datetime, business: Business | None, language: str) -> str:
    """The day as people say it: today, tomorrow, otherwise the day itself."""
    _ = translator(language).gettext
    zone = business.tz if business else UTC
    apart = (when.astimezone(zone).date() - now.astimezone(zone).date()).days
    nearby = {0: _("Today"), 1: _("Tomorrow"), -1: _("Yesterday")}
    return nearby.get(apart) or dates.day(when, zone, language)  # type: ignore[arg-type]


def ago(when: datetime, now: datetime) -> str:
    """How long something is ago or ahead: "just now", "12 min ago", "in 3 h"."""
    _ = say().gettext
    seconds = (now - when).total_seconds()
    minutes = int(abs(seconds) // 60)
    if minutes < 1:
        return _("just now") if seconds >= 0 else _("in a moment")
    amount = _amount(minutes)
    return (_("{amount} ago") if seconds >= 0 else _("in {amount}")).format(amount=amount)


def waited(since: datetime, now: datetime) -> str:
    """How long somebody has waited: "for 40 min"."""
    minutes = int((now - since).total_seconds() // 60)
    if minutes < 1:
        return say().gettext("just now")
    return say().gettext("for {amount}").format(amount=_amount(minutes))


def phone(e164: str) -> str:
    """The number as people write it: "+34 600 111 222"; in words for whoever was erased."""
    return say().gettext("erased person") if e164.startswith(ERASED_PHONE) else _written(e164)


@lru_cache(maxsize=2000)
def _written(e164: str) -> str:
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _amount(minutes: int) -> str:
    _ = say().gettext
    if minutes < 60:
        return _("{number} min").format(number=minutes)
    if minutes < 48 * 60:
        return _("{number} h").format(number=minutes // 60)
    return _("{number} days").format(number=minutes // 1440)


def _known(language: object) -> str | None:
    return language if isinstance(language, str) and language in LOCALES else None


def _business() -> Business | None:
    try:
        return the_business()
    except NotFound:
        return None


def _business_locale() -> str | None:
    business = _business()
    return business.locale if business else None
