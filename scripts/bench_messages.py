"""The parts about messages: replies through the signed hook, and the outbox against a provider that takes its time."""

from __future__ import annotations

import http.client
import multiprocessing
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from bench_box import Box, a_box
from bench_load import Load, run
from twilio.request_validator import RequestValidator

from waitlist_appliance.services.deliver_messages import deliver_due
from waitlist_appliance.services.say import say
from waitlist_appliance.storage import provider_credentials
from waitlist_appliance.storage.database import create_private
from waitlist_appliance.storage.vault import new_key

if TYPE_CHECKING:
    from bench import Report, Size

HOOK = "/twilio/sms/incoming"
LATENCY_SECONDS = 0.2
PACE = 20.0
NUMBER = "+34911230000"


def replies(report: Report, size: Size) -> None:
    """(h) What customers answer, as Twilio posts it: signed, told from repeats, understood, matched, answered."""
    report.part("replies")
    with a_box(tables=1) as box, _provider() as provider:
        _connect(box, provider, pace=1000.0)
        box.fill(box.evening(1, 0), box.evening(1, 720))
        box.line_up(box.evening(1, 400), size.replies)
        box.serve()
        bodies = ("no", "gracias, ¿hay aparcamiento?", "SI", "hola")
        requests = [
            _posted(box, provider.token, f"SM{number:032x}", _phone(box, number), bodies[number % len(bodies)])
            for number in range(size.replies)
        ]
        load = _measured(box, requests, size.seconds)
        report.add("replies per second, 8 connections", load.rate, "/s")
        report.add("p50", load.percentile(0.5), "ms")
        report.add("p95", load.percentile(0.95), "ms", most=100)
        again = _measured(box, requests[: len(load.latencies)] * 20, size.seconds)
        report.add("the same ones delivered again, per second", again.rate, "/s")
    _no_to_next(report, size)


