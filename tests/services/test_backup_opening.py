"""What is not the backup that was written is noticed, each in its own words."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pyrage
import pytest

from tests.conftest import build_box
from tests.services.backup_house import AT, KEYS, PASSPHRASE, fill, make, sealed_for_a_key, verify
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.backups import container, open_backup, payload, sealing
from waitlist_appliance.services.backups import manifest as manifests
from waitlist_appliance.services.backups.errors import BackupError, Damaged, TooNew, WrongKey
from waitlist_appliance.services.backups.list_backups import list_backups
from waitlist_appliance.services.backups.sealing import Keys
from waitlist_appliance.storage import snapshot
from waitlist_appliance.storage.vault import new_key

SEED = 20261121


@pytest.fixture(scope="module")
def written(ready_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One backup with both kinds of key, some megabytes large; nobody changes it."""
    place = tmp_path_factory.mktemp("written")
    shutil.copy(ready_made, place / "waitlist.db")
    box = build_box(place)
    fill(box, 2)
    made = make(sealed_for_a_key(box, backup_passphrase=PASSPHRASE))
    box.db.close()
    return made.path


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Path:
    """A copy that may be spoilt."""
    return Path(shutil.copy(written, tmp_path / written.name))


def opened(path: Path, place: Path, keys: Keys = KEYS) -> open_backup.Verdict:
    return open_backup.verify(path, keys, place)


def test_what_was_written_is_whole(copy: Path, tmp_path: Path) -> None:
    verdict = opened(copy, tmp_path)
    assert verdict.opened
    assert verdict.counts["resource"] == 2
    assert [path.name for path in tmp_path.iterdir()] == [copy.name]


def test_the_passphrase_opens_it_as_well(copy: Path, tmp_path: Path) -> None:
    assert opened(copy, tmp_path, Keys(passphrase=PASSPHRASE)).opened


def test_a_wrong_passphrase_is_called_so(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongKey, match="passphrase is not the one"):
        opened(copy, tmp_path, Keys(passphrase="wrong horse battery staple"))


def test_another_private_key_is_called_so(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongKey, match="another one"):
        opened(copy, tmp_path, Keys(identity=str(pyrage.x25519.Identity.generate())))


def test_a_file_without_a_key_in_it_is_called_so(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongKey, match="holds no private key"):
        opened(copy, tmp_path, Keys(identity="a shopping list"))


def test_without_a_key_the_checksums_are_checked(copy: Path, tmp_path: Path) -> None:
    assert not opened(copy, tmp_path, Keys()).opened


def test_cut_short_anywhere_it_is_noticed(copy: Path) -> None:
    size = copy.stat().st_size
    cuts = [*range(0, size, 64 * 1024), *range(size - 2 * 1024, size, 128), size - 1]
    for cut in sorted(cuts, reverse=True):
        with copy.open("r+b") as file:
            file.truncate(cut)
        with pytest.raises(Damaged):
            open_backup.look(copy)


def test_something_behind_its_end_is_noticed(copy: Path) -> None:
    with copy.open("ab") as file:
        file.write(b"\0")
    with pytest.raises(Damaged):
        open_backup.look(copy)


def test_a_changed_bit_anywhere_is_noticed(written: Path, copy: Path) -> None:
    """Every byte of the headers and the plain parts, and a sample of the sealed payload."""
    header, chosen = container.look(written), random.Random(SEED)
    size, sealed = written.stat().st_size, header.payload
    plain = [at for at in range(size) if not sealed.start <= at < sealed.start + sealed.size]
    places = [*chosen.sample(plain, 900), *(sealed.start + chosen.randrange(sealed.size) for _ in range(40))]
    with copy.open("r+b", buffering=0) as file:
        for at in places:
            bit = 1 << chosen.randrange(8)
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ bit]))
            with pytest.raises(BackupError):
                open_backup.look(copy)
            file.seek(at)
            file.write(bytes([byte]))
    assert open_backup.look(copy)


