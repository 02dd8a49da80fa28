"""`python3 -m waitlist_appliance.installation`: install, upgrade, rollback, uninstall, status."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from waitlist_appliance.installation import (
    answers,
    journal,
    proxy,
    releases,
    report,
    settings,
    source,
    status,
    steps,
    uninstall,
)
from waitlist_appliance.installation.answers import Answers
from waitlist_appliance.installation.change import Change
from waitlist_appliance.installation.failure import Failed
from waitlist_appliance.installation.install import Install
from waitlist_appliance.installation.machine import Machine, Trial
from waitlist_appliance.installation.places import Places
from waitlist_appliance.installation.releases import Supplies
from waitlist_appliance.installation.screen import Screen

PROGRAM: Final = "python3 -m waitlist_appliance.installation"
# The same out of the release that runs, when no checkout is at hand.
_INSTALLED: Final = "/opt/waitlist/current/bin/python -m waitlist_appliance.installation"


def main(words: list[str] | None = None) -> int:
    """The exit code: 0 done, 1 not done and why, 2 misused."""
    flags = _parser().parse_args(words)
    flags.words = sys.argv[1:] if words is None else words
    os.umask(0o022)
    for number in (signal.SIGTERM, signal.SIGHUP):  # a lost connection must not leave the box stopped
        signal.signal(number, signal.default_int_handler)
    screen = Screen(sys.stderr if flags.json else sys.stdout)
    try:
        machine = _machine(flags)
        act: Callable[[argparse.Namespace, Machine, Screen], int] = flags.act
        return act(flags, machine, screen)
    except Failed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except PermissionError as error:
        print(f"error: {error.filename}: {error.strerror}; run it as root", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What was done stays done; run the same command again to go on.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=os.environ.get("WAITLIST_PROGRAM", PROGRAM), description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="the answer as JSON on stdout")
    shared.add_argument(
        "--root", type=Path, default=Path("/"), help="a folder to try it out in, instead of this machine"
    )
    _install_flags(
        commands.add_parser("install", parents=[shared], help="put the box on this machine; safe to run again")
    )
    _upgrade_flags(commands.add_parser("upgrade", parents=[shared], help="to another version; what fails is undone"))
    _rollback_flags(commands.add_parser("rollback", parents=[shared], help="back to the release before this one"))
    commands.add_parser("status", parents=[shared], help="what is installed and runs").set_defaults(act=_status)
    _uninstall_flags(
        commands.add_parser("uninstall", parents=[shared], help="take it off; data is kept unless --purge")
    )
    return parser


def _install_flags(parser: argparse.ArgumentParser) -> None:
    answers.add_flags(parser)
    parser.add_argument("--proxy", choices=proxy.KINDS, default="none", help="write a snippet for this reverse proxy")
    _supply_flags(parser)
    parser.add_argument(
        "--yes", "--defaults", action="store_true", help="ask nothing; believable defaults for what is not given"
    )
    parser.add_argument("--dry-run", action="store_true", help="show the plan and change nothing")
    parser.set_defaults(act=_install)


def _upgrade_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", nargs="?", help="a wheel or a checkout; default: the one that this program lies in")
    _supply_flags(parser)
    parser.set_defaults(act=_upgrade)


def _rollback_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--backup", type=Path, help="also put this backup's database back (needed when it was migrated since)"
    )
    parser.set_defaults(act=_rollback)


def _supply_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--wheelhouse", type=Path, help="folder of all wheels, for a machine without a network")
    parser.add_argument("--extras", action="store_true", help="with the optional packages (staff notices, Sentry)")


def _uninstall_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--purge", action="store_true", help="remove configuration, data and backups too")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--dry-run", action="store_true", help="show the plan and change nothing")
    parser.set_defaults(act=_uninstall)


def _machine(flags: argparse.Namespace) -> Machine:
    """The machine, or the folder of a trial. Raises Failed when nothing could be changed anyway."""
    places = Places(flags.root.absolute())
    if flags.root.absolute() != Path("/"):
        return Trial(places)
    if os.geteuid() != 0 and not getattr(flags, "dry_run", False):
        raise Failed("this changes the system and needs root: put sudo in front. --dry-run shows the plan to anybody.")
    return Machine(places)


def _supplies(flags: argparse.Namespace) -> Supplies:
    if flags.wheelhouse is not None and not flags.wheelhouse.is_dir():
        raise Failed(f"--wheelhouse {flags.wheelhouse}: there is no such folder")
    return Supplies(flags.wheelhouse and flags.wheelhouse.absolute(), flags.extras)


def _install(flags: argparse.Namespace, machine: Machine, screen: Screen) -> int:
    known = _in_force(machine.places, answers.from_flags(flags))
    install = Install(machine, source.own(), _supplies(flags), known, flags.proxy, screen)
    install.source.needed()
    if flags.dry_run:
        steps.show(install.plan(), screen)
        return 0
    if not machine.places.database.exists():
        ask = answers.can_ask() and not flags.yes and not flags.json
        install.answers = answers.complete(known, ask=ask, defaults=flags.yes)
    with machine.alone():
        if journal.read(machine.places):
            raise Failed("an upgrade was cut short here. First bring it to an end: sudo ./scripts/upgrade")
        steps.carry_out(install.plan(), screen)
    if flags.json:
        print(json.dumps(report.summary(install), indent=2))
    else:
        report.tell(install, screen)
    return 0


def _in_force(places: Places, given: Answers) -> Answers:
    """An existing configuration is kept, so that its address and port go before the flags."""
    try:
        if not places.config.exists():
            return given
        config = settings.read(places)
    except (PermissionError, Failed) as error:
        if os.geteuid() == 0:
            raise
        del error  # a dry run of somebody who may not read it
        return given
    return replace(given, url=config.public_url, host=config.host, port=config.port)


def _upgrade(flags: argparse.Namespace, machine: Machine, screen: Screen) -> int:
    """A release knows best how it is installed: the code of the source named does it."""
    own = source.own()
    wanted = source.given(flags.source) if flags.source else own.needed()
    if wanted != own.origin:
        return _hand_over(flags, wanted)
    with machine.alone():
        change = Change(machine, screen)
        settled = change.settle()
        now = releases.current(machine.places)
        if settled == "finished" and now is not None and now.version == own.version:
            screen.line("It was finished now.")
            return _tell(flags, now.name, screen)
        new = change.upgrade(own, _supplies(flags))
    return _tell(flags, new.name, screen)


def _hand_over(flags: argparse.Namespace, wanted: Path) -> int:
    """The same command by the code in `wanted`. Does not return."""
    words = [str(wanted) if word == flags.source else word for word in flags.words]
    environment = {**os.environ, "PYTHONPATH": str(wanted)}
    os.execve(sys.executable, [sys.executable, "-m", "waitlist_appliance.installation", *words], environment)


def _rollback(flags: argparse.Namespace, machine: Machine, screen: Screen) -> int:
    if flags.backup is not None and not flags.backup.is_file():
        raise Failed(f"--backup {flags.backup}: there is no such file")
    with machine.alone():
        change = Change(machine, screen)
        change.settle()
        new = change.rollback(flags.backup and flags.backup.absolute())
    return _tell(flags, new.name, screen)


def _status(flags: argparse.Namespace, machine: Machine, screen: Screen) -> int:
    found = status.look(machine)
    if flags.json:
        print(json.dumps(found, indent=2))
    else:
        status.tell(found, screen)
    return 0


def _tell(flags: argparse.Namespace, name: str, screen: Screen) -> int:
    if flags.json:
        print(json.dumps({"release": name}))
    else:
        screen.line(f"\nRelease {name} runs. Back to the one before: sudo {_INSTALLED} rollback")
    return 0


def _uninstall(flags: argparse.Namespace, machine: Machine, screen: Screen) -> int:
    if flags.dry_run:
        steps.show(uninstall.plan(machine, purge=flags.purge), screen)
        return 0
    if flags.purge and not flags.yes:
        uninstall.confirm(machine.places)
    with machine.alone():
        steps.carry_out(uninstall.plan(machine, purge=flags.purge), screen)
    kept = uninstall.kept(machine.places)
    if flags.json:
        print(json.dumps({"kept": [str(path) for path in kept]}, indent=2))
    else:
        screen.line(f"Kept: {', '.join(map(str, kept))}" if kept else "Nothing was kept.")
    return 0
