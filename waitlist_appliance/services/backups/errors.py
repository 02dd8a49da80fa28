"""Why a backup could not be made, opened or restored. Each says what to do; all are told to operators, in English."""

from __future__ import annotations


class BackupError(Exception):
    """Something about a backup was refused or failed."""


class NotConfigured(BackupError):
    """Nothing says for whom backups are to be sealed."""


class Busy(BackupError):
    """Another backup is being made, or the services still run."""


class NoSpace(BackupError):
    """The disk has no room for what is to be done."""


class Damaged(BackupError):
    """The backup is not what was written: shortened, changed, or no backup at all."""


class WrongKey(BackupError):
    """What was given does not open the backup."""


class TooNew(BackupError):
    """The backup was made by a newer version of this program."""
