"""The whole URL table: path, methods, endpoint, view, who may call, and the scope or permission they need."""

from __future__ import annotations

from waitlist_appliance.web import brand
from waitlist_appliance.web.api import bookings, calendars, customers, events, machine, statistics, waitlist
from waitlist_appliance.web.api.simulator import SIMULATOR_ROUTES
from waitlist_appliance.web.hooks import google, twilio
from waitlist_appliance.web.public import booking, offer, place, unsubscribe
from waitlist_appliance.web.routing import Route

GET, POST, PATCH, DELETE = ("GET",), ("POST",), ("PATCH",), ("DELETE",)
VIEW, CREATE, NOTIFY, CANCEL = "waitlist.view", "waitlist.create", "waitlist.notify", "waitlist.cancel"
MANAGE = "settings.manage"
SEE_BOOKINGS, MAKE_BOOKINGS, CANCEL_BOOKINGS = "bookings.view", "bookings.create", "bookings.cancel"

ROUTES: tuple[Route, ...] = (
    # voice agents, n8n: the waitlist
    Route("/api/waitlist/trigger", POST, "api.trigger", waitlist.trigger, "api", CREATE),
    Route("/api/waitlist/n8n/trigger", POST, "api.trigger_n8n", waitlist.trigger, "api", CREATE),
    Route("/api/waitlist/entries", GET, "api.entries", waitlist.list_entries, "api", VIEW),
    Route("/api/waitlist/entries", POST, "api.entry_add", waitlist.add_entry, "api", CREATE),
    Route("/api/waitlist/entries/<entry_id>", GET, "api.entry", waitlist.show_entry, "api", VIEW),
    Route("/api/waitlist/entries/<entry_id>", PATCH, "api.entry_change", waitlist.change_entry, "api", CREATE),
    Route("/api/waitlist/entries/<entry_id>", DELETE, "api.entry_cancel", waitlist.cancel_entry, "api", CANCEL),
    Route("/api/waitlist/entries/<entry_id>/notify", POST, "api.entry_notify", waitlist.notify_entry, "api", NOTIFY),
    Route("/api/waitlist/entries/<entry_id>/why", GET, "api.entry_why", waitlist.why_entry, "api", VIEW),
    Route("/api/waitlist/slots", GET, "api.slots", waitlist.list_slots, "api", VIEW),
    Route("/api/waitlist/slots/<slot_id>/check", POST, "api.slot_check", waitlist.check_slot, "api", NOTIFY),
    Route("/api/waitlist/stats", GET, "api.stats", statistics.show, "api", VIEW),
    # voice agents, n8n: the calendar
    Route("/api/calendar/availability", GET, "api.availability", bookings.free_times, "api", SEE_BOOKINGS),
    Route("/api/calendar/booking", POST, "api.booking_add", bookings.add_booking, "api", MAKE_BOOKINGS),
    Route("/api/bookings/<booking_id>", GET, "api.booking", bookings.show_booking, "api", SEE_BOOKINGS),
    Route("/api/bookings/<booking_id>", PATCH, "api.booking_change", bookings.change_booking, "api", MAKE_BOOKINGS),
    Route("/api/bookings/<booking_id>", DELETE, "api.booking_cancel", bookings.cancel_booking, "api", CANCEL_BOOKINGS),
    Route(
        "/api/bookings/<booking_id>/transition", POST, "api.booking_state", bookings.change_state, "api",
        CANCEL_BOOKINGS,
    ),
    Route("/api/calendar/events", GET, "api.events", events.list_events, "api", SEE_BOOKINGS),
    Route("/api/calendar/events", POST, "api.event_add", events.add_event, "api", MAKE_BOOKINGS),
    Route("/api/calendar/events/<event_id>", GET, "api.event", events.show_event, "api", SEE_BOOKINGS),
    Route("/api/calendar/events/<event_id>", PATCH, "api.event_move", events.move_event, "api", MAKE_BOOKINGS),
    Route("/api/calendar/events/<event_id>", DELETE, "api.event_cancel", events.cancel_event, "api", CANCEL_BOOKINGS),
    # connecting calendars: under the waitlist API's names and the calendar API's. Google's browsers come to the callback
    # with a state that is good once, for whoever began (web/api/calendars.py)
    Route("/api/waitlist/calendar/config", GET, "api.calendar_config", calendars.show_config, "api", MANAGE),
    Route("/api/waitlist/calendar/oauth/google/start", GET, "api.google_start", calendars.start_google, "api", MANAGE),
    Route(
        "/api/waitlist/calendar/oauth/google/callback", GET, "hook.google_callback", calendars.google_callback, "hook"
    ),
    Route("/api/waitlist/calendar/calendars", GET, "api.calendar_choices", calendars.list_choices, "api", MANAGE),
    Route("/api/waitlist/calendar/select", POST, "api.calendar_select", calendars.select, "api", MANAGE),
    Route("/api/waitlist/calendar/toggle", POST, "api.calendar_toggle", calendars.toggle, "api", MANAGE),
    Route("/api/waitlist/calendar/disconnect", POST, "api.calendar_disconnect", calendars.disconnect, "api", MANAGE),
    Route("/api/calendar/google/connect", GET, "api.google_connect", calendars.connect_google, "api", MANAGE),
    Route("/api/calendar/google/callback", GET, "hook.google_callback_too", calendars.google_callback, "hook"),
    Route(
        "/api/calendar/google/disconnect/<connection_id>", DELETE, "api.google_disconnect",
        calendars.disconnect_google, "api", MANAGE,
    ),
    Route("/api/calendar/sync", POST, "api.calendar_sync", calendars.sync, "api", MANAGE),
    Route("/hooks/google/calendar", POST, "hook.google_notice", google.notice, "hook"),
    # Twilio, by its signature
    Route("/twilio/sms/incoming", POST, "hook.twilio_sms", twilio.incoming, "hook"),
    Route("/twilio/whatsapp/incoming", POST, "hook.twilio_whatsapp", twilio.incoming, "hook"),
    Route("/twilio/status/<message_id>", POST, "hook.twilio_status", twilio.status, "hook"),
    # the customer, by the token in the link: JSON
    Route("/api/waitlist/confirm/<token>", POST, "link.confirm", customers.confirm, "customer"),
    Route("/api/waitlist/book/<token>", POST, "link.book", customers.book_free_time, "customer"),
    Route("/api/waitlist/wishes/<token>", POST, "link.wishes", customers.change, "customer"),
    Route("/api/waitlist/leave/<token>", POST, "link.leave", customers.leave, "customer"),
    Route("/api/waitlist/offer/<token>", GET, "link.offer", customers.show_offer, "customer"),
    Route("/api/waitlist/offer/<token>/accept", POST, "link.accept", customers.accept, "customer"),
    Route("/api/waitlist/offer/<token>/decline", POST, "link.decline", customers.decline, "customer"),
    Route("/api/booking/<token>/move", POST, "link.move", customers.move, "customer"),
    Route("/api/booking/<token>/cancel", POST, "link.cancel", customers.cancel, "customer"),
    # the customer, by the token in the link: pages (GET never changes anything; each form posts to its own page)
    Route("/waitlist/<token>", GET, "public.place", place.show, "customer"),
    Route("/waitlist/<token>", POST, "public.place_act", place.act, "customer"),
    Route("/waitlist/offer/<token>", GET, "public.offer", offer.show, "customer"),
    Route("/waitlist/offer/<token>", POST, "public.offer_act", offer.act, "customer"),
    Route("/booking/<token>", GET, "public.booking", booking.show, "customer"),
    Route("/booking/<token>", POST, "public.booking_act", booking.act, "customer"),
    Route("/unsubscribe/<token>", GET, "public.unsubscribe", unsubscribe.show, "customer"),
    Route("/unsubscribe/<token>", POST, "public.unsubscribe_act", unsubscribe.act, "customer"),
    Route("/booking/<token>.ics", GET, "public.booking_ics", booking.calendar_file, "customer"),
    # anybody (the bare address is among the staff's routes)
    Route("/brand.css", GET, "public.brand", brand.stylesheet, "public"),
    Route("/brand/logo", GET, "public.logo", brand.logo, "public"),
    Route("/healthz", GET, "public.healthz", machine.healthz, "public"),
    Route("/healthz/ping", GET, "public.ping", machine.ping, "public"),
    Route("/readyz", GET, "public.readyz", machine.readyz, "public"),
    # Prometheus
    Route("/metrics", GET, "metrics.show", machine.metrics, "metrics"),
    # an outside clock
    Route("/api/cron/waitlist-check", POST, "cron.check", machine.cron_check, "cron"),
    Route("/api/cron/calendar-sync", GET, "cron.calendar_sync", calendars.cron_sync, "cron"),
)
BENCH_ROUTES: tuple[Route, ...] = (Route("/bench/two-rows", POST, "bench.two_rows", machine.two_rows, "bench"),)


def every(*, bench: bool = False) -> tuple[Route, ...]:
    """All routes, those of the staff's pages included; with ``bench`` also those that measuring needs."""
    from waitlist_appliance.web.staff.routes import STAFF_ROUTES

    return ROUTES + SIMULATOR_ROUTES + tuple(STAFF_ROUTES) + (BENCH_ROUTES if bench else ())
