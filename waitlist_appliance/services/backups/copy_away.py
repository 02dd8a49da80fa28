"""A backup is copied off the machine. What fails is written down and told; the backup here counts all the same."""

from __future__ import annotations

from datetime import datetime

from waitlist_appliance.ports.offsite import Offsite, OffsiteError
from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.services.backups.make_backup import Made, tell_staff
from waitlist_appliance.services.backups.progress import Steps, unseen
from waitlist_appliance.storage import backup_runs


def copy_away(app: Appliance, made: Made, now: datetime, steps: Steps = unseen) -> str | None:
    """Copy it to backup.offsite, where that is set; what went wrong, in words, or None."""
    offsite = app.offsite()
    if offsite is None:
        return None
    problem: str | None = None
    try:
        with steps("Copying away", 0):
            offsite.copy(made.path)
    except (OffsiteError, OSError) as error:
        problem = _in_words(offsite, str(error))
    except BaseException:  # Ctrl-C, or systemd's patience is over: that it did not arrive must be known all the same
        _note(app, made, offsite, _in_words(offsite, "it was stopped before it had ended"), now)
        raise
    _note(app, made, offsite, problem, now)
    return problem


def _in_words(offsite: Offsite, why: str) -> str:
    return f"the backup lies on this machine, but it could not be copied to {offsite.name}: {why}"


def _note(app: Appliance, made: Made, offsite: Offsite, problem: str | None, now: datetime) -> None:
    with app.db.write():
        backup_runs.copied(app.db, made.run_id, now, offsite.name, problem)
        if problem is not None:
            tell_staff(app, problem, now)
