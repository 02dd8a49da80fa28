"""The lines of the URL table for the waitlist's edits, lists and files, and for the messages."""

from __future__ import annotations

from waitlist_appliance.web.routing import Route
from waitlist_appliance.web.staff import messages, personal_data, slots, waitlist_edit, waitlist_many

GET, POST, BOTH = ("GET",), ("POST",), ("GET", "POST")
_MANY = "/staff/waitlist/many"
_MESSAGE = "/staff/messages/one/<message_id>"
_TALK = "/staff/messages/<customer_id>"
VIEW, NOTIFY, MANAGE = "waitlist.view", "waitlist.notify", "settings.manage"
WAITLIST_ROUTES: tuple[Route, ...] = (
    Route("/staff/waitlist/<entry_id>/edit", BOTH, "staff.edit_entry", waitlist_edit.edit, "staff", "waitlist.create"),
    Route("/staff/waitlist.csv", GET, "staff.waitlist_file", waitlist_many.file, "staff", VIEW),
    Route(f"{_MANY}/file", POST, "staff.chosen_file", waitlist_many.chosen_file, "staff", VIEW),
    Route(f"{_MANY}/offer", POST, "staff.offer_many", waitlist_many.offer_now, "staff", NOTIFY),
    Route(f"{_MANY}/approve", POST, "staff.approve_many", waitlist_many.approve, "staff", NOTIFY),
    Route(f"{_MANY}/cancel", POST, "staff.cancel_many", waitlist_many.cancel, "staff", "waitlist.cancel"),
    Route(f"{_MANY}/earlier", POST, "staff.earlier_many", waitlist_many.earlier, "staff", NOTIFY),
    Route(f"{_MANY}/later", POST, "staff.later_many", waitlist_many.later, "staff", NOTIFY),
    Route("/staff/slots/<slot_id>/notes", POST, "staff.slot_notes", slots.set_notes, "staff", NOTIFY),
    Route("/staff/messages", GET, "staff.messages", messages.overview, "staff", VIEW),
    Route(_TALK, GET, "staff.conversation", messages.conversation, "staff", VIEW),
    Route(_TALK, POST, "staff.write", messages.write, "staff", NOTIFY),
    Route(f"{_TALK}/data", GET, "staff.personal_data", personal_data.overview, "staff", MANAGE),
    Route(f"{_TALK}/data.json", GET, "staff.personal_data_file", personal_data.hand_out, "staff", MANAGE),
    Route(f"{_TALK}/erase", POST, "staff.erase_customer", personal_data.erase, "staff", MANAGE),
    Route(f"{_MESSAGE}/again", POST, "staff.send_again", messages.send_again, "staff", NOTIFY),
    Route(f"{_MESSAGE}/drop", POST, "staff.drop_message", messages.drop, "staff", NOTIFY),
)
