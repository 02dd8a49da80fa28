"""The systemd units: what must stand in them, that every line is explained, and what systemd itself thinks of them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from waitlist_appliance.config import KEYS
from waitlist_appliance.installation.places import ONCE, SECRETS, SERVICES, STARTED

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))
TIMERS = sorted(FOLDER.glob("*.timer"))
LASTING = [FOLDER / name for name in SERVICES]
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(not ANALYZE, reason="systemd-analyze is missing: apt-get install systemd")
# systemd says: exposure at most 2.0 of 10.
MOST_EXPOSED = "20"


def name(unit: Path) -> str:
    return unit.name


def directives(unit: Path) -> list[str]:
    return [line for line in unit.read_text(encoding="utf-8").splitlines() if "=" in line and not line.startswith("#")]


def test_the_installation_knows_every_unit() -> None:
    assert {unit.name for unit in [*UNITS, *TIMERS]} == {*STARTED, *ONCE}


@pytest.mark.parametrize("unit", UNITS, ids=name)
@pytest.mark.parametrize(
    "directive",
    [
        "KillSignal=SIGINT", "Environment=TZ=UTC", "NoNewPrivileges=yes", "User=waitlist", "ProtectSystem=strict",
        "MemoryDenyWriteExecute=yes", "CapabilityBoundingSet=", "UMask=0077", "StateDirectory=waitlist",
    ],
)  # fmt: skip
def test_every_service_holds_what_the_processes_rely_on(unit: Path, directive: str) -> None:
    assert directive in directives(unit)


@pytest.mark.parametrize("unit", LASTING, ids=name)
@pytest.mark.parametrize("directive", ["Type=notify", "NotifyAccess=main", "Restart=always", "StartLimitIntervalSec=0"])
def test_web_and_worker_say_when_they_are_ready_and_always_come_back(unit: Path, directive: str) -> None:
    assert directive in directives(unit)
    assert any(line.startswith("WatchdogSec=") for line in directives(unit))


@pytest.mark.parametrize("unit", UNITS, ids=name)
@pytest.mark.parametrize("key", [key for key in KEYS if key.secret], ids=lambda key: key.name)
def test_every_secret_of_the_configuration_is_handed_over(unit: Path, key: object) -> None:
    file = {"backup.passphrase": "backup_passphrase"}.get(key.name, key.name.replace("keys.", "").replace(".", "_"))  # type: ignore[attr-defined]
    assert f"LoadCredential={file}.txt:/etc/waitlist/secrets/{file}.txt" in directives(unit)
    # Where the owner may do without, a missing file must not keep the service from starting.
    optional = key.optional  # type: ignore[attr-defined]
    assert (f"SetCredential={file}.txt:\\n" in directives(unit)) is optional


def test_the_installation_makes_every_secret_that_no_service_can_do_without() -> None:
    needed = {key.name.removeprefix("keys.") for key in KEYS if key.secret and not key.optional}
    assert needed <= set(SECRETS)


@pytest.mark.parametrize("unit", [*UNITS, *TIMERS], ids=name)
def test_every_directive_is_explained_in_the_line_above(unit: Path) -> None:
    lines = unit.read_text(encoding="utf-8").splitlines()
    bare = [line for above, line in zip(["", *lines], lines, strict=False) if "=" in line[:40] and above[:1] != "#"]
    assert [line for line in bare if line[0] != "#"] == []


@pytest.mark.parametrize("unit", UNITS, ids=name)
def test_every_service_runs_the_release_that_the_link_names(unit: Path) -> None:
    started = [line.partition("=")[2] for line in directives(unit) if line.startswith("Exec")]
    assert started
    assert all(command.startswith("/opt/waitlist/current/bin/waitlist ") for command in started)


def test_only_the_web_unit_migrates() -> None:
    migrating = [unit.name for unit in UNITS if any("waitlist migrate" in line for line in directives(unit))]
    assert migrating == ["waitlist-web.service"]


def test_web_and_worker_start_without_each_other() -> None:
    binding = ("Requires=", "Requisite=", "BindsTo=", "PartOf=")
    assert not [line for unit in LASTING for line in directives(unit) if line.startswith(binding)]


def test_the_web_unit_is_pinned_to_one_cpu() -> None:
    assert "CPUAffinity=0" in directives(FOLDER / "waitlist-web.service")


def test_only_the_backup_writes_backups() -> None:
    writing = [unit.name for unit in UNITS if any(line.startswith("ReadWritePaths=") for line in directives(unit))]
    assert writing == ["waitlist-backup.service"]


@pytest.fixture
def verifiable(tmp_path: Path) -> Path:
    """The units with a program that exists: systemd refuses those that start nothing."""
    for unit in [*UNITS, *TIMERS]:
        text = unit.read_text(encoding="utf-8").replace("/opt/waitlist/current/bin/waitlist", "/bin/true")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    return tmp_path


@needs_systemd
@pytest.mark.parametrize("unit", [*UNITS, *TIMERS], ids=name)
def test_systemd_finds_nothing_wrong(unit: Path, verifiable: Path) -> None:
    done = subprocess.run([str(ANALYZE), "verify", str(verifiable / unit.name)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_systemd_would_find_a_directive_that_does_not_exist(verifiable: Path) -> None:
    unit = verifiable / "waitlist-web.service"
    unit.write_text(unit.read_text().replace("[Service]", "[Service]\nNoSuchThing=yes"))
    done = subprocess.run([str(ANALYZE), "verify", str(unit)], capture_output=True, text=True, check=False)
    assert "NoSuchThing" in done.stderr


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=name)
def test_systemd_finds_every_service_hardly_exposed(unit: Path) -> None:
    command = [str(ANALYZE), "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout.splitlines()[-1]
