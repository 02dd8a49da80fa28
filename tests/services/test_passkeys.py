"""Passkeys as the server checks them: a device made of numbers signs what a hostile one would."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from waitlist_appliance.domain.errors import Conflict, Forbidden, NotFound, Refused
from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import passkeys, sessions
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import passkeys as stored
from waitlist_appliance.storage import second_factors, staff

NAME, ORIGIN = "waitlist.casalola.example", "https://waitlist.casalola.example"
PRESENT, VERIFIED, WITH_KEY = 0x01, 0x04, 0x40


def packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@dataclass
class Device:
    """A key that signs whatever it is told to."""

    key: ec.EllipticCurvePrivateKey
    id: bytes
    handle: bytes
    count: int = 0

    @property
    def public(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})

    def shows(self, challenge: str, **wrong: Any) -> str:
        """What a browser posts to log in."""
        self.count += 1
        client = self._client("webauthn.get", challenge, wrong)
        data = self._data(wrong, wrong.get("flags", PRESENT | VERIFIED))
        signed = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": packed(client), "authenticatorData": packed(data), "signature": packed(signed),
            "userHandle": packed(wrong.get("handle", self.handle)),
        }  # fmt: skip
        return json.dumps({"id": packed(self.id), "rawId": packed(self.id), "type": "public-key", "response": response})

    def makes(self, challenge: str, **wrong: Any) -> str:
        """What a browser posts to add it."""
        client = self._client("webauthn.create", challenge, wrong)
        data = self._data(wrong, wrong.get("flags", PRESENT | VERIFIED | WITH_KEY))
        data += b"\0" * 16 + len(self.id).to_bytes(2, "big") + self.id + self.public
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {"clientDataJSON": packed(client), "attestationObject": packed(attestation)}
        return json.dumps({"id": packed(self.id), "rawId": packed(self.id), "type": "public-key", "response": response})

    def _client(self, kind: str, challenge: str, wrong: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": ORIGIN, "crossOrigin": False}
        return json.dumps(said | wrong.get("client", {})).encode()

    def _data(self, wrong: dict[str, Any], flags: int) -> bytes:
        place = hashlib.sha256(wrong.get("name", NAME).encode()).digest()
        return place + bytes([flags]) + wrong.get("count", self.count).to_bytes(4, "big")


@pytest.fixture
def box(box: Appliance) -> Appliance:
    box.config = replace(box.config, public_url=ORIGIN)
    return box


def person(box: Appliance, name: str, now: datetime) -> StaffUser:
    with box.db.write():
        user = staff.user_by_id(box.db, staff.insert_user(box.db, f"{name}@casalola.example", name, "host", now))
    assert user is not None
    return user


@pytest.fixture
def hanna(box: Appliance, now: datetime) -> StaffUser:
    return person(box, "hanna", now)


@pytest.fixture
def device(box: Appliance, hanna: StaffUser, now: datetime) -> Device:
    """Hanna's, added as a browser would."""
    made = Device(ec.generate_private_key(ec.SECP256R1()), b"key-of-hanna-001", hanna.public_id.encode())
    challenge = passkeys.begin_adding(box, hanna, "192.0.2.1", now)["challenge"]
    assert passkeys.add(box, hanna, made.makes(challenge), "Phone", now, "")
    return made


def asked(box: Appliance, now: datetime) -> str:
    return str(passkeys.begin_login(box, "192.0.2.1", now)["challenge"])


def log_in(box: Appliance, credential: str, now: datetime) -> str:
    return passkeys.log_in(box, credential, now, ip="192.0.2.1", user_agent="Test")[1]


def test_the_right_device_opens_a_session_that_counts_as_both_factors(
    box: Appliance, device: Device, hanna: StaffUser, now: datetime
) -> None:
    found = sessions.present(box, log_in(box, device.shows(asked(box, now)), now), now)
    assert found is not None
    assert (found.user.id, found.session.proved_by) == (hanna.id, "passkey")
    assert stored.of_user(box.db, hanna.id)[0].last_used_at == now


WRONGS: dict[str, dict[str, Any]] = {
    "another origin": {"client": {"origin": "https://waitlist.casalola.example.evil.test"}},
    "the same name without https": {"client": {"origin": "http://waitlist.casalola.example"}},
    "another port": {"client": {"origin": f"{ORIGIN}:8443"}},
    "inside another page": {"client": {"crossOrigin": True}},
    "made for adding": {"client": {"type": "webauthn.create"}},
    "another name": {"name": "evil.test"},
    "nobody touched it": {"flags": VERIFIED},
    "nobody was asked who they are": {"flags": PRESENT},
    "somebody else's handle": {"handle": b"somebody-else"},
    "no handle": {"handle": b""},
}


@pytest.mark.parametrize("wrong", WRONGS)
def test_what_is_wrong_in_one_thing_is_refused(box: Appliance, device: Device, now: datetime, wrong: str) -> None:
    with pytest.raises(Forbidden, match="passkey_refused"):
        log_in(box, device.shows(asked(box, now), **WRONGS[wrong]), now)
    assert box.db.value("SELECT COUNT(*) FROM staff_session") == 0


