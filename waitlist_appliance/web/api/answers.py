"""How the API says things: camelCase for the waitlist, times in the business's zone with their offset."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Response

from waitlist_appliance.web.context import the_business


def answer(body: Mapping[str, Any], status: int = 200) -> Response:
    """A JSON answer."""
    return Response(json.dumps(body, ensure_ascii=False, separators=(",", ":")), status, mimetype="application/json")


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in the business's zone, to the second."""
    return None if moment is None else moment.astimezone(the_business().tz).isoformat(timespec="seconds")
