"""A restore puts the box back as it was, changes nothing until it can finish, and can be killed and run again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from playhouse.migrations import Runner

from tests.conftest import NOW, build_box
from tests.services.backup_house import AT, KEYS, make, sealed_for_a_key
from tests.story import OLIVIA, Story
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.backups import container, open_backup
from waitlist_appliance.services.backups.container import Header
from waitlist_appliance.services.backups.errors import BackupError, Busy
from waitlist_appliance.services.backups.restore import Place, Restored, restore
from waitlist_appliance.services.deliver_messages import deliver_due, resume_sending
from waitlist_appliance.storage import alarms, schema, snapshot
from waitlist_appliance.storage.snapshot import Contents

LATER = AT + timedelta(hours=5)


def agreed(header: Header, contents: Contents) -> None:
    """Nobody objects."""


def put_back(
    box: Appliance, path: Path, *, into: Path | None = None, with_config: bool = False, resume: bool = False
) -> Restored:  # fmt: skip
    """Restore with nothing of the box open in this process."""
    box.db.close()
    place = Place.of(box.config, box.config.data_directory / "config.toml")
    header = open_backup.look(path)
    return restore(
        place if into is None else place.moved(into), header, KEYS, LATER, OLIVIA, agreed, with_config=with_config,
        resume=resume,
    )  # fmt: skip


@pytest.fixture
def lola(box: Appliance) -> Appliance:
    return sealed_for_a_key(box)


def test_what_came_after_the_backup_is_gone_and_kept_aside(lola: Appliance) -> None:
    made = make(lola)
    lola.db.execute("UPDATE business SET name = 'Casa Nueva'")
    done = put_back(lola, made.path)
    assert lola.db.value("SELECT name FROM business") == "Casa Lola"
    assert done.aside
    aside = snapshot.inspect(done.aside / "waitlist.db")
    assert (aside.business_name, aside.faults) == ("Casa Nueva", ())


def test_huey_begins_anew(lola: Appliance) -> None:
    made = make(lola)
    lola.config.huey_path.write_text("tasks of before")
    put_back(lola, made.path)
    assert not lola.config.huey_path.exists()


def test_on_an_empty_machine_key_database_secrets_and_configuration_come_back(lola: Appliance, tmp_path: Path) -> None:
    lola.db.execute("UPDATE connection SET credentials = ?", lola.vault.seal(b'{"a": "b"}', "connection:1"))
    made = make(lola)
    empty = tmp_path / "empty" / "etc"
    header = open_backup.look(made.path)
    place = Place.of_restored(open_backup.configuration(header, KEYS), empty / "config.toml")
    restore(place, header, KEYS, LATER, OLIVIA, agreed, with_config=True, resume=False)
    assert place.data == empty / "data"
    assert (empty / "secrets/token_key.txt").read_text() == "t" * 32 + "\n"
    assert (empty / "config.toml").read_text() == (lola.config.data_directory / "config.toml").read_text()
    other = build_box(place.data)
    assert other.vault.open(other.db.value("SELECT credentials FROM connection"), "connection:1") == b'{"a": "b"}'
    other.db.close()


def test_links_sent_before_open_afterwards(story: Story, tmp_path: Path) -> None:
    story.full("19:30")
    story.waits("Ana")
    box = sealed_for_a_key(story.box)
    entry = int(box.db.value("SELECT id FROM entry"))
    before = box.token("registration", entry, NOW)
    put_back(box, make(box).path, into=tmp_path / "elsewhere")
    other = build_box(tmp_path / "elsewhere")
    assert other.token("registration", entry, NOW) == before
    assert other.db.value("SELECT COUNT(*) FROM token") == box.db.value("SELECT COUNT(*) FROM token") > 0
    other.db.close()


def test_nothing_is_sent_until_staff_have_looked(asked: Story) -> None:
    box = sealed_for_a_key(asked.box)
    box.db.execute("UPDATE message SET state = 'pending', due_at = 0 WHERE kind = 'offer'")
    put_back(box, make(box).path)
    assert alarms.holds(box.db, alarms.SENDING_PAUSED)
    assert alarms.holds(box.db, alarms.BOX_RESTORED)
    assert deliver_due(box, LATER) == 0
    assert resume_sending(box, LATER, OLIVIA)
    assert not alarms.present(box.db)


def test_what_may_have_gone_out_since_is_looked_up_before_it_is_sent_again(asked: Story) -> None:
    box = sealed_for_a_key(asked.box)
    box.db.execute("UPDATE message SET state = 'sending', lease_until_at = 1, due_at = 0 WHERE kind = 'offer'")
    box.db.execute("UPDATE message SET state = 'pending', due_at = ? WHERE kind <> 'offer'", LATER + timedelta(days=1))
    put_back(box, make(box).path)
    doubt = box.db.tuples(
        "SELECT DISTINCT kind, state, unknown_since_at IS NOT NULL FROM message ORDER BY kind = 'offer'"
    )
    assert doubt[-1] == ("offer", "pending", 1)
    assert {in_doubt for kind, _, in_doubt in doubt if kind != "offer"} <= {0}


def test_who_asks_for_it_goes_on_sending_at_once(lola: Appliance) -> None:
    put_back(lola, make(lola).path, resume=True)
    assert not alarms.present(lola.db)


def test_no_calendar_is_believed_before_it_was_read_anew(lola: Appliance) -> None:
    lola.db.execute(
        "UPDATE connection SET live_mirror = 0, provider = 'google', sync_state = 't', last_sync_at = 1, span_until_at = 9"
    )
    put_back(lola, make(lola).path)
    assert lola.db.tuples("SELECT sync_state, last_sync_at, span_until_at, next_sync_at FROM connection") == [
        (None, None, None, None)
    ]


def test_everybody_logs_in_again(lola: Appliance) -> None:
    lola.db.insert(
        "staff_user", id=9, public_id="u9", email="o@x.example", name="O", role="owner", created_at=1,
    )  # fmt: skip
    lola.db.insert("staff_session", hash=b"h", user_id=9, created_at=1, seen_at=1, expires_at=2**42)
    put_back(lola, make(lola).path)
    assert lola.db.value("SELECT COUNT(*) FROM staff_user") == 1
    assert lola.db.value("SELECT COUNT(*) FROM staff_session") == 0


def test_an_older_backup_is_brought_to_this_version(tmp_path: Path) -> None:
    old = sealed_for_a_key(build_box(tmp_path))
    Runner(old.db.peewee, directory=str(schema.MIGRATIONS), table_name="schema_migration").up(target="0010_backups")
    done = put_back(old, make(old).path)
    assert done.migrated[0] == "0011_personal_data"
    schema.check(old.db)
    old.db.close()


def test_while_another_process_has_it_open_nothing_is_touched(lola: Appliance) -> None:
    made = make(lola)
    code = (
        "import sys; from waitlist_appliance.storage.database import Database\n"
        "db = Database(sys.argv[1]); db.value('SELECT 1 FROM business'); print('.', flush=True); sys.stdin.read()"
    )
    line = [sys.executable, "-c", code, str(lola.config.database_path)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as idle:
        assert idle.stdout
        idle.stdout.read(1)
        with pytest.raises(Busy, match="systemctl stop waitlist-web"):
            put_back(lola, made.path)
        assert idle.stdin
        idle.stdin.close()
    put_back(lola, made.path)


def test_a_damaged_database_can_be_replaced(lola: Appliance) -> None:
    made = make(lola)
    lola.db.close()
    lola.config.database_path.write_bytes(b"no database at all" * 1000)
    done = put_back(lola, made.path)
    assert done.aside
    assert (done.aside / "waitlist.db").read_bytes().startswith(b"no database")
    assert lola.db.value("SELECT name FROM business") == "Casa Lola"


def test_a_bad_backup_changes_nothing(lola: Appliance) -> None:
    made = make(lola)
    before = sorted(path.name for path in lola.config.data_directory.iterdir())
    header = container.look(made.path)
    with made.path.open("r+b") as file:
        file.seek(header.payload.start + 500)
        file.write(b"\0\0\0\0")
    with pytest.raises(BackupError):
        put_back(lola, made.path)
    after = sorted(path.name for path in lola.config.data_directory.iterdir())
    assert [name for name in after if not name.endswith(("-wal", "-shm"))] == [
        name for name in before if not name.endswith(("-wal", "-shm"))
    ]


def test_who_says_no_has_changed_nothing(lola: Appliance) -> None:
    made = make(lola)
    lola.db.execute("UPDATE business SET name = 'Casa Nueva'")
    lola.db.close()

    def no(header: Header, contents: Contents) -> None:
        raise BackupError(f"not {contents.business_name}")

    place = Place.of(lola.config, lola.config.data_directory / "config.toml")
    with pytest.raises(BackupError, match="not Casa Lola"):
        restore(place, open_backup.look(made.path), KEYS, LATER, OLIVIA, no, with_config=False, resume=False)
    assert lola.db.value("SELECT name FROM business") == "Casa Nueva"


def test_killed_at_any_step_it_can_be_run_again(lola: Appliance) -> None:
    made = make(lola)
    lola.db.execute("UPDATE business SET name = 'Casa Nueva'")
    lola.db.close()
    data, kills, without = lola.config.data_directory, 0, 0
    for step in range(1, 80):
        code = in_a_child(lambda step=step: (kill_at(step, data), put_back(lola, made.path)))
        if code == 0:
            break
        assert code == -signal.SIGKILL
        kills += 1
        if lola.config.database_path.exists():  # the old one or the new one, whole
            assert snapshot.inspect(lola.config.database_path).faults == ()
        else:
            without += 1
    assert kills >= 10
    assert without >= 1
    put_back(lola, made.path)
    assert lola.db.value("SELECT name FROM business") == "Casa Lola"
    aside = [snapshot.inspect(path).business_name for path in data.glob("before-restore-*/waitlist.db")]
    assert "Casa Nueva" in aside
    assert not list(data.glob(".work-*"))


def in_a_child(act: object) -> int:
    """Run in a process of its own; its exit code (negative: the signal)."""
    child = os.fork()
    if child == 0:
        try:
            act()  # type: ignore[operator]
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_at(step: int, place: Path) -> None:
    """From now on this process is killed when it changes something in the folder for this time."""
    left = [step]

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        touches = event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.copyfile", "shutil.rmtree")
        if touches and str(arguments[0]).startswith(str(place)):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