def test_a_signature_over_something_else_is_refused(box: Appliance, device: Device, now: datetime) -> None:
    shown = json.loads(device.shows(asked(box, now)))
    other = json.loads(device.shows(asked(box, now)))
    shown["response"]["signature"] = other["response"]["signature"]
    with pytest.raises(Forbidden, match="passkey_refused"):
        log_in(box, json.dumps(shown), now)


def test_a_counter_that_does_not_rise_is_a_copy(box: Appliance, device: Device, now: datetime) -> None:
    log_in(box, device.shows(asked(box, now), count=7), now)
    for count in (7, 3):
        with pytest.raises(Forbidden, match="passkey_refused"):
            log_in(box, device.shows(asked(box, now), count=count), now)
    assert log_in(box, device.shows(asked(box, now), count=8), now)


def test_a_device_that_does_not_count_works_again_and_again(box: Appliance, device: Device, now: datetime) -> None:
    assert all(log_in(box, device.shows(asked(box, now), count=0), now) for _ in range(3))


def test_an_answer_is_good_once(box: Appliance, device: Device, now: datetime) -> None:
    shown = device.shows(asked(box, now), count=0)
    log_in(box, shown, now)
    with pytest.raises(NotFound, match="challenge_over"):
        log_in(box, shown, now)


def test_a_wrong_answer_uses_the_challenge_up(box: Appliance, device: Device, now: datetime) -> None:
    challenge = asked(box, now)
    with pytest.raises(Forbidden):
        log_in(box, device.shows(challenge, flags=PRESENT), now)
    with pytest.raises(NotFound, match="challenge_over"):
        log_in(box, device.shows(challenge), now)


def test_a_challenge_ends_after_five_minutes(box: Appliance, device: Device, now: datetime) -> None:
    shown = device.shows(asked(box, now))
    with pytest.raises(NotFound, match="challenge_over"):
        log_in(box, shown, now + passkeys.LIFE)


def test_a_challenge_that_we_did_not_make_is_refused(box: Appliance, device: Device, now: datetime) -> None:
    with pytest.raises(NotFound, match="challenge_over"):
        log_in(box, device.shows(packed(b"x" * 32)), now)


def test_a_challenge_for_adding_does_not_log_in(
    box: Appliance, device: Device, hanna: StaffUser, now: datetime
) -> None:
    challenge = passkeys.begin_adding(box, hanna, "192.0.2.1", now)["challenge"]
    with pytest.raises(NotFound, match="challenge_over"):
        log_in(box, device.shows(challenge), now)


def test_what_was_begun_for_one_person_adds_nothing_to_another(
    box: Appliance, device: Device, hanna: StaffUser, now: datetime
) -> None:
    bea = person(box, "bea", now)
    challenge = passkeys.begin_adding(box, hanna, "192.0.2.1", now)["challenge"]
    with pytest.raises(NotFound, match="challenge_over"):
        passkeys.add(box, bea, device.makes(challenge), "Stolen", now, "")
    assert stored.of_user(box.db, bea.id) == []


@pytest.mark.parametrize("wrong", ["another origin", "inside another page", "another name"])
def test_a_passkey_made_elsewhere_is_not_kept(box: Appliance, hanna: StaffUser, now: datetime, wrong: str) -> None:
    made = Device(ec.generate_private_key(ec.SECP256R1()), b"k", hanna.public_id.encode())
    challenge = passkeys.begin_adding(box, hanna, "192.0.2.1", now)["challenge"]
    with pytest.raises(Forbidden, match="passkey_refused"):
        passkeys.add(box, hanna, made.makes(challenge, **WRONGS[wrong]), "Phone", now, "")
    assert stored.of_user(box.db, hanna.id) == []


def test_a_passkey_made_without_asking_who_it_is_is_not_kept(box: Appliance, hanna: StaffUser, now: datetime) -> None:
    made = Device(ec.generate_private_key(ec.SECP256R1()), b"k", hanna.public_id.encode())
    challenge = passkeys.begin_adding(box, hanna, "192.0.2.1", now)["challenge"]
    with pytest.raises(Forbidden, match="passkey_refused"):
        passkeys.add(box, hanna, made.makes(challenge, flags=PRESENT | WITH_KEY), "Phone", now, "")


def test_with_the_first_passkey_ends_what_the_password_alone_had_opened(
    box: Appliance, hanna: StaffUser, now: datetime
) -> None:
    thief, here = (
        sessions.open_session(box, hanna, now, ip=ip, user_agent="", proved_by="password") for ip in ("::2", "::1")
    )
    made = Device(ec.generate_private_key(ec.SECP256R1()), b"k", hanna.public_id.encode())
    challenge = passkeys.begin_adding(box, hanna, "::1", now)["challenge"]
    passkeys.add(box, hanna, made.makes(challenge), "Phone", now, here)
    assert [sessions.who(box, token, now) is not None for token in (thief, here)] == [False, True]