def _no_to_next(report: Report, size: Size) -> None:
    """From a "no" in the hook to the next offer in the provider's hands, through the real processes."""
    with a_box(tables=1) as box, _provider() as provider:
        _connect(box, provider, pace=1000.0)
        starts_at = box.evening(1, 400)
        event = box.fill(starts_at, starts_at + timedelta(minutes=90))
        box.line_up(starts_at, size.freed + 1)
        box.serve()
        box.start("worker", "worker")
        _until(lambda: bool(box.db.value("SELECT 1 FROM heartbeat WHERE name = 'worker'")))
        time.sleep(3)
        status, said = box.call("DELETE", f"/api/calendar/events/{event}")
        if status != 200:
            raise RuntimeError(f"{status} {said!r}")
        took = []
        for number in range(size.freed):
            _until(lambda number=number: _sent(box, "offer%") > number)
            time.sleep(0.5)
            phone = box.db.value(
                "SELECT phone FROM offer JOIN customer ON customer.id = customer_id WHERE state = 'live'"
            )
            began = time.perf_counter()
            _post(box, _form(provider.token, box, f"SM{10**6 + number:032x}", str(phone), "no"))
            _until(lambda number=number: _sent(box, "offer%") > number + 1)
            took.append(1000 * (time.perf_counter() - began))
        report.add("“no” → the next offer handed over, median", sorted(took)[len(took) // 2], "ms")
        report.add(f"“no” → the next offer handed over, slowest of {size.freed}", max(took), "ms", most=1000)


def outbox(report: Report, size: Size) -> None:
    """(i) The outbox drained into a provider that needs 200 ms for each message."""
    report.part("outbox")
    for what, pace, aim in (("no limit of the sender", 1000.0, 20.0), (f"a sender of {PACE:g} a second", PACE, None)):
        with a_box() as box, _provider() as provider:
            _connect(box, provider, pace=pace)
            box.line_up(box.evening(1, 400), size.messages)
            _tell_everybody(box, size.messages)
            report.add(f"messages per second, {what}", _drained(box, size.messages), "/s", least=aim)
            if aim is None:
                report.add(
                    "busiest second, of what the sender may", 100 * provider.busiest_second() / pace, "%", most=115
                )


def _drained(box: Box, count: int) -> float:
    """Messages per second until nothing is left."""
    deliver_due(box.app, datetime.now(UTC), limit=1)  # the client is loaded and connected
    began = time.perf_counter()
    while _sent(box, "help") < count:
        if not deliver_due(box.app, datetime.now(UTC)):
            time.sleep(0.01)
    return (count - 1) / (time.perf_counter() - began)


def _tell_everybody(box: Box, count: int) -> None:
    with box.db.write():
        for (customer_id,) in box.db.tuples("SELECT id FROM customer LIMIT ?", count):
            say(box.app, "help", customer_id, box.now, key=f"bench:{customer_id}", own_act=True, channel="sms")


def _sent(box: Box, kinds: str) -> int:
    return int(box.db.value("SELECT COUNT(*) FROM message WHERE kind LIKE ? AND state = 'sent'", kinds))


def _phone(box: Box, number: int) -> str:
    return str(box.db.value("SELECT phone FROM customer ORDER BY id LIMIT 1 OFFSET ?", number))


def _connect(box: Box, provider: Provider, pace: float) -> None:
    settings = {
        "account_sid": "AC" + "0a" * 16, "auth_token": provider.token, "sms_from": NUMBER, "sms_per_second": str(pace),
        "base_url": provider.url,
    }  # fmt: skip
    key_file = box.app.config.credentials_key_path
    create_private(key_file)
    key_file.write_text(new_key() + "\n", "ascii")
    provider_credentials.keep(box.db, box.app.vault, "twilio", settings, box.now)


def _form(token: str, box: Box, sid: str, phone: str, body: str) -> tuple[str, str]:
    """The form as Twilio posts it, and its signature."""
    form = {
        "MessageSid": sid,
        "AccountSid": "AC" + "0a" * 16,
        "From": phone,
        "To": NUMBER,
        "Body": body,
        "NumMedia": "0",
    }
    signature = RequestValidator(token).compute_signature(f"http://127.0.0.1:{box.port}{HOOK}", form)
    return urlencode(form), str(signature)


def _posted(box: Box, token: str, sid: str, phone: str, body: str) -> bytes:
    form, signature = _form(token, box, sid, phone, body)
    return (
        f"POST {HOOK} HTTP/1.1\r\nHost: 127.0.0.1:{box.port}\r\nX-Twilio-Signature: {signature}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n{form}"
    ).encode()


def _post(box: Box, signed: tuple[str, str]) -> None:
    form, signature = signed
    connection = http.client.HTTPConnection("127.0.0.1", box.port, timeout=30)
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", HOOK, form, headers)
    status = connection.getresponse().status
    connection.close()
    if status != 200:
        raise RuntimeError(f"the hook answered {status}")


def _measured(box: Box, requests: list[bytes], seconds: float) -> Load:
    load = run(box.port, 8, seconds, requests)
    if load.refused:
        raise RuntimeError(f"{load.refused} replies were refused")
    return load


@dataclass(frozen=True)
class Provider:
    """Twilio's stand-in in a process of its own."""

    url: str
    token: str
    wire: Connection

    def busiest_second(self) -> int:
        """The most messages that it took within any second."""
        self.wire.send("times")
        times = sorted(self.wire.recv())
        return max(bisect_right(times, at + 1) - number for number, at in enumerate(times))


@contextmanager
def _provider() -> Iterator[Provider]:
    here, there = multiprocessing.get_context("spawn").Pipe()
    child = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    child.start()
    try:
        yield Provider(*here.recv(), here)
    finally:
        here.send("done")
        child.join(20)


def _serve(wire: Connection) -> None:
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from tests.twilio_server import TwilioServer

    with TwilioServer(now=None) as server:
        server.latency = LATENCY_SECONDS
        server.add_number(NUMBER)
        wire.send((server.url, server.auth_token))
        while wire.recv() != "done":
            wire.send([message.created_at.timestamp() for message in list(server.messages.values())])


def _until(reached: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.perf_counter() + seconds
    while not reached():
        if time.perf_counter() > deadline:
            raise RuntimeError("it took too long")
        time.sleep(0.005)
