"""Casa Lola with its tables on a real calendar server, and staff who work in the calendar app."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from tests.calendar_apps import CalendarApp, Shown, calendar_app
from tests.conftest import at
from tests.story import Story
from waitlist_appliance.domain.records import Connection
from waitlist_appliance.services import manage_calendars
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.services.availability import FreeTimes, free_times
from waitlist_appliance.services.manage_calendars import CalendarCard
from waitlist_appliance.services.sync_calendar import sync
from waitlist_appliance.storage import alarms


@dataclass
class House:
    """Casa Lola, whose two tables are on a calendar of this app."""

    story: Story
    app: CalendarApp
    connection: Connection

    @property
    def card(self) -> CalendarCard:
        return manage_calendars.card(self.story.box, self.connection.public_id, self.story.now)

    def full(self, *times: str) -> dict[str, str]:
        """Staff have put a dinner on both tables; the names of the events, by table."""
        named = {table: self.app.put(f"Cena {table}", at(time)) for time in times for table in self.story.tables()}
        self.reads()
        return named

    def reads(self) -> bool:
        return sync(self.story.box, self.connection.id, self.story.now, "hand").ok

    def free(self, time: str = "19:30", day: str = "2026-01-16") -> list[str]:
        """The tables that could be booked at this time."""
        starts_at = at(time, day)
        found = free_times(self.story.box, FreeTimes(starts_at, starts_at + timedelta(minutes=1)), self.story.now)
        return sorted(one.resource.name for one in found if one.starts_at == starts_at)

    def ours(self) -> list[Shown]:
        """What the app shows of what we wrote."""
        return [shown for shown in self.app.shows() if not shown.title.startswith(("Cena", "Fiesta"))]

    def titles(self) -> list[str]:
        return [shown.title for shown in self.app.shows()]

    def event_of(self, name: str) -> str:
        found = self.story.bookings(name)[-1].calendar_event_id
        assert found is not None
        return found

    def status(self, name: str) -> str:
        return self.story.bookings(name)[-1].status.value

    def conditions(self) -> list[str]:
        return [alarm.condition.partition(":")[0] for alarm in alarms.present(self.story.box.db)]

    def log(self) -> list[tuple[str, bool]]:
        """Kind and success of each read, oldest first."""
        lines = manage_calendars.sync_log(self.story.box, self.connection.public_id)
        return [(line.kind, line.ok) for line in reversed(lines)]


@contextmanager
def house_on(kind: str, box: Appliance) -> Iterator[House]:
    """The owner connects the calendar and has both tables' bookings written to it; it has been read once."""
    with calendar_app(kind) as app:
        story = Story(box)
        connection = app.connect(box, story.now)
        manage_calendars.use_for(box, connection.public_id, None, "write", story.now, SYSTEM)
        story.passes()
        yield House(story, app, connection)
