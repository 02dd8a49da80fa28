"""The lines of the URL table for what stands above the single pages: search, statistics, activity, system."""

from __future__ import annotations

from waitlist_appliance.web.routing import Route
from waitlist_appliance.web.staff import activity, search, statistics, system

GET, POST = ("GET",), ("POST",)
OVERVIEW_ROUTES: tuple[Route, ...] = (
    Route("/staff/search", GET, "staff.search", search.overview, "staff", "waitlist.view"),
    Route("/staff/statistics", GET, "staff.statistics", statistics.overview, "staff", "waitlist.view"),
    Route("/staff/statistics.csv", GET, "staff.statistics_file", statistics.file, "staff", "waitlist.view"),
    Route("/staff/activity", GET, "staff.activity", activity.overview, "staff", "settings.manage"),
    Route("/staff/system", GET, "staff.system", system.overview, "staff", "settings.manage"),
    Route("/staff/sending/resume", POST, "staff.resume_sending", system.resume_sending, "staff", "waitlist.notify"),
)
