"""Passkeys: a device of staff's signs a challenge after it has made sure who holds it. That is both factors at once.

The library that checks signatures is loaded when the first one is to be checked, not before.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from waitlist_appliance.config import Config
from waitlist_appliance.domain.errors import Conflict, Forbidden, Invalid, NotFound
from waitlist_appliance.domain.records import StaffUser
from waitlist_appliance.services import sessions
from waitlist_appliance.services.appliance import Actor, Appliance
from waitlist_appliance.services.set_up_second_factor import first_codes, forget_codes_without_use
from waitlist_appliance.storage import activity, login_challenges, passkeys, staff
from waitlist_appliance.storage.database import IntegrityError

log = logging.getLogger(__name__)

ADDING: Final = "passkey_add"
LOGGING_IN: Final = "passkey_login"
LIFE: Final = timedelta(minutes=5)
MOST: Final = 20
LONGEST_NAME: Final = 80
# EdDSA, ES256, RS256: what every authenticator speaks one of, by their numbers in COSE.
_ALGORITHMS: Final = (-8, -7, -257)


@dataclass(frozen=True, slots=True)
class Home:
    """Where the browser makes and shows passkeys of this box: they are tied to the name, and work at one origin."""

    name: str
    origin: str


def home(config: Config) -> Home | None:
    """None where browsers allow no passkeys: without https (but on this machine itself), or at a bare number."""
    parts = urlsplit(config.public_url)
    name = parts.hostname or ""
    if obstacle(config) is not None:
        return None
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    port = f":{parts.port}" if parts.port not in (None, usual) else ""
    return Home(name, f"{parts.scheme}://{name}{port}")


def obstacle(config: Config) -> str | None:
    """Why there can be no passkeys: ``no_name`` or ``no_https``; None where there can."""
    name = urlsplit(config.public_url).hostname or ""
    if not any(char.isalpha() for char in name) or ":" in name:
        return "no_name"
    return None if config.is_https or name == "localhost" else "no_https"


def begin_adding(app: Appliance, user: StaffUser, ip: str, now: datetime) -> dict[str, Any]:
    """What the browser needs to make a passkey for this user. Conflict passkeys_impossible, passkeys_many."""
    place, own = _home(app), passkeys.of_user(app.db, user.id)
    if len(own) >= MOST:
        raise Conflict("passkeys_many")
    challenge = _challenge(app, ADDING, user.id, ip, now)
    return {
        "rp": {"id": place.name, "name": app.setup().business.name},
        "user": {"id": _text(user.public_id.encode()), "name": user.email, "displayName": user.name},
        "challenge": _text(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": number} for number in _ALGORITHMS],
        "excludeCredentials": [{"type": "public-key", "id": _text(key.credential_id)} for key in own],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
        "timeout": int(LIFE.total_seconds() * 1000),
    }


def add(app: Appliance, user: StaffUser, credential: str, name: str, now: datetime, session: str) -> list[str]:
    """Keep the passkey that the browser made; what the password alone opened ends, but for this session (its secret).

    The recovery codes to keep; none where the user has some already.
    Raises Invalid too_long, Conflict passkeys_impossible, passkey_known, Forbidden passkey_refused,
    NotFound challenge_over.
    """
    name = _name(name)
    place, given = _home(app), _read(credential)
    challenge = _spend(app, given, ADDING, user.id, now)
    made = _verify_new(given, challenge, place)
    try:
        with app.db.write():
            passkeys.add(app.db, user.id, made.credential_id, made.credential_public_key, made.sign_count, name, now)
            sessions.has_shown(app, user, session, "passkey", now)
            _log(app, "passkey_added", user, now, name=name)
    except IntegrityError as error:
        raise Conflict("passkey_known") from error
    return first_codes(app, user)


def begin_login(app: Appliance, ip: str, now: datetime) -> dict[str, Any]:
    """What the browser needs to show a passkey: nobody is named, the person chooses. Conflict passkeys_impossible."""
    place = _home(app)
    challenge = _challenge(app, LOGGING_IN, None, ip, now)
    return {
        "rpId": place.name, "challenge": _text(challenge), "allowCredentials": [], "userVerification": "required",
        "timeout": int(LIFE.total_seconds() * 1000),
    }  # fmt: skip


def log_in(
    app: Appliance, credential: str, now: datetime, *, ip: str, user_agent: str
) -> tuple[StaffUser, str]:  # fmt: skip
    """Who it is, and the secret of their new session.

    Raises Forbidden passkey_refused, NotFound challenge_over, Conflict passkeys_impossible.
    """
    place, given = _home(app), _read(credential)
    challenge = _spend(app, given, LOGGING_IN, None, now)
    key = passkeys.by_credential(app.db, _bytes(given.get("rawId")))
    user = staff.user_by_id(app.db, key.user_id) if key else None
    if key is None or user is None or user.disabled_at is not None:
        raise Forbidden("passkey_refused")
    _require_handle(given, user)
    sign_count = _verify_shown(app, user, given, challenge, place, key, now)
    with app.db.write():
        if not passkeys.used(app.db, key, sign_count, now):
            raise Forbidden("passkey_refused")
        opened = sessions.open_session(app, user, now, ip=ip, user_agent=user_agent, proved_by="passkey")
    return user, opened


def rename(app: Appliance, user: StaffUser, public_id: str, name: str, now: datetime) -> None:
    """Another name for one of the user's passkeys. NotFound not_found; Invalid too_long."""
    name = _name(name)
    with app.db.write():
        if not passkeys.rename(app.db, user.id, public_id, name):
            raise NotFound("not_found")


