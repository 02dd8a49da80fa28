"""The commands that an operator uses for backups, on a box that `waitlist init` made."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyrage
import pytest
from click.testing import CliRunner, Result

from tests.cli.conftest import Run
from tests.rsync_daemon import rsync_daemon
from waitlist_appliance.cli import main
from waitlist_appliance.storage import snapshot

IDENTITY = pyrage.x25519.Identity.generate()
PASSPHRASE = "correct horse battery staple"
TOMORROW = (datetime.now(ZoneInfo("Europe/Madrid")) + timedelta(days=1)).strftime("%Y-%m-%d")
ANA = "+34612345601"


@pytest.fixture
def sealed(box: Path) -> Path:
    """The box with a passphrase and a public key; the path of its configuration."""
    text = box.read_text().replace('recipient = ""', f'recipient = "{IDENTITY.to_public()}"')
    box.write_text(text.replace('# passphrase = ""', f'passphrase = "{PASSPHRASE}"'))
    box.chmod(0o600)
    return box


@pytest.fixture
def private_key(tmp_path: Path) -> Path:
    path = tmp_path / "private.key"
    path.write_text(f"{IDENTITY}\n")
    return path


def spoken(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def on(config: Path, *command: str, input: str | None = None) -> Result:
    return CliRunner().invoke(main, ["--config", str(config), *command], input=input)


def test_a_box_without_a_passphrase_is_told_how_to_get_one(box: Path, waitlist: Run) -> None:
    refused = waitlist("backup", "create")
    assert refused.exit_code == 1
    assert "waitlist backup key" in refused.stderr
    made = waitlist("backup", "key")
    line = next(line for line in made.output.splitlines() if line.startswith("passphrase_file = "))
    file = Path(line.split('"')[1])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().strip() in made.output
    box.write_text(box.read_text().replace('# passphrase_file = ""', line))
    assert spoken(on(box, "backup", "create", "--json"))["opened"]
    assert waitlist("backup", "key").exit_code == 1


def test_what_is_created_is_listed_verified_and_pruned(sealed: Path) -> None:
    made = spoken(on(sealed, "backup", "create", "--then-prune", "--json"))
    assert Path(made["file"]).stat().st_size == made["bytes"]
    assert made["counts"]["staff_user"] == 1
    (listed,) = spoken(on(sealed, "backup", "list", "--json"))
    assert listed["file"] == Path(made["file"]).name
    assert listed["verified_at"]
    assert "UTC" in on(sealed, "backup", "list").output
    assert spoken(on(sealed, "backup", "verify", "--latest", "--json"))["opened"]
    assert "1 kept, 0 would go" in on(sealed, "backup", "prune", "--dry-run").output


def test_a_bad_one_ends_with_exit_code_1_and_says_why(sealed: Path) -> None:
    made = Path(spoken(on(sealed, "backup", "create", "--json"))["file"])
    made.write_bytes(made.read_bytes()[:-2000])
    result = on(sealed, "backup", "verify", made.name, "--json")
    assert result.exit_code == 1
    assert not json.loads(result.stdout)["ok"]
    assert "not whole" in result.stderr


def test_a_wrong_passphrase_is_said(sealed: Path, tmp_path: Path) -> None:
    on(sealed, "backup", "create")
    result = on(sealed, "backup", "verify", "--latest", "--passphrase-file", "-", input="wrong\n")
    assert result.exit_code == 1
    assert "passphrase is not the one" in result.stderr


def test_a_drill_serves_the_backup_beside_and_leaves_nothing(sealed: Path) -> None:
    on(sealed, "backup", "create")
    before = snapshot.inspect(sealed.parent / "data/waitlist.db"), files_of(sealed.parent)
    result = spoken(on(sealed, "backup", "verify", "--latest", "--drill", "--json"))
    assert result["drill"]
    assert (snapshot.inspect(sealed.parent / "data/waitlist.db"), files_of(sealed.parent)) == before


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file but the database, which SQLite tidies up when it likes."""
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file() and not p.name.startswith("waitlist.db")}


