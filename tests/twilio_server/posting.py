"""Twilio's own requests: signed forms, posted to our hooks."""

from __future__ import annotations

import http.client
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from twilio.request_validator import (
    HMAC_SHA1,
    HMAC_SHA256,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
)

TIMEOUT = 15.0


@dataclass(frozen=True)
class Answer:
    """What came back; status 0: nothing did."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    # Why nothing came back: "ct" (no connection) or "rt" (no answer).
    trouble: str = ""


# Posts a body with these headers to an address.
Transport = Callable[[str, dict[str, str], bytes], Answer]


def through(client: Any) -> Transport:
    """A transport that ends in a Flask test client instead of a socket."""

    def post(address: str, headers: dict[str, str], body: bytes) -> Answer:
        parts = urlsplit(address)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        answer = client.post(path, data=body, headers=headers, base_url=f"{parts.scheme}://{parts.netloc}")
        return Answer(answer.status_code, dict(answer.headers), answer.data)

    return post


@dataclass(frozen=True)
class SharedKey:
    """The beta of Webhook SharedKeys: another secret, and HMAC-SHA256."""

    id: str
    secret: str


class Postman:
    """Signs for the address that Twilio knows and posts to where that address really is."""

    def __init__(self, auth_token: str, public_url: str, local_url: str | None) -> None:
        self.auth_token = auth_token
        self.public_url = public_url.rstrip("/")
        # Where the appliance really listens; None: at its public address, if that is on the loopback.
        self.local_url = local_url
        self.shared_key: SharedKey | None = None
        # Replaced by tests that have no server: a Flask test client will do.
        self.transport: Transport = self._over_http
        self._tokens = random.Random(0)

    def headers(self, address: str, form: dict[str, str]) -> dict[str, str]:
        """The signature of this form for this address, and what goes with it."""
        kept = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", "User-Agent": "TwilioProxy/1.1"}
        kept["I-Twilio-Idempotency-Token"] = str(UUID(int=self._tokens.getrandbits(128), version=4))
        if self.shared_key is None:
            validator = RequestValidator(self.auth_token)
            return kept | {SIGNATURE_HEADER: validator.compute_signature(address, form, HMAC_SHA1)}
        validator = RequestValidator(self.shared_key.secret)
        settings = f"key={self.shared_key.id},algorithm={HMAC_SHA256}"
        signature = validator.compute_signature(address, form, HMAC_SHA256)
        return kept | {SIGNATURE_HEADER: signature, SIGNATURE_SETTINGS_HEADER: settings}

    def post(self, address: str, form: dict[str, str], signature: str | None = None) -> list[Answer]:
        """Post until it is taken or given up, as the address's fragment says; every answer in order.

        ``signature`` replaces the right one; "" sends none.
        """
        address, _, fragment = address.partition("#")
        tries, policy = _override(fragment)
        headers = self.headers(address, form)
        if signature is not None:
            headers[SIGNATURE_HEADER] = signature
        headers = {name: value for name, value in headers.items() if value}
        answers: list[Answer] = []
        while not answers or (len(answers) <= tries and _fails(answers[-1]) & policy):
            answers.append(self.transport(address, headers, urlencode(form).encode()))
        return answers

    def _over_http(self, address: str, headers: dict[str, str], body: bytes) -> Answer:
        if self.local_url and address.startswith(self.public_url):
            address = self.local_url.rstrip("/") + address.removeprefix(self.public_url)
            headers = {**headers, "Host": urlsplit(self.public_url).netloc}
        parts = urlsplit(address)
        # Never out into the world, whatever address was given.
        if parts.scheme != "http" or not re.fullmatch(r"127(\.\d+){3}", parts.hostname or ""):
            return Answer(0, trouble="ct")
        return _exchange(parts.netloc, parts.path + (f"?{parts.query}" if parts.query else ""), headers, body)


def _exchange(host: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
    connection = http.client.HTTPConnection(host, timeout=TIMEOUT)
    try:
        try:
            connection.connect()
        except OSError:
            return Answer(0, trouble="ct")
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        except (OSError, http.client.HTTPException):
            return Answer(0, trouble="rt")
    finally:
        connection.close()


def _override(fragment: str) -> tuple[int, set[str]]:
    """Retries, and after what: once and only after a failed connection, unless the fragment says otherwise."""
    asked = dict(parse_qsl(fragment))
    policy = set(asked.get("rp", "ct").split(","))
    return int(asked.get("rc", 1)), {"4xx", "5xx", "ct", "rt"} if "all" in policy else policy


def _fails(answer: Answer) -> set[str]:
    if answer.trouble:
        return {answer.trouble}
    return {f"{answer.status // 100}xx"} if answer.status >= 400 else set()
