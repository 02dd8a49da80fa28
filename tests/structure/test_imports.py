"""What import-linter cannot see: tests and scripts, and imports within a function or written as a text."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
MIGRATIONS = TOP / "waitlist_appliance" / "storage" / "migrations"  # loaded by number, never imported
OURS = [path for folder in ("waitlist_appliance", "tests", "scripts") for path in sorted((TOP / folder).rglob("*.py"))]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module" and node.args:
            yield str(getattr(node.args[0], "value", ""))


def test_nothing_of_ours_imports_the_standard_librarys_sqlite3() -> None:
    offenders = [str(path.relative_to(TOP)) for path in OURS if "sqlite3" in {n.split(".")[0] for n in imported(path)}]
    assert offenders == []


def test_only_adapters_import_an_http_client_of_the_standard_library() -> None:
    package = TOP / "waitlist_appliance"
    # These ask their own server on this machine whether it is well, and nobody else.
    ask_ourselves = {"adapters", "demo", "installation", "backup_drill.py"}
    outside = [path for path in sorted(package.rglob("*.py")) if not ask_ourselves & set(path.relative_to(package).parts)]
    clients = {"http.client", "urllib.request", "smtplib"}
    assert [str(path.relative_to(TOP)) for path in outside if clients & set(imported(path))] == []


def test_an_import_of_sqlite3_within_a_function_would_be_found(tmp_path: Path) -> None:
    offender = tmp_path / "offender.py"
    offender.write_text("def backup() -> None:\n    import sqlite3\n", encoding="utf-8")
    assert list(imported(offender)) == ["sqlite3"]


def test_every_folder_of_modules_is_a_package_that_import_linter_sees() -> None:
    folders = {path.parent for path in (TOP / "waitlist_appliance").rglob("*.py")} - {MIGRATIONS}
    assert [str(folder.relative_to(TOP)) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.parametrize(
    ("module", "offence", "contract"),
    [
        ("domain/offender.py", "from waitlist_appliance import storage", "domain <- storage"),
        ("services/offender.py", "import flask", "flask only in web"),
        ("web/offender.py", "import peewee", "peewee only in storage"),
        ("services/offender.py", "import huey", "huey only in worker"),
        ("services/offender.py", "from waitlist_appliance import adapters", "only bootstrap imports adapters"),
        ("worker/offender.py", "def run() -> None:\n    import sqlite3", "sqlite3 nowhere"),
        ("offender.py", "import dataclasses", "domain <- storage"),
    ],
)
def test_the_contracts_catch_an_offender(tmp_path: Path, module: str, offence: str, contract: str) -> None:
    shutil.copytree(TOP / "waitlist_appliance", tmp_path / "waitlist_appliance")
    shutil.copy(TOP / "pyproject.toml", tmp_path)
    (tmp_path / "waitlist_appliance" / module).write_text(offence + "\n", encoding="utf-8")
    answer = lint_imports(tmp_path)
    broken = [line for line in answer.stdout.splitlines() if " BROKEN" in line]
    assert answer.returncode == 1
    assert any(contract in line for line in broken), answer.stdout


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    environment = {"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "COLUMNS": "200"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, timeout=60, check=False)
