"""Looks into a database from within a mount namespace (tests/robustness/small_disk.py): a program of its own.

SQLite follows every link to a file's real name, which from outside the namespace is another file, or none.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.chaos.invariants import check
from waitlist_appliance.storage.database import Database


def main(path: str, *statements: str) -> None:
    """Prints the rows of each statement, and after them what the invariants find, as one JSON list."""
    db = Database(Path(path))
    print(json.dumps([*(db.tuples(sql) for sql in statements), check(db)]))
    db.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
