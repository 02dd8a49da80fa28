"""What the hooks load, and what they do not."""

from __future__ import annotations

import subprocess
import sys

import pytest

PACKAGE = "waitlist_appliance.adapters.messengers.twilio"
LARGE = ("twilio.rest", "twilio.http", "requests", "aiohttp", "urllib3")


def loaded(code: str) -> set[str]:
    """The large ones among what is loaded after this."""
    script = f"{code}\nimport sys\nprint(*[name for name in {LARGE!r} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(answer.stdout.split())


@pytest.mark.parametrize("module", ["", ".callbacks", ".signature", ".sending", ".account", ".errors"])
def test_the_web_process_does_not_load_twilios_client(module: str) -> None:
    assert loaded(f"import {PACKAGE}{module}") == set()


def test_checking_a_signature_does_not_load_it_either() -> None:
    check = (
        f"from {PACKAGE} import is_genuine\nis_genuine('t', 'https://a', '/b', '', {{}}, {{'X-Twilio-Signature': 's'}})"
    )
    assert loaded(f"{check}\nimport sys; assert 'twilio.request_validator' in sys.modules") == set()


def test_the_client_does() -> None:
    assert "twilio.rest" in loaded(f"import {PACKAGE}.client")
