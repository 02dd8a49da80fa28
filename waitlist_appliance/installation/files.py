"""Files that are whole or not there, whatever happens in between."""

from __future__ import annotations

import os
from pathlib import Path


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Replaces the file at once; on the disk when this returns."""
    spare = path.with_name(f".{path.name}.new")
    spare.unlink(missing_ok=True)
    descriptor = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, mode)
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    os.replace(spare, path)
    sync_folder(path.parent)


def link(path: Path, target: str) -> None:
    """Points the link at `target` in one step: every process sees the old or the new."""
    spare = path.with_name(f".{path.name}.new")
    spare.unlink(missing_ok=True)
    spare.symlink_to(target)
    os.replace(spare, path)
    sync_folder(path.parent)


def remove(path: Path) -> None:
    """Removes the file, if there is one; on the disk when this returns."""
    path.unlink(missing_ok=True)
    if path.parent.is_dir():
        sync_folder(path.parent)


def same(path: Path, text: str) -> bool:
    """Whether the file holds exactly this text."""
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False


def sync_folder(folder: Path) -> None:
    """Puts the folder's names on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
