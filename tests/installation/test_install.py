"""Installing into a folder: real files, a real database, the real command line out of this environment."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.installation.house import ANSWERS, DEPLOY
from waitlist_appliance.config import load
from waitlist_appliance.installation import proxy, releases, report, source, steps, uninstall
from waitlist_appliance.installation.answers import Answers
from waitlist_appliance.installation.failure import Failed
from waitlist_appliance.installation.install import Install
from waitlist_appliance.installation.machine import Trial
from waitlist_appliance.installation.places import SECRETS, Places
from waitlist_appliance.installation.releases import Release, Supplies
from waitlist_appliance.installation.screen import Screen
from waitlist_appliance.installation.steps import carry_out, show

TOP = Path(__file__).parents[2]
Run = subprocess.CompletedProcess[str]


@pytest.fixture(autouse=True)
def borrowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release runs this environment's own program: what pip would put there is tested in a booted machine."""

    def build(machine: Trial, of: source.Source, supplies: Supplies, name: str, heard: object) -> Release:
        folder = machine.places.releases / name
        inside = folder / "lib" / "python3.11" / "site-packages" / "waitlist_appliance"
        for path in (folder / "bin", inside):
            path.mkdir(parents=True)
        (inside / "deploy").symlink_to(DEPLOY)
        for program, words in (("python", ""), ("waitlist", "-m waitlist_appliance")):
            (folder / "bin" / program).write_text(f'#!/bin/sh\nPYTHONPATH={TOP} exec {sys.executable} {words} "$@"\n')
            (folder / "bin" / program).chmod(0o755)
        about = {
            "version": of.version,
            "made_at": name.rsplit("-", 1)[-1],
            "migrations": of.migrations,
            "wheel": "0" * 64,
        }
        (folder / "release.json").write_text(json.dumps(about))
        found = releases.read(folder)
        assert found is not None
        return found

    monkeypatch.setattr(releases, "build", build)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "root")


def new(places: Places, answers: Answers = ANSWERS, kind: str = "none") -> Install:
    places.root.mkdir(exist_ok=True)
    return Install(Trial(places), source.own(), Supplies(), answers, kind, Screen(io.StringIO()))


def installed(places: Places, answers: Answers = ANSWERS, kind: str = "none") -> Install:
    install = new(places, answers, kind)
    carry_out(install.plan(), install.screen)
    return install


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every file with its mode and content, but for the database's helper files."""
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.name.endswith(("-wal", "-shm"))]
    return {str(path): (path.stat().st_mode, path.read_bytes()) for path in files}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_configuration_is_valid_and_every_secret_lies_in_a_file_of_its_own(places: Places) -> None:
    installed(places)
    config = load(places.config, {})
    assert (config.public_url, config.trusted_proxy) == ("https://waitlist.casa-lola.es", "127.0.0.1")
    assert (config.data_directory, config.backup_path) == (places.data, places.backups)
    texts = {places.secret(name).read_text() for name in SECRETS}
    assert len(texts) == len(SECRETS)
    assert not any(text.strip() in places.config.read_text() for text in texts)


def test_nobody_else_reads_secrets_and_data(places: Places) -> None:
    installed(places)
    assert {mode(places.secret(name)) for name in SECRETS} == {0o600}
    assert [mode(path) for path in (places.secrets, places.data, places.backups)] == [0o700] * 3
    assert mode(places.config) == 0o640


def test_what_is_shown_once_is_handed_out(places: Places) -> None:
    found = report.summary(installed(places))
    assert found["business"]["name"] == "Casa Lola"
    assert found["owner"]["first_login_url"].startswith("https://waitlist.casa-lola.es/welcome/")
    assert found["api_key"].startswith("wlk_")
    assert found["backup_passphrase"] == places.secret("backup_passphrase").read_text().strip()


def test_a_second_run_changes_nothing_and_hands_out_no_secret(places: Places) -> None:
    installed(places)
    before = tree(places.root)
    again = new(places)
    # Looking at the system and waiting for an answer are done every time.
    assert carry_out(again.plan(), again.screen) == 2
    assert tree(places.root) == before
    assert not {"api_key", "owner", "backup_passphrase"} & report.summary(again).keys()


def test_a_run_that_was_cut_short_is_finished_by_the_next(places: Places) -> None:
    first = new(places)
    plan = first.plan()
    for upto in range(1, len(plan)):
        carry_out(plan[upto - 1 : upto], first.screen)
    key = places.secret("token_key").read_text()
    found = report.summary(installed(places))
    assert places.secret("token_key").read_text() == key
    assert found["release"] == first.release.name


def test_a_dry_run_shows_every_step_and_makes_nothing(places: Places) -> None:
    install = new(places, Answers())
    show(install.plan(), install.screen)
    said = install.screen.out.getvalue()  # type: ignore[attr-defined]
    assert all(step.title in said for step in install.plan())
    assert list(places.root.iterdir()) == []


def test_an_impossible_configuration_is_refused_before_it_is_written(places: Places) -> None:
    with pytest.raises(Failed, match="server\\.host"):
        installed(places, Answers("Casa Lola", "http://192.168.1.5:8080", "lola@casa-lola.es"))
    assert not places.config.exists()


@pytest.mark.parametrize("kind", ["caddy", "nginx"])
def test_a_snippet_names_the_domain_and_nothing_of_the_example(places: Places, kind: str) -> None:
    installed(places, kind=kind)
    text = proxy.target(places, kind).read_text()
    assert "waitlist.casa-lola.es" in text
    assert "example" not in text