def test_who_writes_the_checksums_anew_is_stopped_by_the_seal(copy: Path, tmp_path: Path) -> None:
    header = container.look(copy)
    spoilt = bytearray(part_of(header, container.PAYLOAD))
    spoilt[len(spoilt) // 2] ^= 1
    write_anew(copy, header, payload_bytes=bytes(spoilt))
    assert open_backup.look(copy)
    with pytest.raises(BackupError, match="cannot be unsealed"):
        opened(copy, tmp_path)


def test_a_manifest_that_counts_wrongly_is_noticed(copy: Path, tmp_path: Path) -> None:
    header = container.look(copy)
    manifest = json.loads(manifests.as_bytes(header.manifest))
    manifest["counts"]["resource"] += 1
    write_anew(copy, header, manifest=manifest)
    with pytest.raises(Damaged, match=r"as many rows.*resource"):
        opened(copy, tmp_path)


def test_a_newer_format_says_which_version_to_install(copy: Path) -> None:
    header = container.look(copy)
    manifest = json.loads(manifests.as_bytes(header.manifest)) | {"format": 2, "program": "9.9"}
    write_anew(copy, header, manifest=manifest)
    with pytest.raises(TooNew, match=r"format 2.*9\.9"):
        open_backup.look(copy)


def test_a_newer_schema_says_so(copy: Path) -> None:
    header = container.look(copy)
    manifest = json.loads(manifests.as_bytes(header.manifest))
    manifest["migrations"].append("9999_from_the_future")
    write_anew(copy, header, manifest=manifest)
    with pytest.raises(TooNew, match="9999_from_the_future"):
        open_backup.look(copy)


def test_what_is_no_backup_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Olivia, " * 200)
    with pytest.raises(Damaged, match="no backup"):
        open_backup.look(tmp_path / "letter.txt")


def test_another_tar_is_no_backup(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "other.tar", "w", format=tarfile.GNU_FORMAT) as archive:
        archive.add(__file__, "test.py")
    with pytest.raises(Damaged):
        open_backup.look(tmp_path / "other.tar")


def test_a_key_that_does_not_open_the_credentials_is_noticed(box: Appliance) -> None:
    lola = sealed_for_a_key(box)
    lola.db.execute("UPDATE connection SET credentials = ?", lola.vault.seal(b"{}", "connection:1"))
    lola.config.credentials_key_path.write_text(new_key() + "\n")
    made = make(lola)
    with pytest.raises(Damaged, match="does not open what is sealed"):
        verify(lola, made.path)


def test_the_right_key_opens_the_credentials(box: Appliance) -> None:
    lola = sealed_for_a_key(box)
    lola.db.execute("UPDATE connection SET credentials = ?", lola.vault.seal(b"{}", "connection:1"))
    assert verify(lola, make(lola).path).opened


def test_a_name_in_the_payload_cannot_lead_out_of_the_folder(box: Appliance, tmp_path: Path) -> None:
    lola = sealed_for_a_key(box)
    lock = sealing.lock_for(lola.config.backup_recipient, "")
    contents = snapshot.inspect(copied(lola, tmp_path))
    path = tmp_path / "waitlist-20261121T030000Z.backup.tar"
    sizes = {"../outside": 1}
    with path.open("w+b") as file:
        writer = container.Writer(file, 0)
        source = payload.packed({"../outside": b"x"}, 0, lambda done: None)
        size, digest = writer.add_streamed(container.PAYLOAD, lambda target: sealing.seal(source, target, lock))
        about = manifests.Manifest(
            1, "0", AT, "", contents.migrations, 0, size, digest, sizes, contents.counts, ("private key",)
        )  # fmt: skip
        writer.add(container.MANIFEST, manifests.as_bytes(about))
        writer.finish()
    into = tmp_path / "into"
    with pytest.raises(Damaged):
        open_backup.extract(open_backup.look(path), KEYS, into)
    assert not (tmp_path / "outside").exists()


def copied(box: Appliance, place: Path) -> Path:
    snapshot.take(box.config.database_path, place / "copy.db")
    return place / "copy.db"


def test_extracting_never_overwrites(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="not empty"):
        open_backup.extract(open_backup.look(copy), KEYS, tmp_path)


def test_a_folder_is_listed_without_any_key(copy: Path) -> None:
    (copy.parent / "waitlist-20261120T030000Z.backup.tar").write_bytes(b"half a backup")
    newest, broken = list_backups(copy.parent, {})
    assert (newest.file, newest.made_at, newest.trouble) == (copy.name, AT, None)
    assert newest.opens_with == ("passphrase", "private key")
    assert broken.trouble


def part_of(header: container.Header, name: str) -> bytes:
    with header.path.open("rb") as file:
        return container.Slice(file, header.parts[name]).read()


def write_anew(
    path: Path, header: container.Header, *, manifest: dict[str, Any] | None = None, payload_bytes: bytes | None = None
) -> None:  # fmt: skip
    """The same backup with another part, and checksums that fit it: what a clever hand would do."""
    said = manifest or json.loads(manifests.as_bytes(header.manifest))
    content = payload_bytes or part_of(header, container.PAYLOAD)
    said |= {"payload_bytes": len(content), "payload_sha256": hashlib.sha256(content).hexdigest()}
    key = part_of(header, container.KEY)
    with path.open("w+b") as file:
        writer = container.Writer(file, 0)
        writer.add(container.KEY, key)
        writer.add(container.PAYLOAD, content)
        writer.add(container.MANIFEST, json.dumps(said).encode())
        writer.finish()
