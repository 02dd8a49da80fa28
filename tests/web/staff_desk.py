"""A browser at the desk, for the tests of staff's pages: it logs in, carries the form token, posts forms."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import sessions, staff
from waitlist_appliance.web.staff.auth import COOKIE

CAST = {"owner": "Olivia", "manager": "Marco", "host": "Hanna", "viewer": "Victor"}


@dataclass
class Desk:
    """One browser; `role` None means that nobody is logged in."""

    client: FlaskClient
    role: str | None

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def token(self) -> str:
        page = self.client.get("/staff/waitlist/add" if self.role not in (None, "viewer") else "/login").text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page or "") or self._token_of_layout()
        assert found
        return found[1]

    def post(self, path: str, /, **form: Any) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token(), **form})

    def _token_of_layout(self) -> re.Match[str] | None:
        return re.search(r'name="csrf_token" value="([^"]+)"', self.client.get("/staff/waitlist").text)


def desk(app: Flask, box: Appliance, now: datetime, role: str | None) -> Desk:
    """A browser with somebody of this role logged in, without the cost of a password."""
    client = app.test_client()
    if role is not None:
        token = secrets.token_urlsafe(32)
        with box.db.write():
            name = CAST[role]
            user_id = staff.insert_user(box.db, f"{name.lower()}@casalola.example", name, role, now)
            hashed = sha256(token.encode()).digest()
            sessions.insert(box.db, hashed, user_id, now, now + timedelta(days=30))
        client.set_cookie(f"__Host-{COOKIE}" if box.config.is_https else COOKIE, token)
    return Desk(client, role)


def snapshot(box: Appliance, *, besides: tuple[str, ...] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table: what "nothing changed" means."""
    names = [name for (name,) in box.db.tuples("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return {name: box.db.tuples(f"SELECT * FROM {name}") for name in names if name not in besides}
