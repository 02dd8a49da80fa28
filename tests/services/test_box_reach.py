"""What the world says of a box: its address, certificate and proxy, its calendars and its messengers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests.adapters

from tests.calendar_accounts import connected, google_account, reaches
from tests.calendar_apps import CalDavApp
from tests.google_server import GoogleServer
from tests.messaging_accounts import NUMBER, equip, keep, on
from tests.radicale_server import running
from tests.served import served
from tests.smtp_server import SmtpServer
from tests.tls_proxy import DAY, Authority, Forwarding, proxy
from tests.twilio_server import TwilioServer
from waitlist_appliance.adapters.probes import NetworkProbes
from waitlist_appliance.services import box_reach
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.box_health import Finding


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """One that everybody trusts."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(made.file))
    return made


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def behind_a_proxy(
    stack: ExitStack, box: Appliance, certificate: Path, forwarding: Forwarding = "sets", scheme: str = "https",
    trusted_proxy: str = "127.0.0.1",
) -> None:  # fmt: skip
    """The box is served, and the world comes to it by https."""
    port = stack.enter_context(served(box, trusted_proxy=trusted_proxy))
    outside = stack.enter_context(proxy(certificate, port, forwarding, scheme))
    box.config = replace(box.config, port=port, public_url=f"https://localhost:{outside}")
    box.probes = NetworkProbes()


def asked(box: Appliance, now: datetime) -> dict[str, Finding]:
    """Every finding by its check."""
    asks = box_reach.checks(box, now, sound=True)
    return {finding.check: finding for ask in asks.values() for finding in ask()}


def test_a_box_behind_a_good_proxy_is_well(stack: ExitStack, box: Appliance, authority: Authority) -> None:
    behind_a_proxy(stack, box, authority.certificate())
    found = asked(box, datetime.now(UTC))
    assert found["public.address"].facts["this_box"] is True
    assert found["public.proxy"].facts["caller_seen"] == "198.51.100.7"
    assert (found["public.certificate"].state, found["public.certificate"].facts["days_left"]) == ("ok", 59)


@pytest.mark.parametrize(
    ("forwarding", "scheme", "trusted", "fact", "value"),
    [
        ("sets", "http", "127.0.0.1", "scheme_seen", "http"),
        ("sets", "https", "", "scheme_seen", "http"),
        ("passes_on", "https", "127.0.0.1", "believes_callers", True),
    ],
)
def test_a_proxy_that_hands_over_badly_is_a_problem(
    stack: ExitStack, box: Appliance, authority: Authority, forwarding: Forwarding, scheme: str, trusted: str,
    fact: str, value: object,
) -> None:  # fmt: skip
    behind_a_proxy(stack, box, authority.certificate(), forwarding, scheme, trusted)
    found = asked(box, datetime.now(UTC))["public.proxy"]
    assert (found.state, found.facts[fact]) == ("problem", value)


