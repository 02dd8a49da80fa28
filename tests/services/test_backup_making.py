"""A backup is made while the box works, is whole or not there, and holds what a restore needs."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.services.backup_house import AT, KEYS, PASSPHRASE, fill, make, sealed_for_a_key, verify
from tests.story import Story
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.backups import container, folder, make_backup, open_backup, passphrase
from waitlist_appliance.services.backups.errors import BackupError, Busy, NoSpace, NotConfigured
from waitlist_appliance.services.backups.sealing import Keys
from waitlist_appliance.services.rotate_keys import rotate
from waitlist_appliance.storage import activity, alarms, backup_runs, provider_credentials, snapshot, vault
from waitlist_appliance.storage.database import Database


@pytest.fixture
def lola(box: Appliance) -> Appliance:
    return sealed_for_a_key(box)


def files_in(box: Appliance) -> list[str]:
    """What lies in the folder of backups, but for the lock."""
    return sorted(path.name for path in box.config.backup_path.iterdir() if path.name != ".lock")


def in_a_child(act: Callable[[], object], limit_bytes: int | None = None) -> int:
    """Run in a process of its own, whose files may not grow beyond the limit; its exit code (negative: the signal)."""
    child = os.fork()
    if child == 0:
        try:
            if limit_bytes is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
            act()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_backup_is_named_by_its_moment_and_for_its_owner_only(lola: Appliance) -> None:
    made = make(lola)
    assert made.path.name == "waitlist-20261121T030000Z.backup.tar"
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.path.parent.stat().st_mode) == 0o700
    assert files_in(lola) == [made.path.name]


def test_two_in_one_second_are_two(lola: Appliance) -> None:
    assert make(lola).path != make(lola).path
    assert len(files_in(lola)) == 2


def test_it_holds_what_opens_the_same_links_elsewhere(lola: Appliance, tmp_path: Path) -> None:
    made = make(lola)
    files = open_backup.extract(open_backup.look(made.path), KEYS, tmp_path / "out")
    assert {str(file.relative_to(tmp_path / "out")) for file in files} == {
        "config.toml", "credentials.key", "secrets/token_key.txt", "secrets/session_key.txt", "secrets/cron_secret.txt",
        "waitlist.db",
    }  # fmt: skip
    assert (tmp_path / "out/secrets/token_key.txt").read_text() == "t" * 32 + "\n"
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_tar_and_sha256sum_open_it_without_us(lola: Appliance, tmp_path: Path) -> None:
    made = make(lola)
    subprocess.run(["tar", "xf", made.path, "-C", tmp_path], check=True)
    assert subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path, capture_output=True).returncode == 0


def test_the_manifest_lies_in_plain_and_names_nobody(story: Story) -> None:
    sealed_for_a_key(story.box)
    story.full("19:30")
    story.waits("Ana")
    with tarfile.open(make(story.box).path) as archive:
        member = archive.extractfile("manifest.json")
        assert member
        text = member.read().decode()
    assert json.loads(text)["counts"]["entry"] == 1
    assert "Ana" not in text
    assert "34600000001" not in text


def test_without_a_key_or_passphrase_it_is_refused_and_told_how(box: Appliance) -> None:
    with pytest.raises(NotConfigured, match="waitlist backup key"):
        make(box)


def test_a_failed_run_is_noted_and_the_next_good_one_clears_the_alarm(box: Appliance) -> None:
    with pytest.raises(NotConfigured):
        make(box)
    assert [run.state for run in backup_runs.newest(box.db)] == ["failed"]
    assert alarms.holds(box.db, make_backup.FAILED)
    made = make(sealed_for_a_key(box))
    make_backup.all_is_well(box)
    assert not alarms.holds(box.db, make_backup.FAILED)
    last = backup_runs.last_good(box.db)
    assert last
    assert (last.file, last.bytes, last.verified_at) == (made.path.name, made.path.stat().st_size, AT)


def test_several_public_keys_can_open_one_backup(box: Appliance) -> None:
    import pyrage

    other = pyrage.x25519.Identity.generate()
    lola = sealed_for_a_key(box)
    sealed_for_a_key(box, backup_recipient=f"{lola.config.backup_recipient} {other.to_public()}")
    made = make(box)
    assert verify(box, made.path).opened
    assert verify(box, made.path, Keys(identity=str(other))).opened


def test_with_a_passphrase_it_is_opened_again_at_once(box: Appliance) -> None:
    made = make(sealed_for_a_key(box, backup_recipient="", backup_passphrase=PASSPHRASE))
    assert made.verdict.opened
    assert made.verdict.header.manifest.opens_with == ("passphrase",)
    assert verify(box, made.path, Keys(passphrase=PASSPHRASE)).opened


def test_for_a_public_key_only_it_says_that_it_cannot_be_opened_here(lola: Appliance) -> None:
    verdict = make(lola).verdict
    assert not verdict.opened
    assert "private key" in verdict.words


def test_what_we_seal_with_a_passphrase_the_library_opens() -> None:
    import pyrage

    assert pyrage.passphrase.decrypt(passphrase.seal(b"secret", "pässword"), "pässword") == b"secret"


def test_two_at_once_cannot_and_the_second_leaves_no_mark_on_the_first(lola: Appliance) -> None:
    first = backup_runs.begin(lola.db, AT)
    with folder.alone(lola.config.backup_path), pytest.raises(Busy):
        make(lola, AT + timedelta(minutes=1))
    assert [(run.id, run.state) for run in backup_runs.newest(lola.db)] == [(first, "running")]
    assert not alarms.holds(lola.db, make_backup.FAILED)


def test_what_was_sealed_before_a_rotation_at_the_same_time_opens_afterwards(lola: Appliance) -> None:
    vault.make_key_file(lola.config.credentials_key_path)
    sealed = lola.vault.seal(b"secret of a provider", provider_credentials.place("twilio"))
    lola.db.insert("provider_credential", provider="twilio", sealed=sealed, updated_at=AT)

    @contextlib.contextmanager
    def steps(label: str, total: int) -> Iterator[Callable[[int], None]]:
        yield lambda done: None
        if label == "Copying":
            rotate(lola, AT, activity.Actor("staff", "Olivia"))

    made = make_backup.make_backup(lola, None, lambda: AT, steps)
    assert verify(lola, made.path).opened


def test_what_is_written_while_the_rows_are_counted_is_no_fault_of_the_copy(
    lola: Appliance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted, looks = snapshot._counts, list[object]()

    def count(opened: object) -> dict[str, int]:
        looks.append(opened)
        if len(looks) == 2:  # the copy's rows were counted, now the database's own
            write_a_line(lola.config.database_path)
        return counted(opened)

    monkeypatch.setattr(snapshot, "_counts", count)
    before = lola.db.value("SELECT COUNT(*) FROM activity")
    assert snapshot.take(lola.config.database_path, tmp_path / "copy.db").counts["activity"] == before
    assert len(looks) == 2


def write_a_line(database: Path) -> None:
    other = Database(database)
    with other.write():
        activity.record(other, AT, activity.SYSTEM, "noise", "noise")
    other.close()


def test_what_is_committed_together_is_copied_together(lola: Appliance) -> None:
    for table in ("left_hand", "right_hand"):
        lola.db.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, noise BLOB)")
    fill(lola, 20)
    code = (
        "import sys; from waitlist_appliance.storage.database import Database; db = Database(sys.argv[1])\n"
        "while True:\n"
        "    with db.write():\n"
        "        for table in ('left_hand', 'right_hand'):\n"
        "            db.execute(f'INSERT INTO {table} (noise) VALUES (randomblob(300))')\n"
        "    print('.', flush=True)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(lola.config.database_path)], stdout=subprocess.PIPE)
    try:
        assert writer.stdout
        seen = []
        for number in range(4):
            writer.stdout.read(20)
            copy = lola.config.data_directory / f"copy-{number}.db"
            snapshot.take(lola.config.database_path, copy)
            seen.append(tuple(rows_of(copy, table) for table in ("left_hand", "right_hand")))
    finally:
        writer.kill()
        writer.communicate()
    assert all(left == right > 0 for left, right in seen)
    assert seen[0] < seen[-1]


def rows_of(copy: Path, table: str) -> int:
    from waitlist_appliance.storage.database import sqlite

    opened = sqlite.connect(f"file:{copy}?immutable=1", uri=True)
    try:
        return int(opened.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])
    finally:
        opened.close()


def test_a_damaged_database_gives_no_backup(lola: Appliance) -> None:
    fill(lola, 1)
    lola.db.tuples("PRAGMA wal_checkpoint(TRUNCATE)")
    with lola.config.database_path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(size // 2 // 4096 * 4096)
        file.write(b"\xff" * 8192)
    with pytest.raises(BackupError):
        make(lola)
    assert files_in(lola) == []


def test_a_disk_that_fills_up_leaves_nothing_behind(lola: Appliance) -> None:
    fill(lola, 3)
    lola.db.tuples("PRAGMA wal_checkpoint(TRUNCATE)")
    lola.db.close()
    assert in_a_child(lambda: make(lola), limit_bytes=2_000_000) == 1
    assert [run.state for run in backup_runs.newest(lola.db)] == ["failed"]
    assert alarms.holds(lola.db, make_backup.FAILED)
    assert files_in(lola) == []


def test_too_little_space_is_said_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(NoSpace, match="make space"):
        folder.require_space(tmp_path, 2**60, "making a backup")


def test_a_folder_that_cannot_be_written_is_named(lola: Appliance) -> None:
    sealed_for_a_key(lola, backup_directory=Path("/proc/backups"))
    with pytest.raises(BackupError, match="/proc/backups"):
        make(lola)


def test_killed_at_any_stage_it_leaves_nothing_that_looks_like_a_backup(lola: Appliance) -> None:
    fill(lola, 1)
    lola.db.close()
    kills = 0
    for step in range(1, 60):
        code = in_a_child(
            lambda step=step: (kill_at(step, lola.config.backup_path), make(lola, AT + timedelta(days=step)))
        )
        for path in folder.backups(lola.config.backup_path):
            assert verify(lola, path).opened
        if code == 0:
            break
        assert code == -signal.SIGKILL
        kills += 1
    assert kills >= 5
    make(lola, AT + timedelta(days=99))
    assert all(folder.made_at(name) for name in files_in(lola))


def kill_at(step: int, place: Path) -> None:
    """From now on this process is killed when it touches the folder's files for this time (audit hooks cannot be undone)."""
    left = [step]

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        touches = event in ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chown", "shutil.rmtree")
        if touches and str(arguments[0]).startswith(str(place)):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_no_link_in_the_folder_makes_root_give_another_file_away(lola: Appliance, tmp_path: Path) -> None:
    folder.prepare(lola.config.backup_path)
    os.chown(lola.config.backup_path, 4711, 4711)
    roots = tmp_path / "shadow"
    roots.touch()
    (lola.config.backup_path / ".lock").symlink_to(roots)
    with pytest.raises(BackupError):
        make(lola)
    folder.give_to_owner(lola.config.backup_path, lola.config.backup_path / ".lock")
    assert roots.stat().st_uid == 0


