"""Secrets of others: what is sealed opens only where it belongs, and a change of the key loses nothing."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from waitlist_appliance.services import rotate_keys
from waitlist_appliance.services.appliance import SYSTEM, Appliance
from waitlist_appliance.storage import connecting, connections, consents, provider_credentials, sealed
from waitlist_appliance.storage import vault as vaults
from waitlist_appliance.storage.consents import Attempt
from waitlist_appliance.storage.vault import Vault, VaultError, make_key_file, new_key

PASSWORD = {"username": "lola", "password": "a password of Lola's"}


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    make_key_file(tmp_path / "a.key")
    return tmp_path / "a.key"


def fill(box: Appliance, now: datetime) -> int:
    """Something in every sealed column; the id of the connection."""
    connection = connecting.add(box.db, "caldav", "Lola's")
    connections.keep_credentials(box.db, box.vault, connection.id, PASSWORD)
    provider_credentials.keep(box.db, box.vault, "google", {"client_secret": "s3cret"}, now)
    attempt = Attempt("verifier", "http://127.0.0.1/", None)
    consents.add(box.db, box.vault, "google", "state", "browser", attempt, now, now + timedelta(minutes=15))
    return connection.id


def readable(box: Appliance, connection_id: int) -> bool:
    sealed.check(box.db, box.vault)
    return connections.credentials(box.db, box.vault, connection_id) == PASSWORD


def lines(box: Appliance) -> list[str]:
    return (Path(box.db.path).parent / "credentials.key").read_text().split()


def test_what_is_sealed_can_be_opened_again(key_file: Path) -> None:
    vault = Vault(key_file)
    assert vault.open(vault.seal(b"secret", "connection:1"), "connection:1") == b"secret"


def test_what_is_sealed_cannot_be_read(key_file: Path) -> None:
    assert b"secret" not in Vault(key_file).seal(b"a long secret", "connection:1")


def test_the_same_secret_never_looks_the_same_twice(key_file: Path) -> None:
    vault = Vault(key_file)
    assert vault.seal(b"secret", "connection:1") != vault.seal(b"secret", "connection:1")


def test_a_row_copied_to_another_place_cannot_be_opened_there(box: Appliance, now: datetime) -> None:
    mine = fill(box, now)
    other = connecting.add(box.db, "caldav", "Somebody else's").id
    box.db.execute(
        "UPDATE connection SET credentials = (SELECT credentials FROM connection WHERE id = ?) WHERE id = ?",
        mine,
        other,
    )
    with pytest.raises(VaultError, match=f"connection:{other}"):
        connections.credentials(box.db, box.vault, other)


def test_a_row_copied_to_another_box_cannot_be_opened_there(box: Appliance, now: datetime, key_file: Path) -> None:
    connection_id = fill(box, now)
    with pytest.raises(VaultError):
        connections.credentials(box.db, Vault(key_file), connection_id)


@pytest.mark.parametrize("at", [0, 11, 12, 20, -1])
def test_a_single_changed_byte_is_noticed(key_file: Path, at: int) -> None:
    vault = Vault(key_file)
    spoilt = bytearray(vault.seal(b"secret", "connection:1"))
    spoilt[at] ^= 1
    with pytest.raises(VaultError):
        vault.open(bytes(spoilt), "connection:1")


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match=r"none\.key cannot be read"):
        Vault(tmp_path / "none.key").seal(b"secret", "connection:1")


@pytest.mark.parametrize("content", ["", "c2hvcnQ=\n", "not base64 at all!\n", "\x00" * 44])
def test_a_key_file_with_no_key_in_it_seals_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "bad.key").write_text(content)
    with pytest.raises(VaultError, match=r"bad\.key"):
        Vault(tmp_path / "bad.key").seal(b"secret", "connection:1")


def test_a_new_key_file_belongs_to_its_owner_only(key_file: Path) -> None:
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    Vault(key_file).check()


def test_a_key_file_that_is_there_is_left_alone(key_file: Path) -> None:
    before = key_file.read_text()
    make_key_file(key_file)
    assert key_file.read_text() == before


def test_a_key_file_open_to_everybody_is_refused_with_the_command_that_mends_it(key_file: Path) -> None:
    key_file.chmod(0o644)
    with pytest.raises(VaultError, match="chmod 600"):
        Vault(key_file).check()


def test_an_empty_renewed_token_never_replaces_a_good_one(box: Appliance, now: datetime) -> None:
    connection_id = fill(box, now)
    connections.keep_credentials(box.db, box.vault, connection_id, {"password": "", "access_token": "new"})
    assert connections.credentials(box.db, box.vault, connection_id) == {**PASSWORD, "access_token": "new"}


def test_every_sealed_column_of_the_database_is_known_to_the_rotation(box: Appliance) -> None:
    blobs = {
        (table, name)
        for (table,) in box.db.tuples("SELECT name FROM sqlite_master WHERE type = 'table'")
        for _, name, kind, *_ in box.db.tuples(f"PRAGMA table_info({table})")
        if kind == "BLOB"
    }
    assert {(column.table, column.column) for column in sealed.COLUMNS} <= blobs
    others = blobs - {(column.table, column.column) for column in sealed.COLUMNS}
    # Hashes; what is public of a passkey; a challenge, which is sent to whoever asks.
    public = {"credential_id", "public_key", "challenge"}
    assert {name for _, name in others} <= {"hash", "previous_hash", "request_hash", "content"} | public


def test_a_rotation_leaves_one_new_key_and_everything_readable(box: Appliance, now: datetime) -> None:
    connection_id, before, seen = fill(box, now), lines(box), []
    rotate_keys.rotate(box, now, SYSTEM, lambda: seen.append(1))
    assert len(seen) == rotate_keys.secrets_kept(box) == 3
    assert len(lines(box)) == 1
    assert lines(box) != before
    assert readable(box, connection_id)


def test_after_a_rotation_the_old_key_opens_nothing(box: Appliance, now: datetime, tmp_path: Path) -> None:
    connection_id = fill(box, now)
    shutil.copy(tmp_path / "credentials.key", tmp_path / "stolen.key")
    rotate_keys.rotate(box, now, SYSTEM)
    with pytest.raises(VaultError):
        connections.credentials(box.db, Vault(tmp_path / "stolen.key"), connection_id)


def test_an_open_consent_survives_a_rotation(box: Appliance, now: datetime) -> None:
    fill(box, now)
    rotate_keys.rotate(box, now, SYSTEM)
    attempt = consents.take(box.db, box.vault, "google", "state", "browser", now)
    assert attempt is not None
    assert attempt.verifier == "verifier"


class Killed(BaseException):
    """The process ends here, whatever would have come next."""


def die(*arguments: object) -> None:
    raise Killed


def die_on_call(number: int) -> Callable[..., None]:
    calls: list[object] = []

    def count(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == number:
            raise Killed

    return count


@pytest.mark.parametrize("step", ["before the new key", "with the new key", "while sealing", "before dropping the old"])
def test_a_rotation_killed_anywhere_loses_nothing_and_can_be_run_again(
    box: Appliance, now: datetime, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    connection_id, done = fill(box, now), lambda: None
    with monkeypatch.context() as patch:
        if step == "before the new key":
            patch.setattr(vaults.os, "replace", die)
        elif step == "with the new key":
            patch.setattr(sealed, "reseal", die)
        elif step == "while sealing":
            done = die_on_call(2)
        else:
            patch.setattr(Vault, "drop_old_keys", die)
        with pytest.raises(Killed):
            rotate_keys.rotate(box, now, SYSTEM, done)
    assert readable(box, connection_id)
    assert not box.db.in_write
    rotate_keys.rotate(box, now, SYSTEM)
    assert readable(box, connection_id)
    assert len(lines(box)) == 1


def test_a_secret_that_no_key_opens_stops_the_rotation_with_its_name(box: Appliance, now: datetime) -> None:
    connection_id, before = fill(box, now), lines(box)
    box.db.execute("UPDATE provider_credential SET sealed = x'00112233445566778899aabbccddeeff'")
    with pytest.raises(VaultError, match="provider:google"):
        rotate_keys.rotate(box, now, SYSTEM)
    assert connections.credentials(box.db, box.vault, connection_id) == PASSWORD
    assert lines(box)[-1:] == before


def test_two_rotations_never_run_side_by_side(box: Appliance, now: datetime) -> None:
    connection_id = fill(box, now)
    with box.vault.rotation(), pytest.raises(VaultError, match="already"):
        rotate_keys.rotate(box, now, SYSTEM)
    assert readable(box, connection_id)


def test_an_interrupted_rotation_goes_on_with_the_key_that_it_had_made(tmp_path: Path) -> None:
    newer, older = new_key(), new_key()
    (tmp_path / "two.key").write_text(f"{newer}\n{older}\n")
    Vault(tmp_path / "two.key").add_key()
    assert (tmp_path / "two.key").read_text().split() == [newer, older]
