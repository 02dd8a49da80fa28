"""A story-teller for the tests of the use cases: Casa Lola on a Friday evening, with a fixed cast.

    story.full("19:30"); story.waits("Ana"); story.frees("19:30"); story.passes()
    assert story.asked() == [("Ana", "live")]

Times are times of day of the story's evening (2026-01-16). Nothing is mocked: the clock is ``story.now``, moved by
``passes``, which then does what the worker would do until nothing is due.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.conftest import NOW, at
from waitlist_appliance.domain.records import Booking, Entry, Message, Offer, Opening, Resource, Slot, Wish
from waitlist_appliance.services.answer_offer import Answer, accept_offer, decline_offer
from waitlist_appliance.services.appliance import VOICE_AGENT, Actor, Appliance
from waitlist_appliance.services.book import Booked, BookRequest, book
from waitlist_appliance.services.business import set_policy
from waitlist_appliance.services.edit_events import add_event, cancel_event
from waitlist_appliance.services.entry_page import EntryPage
from waitlist_appliance.services.join_waitlist import Joined, JoinRequest, join
from waitlist_appliance.services.receive_reply import ReplyResult, receive
from waitlist_appliance.services.register_entry import RegisterRequest, register
from waitlist_appliance.services.sweep import DATABASE_STEPS, PROVIDER_STEPS, provider_pass, sweep
from waitlist_appliance.storage import setup as setups

PHONES = {"Ana": "+34600000001", "Bruno": "+34600000002", "Chloé": "+33612345678", "Diego": "+34600000009"}
LOCALES = {"Chloé": "fr"}
OLIVIA = Actor("staff", "Olivia")
LASTS = timedelta(minutes=90)
SETTLED_WITHIN = 25
STEPS = len(DATABASE_STEPS) + len(PROVIDER_STEPS)


class Story:
    """One evening at Casa Lola; every act happens at ``now``."""

    def __init__(self, box: Appliance, now: datetime = NOW) -> None:
        self.box = box
        self.now = now
        self.events: dict[tuple[str, str], str] = {}
        self.joined: dict[tuple[str, str], Joined] = {}
        self.phones = dict(PHONES)

    # --- the house

    def full(self, *times: str) -> None:
        """Every table is taken by an event at these times."""
        for time in times:
            for table in self.tables():
                self.takes(time, table)

    def takes(self, time: str, table: str = "Table 1", minutes: int = 90) -> None:
        """Staff put an event on one table."""
        event = add_event(
            self.box, f"Reserva {table}", at(time), at(time) + timedelta(minutes=minutes), table, self.now, OLIVIA
        )
        self.events[time, table] = event.public_id

    def frees(self, time: str = "19:30", table: str = "Table 1") -> None:
        """The event of this table is cancelled; the freed time is matched in the same transaction."""
        cancel_event(self.box, self.events.pop((time, table)), self.now, OLIVIA)

    def policy(self, **values: object) -> None:
        for key, value in values.items():
            set_policy(self.box, key, value, OLIVIA, self.now)

    def tables(self) -> list[str]:
        return [resource.name for resource in sorted(self.box.setup().resources.values(), key=lambda r: r.id)]

    def add_resource(self, name: str, seats: int, kind: str = "table", zone: str | None = None) -> None:
        """A further table (or ``kind="staff"``) of the house, on its calendar."""
        connection = setups.connections(self.box.db)[0].id
        with self.box.db.write():
            self.box.db.insert(
                "resource", public_id=name.lower().replace(" ", "-"), name=name, kind=kind, min_party=1, max_party=seats,
                zone=zone, connection_id=connection,
            )  # fmt: skip

    def calendar_fails(self, what: str | None = "both") -> None:
        """The built-in calendar fails on "read", "write" or "both"; None mends it."""
        self.box.db.execute("INSERT OR REPLACE INTO local_calendar (id, failure) VALUES (1, ?)", what)

    def in_calendar_app(self, time: str = "19:30", table: str | None = "Table 1", title: str = "Fiesta") -> str:
        """Staff put an event straight into the calendar, past our API; its uid."""
        resource = self.box.db.value("SELECT public_id FROM resource WHERE name = ?", table)
        uid = f"app{self.box.db.value('SELECT COUNT(*) FROM local_event')}"
        self.box.db.insert(
            "local_event", uid=uid, title=title, starts_at=at(time), ends_at=at(time) + LASTS, resource=resource
        )
        return uid

    def phone_fails(self, name: str, outcome: str, times: int = 1, channel: str = "sms", address: str = "") -> None:
        """The next messages to the person go wrong: undeliverable, retry or account."""
        self.box.db.execute(
            "INSERT OR REPLACE INTO simulated_failure (address, channel, outcome, times) VALUES (?, ?, ?, ?)",
            address or self.phone(name), channel, outcome, times,
        )  # fmt: skip

    # --- the people

    def phone(self, name: str) -> str:
        """The person's number; anybody outside the cast gets the next one."""
        return self.phones.setdefault(name, f"+346100{len(self.phones):05}")

    def caller(self, name: str, time: str = "19:30", **asked: object) -> Joined:
        """The voice agent triggers for a caller."""
        values: dict[str, object] = {"first_name": name, "locale": LOCALES.get(name, "es")} | asked
        request = JoinRequest(at(time), str(values.pop("phone", self.phone(name))), **values)  # type: ignore[arg-type]
        self.joined[name, time] = join(self.box, request, self.now, VOICE_AGENT)
        return self.joined[name, time]

    def another_day(self, name: str, day: str, time: str = "19:30") -> Entry:
        """A further trigger by the person, for another day."""
        request = JoinRequest(at(time, day), self.phone(name), force=True)
        return join(self.box, request, self.now, VOICE_AGENT).entry

    def signs_up(
        self, name: str, *times: str, party: int = 2, email: str | None = None, first: str = "19:30",
        flexible: dict[str, object] | None = None,
    ) -> EntryPage:  # fmt: skip
        """The person fills the page of the invitation for ``first`` in, a second later than anybody before."""
        self.now += timedelta(seconds=1)
        selected = tuple(at(time) for time in times) if times or flexible else (at(first),)
        request = RegisterRequest(
            name, "Pérez", self.phone(name), email, party, selected, flexible=flexible, consent=True,
            locale=LOCALES.get(name, "es"),
        )  # fmt: skip
        return register(self.box, self.joined[name, first].token, request, self.now)

    def waits(self, name: str, *times: str, party: int = 2, **asked: object) -> EntryPage:
        """A caller who has signed up for these times; the first is the one asked for."""
        first = times[0] if times else "19:30"
        self.caller(name, first, alternatives=tuple(at(time) for time in times[1:]), **asked)
        return self.signs_up(name, *times, party=party, first=first)

    def in_line(self, *names: str, party: int = 2) -> None:
        """They wait for 19:30, in this order."""
        for name in names:
            self.waits(name, party=party)

    def yes(self, name: str) -> Answer:
        """The person says yes to their newest offer, on its page."""
        return accept_offer(self.box, self.offer(name).id, self.now)

    def no(self, name: str) -> Answer:
        return decline_offer(self.box, self.offer(name).id, self.now)

    def replies(self, name: str, body: str) -> ReplyResult:
        """An SMS from the person's phone."""
        return receive(self.box, self.phone(name), "sms", body, self.now)

    def books(self, name: str, time: str = "19:30", party: int = 2, **asked: object) -> Booked:
        """The voice agent books for a caller."""
        request = BookRequest(at(time), name, self.phone(name), party_size=party, **asked)  # type: ignore[arg-type]
        return book(self.box, request, self.now, VOICE_AGENT)

    def noise(self) -> None:
        """Diego's unrelated rows, which nothing may touch: a booking at 13:00 and a wish at 15:00, that day."""
        self.full("15:00")
        self.books("Diego", "13:00", party=2)
        self.passes()
        self.waits("Diego", "15:00")
        self.passes()

    def noise_rows(self) -> list[object]:
        """Everything of Diego's, to compare before and after."""
        mine = "(SELECT id FROM customer WHERE phone = ?)"
        return [
            self.box.db.tuples(f"SELECT * FROM {table} WHERE customer_id = {mine} ORDER BY id", PHONES["Diego"])
            for table in ("entry", "wish", "offer", "booking", "message")
        ]

    # --- the clock

    def passes(self, minutes: float = 0, seconds: float = 0) -> None:
        """The clock moves on; then the worker does all that is due. A step of a pass that raised fails the test."""
        self.now += timedelta(minutes=minutes, seconds=seconds)
        for _ in range(SETTLED_WITHIN):
            done = sweep(self.box, self.now) | provider_pass(self.box, self.now)
            assert len(done) == STEPS, f"a step of the pass raised: {sorted(done)}"
            if not any(done.values()):
                return
        raise AssertionError(f"never settled: {done}")

    def ticks(self, minutes: int, step: int = 1) -> None:
        """The clock moves on in steps, the worker awake all the while."""
        for _ in range(0, minutes, step):
            self.passes(minutes=step)

    def until(self, time: str, day: str = "2026-01-16") -> None:
        """The clock jumps to a time of day; the worker wakes up then."""
        assert at(time, day) >= self.now
        self.now = at(time, day)
        self.passes()

    # --- what became of it

    def told(self, name: str) -> list[str]:
        """The kinds of the messages sent to the person, oldest first."""
        return [message.kind for message in self.messages(name) if message.state == "sent"]

    def said(self, name: str) -> list[str]:
        """The texts on the person's phone, oldest first."""
        rows = self.box.db.tuples("SELECT body FROM simulated_message WHERE address = ? ORDER BY id", self.phone(name))
        return [body for (body,) in rows]

    def messages(self, name: str) -> list[Message]:
        """Every row of the outbox for the person, sent or not."""
        return self.box.db.rows(
            Message, "SELECT * FROM message WHERE customer_id = (SELECT id FROM customer WHERE phone = ?) ORDER BY id",
            self.phone(name),
        )  # fmt: skip

    def offers(self, *names: str) -> list[Offer]:
        """All offers (of these people), oldest first."""
        found = self.box.db.rows(Offer, "SELECT * FROM offer ORDER BY id")
        return [offer for offer in found if not names or self.name_of(offer) in names]

    def offer(self, name: str) -> Offer:
        """The person's newest offer."""
        return self.offers(name)[-1]

    def name_of(self, offer: Offer) -> str:
        return str(self.box.db.value("SELECT first_name FROM customer WHERE id = ?", offer.customer_id))

    def asked(self) -> list[tuple[str, str]]:
        """Who was asked, with what became of the offer, oldest first."""
        return [(self.name_of(offer), offer.state.value) for offer in self.offers()]

    def asked_for(self, name: str) -> list[tuple[str, str]]:
        """The times (in Madrid) and tables that the person was asked for."""
        zone, setup = self.box.setup().zone, self.box.setup()
        found = []
        for offer in self.offers(name):
            start = self.box.db.row(Slot, "SELECT * FROM slot WHERE id = ?", offer.slot_id)
            table = self.box.db.value("SELECT resource_id FROM hold WHERE id = ?", offer.hold_id)
            assert start is not None
            found.append((f"{start.starts_at.astimezone(zone):%H:%M}", setup.resources[table].name))
        return found

    def entries(self, name: str) -> list[Entry]:
        return self.box.db.rows(
            Entry, "SELECT * FROM entry WHERE customer_id = (SELECT id FROM customer WHERE phone = ?) ORDER BY id",
            self.phone(name),
        )  # fmt: skip

    def entry(self, name: str) -> Entry:
        """The person's newest entry."""
        return self.entries(name)[-1]

    def status(self, name: str) -> str:
        return self.entry(name).status.value

    def wishes(self, name: str) -> dict[str, str]:
        """The person's times with the newest wish's state."""
        zone = self.box.setup().zone
        found = self.box.db.rows(
            Wish, "SELECT * FROM wish WHERE customer_id = (SELECT id FROM customer WHERE phone = ?) ORDER BY id",
            self.phone(name),
        )  # fmt: skip
        starts = {slot.id: slot.starts_at for slot in self.box.db.rows(Slot, "SELECT * FROM slot")}
        return {f"{starts[wish.slot_id].astimezone(zone):%H:%M}": wish.state.value for wish in found}

    def slot(self, time: str = "19:30") -> Slot:
        found = self.box.db.row(Slot, "SELECT * FROM slot WHERE starts_at = ?", at(time))
        assert found is not None, f"nobody ever waited for {time}"
        return found

    def openings(self, time: str = "19:30") -> list[tuple[str, str]]:
        """The tables that were found free for the time, with their opening's state, oldest first."""
        names = {r.id: r.name for r in self.box.db.rows(Resource, "SELECT * FROM resource")}
        found = self.box.db.rows(
            Opening,
            "SELECT o.* FROM opening o JOIN slot s ON s.id = o.slot_id WHERE s.starts_at = ? ORDER BY o.id",
            at(time),
        )
        return [(names[opening.resource_id], opening.state.value) for opening in found]

    def bookings(self, name: str | None = None) -> list[Booking]:
        """All bookings, or one person's, oldest first."""
        return self.box.db.rows(
            Booking,
            """SELECT b.* FROM booking b JOIN customer c ON c.id = b.customer_id
                WHERE ?1 IS NULL OR c.phone = ?1 ORDER BY b.id""",
            self.phone(name) if name else None,
        )  # fmt: skip

    def occupied(self) -> int:
        """How many rows take a table now."""
        return int(self.box.db.value("SELECT COUNT(*) FROM occupancy"))

    def calendar(self) -> list[str]:
        """The titles in the built-in calendar, by start."""
        return [title for (title,) in self.box.db.tuples("SELECT title FROM local_event ORDER BY starts_at, uid")]

    def held_in_calendar(self) -> list[str]:
        """The titles of the tentative events of holds."""
        return [title for (title,) in self.box.db.tuples("SELECT title FROM local_event WHERE tag LIKE 'hold:%'")]
