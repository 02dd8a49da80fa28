"""Who is told of what: a line for each kind, a tick for each person and each service."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from flask import request

from waitlist_appliance.domain.notices import KINDS
from waitlist_appliance.services import notice_settings, staff_mail
from waitlist_appliance.storage import notice_choices, notices, staff_letters
from waitlist_appliance.texts.catalogues import LOCALES, N_
from waitlist_appliance.texts.notices import WORDS, label
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, page
from waitlist_appliance.web.staff.settings import frame, notice_words

HOME: Final = "/staff/settings/notices"
LATELY: Final = timedelta(days=7)


def overview() -> Any:
    """Kinds and people, the services' addresses, and what did not arrive."""
    return _page({})


def save() -> Any:
    """Everybody's ticks and languages."""
    form = request.form
    languages = {name.partition(".")[2]: value for name, value in form.items() if name.startswith("language.")}
    return frame.act(
        lambda: notice_settings.save(box(), form.getlist("wish"), languages, current_time(), auth.actor()),
        N_("Saved. It counts from now on."), HOME,
    )  # fmt: skip


def add_address() -> Any:
    """A service to be told; a test goes out at once."""
    form = request.form
    name, address, private = form.get("name", ""), form.get("address", ""), "allow_private" in form
    return frame.store(
        lambda: notice_settings.add_address(box(), name, address, private, current_time(), auth.actor()),
        N_("Added. A test is on its way to it."), HOME,
        lambda errors: _page(errors, {"name": name, "allow_private": "yes" if private else ""}, 422),
    )  # fmt: skip


def test_address(address_id: str) -> Any:
    """A test for one service."""
    return frame.act(
        lambda: notice_settings.test_address(box(), address_id, current_time()), N_("A test is on its way to it."), HOME
    )


def remove_address(address_id: str) -> Any:
    """Tell it nothing more."""
    return frame.act(
        lambda: notice_settings.remove_address(box(), address_id, current_time(), auth.actor()),
        N_("Removed. It is told nothing more."), HOME,
    )  # fmt: skip


def test_mail() -> Any:
    """A test for whoever asks."""
    return frame.act(
        lambda: notice_settings.test_mail(box(), auth.the_user().id, current_time()),
        N_("A test is on its way to you."), HOME,
    )  # fmt: skip


def _page(errors: dict[str, str], given: dict[str, str] | None = None, status: int = 200) -> Any:
    app, since = box(), current_time() - LATELY
    wishes, people = notice_settings.wishes(app), notice_choices.listeners(app.db)
    addresses = notice_choices.addresses(app.db)
    ticked = {
        f"{kind.name}:{user.public_id}" for kind in KINDS.values() for user in people if wishes.of_user(kind, user)
    }
    ticked |= {
        f"{kind.name}:{to.public_id}" for kind in KINDS.values() for to in addresses if wishes.of_address(kind, to)
    }
    return frame.render(
        "notices.html", "notices", status=status, errors=errors, given=given or {}, people=people, addresses=addresses,
        ticked=ticked, groups=_groups(), kinds=WORDS, by_mail=staff_mail.is_possible(app), locales=LOCALES,
        by_service=notice_settings.can_tell_services(app), last=notice_choices.last_of_addresses(app.db),
        my_test=notice_choices.last_test_of(app.db, auth.the_user().id), called=lambda kind: label(kind, page.locale()),
        troubles=notices.troubles(app.db, since), letters=staff_letters.unsent(app.db, since), why=notice_words,
    )  # fmt: skip


def _groups() -> list[tuple[str, str, str, list[str]]]:
    """Name of a section, its heading, what it is about, and its kinds."""
    return [
        ("faults", N_("When something is wrong"), N_("told once, and once when it is over"),
         [kind.name for kind in KINDS.values() if kind.fault]),
        ("events", N_("When something happens"), N_("off until somebody wants it"),
         [kind.name for kind in KINDS.values() if not kind.fault]),
    ]  # fmt: skip
