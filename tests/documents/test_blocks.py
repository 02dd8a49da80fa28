"""Every command that a reader can copy out of a document is run: here, in the booted machine, or by the test that is named."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from tests.documents.commands import TOP, Block, blocks

pytestmark = [pytest.mark.processes]

BLOCKS = blocks()
HERE = [block for block in BLOCKS if block.where == ""]
# What is run by a test that exists for it anyway, because it takes long.
ELSEWHERE = {
    "./scripts/demo": "tests/processes/test_demo.py",
    "./scripts/demo --once": "tests/processes/test_demo.py",
    "./scripts/test": "tests/structure/test_scripts.py",
    "./scripts/test --quick tests/unit": "tests/structure/test_scripts.py",
    ".venv/bin/python -m build --wheel --no-isolation --outdir dist": "tests/structure/test_wheel.py",
}


class Shell:
    """A folder of its own, with `waitlist` on the PATH, in which a reader goes through one document."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._left_running: list[subprocess.Popen[bytes]] = []

    def run(self, command: str) -> None:
        """Run it to its end; what serves for ever is left running once it answers, until the test is over."""
        line = self._with_our_own_port_and_key(command)
        if re.search(r"\bwaitlist\b.* dev$", line):
            return self._serve(line)
        result = subprocess.run(["bash", "-c", line], cwd=self.folder, env=self._environment(), capture_output=True, text=True)
        assert result.returncode == 0, f"{line}\n{result.stdout}{result.stderr}"
        assert '"success": false' not in result.stdout, result.stdout

    def end(self) -> None:
        for process in self._left_running:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)

    def _serve(self, line: str) -> None:
        process = subprocess.Popen(["bash", "-c", f"exec {line}"], cwd=self.folder, env=self._environment())
        self._left_running.append(process)
        until = time.monotonic() + 30
        while time.monotonic() < until and process.poll() is None:
            try:
                requests.get(f"http://127.0.0.1:{self.port}/healthz/ping", timeout=1)
                return
            except requests.ConnectionError:
                time.sleep(0.1)
        raise AssertionError(f"{line} never answered")

    def _with_our_own_port_and_key(self, command: str) -> str:
        line = command.replace("127.0.0.1:8080", f"127.0.0.1:{self.port}").replace("wlk_…", self._key())
        if " init " in f"{line} ":
            line = f"{line} --port {self.port}"
        return line.replace("2026-01-16", f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d}")

    def _key(self) -> str:
        kept = self.folder / "key"
        if not (self.folder / "config.toml").exists():
            return "wlk_…"
        if not kept.exists():
            made = subprocess.run(
                ["waitlist", "api-key", "create", "reader"], cwd=self.folder, env=self._environment(), capture_output=True,
                text=True, check=True,
            )  # fmt: skip
            found = re.search(r"wlk_\S+", made.stdout)
            assert found
            kept.write_text(found[0])
        return kept.read_text()

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(self.folder)}


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path)
    yield shell
    shell.end()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("document", sorted({block.document for block in HERE}))
def test_a_reader_who_copies_one_command_after_the_other_gets_through(document: str, shell: Shell) -> None:
    if document == "docs/owner.md":  # there the box of the README runs already
        for command in ("waitlist init --defaults", "waitlist dev"):
            shell.run(command)
    for block in HERE:
        if block.document == document:
            for command in block.commands:
                shell.run(command)


def test_every_block_says_where_it_is_run() -> None:
    assert {block.where for block in BLOCKS} <= {"", "machine", "checkout"}


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.where == "checkout"], ids=str)
def test_what_is_run_in_the_checkout_has_its_own_test(block: Block) -> None:
    for command in block.commands:
        test = TOP / ELSEWHERE[command]
        script = re.split(r"[\s/]", command.removeprefix("./scripts/").removeprefix(".venv/bin/python -m "))[0]
        assert script in test.read_text(encoding="utf-8"), f"{command} is not run by {ELSEWHERE[command]}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
