"""The hands of staff: what people do in Google's own calendar page, without the API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from tests.google_server.state import CalendarData, World
from tests.google_server.times import Body, event_time
from tests.google_server.validation import body_problems
from tests.google_server.writing import cancel, check, exception_id, fresh_id, merged, resolve, save

When = Body | datetime | date


class Staff(World):
    """A world with people in it."""

    def add_calendar(
        self, id: str, summary: str = "Calendar", zone: str = "Europe/Madrid", access_role: str = "owner",
        *, primary: bool = False, hidden: bool = False,
    ) -> str:  # fmt: skip
        """A calendar on the account's list."""
        with self.lock:
            self.calendars[id] = CalendarData(id, summary, zone, access_role, primary, hidden, self.next_number())
        return id

    def change_calendar(self, id: str, **changes: Any) -> None:
        """Change summary, zone, access_role or hidden."""
        with self.lock:
            for name, value in changes.items():
                if not hasattr(self.calendars[id], name):
                    raise AttributeError(name)
                setattr(self.calendars[id], name, value)
            self.calendars[id].listed_at = self.next_number()

    def remove_calendar(self, id: str) -> None:
        """The calendar is no more, or no longer shared."""
        with self.lock:
            del self.calendars[id]

    def put_event(self, calendar_id: str, **body: Any) -> str:
        """Write an event, a new one or a known id anew; times may be datetimes or dates. Returns its id."""
        with self.lock:
            calendar = self.calendar(calendar_id)
            event = self._meant(calendar, body)
            if "recurringEventId" in event:
                event["id"] = exception_id(calendar, event)
            event.setdefault("id", fresh_id(self))
            check(calendar, event)
            old = resolve(calendar, event["id"])
            return str(save(self, calendar, event, old)["id"])

    def change_event(self, calendar_id: str, event_id: str, **changes: Any) -> None:
        """Change what is named; an occurrence of a series becomes an exception of it."""
        with self.lock:
            calendar = self.calendar(calendar_id)
            old = self._there(calendar, event_id)
            meant = self._meant(calendar, changes)
            # A dragged event may turn from timed to all-day: its times are replaced, not merged.
            new = merged(old, meant) | {key: meant[key] for key in ("start", "end") if key in meant}
            check(calendar, new)
            save(self, calendar, new, old)

    def move_event(self, calendar_id: str, event_id: str, start: When, end: When) -> None:
        """Drag it to another time."""
        self.change_event(calendar_id, event_id, start=start, end=end)

    def remove_event(self, calendar_id: str, event_id: str) -> None:
        """Delete an event, a whole series, or one occurrence (by its own id)."""
        with self.lock:
            calendar = self.calendar(calendar_id)
            cancel(self, calendar, self._there(calendar, event_id))

    def restore_event(self, calendar_id: str, event_id: str) -> None:
        """Take it out of the bin."""
        with self.lock:
            calendar = self.calendar(calendar_id)
            old = calendar.records[event_id].latest
            save(self, calendar, old | {"status": "confirmed"}, old)

    def forget_deleted(self, calendar_id: str) -> None:
        """Deleted events disappear from every answer; their ids stay taken."""
        with self.lock:
            calendar = self.calendar(calendar_id)
            records = calendar.records.items()
            calendar.forgotten |= {name for name, record in records if record.latest["status"] == "cancelled"}

    def event(self, calendar_id: str, event_id: str) -> Body | None:
        """The event as it is stored, a deleted one with status cancelled; None when there never was one."""
        with self.lock:
            found = resolve(self.calendar(calendar_id), event_id)
            return dict(found) if found else None

    def events(self, calendar_id: str) -> list[Body]:
        """Every stored event that is not deleted; series as such."""
        with self.lock:
            stored = [record.latest for record in self.calendar(calendar_id).records.values()]
            return [dict(body) for body in stored if body["status"] != "cancelled"]

    def _there(self, calendar: CalendarData, event_id: str) -> Body:
        found = resolve(calendar, event_id)
        if found is None or found["status"] == "cancelled":
            raise KeyError(event_id)
        return found

    def _meant(self, calendar: CalendarData, body: Body) -> Body:
        zone = calendar.zone if "recurrence" in body or "recurringEventId" in body else None
        times = {k: event_time(v, zone) for k, v in body.items() if k in ("start", "end", "originalStartTime")}
        meant = body | times
        problems = body_problems("Event", meant, nulls=True)
        if problems:
            raise ValueError("; ".join(problems))
        return meant
