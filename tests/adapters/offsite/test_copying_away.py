"""Real rsync and real rclone, to a folder of this machine: nothing leaves it."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import time
from pathlib import Path

import pytest

from tests.rsync_daemon import rsync_daemon
from waitlist_appliance import config_checks
from waitlist_appliance.adapters.offsite import Rclone, Rsync, offsite
from waitlist_appliance.adapters.offsite.tool import run
from waitlist_appliance.ports.offsite import Offsite, OffsiteError

NAMES = ["waitlist-20261121T030000Z.backup.tar", "waitlist-20261122T030000Z.backup.tar", "a letter.txt"]
needs = {
    name: pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed; run: apt-get install {name}")
    for name in ("rsync", "rclone")
}


@pytest.fixture(params=[pytest.param("rsync", marks=needs["rsync"]), pytest.param("rclone", marks=needs["rclone"])])
def target(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Offsite:
    """A folder on "another machine"."""
    (tmp_path / "far away").mkdir()
    monkeypatch.setenv("RCLONE_CONFIG", str(tmp_path / "rclone.conf"))
    (tmp_path / "rclone.conf").write_text("[there]\ntype = local\n")
    named = {"rsync": f"rsync:{tmp_path}/far away", "rclone": f"rclone:there:{tmp_path}/far away"}[request.param]
    found = offsite(named)
    assert found is not None
    assert found.name == named
    return found


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    (tmp_path / "here").mkdir()
    made = [tmp_path / "here" / name for name in NAMES]
    for path in made:
        path.write_bytes(os.urandom(200_000))
        path.chmod(0o600)
    return made


def test_a_copy_is_the_same(target: Offsite, files: list[Path], tmp_path: Path) -> None:
    target.copy(files[0])
    copy = tmp_path / "far away" / files[0].name
    assert copy.read_bytes() == files[0].read_bytes()
    assert stat.S_IMODE(copy.stat().st_mode) & 0o077 == 0


def test_copying_again_changes_nothing(target: Offsite, files: list[Path]) -> None:
    target.copy(files[0])
    target.copy(files[0])
    assert target.names() == [files[0].name]


def test_what_lies_there_is_listed_by_its_whole_name(target: Offsite, files: list[Path], tmp_path: Path) -> None:
    for path in files:
        target.copy(path)
    (tmp_path / "far away" / "folder").mkdir()
    assert sorted(target.names()) == sorted(NAMES)


def test_exactly_these_are_removed(target: Offsite, files: list[Path], tmp_path: Path) -> None:
    for path in files:
        target.copy(path)
    (tmp_path / "far away" / "folder").mkdir()
    target.remove([NAMES[0]])
    assert sorted(target.names()) == sorted(NAMES[1:])
    assert (tmp_path / "far away" / "folder").is_dir()


def test_a_place_that_is_not_there_is_an_error_in_the_words_of_the_tool(files: list[Path]) -> None:
    with pytest.raises(OffsiteError, match="exit code"):
        Rsync("/proc/nowhere").copy(files[0])


@needs["rsync"]
def test_a_daemon_is_asked_itself_and_not_by_ssh(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "far away").mkdir()
    with rsync_daemon(tmp_path / "far away") as address:
        far = Rsync(address)
        for path in files:
            far.copy(path)
        far.remove(NAMES[:1])
        assert sorted(far.names()) == sorted(NAMES[1:])


@needs["rclone"]
def test_a_remote_that_nobody_configured_is_named(files: list[Path]) -> None:
    with pytest.raises(OffsiteError, match="nobody"):
        Rclone("nobody:backups").copy(files[0])


@needs["rsync"]
def test_a_tool_that_hangs_is_ended(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(OffsiteError, match="had not ended after 1 seconds"):
        run([sys.executable, "-c", "import time; time.sleep(60)"], 1.0)
    assert time.monotonic() - began < 30


def test_a_tool_that_is_not_installed_says_how_to_install_it() -> None:
    with pytest.raises(OffsiteError, match="apt-get install no-such-tool"):
        run(["no-such-tool"], 5.0)


def test_the_secrets_of_the_box_are_not_handed_on() -> None:
    given = {
        "PATH": os.environ["PATH"],
        "TWILIO_AUTH_TOKEN": "secret",
        "RCLONE_CONFIG": "/x",
        "CREDENTIALS_DIRECTORY": "/y",
    }
    said = run([sys.executable, "-c", "import os; print(sorted(os.environ))"], 30.0, given)
    assert "RCLONE_CONFIG" in said
    assert "TWILIO_AUTH_TOKEN" not in said
    assert "CREDENTIALS_DIRECTORY" not in said


@pytest.mark.parametrize("target", ["rclone:nas:box", "rclone:my nas:", "rsync:box@nas.lan:/srv", "rsync:/mnt/usb", ""])
def test_the_configuration_takes_a_target(target: str) -> None:
    assert config_checks.offsite("backup.offsite", target) == target


@pytest.mark.parametrize("target", ["rclone::s3,secret_access_key=x:b", "rclone:nas", "rsync:-e sh", "rsync:", "ftp:x"])
def test_the_configuration_refuses_what_would_fail_or_show_secrets(target: str) -> None:
    with pytest.raises(config_checks.ConfigError, match=r"backup\.offsite"):
        config_checks.offsite("backup.offsite", target)


def test_nowhere_is_nothing() -> None:
    assert offsite("") is None
