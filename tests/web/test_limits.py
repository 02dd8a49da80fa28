"""The brake: what is too often or too much is refused in the caller's form, and honest callers never notice it."""

from __future__ import annotations

import json
import logging
import socket
import threading
import tracemalloc
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.served import served
from waitlist_appliance.domain import tokens
from waitlist_appliance.domain.networks import network_of
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import api_keys
from waitlist_appliance.web import limits, server
from waitlist_appliance.web.limits import PER_MINUTE, Buckets
from waitlist_appliance.web.validation import snake

UNKNOWN = "/waitlist/" + tokens.make("registration", 9_999, 1, b"somebody else's key")
ELSEWHERE = {"REMOTE_ADDR": "198.51.100.7"}
JSON = {"Content-Type": "application/json"}


class Ticks:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticks(web_app: Flask) -> Ticks:
    ticks = Ticks()
    web_app.extensions["limits"].clock = ticks
    return ticks


@pytest.fixture
def invited(join: Callable[..., Any]) -> str:
    return str(join().get_json()["token"])


def asked(client: FlaskClient, path: str, times: int, **how: Any) -> list[int]:
    return [client.get(path, **how).status_code for _ in range(times)]


# The buckets themselves


def test_a_bucket_gives_its_minute_at_once_and_then_waits() -> None:
    ticks = Ticks()
    buckets = Buckets(ticks)
    assert [buckets.take("misses", "a") for _ in range(20)] == [0.0] * 20
    assert buckets.take("misses", "a") == pytest.approx(3.0)
    ticks.now += 2.9
    assert buckets.take("misses", "a") > 0
    ticks.now += 0.1
    assert (buckets.take("misses", "a"), buckets.take("misses", "a")) == (0.0, pytest.approx(3.0))


def test_being_refused_does_not_make_the_wait_longer() -> None:
    buckets = Buckets(Ticks())
    waits = [buckets.take("misses", "a") for _ in range(200)]
    assert waits[-1] == pytest.approx(3.0)


def test_everybody_has_a_bucket_of_their_own() -> None:
    buckets = Buckets(Ticks())
    assert [buckets.take("log", who) for who in ("a", "b", "a")] == [0.0, 0.0, pytest.approx(60.0)]
    assert buckets.take("misses", "a") == 0.0


def test_a_full_minute_of_quiet_forgives_everything() -> None:
    ticks = Ticks()
    buckets = Buckets(ticks)
    for _ in range(50):
        buckets.take("misses", "a")
    ticks.now += 60
    assert [buckets.take("misses", "a") for _ in range(21)][19:] == [0.0, pytest.approx(3.0)]


