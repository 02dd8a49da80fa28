"""`python3 -m waitlist_appliance.installation COMMAND`."""

from __future__ import annotations

import sys

from waitlist_appliance.installation.command import main

sys.exit(main())
