"""The built wheel, installed from the lock into an empty environment far from this folder, serves its pages."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

TOP = Path(__file__).parents[2]
pytestmark = [pytest.mark.processes, pytest.mark.slow]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    left_out = (".git", ".venv*", ".*_cache", ".hypothesis", "var", "dist", "build", "__pycache__")
    shutil.copytree(TOP, source, ignore=shutil.ignore_patterns(*left_out))
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source)]
    run(build, cwd=folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def waitlist(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in an empty environment."""
    folder = tmp_path_factory.mktemp("empty") / "venv"
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--require-hashes", "-r", str(TOP / "deploy" / "locks" / "runtime.lock")], cwd=folder)
    run([*pip, "--no-deps", "--no-index", str(wheel)], cwd=folder)
    return folder / "bin" / "waitlist"


@pytest.fixture(scope="module")
def address(waitlist: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server out of the wheel, on a fresh data directory."""
    folder = tmp_path_factory.mktemp("served")
    command = [str(waitlist), "--config", str(folder / "config.toml")]
    assert json.loads(run([*command, "init", "--defaults", "--json"], cwd=folder))
    port = free_port()
    server = subprocess.Popen([*command, "serve", "--port", str(port)], cwd=folder, env=environment())
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}/healthz", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=20) == 0


def test_the_wheel_holds_templates_static_files_migrations_and_catalogues(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    package = TOP / "waitlist_appliance"
    wanted = files(TOP, "templates/**/*", "static/**/*") | files(package, "**/*.py", "**/*.mo")
    assert wanted - held == set()
    for part in ("templates/", "static/", "storage/migrations/0001", ".mo", "py.typed"):
        assert any(part in name for name in held), f"no {part} in the wheel"


def test_the_wheel_holds_nothing_of_the_tests_or_the_data(wheel: Path) -> None:
    held = zipfile.ZipFile(wheel).namelist()
    assert [name for name in held if not name.startswith(("waitlist_appliance/", "waitlist_appliance-"))] == []
    assert [name for name in held if name.endswith((".db", ".toml", ".pyc"))] == []


@pytest.mark.parametrize("path", ["/healthz", "/login"])
def test_the_installed_wheel_serves_its_pages(address: str, path: str) -> None:
    assert requests.get(address + path, timeout=10).status_code == 200


def test_the_installed_wheel_serves_every_static_file(address: str) -> None:
    served = [name.removeprefix("waitlist_appliance/") for name in files(TOP, "static/**/*")]
    assert served
    answers = {file: requests.get(f"{address}/{file}", timeout=10) for file in served}
    assert {file for file, answer in answers.items() if answer.content != (TOP / file).read_bytes()} == set()


def files(root: Path, *patterns: str) -> set[str]:
    """What lies under `root`, by the name that it has in the wheel."""
    found = {path for pattern in patterns for path in root.glob(pattern) if path.is_file()}
    return {f"waitlist_appliance/{path.relative_to(root).as_posix()}" for path in found}


def environment() -> dict[str, str]:
    foreign = ("PYTHON", "WAITLIST", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | {"TZ": "UTC"}


def run(command: list[str], cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, f"{command[:4]} …\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert server.poll() is None, f"the server ended with {server.returncode}"
        try:
            requests.get(url, timeout=2)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"{url} did not answer within 20 s")
