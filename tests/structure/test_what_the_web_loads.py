"""The web process loads no calendar provider's library before somebody connects one: it would cost every box its memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from waitlist_appliance.config import write_default

TOP = Path(__file__).parents[2]
HEAVY = ("google", "googleapiclient", "google_auth_httplib2", "httplib2", "requests", "urllib3", "oauthlib", "icalendar",
         "recurring_ical_events")  # fmt: skip
STARTED = """
import sys
from pathlib import Path
from waitlist_appliance.bootstrap import build
from waitlist_appliance.config import load
from waitlist_appliance.storage import schema
from waitlist_appliance.web.app import create_app
app = build(load(Path(sys.argv[1])))
schema.migrate(app.db)
client = create_app(app).test_client()
assert client.get("/healthz").status_code == 200
assert client.get("/login").status_code == 200
{besides}
print(*sorted(name for name in sys.modules if name.partition(".")[0] in set(sys.argv[2:])))
"""


def loaded(folder: Path, besides: str = "") -> str:
    """The heavy modules in a process that has built the box and answered its first requests."""
    write_default(folder / "config.toml", folder / "data", 8080, "http://127.0.0.1:8080")
    line = [sys.executable, "-c", STARTED.format(besides=besides), str(folder / "config.toml"), *HEAVY]
    done = subprocess.run(line, cwd=TOP, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_started_web_process_has_no_providers_library(tmp_path: Path) -> None:
    assert loaded(tmp_path) == ""


def test_a_library_that_is_loaded_would_be_noticed(tmp_path: Path) -> None:
    assert "googleapiclient" in loaded(tmp_path, "app.calendars['google']._real").split()
