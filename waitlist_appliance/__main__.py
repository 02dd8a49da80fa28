"""`python -m waitlist_appliance` is the `waitlist` command."""

from __future__ import annotations

from waitlist_appliance.cli import main

if __name__ == "__main__":
    main()