def remove(app: Appliance, user: StaffUser, public_id: str, now: datetime) -> None:
    """The passkey opens nothing any more; with the last second factor the recovery codes go as well. NotFound."""
    with app.db.write():
        name = passkeys.remove(app.db, user.id, public_id)
        if name is None:
            raise NotFound("not_found")
        forget_codes_without_use(app, user)
        _log(app, "passkey_removed", user, now, name=name)


def _home(app: Appliance) -> Home:
    place = home(app.config)
    if place is None:
        raise Conflict("passkeys_impossible")
    return place


def _challenge(app: Appliance, purpose: str, user_id: int | None, ip: str, now: datetime) -> bytes:
    """A new challenge. It comes back in what is signed, and so finds itself again: no other secret is needed."""
    challenge = secrets.token_bytes(32)
    with app.db.write():
        login_challenges.add(
            app.db, _hash(challenge), purpose, user_id, ip, now, now + LIFE, challenge=challenge
        )  # fmt: skip
    return challenge


def _spend(app: Appliance, given: dict[str, Any], purpose: str, user_id: int | None, now: datetime) -> bytes:
    """The challenge that was signed, used up. NotFound challenge_over."""
    said = _object(_bytes(given["response"].get("clientDataJSON")))
    challenge = _bytes(said.get("challenge"))
    with app.db.write():
        found = login_challenges.alive(app.db, _hash(challenge), purpose, now)
        if found is None or found.user_id != user_id or found.challenge != challenge:
            raise NotFound("challenge_over")
        login_challenges.spend(app.db, _hash(challenge), purpose, now)
    # The library knows nothing of pages that stand inside others.
    if said.get("crossOrigin"):
        raise Forbidden("passkey_refused")
    return challenge


def _verify_new(given: dict[str, Any], challenge: bytes, place: Home) -> Any:
    from webauthn import verify_registration_response

    try:
        return verify_registration_response(
            credential=given, expected_challenge=challenge, expected_rp_id=place.name, expected_origin=place.origin,
            require_user_verification=True,
        )  # fmt: skip
    except Exception as error:  # whatever somebody made up: the library trips over it in many ways
        log.info("a passkey was not taken: %s", type(error).__name__)
        raise Forbidden("passkey_refused") from None


def _verify_shown(
    app: Appliance, user: StaffUser, given: dict[str, Any], challenge: bytes, place: Home, key: passkeys.Passkey,
    now: datetime,
) -> int:  # fmt: skip
    """How often the key has signed, where everything about it is right."""
    from webauthn import verify_authentication_response

    try:
        verified = verify_authentication_response(
            credential=given, expected_challenge=challenge, expected_rp_id=place.name, expected_origin=place.origin,
            credential_public_key=key.public_key, credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )  # fmt: skip
    except Exception as error:  # as above
        log.info("a log-in with a passkey was refused: %s", type(error).__name__)
        with app.db.write():
            _log(app, "passkey_refused", user, now, name=key.name)
        raise Forbidden("passkey_refused") from None
    return verified.new_sign_count


def _require_handle(given: dict[str, Any], user: StaffUser) -> None:
    """A passkey names whose it is; it must be who we know it by."""
    if _bytes(given["response"].get("userHandle")) != user.public_id.encode():
        raise Forbidden("passkey_refused")


def _read(credential: str) -> dict[str, Any]:
    given = _object(credential)
    if not isinstance(given.get("response"), dict):
        raise Forbidden("passkey_refused")
    return given


def _object(said: str | bytes) -> dict[str, Any]:
    try:
        found = json.loads(said)
    except (ValueError, RecursionError) as error:
        raise Forbidden("passkey_refused") from error
    if not isinstance(found, dict):
        raise Forbidden("passkey_refused")
    return found


def _bytes(text: object) -> bytes:
    """What a browser packed into text (base64url without padding)."""
    try:
        raw = str(text).encode("ascii")
        return base64.b64decode(raw + b"=" * (-len(raw) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise Forbidden("passkey_refused") from error


def _name(given: str) -> str:
    name = " ".join(given.replace("\0", " ").split())  # the database reads a text to the first NUL
    if len(name) > LONGEST_NAME:
        raise Invalid("too_long", "passkey_name", params={"limit": LONGEST_NAME})
    return name or "Passkey"


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _hash(challenge: bytes) -> bytes:
    return hashlib.sha256(challenge).digest()


def _log(app: Appliance, verb: str, user: StaffUser, now: datetime, name: str) -> None:
    activity.record(app.db, now, Actor("staff", user.name), verb, "staff_user", user.id, name=name)