def test_a_hundred_thousand_addresses_take_a_few_megabytes() -> None:
    tracemalloc.start()
    buckets = Buckets()
    for number in range(100_000):
        buckets.take("pages", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(buckets) == limits.MOST_BUCKETS
    assert taken < 4 * 1024 * 1024


def test_who_was_here_longest_ago_is_forgotten_first() -> None:
    buckets = Buckets(Ticks(), most=2)
    for who in ("a", "b", "a", "c"):
        buckets.take("log", who)
    assert buckets.take("log", "a") > 0
    assert buckets.take("log", "b") == 0.0


def test_threads_take_no_more_than_there_is() -> None:
    buckets = Buckets(Ticks())
    taken: list[float] = []
    threads = [
        threading.Thread(target=lambda: taken.extend(buckets.take("api", "k") for _ in range(200))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken.count(0.0) == PER_MINUTE["api"]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"), ("fe80::1%eth0", "fe80::/64"), ("unknown", "unknown"), ("x" * 900, "x" * 64),
    ],
)  # fmt: skip
def test_an_address_is_counted_by_what_one_household_has(address: str, network: str) -> None:
    assert network_of(address) == network


# Customers' pages


def test_links_are_not_found_by_trying(client: FlaskClient, ticks: Ticks) -> None:
    assert asked(client, UNKNOWN, 21) == [404] * 20 + [429]
    ticks.now += 3
    assert asked(client, UNKNOWN, 2) == [404, 429]


def test_another_address_does_not_notice(client: FlaskClient, ticks: Ticks) -> None:
    asked(client, UNKNOWN, 30)
    assert client.get(UNKNOWN, environ_base=ELSEWHERE).status_code == 404


def test_neighbours_in_one_64_share_and_those_in_the_next_do_not(client: FlaskClient, ticks: Ticks) -> None:
    for number in range(20):
        client.get(UNKNOWN, environ_base={"REMOTE_ADDR": f"2001:db8:0:1::{number:x}"})
    assert client.get(UNKNOWN, environ_base={"REMOTE_ADDR": "2001:db8:0:1:ffff::1"}).status_code == 429
    assert client.get(UNKNOWN, environ_base={"REMOTE_ADDR": "2001:db8:0:2::1"}).status_code == 404


def test_addresses_that_do_not_exist_are_counted_as_well(client: FlaskClient, ticks: Ticks) -> None:
    answers = asked(client, "/wp-login.php", PER_MINUTE["pages"] + 1)
    assert answers == [404] * PER_MINUTE["pages"] + [429]


@pytest.mark.parametrize(
    ("language", "said"), [("en", "wait a moment"), ("es", "Espere un momento"), ("fr", "Patientez un instant")]
)
def test_too_often_is_said_kindly_and_in_the_readers_language(
    client: FlaskClient, ticks: Ticks, language: str, said: str
) -> None:
    asked(client, UNKNOWN, 20)
    answer = client.get(UNKNOWN, headers={"Accept-Language": language})
    assert (answer.status_code, answer.headers["Retry-After"], answer.mimetype) == (429, "3", "text/html")
    assert said in answer.get_data(as_text=True)


def test_too_often_is_said_to_programs_in_a_code(client: FlaskClient, ticks: Ticks) -> None:
    asked(client, UNKNOWN, 20)
    answer = client.post(f"/api/waitlist/leave/{UNKNOWN.rsplit('/')[-1]}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    assert answer.get_json()["error"]["code"] == "rate_limited"


def test_a_customer_among_guessers_at_one_address_still_says_yes(
    client: FlaskClient, ticks: Ticks, box: Appliance, sign_up: Callable[..., str], full: dict[int, str], bearer: Any
) -> None:
    sign_up("Ana")
    client.delete(f"/api/calendar/events/{full[1]}", headers=bearer)
    offer = "/waitlist/offer/" + box.token("offer", 1, box.db.value("SELECT created_at FROM offer"))
    asked(client, UNKNOWN, 200)
    assert client.get(UNKNOWN).status_code == 429
    assert client.get(offer).status_code == 200
    assert client.post(offer, data={"act": "accept"}).status_code == 303
    assert box.db.value("SELECT COUNT(*) FROM booking") == 1


def test_even_a_known_link_has_its_measure(client: FlaskClient, ticks: Ticks, invited: str) -> None:
    asked(client, UNKNOWN, 20)
    answers = asked(client, f"/waitlist/{invited}", PER_MINUTE["link"] + 1)
    assert answers == [200] * PER_MINUTE["link"] + [429]


def test_style_sheets_are_never_refused(client: FlaskClient, ticks: Ticks) -> None:
    asked(client, UNKNOWN, 30)
    assert set(asked(client, "/brand.css", 200)) == {200}


def test_the_log_in_page_is_limited_by_address(client: FlaskClient, ticks: Ticks) -> None:
    answers = asked(client, "/login", PER_MINUTE["door"] + 1)
    assert answers == [200] * PER_MINUTE["door"] + [429]


def test_one_time_links_of_staff_are_not_found_by_trying(client: FlaskClient, ticks: Ticks) -> None:
    asked(client, "/welcome/abcdefgh", 20)
    assert client.get(UNKNOWN).status_code == 429


# Programs


def test_a_key_is_limited_and_the_other_key_is_not(
    client: FlaskClient, ticks: Ticks, box: Appliance, bearer: dict[str, str], now: Any
) -> None:
    answers = asked(client, "/api/waitlist/slots", PER_MINUTE["api"] + 1, headers=bearer)
    assert (set(answers[:-1]), answers[-1]) == ({200}, 429)
    other = api_keys.create(box.db, "other", api_keys.SCOPES, now)[1]
    assert client.get("/api/waitlist/slots", headers={"X-API-Key": other}).status_code == 200


def test_keys_are_not_found_by_trying_and_a_good_one_works_meanwhile(
    client: FlaskClient, ticks: Ticks, bearer: dict[str, str]
) -> None:
    wrong = {"Authorization": f"Bearer {api_keys.PREFIX}nothing"}
    assert asked(client, "/api/waitlist/slots", 31, headers=wrong) == [401] * 30 + [429]
    assert client.get("/api/waitlist/slots", headers=bearer).status_code == 200


def test_the_cron_secret_is_not_found_by_trying(client: FlaskClient, ticks: Ticks) -> None:
    answers = [client.post("/api/cron/waitlist-check", headers={"Authorization": "Bearer x"}) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [401] * 30 + [429]


@pytest.mark.parametrize("path", ["/twilio/sms/incoming", "/hooks/google/calendar"])
def test_posts_that_nobody_signed_are_limited(client: FlaskClient, ticks: Ticks, path: str) -> None:
    answers = [client.post(path, data={"Body": "SI"}).status_code for _ in range(31)]
    assert (set(answers[:30]) <= {403, 404}, answers[30]) == (True, 429)


def test_posts_that_nobody_signed_write_one_line_a_minute(
    client: FlaskClient, ticks: Ticks, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for _ in range(100):
            client.post("/twilio/sms/incoming", data={"Body": "SI"})
        assert [record.name.rpartition(".")[2] for record in caplog.records] == ["twilio", "limits"]
        ticks.now += 60
        client.post("/twilio/sms/incoming", data={"Body": "SI"})
    assert [record.name.rpartition(".")[2] for record in caplog.records] == ["twilio", "limits", "twilio"]


# How much at once


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/twilio/sms/incoming", limits.FORM_BYTES), (UNKNOWN, limits.FORM_BYTES), ("/login", limits.FORM_BYTES),
        ("/api/waitlist/offer/x/accept", limits.FORM_BYTES), ("/api/waitlist/trigger", limits.API_BYTES),
    ],
)  # fmt: skip
def test_a_body_over_the_limit_of_its_kind_is_refused(
    client: FlaskClient, bearer: dict[str, str], path: str, most: int
) -> None:
    assert client.post(path, data={"a": "x" * most}, headers=bearer).status_code == 413
    assert client.post(path, data={"a": "x" * (most - 100)}, headers=bearer).status_code != 413


@pytest.mark.parametrize(
    "raw",
    [
        "[" * 100_000, '{"a":' * 30_000 + "1" + "}" * 30_000, '{"phone": %s}' % ("9" * 100_000), '{"phone": 1e999}',
        '{"nbPersons": 1e400}', '{"nbPersons": -%s}' % ("9" * 4000), '{"\\ud800": "\\ud800", "phone": "\\ud800"}',
        json.dumps({f"field{number}": number for number in range(10_000)}), json.dumps({"n" * 60_000: 1}),
        '{"requested_slot": [[[[{}]]]], "phone": {"a": 1}}',
    ],
    ids=lambda raw: f"{raw[:12]}…{len(raw)}",
)  # fmt: skip
@pytest.mark.parametrize("extra", [{}, {"Idempotency-Key": "again"}], ids=["plain", "idempotent"])
def test_monstrous_json_is_refused_and_breaks_nothing(
    client: FlaskClient, bearer: dict[str, str], raw: str, extra: dict[str, str]
) -> None:
    answer = client.post("/api/waitlist/trigger", data=raw, headers=bearer | JSON | extra)
    assert answer.status_code in (400, 422)


def test_monstrous_names_are_not_kept_in_memory(client: FlaskClient, bearer: dict[str, str]) -> None:
    def post(name: str) -> int:
        answer = client.post("/api/waitlist/trigger", data=json.dumps({name: 1}), headers=bearer | JSON)
        return snake.cache_info().currsize if answer.status_code == 422 else -1

    snake.cache_clear()
    kept = post("phone")
    assert [post(f"n{number}" + "x" * 200_000) for number in range(5)] == [kept] * 5


def test_a_form_with_thousands_of_fields_is_refused(client: FlaskClient, invited: str) -> None:
    said = "&".join("a=" for _ in range(20_000))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post(f"/waitlist/{invited}", data=said, headers=form).status_code == 422


# Behind waitress itself


def over_http(port: int, path: str, times: int, forwarded: Callable[[int], str]) -> list[int]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    answers = []
    for number in range(times):
        connection.request("GET", path, headers={"X-Forwarded-For": forwarded(number)})
        answer = connection.getresponse()
        answer.read()
        answers.append(answer.status)
    connection.close()
    return answers


def test_nobody_escapes_by_making_up_an_address(box: Appliance) -> None:
    with served(box) as port:
        answers = over_http(port, UNKNOWN, 25, lambda number: f"203.0.113.{number}")
    assert answers == [404] * 20 + [429] * 5


def test_behind_the_trusted_proxy_its_word_counts_and_only_its_last(box: Appliance) -> None:
    with served(box, trusted_proxy="127.0.0.1") as port:
        apart = over_http(port, UNKNOWN, 25, lambda number: f"203.0.113.{number}")
        made_up = over_http(port, UNKNOWN, 25, lambda number: f"198.51.100.{number}, 192.0.2.1")
    assert set(apart) == {404}
    assert made_up == [404] * 20 + [429] * 5


def test_headers_that_never_end_are_cut_off(box: Appliance) -> None:
    with served(box) as port:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/healthz/ping", headers={"X-Long": "x" * (server.MAX_HEADERS + 1)})
        assert connection.getresponse().status == 431
        connection.close()


def test_a_connection_that_falls_silent_in_the_middle_is_closed(
    box: Appliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "IDLE_SECONDS", 3)
    with served(box) as port, socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf of it")
        assert connection.recv(1) == b""
