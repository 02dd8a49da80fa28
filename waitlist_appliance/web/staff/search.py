"""The search over everything: people, requests, bookings, by name, number, email address or code."""

from __future__ import annotations

from flask import request
from phonenumbers import country_code_for_region

from waitlist_appliance.storage import search_reads
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box, the_business
from waitlist_appliance.web.staff import page


def overview() -> str:
    """The results as a page; with ?part=list only the list, for the field that asks while one types."""
    text = request.args.get("q", "").strip()[: search_reads.LONGEST]
    ids = search_reads.customer_ids(box().db, text, str(country_code_for_region(the_business().phone_region)))
    found = {
        "bookings": search_reads.bookings(box().db, text, ids, current_time()),
        "entries": search_reads.entries(box().db, ids) if ids else [],
        "people": search_reads.people(box().db, ids) if ids else [],
    }
    part = request.args.get("part") == "list"
    return page.render("search_list.html" if part else "search.html", "search", q=text, found=found, part=part)
