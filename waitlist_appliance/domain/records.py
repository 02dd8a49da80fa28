"""The nouns as frozen records, as the storage reads them. Datetimes are aware, in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from waitlist_appliance.domain.assignment import Kind, Seat
from waitlist_appliance.domain.states import (
    BookingStatus,
    EntryStatus,
    HoldState,
    OfferState,
    OpeningState,
    SlotStatus,
    WishState,
)


@dataclass(frozen=True, slots=True)
class Business:
    id: int
    public_id: str
    name: str
    zone: str
    locale: str
    phone_region: str
    phone: str | None
    email: str | None
    address: str | None
    brand_colour: str | None
    logo: str | None = None  # the hash of the picture

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


@dataclass(frozen=True, slots=True)
class Service:
    id: int
    public_id: str
    name: str
    duration_minutes: int
    buffer_before_minutes: int | None
    buffer_after_minutes: int | None
    rule_id: int | None
    is_default: bool
    active: bool = True


@dataclass(frozen=True, slots=True)
class Resource:
    id: int
    public_id: str
    name: str
    kind: str
    min_party: int
    max_party: int
    zone: str | None
    priority: int
    rule_id: int | None
    connection_id: int | None

    @property
    def seat(self) -> Seat:
        return Seat(self.id, cast(Kind, self.kind), self.min_party, self.max_party, self.zone, self.priority)


@dataclass(frozen=True, slots=True)
class Connection:
    id: int
    public_id: str
    provider: str
    name: str
    status: str
    enabled: bool
    live_mirror: bool
    check_interval_minutes: int | None
    last_sync_at: datetime | None
    failing_since_at: datetime | None
    last_error: str | None
    next_sync_at: datetime | None
    sync_state: str | None
    calendar_id: str
    url: str
    account: str | None
    zone: str | None
    scope: str
    allow_private: bool
    trouble: str | None
    span_until_at: datetime | None
    ending_at: datetime | None
    asked_at: datetime | None
    named_with: int | None

    @property
    def takes_everything(self) -> bool:
        """Whether its events take everybody's time (a calendar of holidays)."""
        return self.scope == "business"

    @property
    def read_only(self) -> bool:
        return self.provider == "ics"


@dataclass(frozen=True, slots=True)
class Event:
    """A mirrored calendar event; ``resource_id`` None means that it names no resource."""

    id: int
    public_id: str
    connection_id: int
    provider_event_id: str
    etag: str
    title: str
    starts_at: datetime
    ends_at: datetime
    busy: bool
    resource_id: int | None
    tag: str | None
    vanished_at: datetime | None
    series: str | None
    location: str
    all_day: bool
    resource_found: bool


@dataclass(frozen=True, slots=True)
class Customer:
    id: int
    public_id: str
    phone: str
    phone_kind: str
    first_name: str | None
    last_name: str | None
    email: str | None
    locale: str | None
    channels: str
    opted_out_at: datetime | None
    undeliverable_at: datetime | None
    whatsapp_wrote_at: datetime | None
    whatsapp_refused_at: datetime | None
    email_refused_at: datetime | None
    erased_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Slot:
    id: int
    public_id: str
    service_id: int
    starts_at: datetime
    ends_at: datetime
    closes_at: datetime
    status: SlotStatus
    last_check_at: datetime | None
    next_check_at: datetime | None
    check_interval_minutes: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    id: int
    public_id: str
    customer_id: int
    service_id: int
    first_name: str | None
    last_name: str | None
    email: str | None
    party_size: int | None
    status: EntryStatus
    priority: int
    source: str
    locale: str
    zone: str | None
    resource_id: int | None
    notes: str | None
    requested_slot_id: int
    proposed_times: str
    silences: int
    created_at: datetime
    registered_at: datetime | None
    lined_up_at: datetime | None
    notified_at: datetime | None
    confirmed_at: datetime | None
    response_deadline_at: datetime | None
    consent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wish:
    id: int
    entry_id: int
    customer_id: int
    slot_id: int
    state: WishState
    round: int
    priority: int
    lined_up_at: datetime | None
    party: int | None
    resource_id: int | None
    zone: str | None


@dataclass(frozen=True, slots=True)
class Opening:
    id: int
    slot_id: int
    resource_id: int
    cause: str
    state: OpeningState
    freed_at: datetime
    skipped: str


@dataclass(frozen=True, slots=True)
class Hold:
    id: int
    opening_id: int
    slot_id: int
    resource_id: int
    state: HoldState
    race: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    id: int
    public_id: str
    hold_id: int
    opening_id: int
    wish_id: int
    entry_id: int
    customer_id: int
    slot_id: int
    state: OfferState
    late: bool
    by_hand: bool
    created_at: datetime
    sent_at: datetime | None
    deadline_at: datetime | None
    unsent_limit_at: datetime | None
    answered_at: datetime | None
    ended_reason: str | None


@dataclass(frozen=True, slots=True)
class Booking:
    id: int
    public_id: str
    code: str
    service_id: int
    resource_id: int
    starts_at: datetime
    ends_at: datetime
    customer_id: int
    entry_id: int | None
    offer_id: int | None
    party_size: int
    notes: str | None
    status: BookingStatus
    calendar_event_id: str | None
    calendar_etag: str | None
    source: str
    version: int
    pending_since_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    id: int
    public_id: str
    customer_id: int
    kind: str
    channel: str
    facts: str
    own_act: bool
    due_at: datetime
    state: str
    lease_until_at: datetime | None
    attempts: int
    offer_id: int | None
    entry_id: int | None
    booking_id: int | None
    dedupe_key: str
    provider: str | None
    provider_id: str | None
    rank: int
    unknown_since_at: datetime | None
    unknowns: int
    subject: str | None
    body: str | None
    sent_at: datetime | None
    error: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CalendarWrite:
    id: int
    kind: str
    connection_id: int
    hold_id: int | None
    booking_id: int | None
    event_id: str
    state: str
    attempts: int
    due_at: datetime
    last_error: str | None
    written_event_id: str | None

    @property
    def known_as(self) -> str:
        """The id under which the provider has the event, as far as it is known."""
        return self.written_event_id or self.event_id


@dataclass(frozen=True, slots=True)
class StaffUser:
    id: int
    public_id: str
    email: str
    name: str
    role: str
    password_hash: str | None
    last_login_at: datetime | None
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: int
    public_id: str
    name: str
    scopes: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    expires_at: datetime | None
    previous_until_at: datetime | None


@dataclass(frozen=True, slots=True)
class Activity:
    id: int
    at: datetime
    actor: str
    actor_name: str | None
    verb: str
    subject: str
    subject_id: int | None
    entry_id: int | None
    customer_id: int | None
    reason: str | None
    detail: str