@pytest.mark.parametrize("kind", ["caddy", "nginx"])
def test_what_somebody_else_wrote_for_the_proxy_is_left_alone(places: Places, kind: str) -> None:
    path = proxy.target(places, kind)
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    installed(places, kind=kind)
    assert path.read_text() == "mine"


def test_uninstalling_keeps_configuration_data_and_backups(places: Places) -> None:
    install = installed(places)
    before = tree(places.settings) | tree(places.data)
    carry_out(uninstall.plan(install.machine, purge=False), install.screen)
    assert tree(places.settings) | tree(places.data) == before
    assert not places.program.exists()
    assert not places.command.exists()
    assert uninstall.units(places) == []
    assert carry_out(uninstall.plan(install.machine, purge=False), install.screen) == 0


def test_what_was_kept_is_found_by_the_next_installation(places: Places) -> None:
    install = installed(places)
    carry_out(uninstall.plan(install.machine, purge=False), install.screen)
    again = new(places, Answers())
    carry_out(again.plan(), again.screen)
    assert not again.made


def test_purging_removes_everything_of_ours_and_nothing_else(places: Places) -> None:
    install = installed(places)
    foreign = places.units / "nginx.service"
    foreign.write_text("[Unit]\n")
    carry_out(uninstall.plan(install.machine, purge=True)[:4], install.screen)
    assert uninstall.kept(places) == []
    assert foreign.exists()


def test_a_command_of_that_name_that_is_not_ours_is_not_removed(places: Places) -> None:
    places.command.parent.mkdir(parents=True)
    places.command.write_text("#!/bin/sh\necho another program\n")
    carry_out(uninstall.plan(Trial(places), purge=False), Screen(io.StringIO()))
    assert places.command.exists()


def command(*words: str, path: Path = TOP, **environment: str) -> Run:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    python = getattr(sys, "_base_executable", sys.executable)
    words = ("-m", "waitlist_appliance.installation", *words)
    return subprocess.run(
        [python, *words], capture_output=True, text=True, check=False, env=env, cwd="/", stdin=subprocess.DEVNULL
    )


@pytest.mark.slow
def test_without_a_terminal_the_missing_flags_are_named(places: Places) -> None:
    places.root.mkdir()
    done = command("install", "--root", str(places.root), "--name", "Casa Lola")
    assert done.returncode == 1
    assert "--domain" in done.stderr
    assert "--owner-email" in done.stderr
    assert list(places.root.iterdir()) == []


@pytest.mark.slow
def test_the_wheel_alone_is_enough_for_the_systems_python(places: Places, tmp_path: Path) -> None:
    wheel = tmp_path / "waitlist_appliance-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for folder, inside in (
            (TOP / "waitlist_appliance", "waitlist_appliance"),
            (DEPLOY, "waitlist_appliance/deploy"),
        ):
            for path in folder.rglob("*"):
                if path.is_file() and "__pycache__" not in path.parts:
                    archive.write(path, f"{inside}/{path.relative_to(folder)}")
    done = command("install", "--dry-run", "--root", str(places.root), path=wheel)
    assert (done.returncode, done.stderr) == (0, "")
    assert str(wheel) in done.stdout
    assert "waitlist-web.service" in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who is not")
def test_somebody_who_is_not_root_is_told_what_to_do() -> None:
    code = (
        "import os, sys; from waitlist_appliance.installation.command import main; "
        "os.setuid(65534); sys.exit(main(['install', '--yes']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=TOP)
    assert (done.returncode, done.stdout) == (1, "")
    assert "sudo" in done.stderr


def test_the_lock_files_of_a_checkout_are_those_of_the_repository() -> None:
    own = source.own()
    assert own.origin == TOP
    assert own.lock("runtime") == (DEPLOY / "locks" / "runtime.lock").read_text()


def test_the_version_is_the_one_of_the_package() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    assert source.own().version == project["version"]


def test_the_wheel_of_another_program_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "requests-2.0-py3-none-any.whl"
    other.touch()
    with pytest.raises(Failed, match="another program"):
        source.given(str(other))


def test_two_at_once_are_not_possible(places: Places) -> None:
    one, other = Trial(places), Trial(places)
    with one.alone(), pytest.raises(Failed, match="under way"), other.alone(wait=0):
        pass


def test_what_a_killed_run_started_keeps_the_lock_until_it_has_ended(places: Places) -> None:
    """Otherwise a second run would build beside a pip that still works."""
    one, other = Trial(places), Trial(places)
    with one.alone():
        child = subprocess.Popen(["sleep", "60"], pass_fds=one._options(False, None)["pass_fds"])  # type: ignore[arg-type]
    try:
        with pytest.raises(Failed), other.alone(wait=0):
            pass
    finally:
        child.kill()
        child.wait()
    with other.alone(wait=10):
        pass


def test_a_failing_step_stops_the_plan(places: Places) -> None:
    def fail(heard: object) -> str:
        raise Failed("no")

    done: list[str] = []
    plan = [
        steps.Step("one", "", lambda: False, fail),
        steps.Step("two", "", lambda: False, lambda _: done.append("two") or ""),
    ]
    with pytest.raises(Failed, match="no"):
        carry_out(plan, Screen(io.StringIO()))
    assert done == []
