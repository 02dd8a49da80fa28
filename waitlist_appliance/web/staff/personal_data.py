"""What is kept of one person: handed out as a file, or forgotten."""

from __future__ import annotations

import json

from flask import Response

from waitlist_appliance.domain.errors import NotFound
from waitlist_appliance.services import personal_data
from waitlist_appliance.storage import message_reads
from waitlist_appliance.storage import personal_data as kept
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, page


def overview(customer_id: str) -> str:
    """What there is, the file to hand out, and the button that forgets it all."""
    person = message_reads.person(box().db, customer_id)
    if person is None:
        raise NotFound("not_found")
    return page.render(
        "personal_data.html", "messages", person=person, counts=kept.counts(box().db, person.id),
        months=box().setup().policies.retention_months,
    )  # fmt: skip


def hand_out(customer_id: str) -> Response:
    """Everything as one JSON file."""
    found = personal_data.hand_out(box(), customer_id, current_time())
    body = json.dumps(found, ensure_ascii=False, indent=2) + "\n"
    response = Response(body, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="personal-data-{customer_id}.json"'
    return response


def erase(customer_id: str) -> Response:
    """Forget the person. There is no way back."""
    _ = page.say().gettext
    return page.act(
        lambda: personal_data.erase(box(), customer_id, current_time(), auth.actor()),
        _("Erased. What is counted in the statistics stays, without a name."), f"/staff/messages/{customer_id}/data",
    )  # fmt: skip
