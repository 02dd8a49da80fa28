"""How it works: each step in words, whether it works here and now, and where to put it right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from waitlist_appliance.services import workflow
from waitlist_appliance.texts.catalogues import N_
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff.settings import frame

# Step → name, what happens in it, what to do when it does not work, where, icon.
WORDS: Final[Mapping[str, tuple[str, str, str, str, str]]] = {
    "hours": (
        N_("You are open"), N_("The opening hours say which times guests can ask for."),
        N_("Give at least one day its hours."), "staff.hours", "clock",
    ),
    "resources": (
        N_("There is something to book"), N_("Tables, rooms or people: each takes one party at a time."),
        N_("Add your tables or your team."), "staff.resources", "grid",
    ),
    "calendar": (
        N_("The calendar can be read"), N_("What stands in it is busy. What leaves it becomes free, within a minute."),
        N_("A calendar cannot be read. Until it can, nothing on it is offered."), "staff.system", "calendar3",
    ),
    "worker": (
        N_("The worker runs"), N_("It sends messages, keeps deadlines and looks at watched times."),
        N_("Start the worker beside the web process. Until then no message goes out."), "staff.system", "cpu",
    ),
    "messages": (
        N_("Messages go out"), N_("By SMS, WhatsApp and email; until an account is connected, to simulated phones."),
        N_("Sending is paused, or an account does not work. The settings say why, and how to go on."),
        "staff.messaging", "chat-dots",
    ),
    "key": (
        N_("The voice agent calls in"), N_("When a wished time is full, it reports the caller with its API key."),
        N_("No key has been used yet. Create one and give it to your voice agent."), "staff.keys", "telephone-inbound",
    ),
    "joining": (
        N_("People may join"), N_("The caller gets a link, ticks the times that suit, and is in line."),
        N_("Joining is closed. Open it when you want people to wait."), "staff.switches", "door-open",
    ),
    "offers": (
        N_("A freed time is offered"), N_("The first in line whom it fits gets a message and some minutes to answer."),
        N_("Offers are by hand or paused: nobody is asked by itself."), "staff.switches", "lightning",
    ),
    "entry": (
        N_("Somebody waits"), N_("Every person with their times, in the order in which they came."),
        N_("Nobody has joined yet. Add a person by hand to try it."), "staff.add_person", "person-plus",
    ),
    "booking": (
        N_("A freed time was filled"), N_("Yes makes a booking, in your calendar and on the guest's phone."),
        N_("Not yet. Fill a time, let somebody wait for it, then cancel it in the agenda."), "staff.agenda",
        "check-circle",
    ),
}  # fmt: skip


def overview() -> Any:
    """All steps with their check marks."""
    return frame.render("workflow.html", "workflow", steps=workflow.steps(box(), current_time()), words_of=WORDS)
