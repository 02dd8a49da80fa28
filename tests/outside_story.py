"""Casa Lola with its tables on a calendar outside the box."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.conftest import at
from tests.memory_calendar import MemoryCalendar
from tests.story import LASTS, Story
from waitlist_appliance.domain.records import Connection, Event
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.sync_calendar import Cause, SyncResult, sync
from waitlist_appliance.storage import alarms, events
from waitlist_appliance.storage import setup as setups


@dataclass
class Outside:
    """A story and its outside calendars. ``calendar`` is the one that both tables are written to."""

    story: Story
    calendar: MemoryCalendar
    id: int
    others: dict[str, MemoryCalendar] = field(default_factory=dict)

    @property
    def box(self) -> Appliance:
        return self.story.box

    @property
    def now(self) -> datetime:
        return self.story.now

    @property
    def connection(self) -> Connection:
        found = setups.connection(self.box.db, self.id)
        assert found is not None
        return found

    def reads(self, cause: Cause = "hand") -> SyncResult:
        return sync(self.box, self.id, self.now, cause)

    def party(
        self, time: str = "19:30", title: str = "Fiesta Table 1", event_id: str = "party", **more: object
    ) -> None:
        """Somebody puts an event into the calendar app."""
        self.calendar.put(event_id, at(time), at(time) + LASTS, title, **more)

    def mirrored(self) -> list[Event]:
        found = events.between(self.box.db, at("00:00", "2025-01-01"), at("00:00", "2028-01-01"))
        return [event for event in found if event.connection_id == self.id]

    def taken(self) -> list[tuple[str, str | None]]:
        """The mirror's events of others: title and the table that they take (None: all)."""
        names = {resource.id: resource.name for resource in self.box.setup().resources.values()}
        return [(e.title, names.get(e.resource_id or 0)) for e in self.mirrored() if e.tag is None]

    def conditions(self) -> list[str]:
        return [alarm.condition.partition(":")[0] for alarm in alarms.present(self.box.db)]

    def log(self) -> list[tuple[str, str, int]]:
        """Cause, kind and success of each read, oldest first."""
        return self.box.db.tuples("SELECT cause, kind, ok FROM sync_log WHERE connection_id = ? ORDER BY id", self.id)

    def activity(self, verb: str) -> int:
        return int(self.box.db.value("SELECT COUNT(*) FROM activity WHERE verb = ?", verb))

    def drags(self, name: str, hours: float) -> None:
        """Staff drag the event of a person's booking in the calendar app."""
        self.calendar.move(self.event_of(name), timedelta(hours=hours))

    def deletes(self, *names: str) -> None:
        for name in names:
            self.calendar.delete(self.event_of(name))

    def event_of(self, name: str) -> str:
        found = self.story.bookings(name)[-1].calendar_event_id
        assert found is not None
        return found

    def connects(self, provider: str, *tables: str, scope: str = "resources") -> int:
        """A further calendar that takes these tables' time without being written to."""
        db = self.box.db
        self.others[provider] = MemoryCalendar()
        self.box.calendars = {**self.box.calendars, provider: self.others[provider]}
        with db.write():
            connection_id = db.insert(
                "connection", public_id=provider, provider=provider, name=provider, calendar_id="main", scope=scope
            )
            for table in tables:
                table_id = db.value("SELECT id FROM resource WHERE name = ?", table)
                db.insert("blocking_calendar", connection_id=connection_id, resource_id=table_id)
        return connection_id


def outside(story: Story, calendar: MemoryCalendar | None = None) -> Outside:
    """Both tables of the story are on a Google-like calendar, which was read just now."""
    found, db = calendar or MemoryCalendar(), story.box.db
    found.expires_at = story.now + timedelta(days=7)
    story.box.calendars = {**story.box.calendars, "google": found}
    with db.write():
        connection_id = db.insert(
            "connection", public_id="outside", provider="google", name="Casa Lola", calendar_id="main"
        )
        db.execute("UPDATE resource SET connection_id = ?", connection_id)
    told = Outside(story, found, connection_id)
    assert told.reads().ok
    return told
