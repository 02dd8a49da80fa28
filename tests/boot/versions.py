"""Other versions of the program, made of this checkout: newer, broken, slow."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

HARMLESS: Final = 'db.execute_sql("CREATE TABLE boot_test (id INTEGER PRIMARY KEY) STRICT")'
FAILING: Final = f'{HARMLESS}; db.execute_sql("INSERT INTO there_is_no_such_table VALUES (1)")'
# Long enough to be killed in the middle of.
SLOW: Final = f"{HARMLESS}; __import__('time').sleep(3)"


def version(now: Path, number: str, *, migrating: str = "", broken: bool = False) -> Path:
    """A checkout of version `number` beside `now`; `migrating` is what its own migration does, `broken` cannot start."""
    folder = Path(shutil.copytree(now, now.with_name(number)))
    package = folder / "waitlist_appliance"
    _replace(folder / "pyproject.toml", r'^version = ".*"$', f'version = "{number}"')
    _replace(package / "__init__.py", r'^__version__ = ".*"$', f'__version__ = "{number}"')
    if migrating:
        (package / "storage" / "migrations" / f"{migration(now)}.py").write_text(
            f"def up(migrator, db):\n    {migrating}\n"
        )
    if broken:
        app = package / "web" / "app.py"
        app.write_text(app.read_text() + '\nraise RuntimeError("this version cannot start")\n')
    return folder


def migration(now: Path) -> str:
    """What the next migration after those of `now` is called."""
    known = sorted((now / "waitlist_appliance" / "storage" / "migrations").glob("[0-9]*.py"))
    return f"{int(known[-1].name[:4]) + 1:04}_boot_test"


def _replace(file: Path, pattern: str, line: str) -> None:
    text, found = re.subn(pattern, line, file.read_text(), count=1, flags=re.MULTILINE)
    if not found:
        raise ValueError(f"{file} says no version")
    file.write_text(text)