def test_on_an_empty_machine_it_opens_the_same_links(sealed: Path, tmp_path: Path, private_key: Path) -> None:
    on(sealed, "events", "add", "Closed", f"{TOMORROW}T18:00", f"{TOMORROW}T23:00")
    link = spoken(on(sealed, "trigger", f"{TOMORROW}T19:30", ANA, "--json"))["url"]
    made = Path(spoken(on(sealed, "backup", "create", "--json"))["file"])
    kept = Path(shutil.copy(made, tmp_path))
    shutil.rmtree(sealed.parent)
    key = ("--identity", str(private_key))
    assert spoken(on(sealed, "backup", "verify", str(kept), *key, "--json"))["opened"]
    restored = spoken(on(sealed, "backup", "restore", str(kept), *key, "--with-config", "--yes", "--json"))
    assert restored["aside"] is None
    assert restored["sending"] == "paused"
    assert answer(sealed, link) == 200
    assert answer(sealed, link[:-3] + "abc") == 404
    again = spoken(on(sealed, "trigger", f"{TOMORROW}T19:30", ANA, "--json"))
    assert again["url"] == link


def answer(config: Path, link: str) -> int:
    from waitlist_appliance.bootstrap import build
    from waitlist_appliance.config import load
    from waitlist_appliance.ports import SilentTimers
    from waitlist_appliance.web.app import create_app

    app = build(load(config, {}), SilentTimers())
    status = create_app(app).test_client().get(link.removeprefix("http://127.0.0.1:8080")).status_code
    app.db.close()
    return int(status)


def test_extracting_needs_no_box(sealed: Path, tmp_path: Path) -> None:
    made = Path(spoken(on(sealed, "backup", "create", "--json"))["file"])
    kept = Path(shutil.copy(made, tmp_path))
    shutil.rmtree(sealed.parent)
    into = tmp_path / "opened"
    said = on(sealed, "backup", "extract", str(kept), "--into", str(into), "--passphrase-file", "-", input=PASSPHRASE)
    assert said.exit_code == 0, said.output
    assert (into / "waitlist.db").exists()
    assert {stat.S_IMODE(path.stat().st_mode) for path in into.rglob("*") if path.is_file()} == {0o600}


def test_restoring_asks_for_the_name_of_the_business(sealed: Path) -> None:
    on(sealed, "backup", "create")
    before = (sealed.parent / "data/waitlist.db").stat().st_ino
    wrong = on(sealed, "backup", "restore", "--latest", input="Casa Otra\n")
    assert wrong.exit_code == 1
    assert "nothing was changed" in wrong.stderr
    assert (sealed.parent / "data/waitlist.db").stat().st_ino == before
    right = on(sealed, "backup", "restore", "--latest", input="My restaurant\n")
    assert right.exit_code == 0, right.output
    assert (sealed.parent / "data/waitlist.db").stat().st_ino != before


def test_other_secrets_are_told(sealed: Path) -> None:
    on(sealed, "backup", "create")
    (sealed.parent / "data/token_key.txt").write_text("z" * 40)
    said = spoken(on(sealed, "backup", "restore", "--latest", "--yes", "--json"))
    assert said["differing_secrets"] == ["token_key"]


def test_a_restore_waits_for_the_services_to_be_stopped(sealed: Path) -> None:
    on(sealed, "backup", "create")
    code = (
        "import sys; from waitlist_appliance.storage.database import Database\n"
        "db = Database(sys.argv[1]); db.value('SELECT 1 FROM business'); print('.', flush=True); sys.stdin.read()"
    )
    line = [sys.executable, "-c", code, str(sealed.parent / "data/waitlist.db")]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as service:
        assert service.stdout
        service.stdout.read(1)
        refused = on(sealed, "backup", "restore", "--latest", "--yes")
        assert service.stdin
        service.stdin.close()
    assert refused.exit_code == 1
    assert "systemctl stop waitlist-web waitlist-worker" in refused.stderr


@pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed; run: apt-get install rsync")
def test_a_copy_goes_off_the_machine_and_old_ones_there_are_cleared(sealed: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    (away / "waitlist-20200101T000000Z.backup.tar").touch()
    (away / "notes.txt").touch()
    text = sealed.read_text().replace('offsite = ""', f'offsite = "rsync:{away}"')
    text = text.replace("keep_daily = 7", "keep_daily = 1").replace("keep_weekly = 5", "keep_weekly = 0")
    sealed.write_text(text.replace("keep_monthly = 12", "keep_monthly = 0"))
    made = spoken(on(sealed, "backup", "create", "--then-prune", "--json"))
    assert made["offsite"] == f"rsync:{away}"
    assert sorted(path.name for path in away.iterdir()) == ["notes.txt", Path(made["file"]).name]


@pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed; run: apt-get install rsync")
def test_a_copy_that_fails_is_an_error_and_the_backup_stays(sealed: Path) -> None:
    sealed.write_text(sealed.read_text().replace('offsite = ""', 'offsite = "rsync:/proc/nowhere"'))
    result = on(sealed, "backup", "create")
    assert result.exit_code == 1
    assert "lies on this machine" in result.stderr
    (listed,) = spoken(on(sealed, "backup", "list", "--json"))
    assert listed["offsite_at"] is None


@pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed; run: apt-get install rsync")
def test_where_this_machine_may_only_add_nothing_is_cleared_away_there(sealed: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    (away / "waitlist-20200101T000000Z.backup.tar").touch()
    text = sealed.read_text().replace('offsite = ""', f'offsite = "rsync:{away}"')
    text = text.replace("keep_daily = 7", "keep_daily = 1").replace("keep_weekly = 5", "keep_weekly = 0")
    text = text.replace("keep_monthly = 12", "keep_monthly = 0")
    sealed.write_text(text.replace("prune_offsite = true", "prune_offsite = false"))
    made = spoken(on(sealed, "backup", "create", "--then-prune", "--json"))
    assert list(made["removed"]) == [str(Path(made["file"]).parent)]
    assert len(list(away.iterdir())) == 2


@pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed; run: apt-get install rsync")
def test_what_cannot_be_cleared_away_is_told_to_staff_and_the_backup_stands(sealed: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    (away / "waitlist-20200101T000000Z.backup.tar").touch()
    text = sealed.read_text().replace("keep_daily = 7", "keep_daily = 1").replace("keep_weekly = 5", "keep_weekly = 0")
    with rsync_daemon(away, "refuse options = delete") as address:
        text = text.replace('offsite = ""', f'offsite = "rsync:{address}"')
        sealed.write_text(text.replace("keep_monthly = 12", "keep_monthly = 0"))
        result = on(sealed, "backup", "create", "--then-prune")
    assert (result.exit_code, ".backup.tar" in result.stdout) == (1, True)
    assert "could not be cleared away" in result.stderr
    assert "backup_failed" in on(sealed, "doctor", "--offline", "--json").stdout


def test_after_a_restore_that_was_killed_no_empty_box_is_made_in_its_place(sealed: Path) -> None:
    """What systemd starts before the web server brings a missing database into being."""
    spoken(on(sealed, "backup", "create", "--json"))
    data = sealed.parent / "data"
    (data / "before-restore-20260101T000000Z").mkdir()
    (data / "waitlist.db").rename(data / "before-restore-20260101T000000Z/waitlist.db")
    refused = on(sealed, "migrate")
    assert refused.exit_code == 1
    assert "backup restore" in refused.stderr
    assert not (data / "waitlist.db").exists()
    done = spoken(on(sealed, "backup", "restore", "--latest", "--yes", "--json"))
    assert done["aside"] == str(data / "before-restore-20260101T000000Z")
    assert on(sealed, "migrate").exit_code == 0