def test_an_address_that_leads_to_another_box_is_a_problem(
    stack: ExitStack, box: Appliance, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    behind_a_proxy(stack, box, authority.certificate())
    assert box.probes is not None
    here = box.probes.ping(box.config.host, box.config.port)
    assert here is not None
    # What answers on our own port is another process than the one that the world reaches.
    monkeypatch.setattr(box.probes, "ping", lambda host, port: replace(here, instance="another"))
    found = asked(box, datetime.now(UTC))
    assert (found["public.address"].state, found["public.address"].facts["this_box"]) == ("problem", False)
    assert "public.proxy" not in found


def test_a_web_server_that_does_not_run_here_leaves_the_question_open(
    stack: ExitStack, box: Appliance, authority: Authority
) -> None:  # fmt: skip
    behind_a_proxy(stack, box, authority.certificate())
    box.config = replace(box.config, port=free_port())
    assert asked(box, datetime.now(UTC))["public.address"].state == "unknown"


def test_an_address_that_nobody_answers_is_a_problem(box: Appliance, now: datetime) -> None:
    box.probes = NetworkProbes()
    box.config = replace(box.config, public_url=f"http://127.0.0.1:{free_port()}")
    assert asked(box, now)["public.address"].state == "problem"


@pytest.mark.parametrize(("days", "state"), [(20, "ok"), (10, "warning")])
def test_a_certificate_that_ends_soon_is_a_warning(
    stack: ExitStack, box: Appliance, authority: Authority, days: int, state: str
) -> None:  # fmt: skip
    behind_a_proxy(stack, box, authority.certificate(ends=days * DAY))
    assert asked(box, datetime.now(UTC))["public.certificate"].state == state


def test_a_certificate_for_another_name_is_a_problem(stack: ExitStack, box: Appliance, authority: Authority) -> None:
    behind_a_proxy(stack, box, authority.certificate("somebody.example"))
    found = asked(box, datetime.now(UTC))
    assert found["public.certificate"].facts["trouble"] == "name"
    assert found["public.address"].state == "problem"


def test_a_google_calendar_that_answers_is_well_and_tells_the_time(box: Appliance, now: datetime) -> None:
    with google_account() as google:
        _with_google(box, google, now)
        found = asked(box, now)
        (calendar,) = [finding for check, finding in found.items() if check.startswith("calendar.")]
        assert (calendar.state, calendar.facts["provider"]) == ("ok", "google")
        assert found["clock.skew"].state == "ok"


def test_a_google_calendar_whose_permission_was_taken_back_is_a_problem(box: Appliance, now: datetime) -> None:
    with google_account() as google:
        _with_google(box, google, now)
        google.revoke_refresh_token()
        google.expire_access_tokens()
        (calendar,) = [finding for check, finding in asked(box, now).items() if check.startswith("calendar.")]
    assert calendar.state == "problem"
    assert calendar.facts["trouble"] in ("signed_out", "testing_ended")


def test_a_caldav_calendar_is_asked_too(box: Appliance, now: datetime) -> None:
    connection = CalDavApp(running()).connect(box, now)
    found = asked(box, now)[f"calendar.{connection.name}"]
    assert (found.state, found.facts["provider"]) == ("ok", "caldav")
    box.db.execute("UPDATE connection SET status = 'needs_reconnect', trouble = 'signed_out' WHERE id = ?", connection.id)
    assert asked(box, now)[f"calendar.{connection.name}"].facts["trouble"] == "signed_out"


def test_numbers_of_twilio_must_post_to_this_box(box: Appliance, now: datetime) -> None:
    with TwilioServer() as twilio:
        _with_twilio(box, twilio, now)
        wrong = asked(box, now)
        assert wrong["messaging.twilio"].state == "ok"
        assert (wrong["messaging.webhook"].state, wrong["messaging.webhook"].facts["posted_to"]) == ("problem", "")
        twilio.sms_urls[NUMBER] = box.url("/twilio/sms/incoming") + "#rc=5&rp=all"
        assert asked(box, now)["messaging.webhook"].state == "ok"


def test_a_suspended_account_is_a_problem(box: Appliance, now: datetime) -> None:
    with TwilioServer() as twilio:
        _with_twilio(box, twilio, now)
        twilio.suspended = True
        found = asked(box, now)["messaging.twilio"]
    assert (found.state, found.facts) == ("problem", {"account": "suspended"})


def test_a_provider_that_is_away_is_a_problem_with_its_name(box: Appliance, now: datetime) -> None:
    with TwilioServer() as twilio:
        _with_twilio(box, twilio, now)
    found = asked(box, now)["messaging.twilio"]
    assert (found.state, found.facts["trouble"]) == ("problem", "unreachable")


def test_a_mail_server_is_logged_in_to(box: Appliance, now: datetime) -> None:
    equip(box)
    with SmtpServer(users={"lola": "right"}) as server:
        account = {"host": "127.0.0.1", "port": str(server.port), "security": "none", "allow_unencrypted": "yes",
                   "sender": "hola@casalola.example", "sender_name": "Casa Lola", "username": "lola"}  # fmt: skip
        keep(box, "smtp", now, {**account, "password": "right"})
        assert asked(box, now)["messaging.smtp"].state == "ok"
        keep(box, "smtp", now, {**account, "password": "wrong"})
        found = asked(box, now)["messaging.smtp"]
    assert (found.state, found.facts["trouble"]) == ("problem", "login_refused")


def test_a_check_that_breaks_is_a_finding(box: Appliance, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a fault of ours")

    box.probes = NetworkProbes()
    monkeypatch.setattr(NetworkProbes, "reach", breaks)
    assert asked(box, now)["public.address"] == Finding("public.address", "unknown", {"unknown_why": "RuntimeError"})


def _with_google(box: Appliance, google: GoogleServer, now: datetime) -> None:
    reaches(box, google)
    box.probes = NetworkProbes()
    box.config = replace(box.config, google_api_url=google.url, public_url=f"http://127.0.0.1:{free_port()}")
    connection = connected(box, google, now)
    box.db.execute("UPDATE connection SET calendar_id = 'owner@example.com' WHERE id = ?", connection.id)


def _with_twilio(box: Appliance, twilio: TwilioServer, now: datetime) -> None:
    equip(box)
    twilio.add_number(NUMBER)
    keep(box, "twilio", now, on(twilio))
