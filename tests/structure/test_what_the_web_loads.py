"""The web process loads no provider's library before somebody connects one: it would cost every box its memory.

Of Twilio's it loads no more than the check of signatures, and that at the first post.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from waitlist_appliance.config import write_default

TOP = Path(__file__).parents[2]
HEAVY = ("google", "googleapiclient", "google_auth_httplib2", "httplib2", "requests", "urllib3", "oauthlib", "icalendar",
         "recurring_ical_events", "twilio", "smtplib", "aiohttp", "jwt", "apprise", "pyotp", "segno", "sentry_sdk",
         "prometheus_client")  # fmt: skip
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


CONNECTED = """
from datetime import UTC, datetime
from waitlist_appliance.storage import provider_credentials
from waitlist_appliance.storage.vault import make_key_file
make_key_file(app.config.credentials_key_path)
account = {"account_sid": "AC" + "0a" * 16, "auth_token": "1b" * 16, "sms_from": "+34911230000"}
settings = app.accounts["twilio"].read(account).settings
with app.db.write():
    provider_credentials.keep(app.db, app.vault, "twilio", settings, datetime.now(UTC))
"""
POSTED = CONNECTED + """
import base64, hashlib, hmac
form = {"MessageSid": "SM1", "From": "+34600000001", "Body": "SI"}
signed = "http://127.0.0.1:8080/twilio/sms/incoming" + "".join(name + form[name] for name in sorted(form))
signature = base64.b64encode(hmac.new(b"1b" * 16, signed.encode(), hashlib.sha1).digest()).decode()
status = client.post("/twilio/status/x", data=form).status_code
assert status == 403, status
answer = client.post("/twilio/sms/incoming", data=form, headers={"X-Twilio-Signature": signature})
assert answer.status_code == EXPECTED, answer.data
"""


def test_a_connected_account_alone_loads_nothing(tmp_path: Path) -> None:
    assert loaded(tmp_path, CONNECTED) == ""


def test_after_a_genuine_post_only_the_signature_check_is_there(tmp_path: Path) -> None:
    # 404: this box is not set up yet; the signature was good, or it would be 403.
    assert loaded(tmp_path, POSTED.replace("EXPECTED", "404")).split() == ["twilio", "twilio.request_validator"]