@pytest.mark.parametrize("name", ["\0", "\0Phone", " \0 "])
def test_a_name_that_the_database_reads_as_empty_is_no_fault_of_ours(
    box: Appliance, device: Device, hanna: StaffUser, now: datetime, name: str
) -> None:
    passkeys.rename(box, hanna, stored.of_user(box.db, hanna.id)[0].public_id, name, now)
    assert stored.of_user(box.db, hanna.id)[0].name in ("Passkey", "Phone")


def test_a_key_that_is_somebody_elses_is_not_added_again(box: Appliance, device: Device, now: datetime) -> None:
    bea = person(box, "bea", now)
    challenge = passkeys.begin_adding(box, bea, "192.0.2.1", now)["challenge"]
    with pytest.raises(Conflict, match="passkey_known"):
        passkeys.add(box, bea, device.makes(challenge), "Phone", now, "")


def _break(change: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    def broken(credential: str) -> str:
        said = json.loads(credential)
        change(said)
        return json.dumps(said)

    return broken


MANGLED: dict[str, Callable[[str], str]] = {
    "nothing": lambda _: "", "no JSON": lambda _: "{", "a list": lambda _: "[]", "deep": lambda _: "[" * 60_000,
    "no response": _break(lambda said: said.pop("response")),
    "response is text": _break(lambda said: said.update(response="x")),
    "no client data": _break(lambda said: said["response"].pop("clientDataJSON")),
    "client data is a number": _break(lambda said: said["response"].update(clientDataJSON=7)),
    "client data is no base64": _break(lambda said: said["response"].update(clientDataJSON="ñ")),
    "client data is a list": _break(lambda said: said["response"].update(clientDataJSON=packed(b"[]"))),
    "no id": _break(lambda said: said.pop("rawId")),
    "unknown id": _break(lambda said: said.update(rawId=packed(b"nobody"), id=packed(b"nobody"))),
    "no data": _break(lambda said: said["response"].update(authenticatorData="")),
    "short data": _break(lambda said: said["response"].update(authenticatorData=packed(b"x" * 20))),
    "no signature": _break(lambda said: said["response"].update(signature="")),
    "another kind": _break(lambda said: said.update(type="password")),
}  # fmt: skip


@pytest.mark.parametrize("mangled", MANGLED)
def test_what_somebody_made_up_is_refused_and_never_a_fault_of_ours(
    box: Appliance, device: Device, now: datetime, mangled: str
) -> None:
    with pytest.raises(Refused, match="passkey_refused"):
        log_in(box, MANGLED[mangled](device.shows(asked(box, now))), now)


def test_the_last_passkey_takes_the_recovery_codes_along(
    box: Appliance, device: Device, hanna: StaffUser, now: datetime
) -> None:
    assert second_factors.codes_left(box.db, hanna.id) > 0
    passkeys.remove(box, hanna, stored.of_user(box.db, hanna.id)[0].public_id, now)
    assert second_factors.codes_left(box.db, hanna.id) == 0
    with pytest.raises(Forbidden):
        log_in(box, device.shows(asked(box, now)), now)


def test_nobody_touches_the_passkeys_of_others(box: Appliance, device: Device, hanna: StaffUser, now: datetime) -> None:
    bea, key = person(box, "bea", now), stored.of_user(box.db, hanna.id)[0]
    for act in (
        lambda: passkeys.remove(box, bea, key.public_id, now), lambda: passkeys.rename(box, bea, key.public_id, "x", now),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            act()
    assert stored.of_user(box.db, hanna.id) == [key]


def test_somebody_has_at_most_twenty(box: Appliance, hanna: StaffUser, now: datetime) -> None:
    with box.db.write():
        for number in range(passkeys.MOST):
            stored.add(box.db, hanna.id, bytes([number]), b"x", 0, "x", now)
    with pytest.raises(Conflict, match="passkeys_many"):
        passkeys.begin_adding(box, hanna, "192.0.2.1", now)


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://waitlist.casalola.example", passkeys.Home(NAME, ORIGIN)),
        ("https://waitlist.casalola.example:8443/", passkeys.Home(NAME, f"{ORIGIN}:8443")),
        ("https://waitlist.casalola.example:443", passkeys.Home(NAME, ORIGIN)),
        ("http://localhost:8080", passkeys.Home("localhost", "http://localhost:8080")),
        ("http://waitlist.casalola.example", "no_https"), ("http://127.0.0.1:8080", "no_name"),
        ("https://192.0.2.1", "no_name"), ("https://[2001:db8::1]", "no_name"),
    ],
)  # fmt: skip
def test_passkeys_need_https_and_a_name(box: Appliance, address: str, found: passkeys.Home | str) -> None:
    config = replace(box.config, public_url=address)
    assert (passkeys.home(config) or passkeys.obstacle(config)) == found


def test_old_challenges_are_forgotten(box: Appliance, now: datetime) -> None:
    for minutes in range(0, 60, 6):
        asked(box, now + timedelta(minutes=minutes))
    assert box.db.value("SELECT COUNT(*) FROM login_challenge") == 1
