"""The rules of the waitlist: pure functions and frozen records; no I/O and no clock."""