def test_what_another_run_still_uses_is_no_leftover(lola: Appliance) -> None:
    folder.prepare(lola.config.backup_path)
    with folder.workplace(lola.config.backup_path) as place:
        make(lola)
        assert place.exists()
    assert not place.exists()


def test_files_of_others_in_the_folder_are_left_alone(lola: Appliance) -> None:
    folder.prepare(lola.config.backup_path)
    for name in ("notes.partial", "waitlist-old.backup.tar", "waitlist-20261121T250000Z.backup.tar"):
        (lola.config.backup_path / name).touch()
    made = make(lola)
    assert len(files_in(lola)) == 4
    assert folder.backups(lola.config.backup_path) == [made.path]


def test_the_payload_is_streamed_in_pieces(lola: Appliance) -> None:
    """The sealed part is read back in pieces: what lies in memory does not grow with the database."""
    fill(lola, 30)
    made = make(lola)
    told: list[int] = []
    container.check_payload(container.look(made.path), told.append)
    assert len(told) > 10
    assert max(b - a for a, b in zip([0, *told], told, strict=False)) <= container.CHUNK


def test_a_run_that_was_killed_is_noted_by_the_next(lola: Appliance) -> None:
    backup_runs.begin(lola.db, AT)
    make(lola, AT + timedelta(days=1))
    assert [(run.state, run.error) for run in backup_runs.newest(lola.db)] == [
        ("done", None), ("failed", "it was interrupted"),
    ]  # fmt: skip


def test_the_configuration_is_optional(lola: Appliance) -> None:
    made = make_backup.make_backup(lola, None, lambda: AT)
    assert "config.toml" not in made.verdict.header.manifest.files
