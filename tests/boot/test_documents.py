"""What the documents tell whoever looks after a machine to type is typed on one, in the order in which it is read."""

from __future__ import annotations

import re

import pytest

from tests.boot.box import SOURCE, WHEELHOUSE
from tests.boot.conftest import NewMachine
from tests.boot.machine import Machine
from tests.documents.commands import blocks

ON_A_MACHINE = [block for block in blocks() if block.where == "machine"]
# In the order in which somebody comes to read them; README.md installs as owner.md does.
READ = ("docs/owner.md", "docs/admin.md", "docs/backups.md", "docs/observing.md")
# Findings are what it is asked for: nothing in the machine knows the domain of the example.
MAY_FIND_SOMETHING = re.compile(r"^waitlist doctor\b")


def typed(command: str) -> str:
    """The command as it is run: as root already, and without a network to install from."""
    line = re.sub(r"\bsudo\s+", "", command)
    if re.match(r"\./scripts/(install|upgrade)\b", line) and "--dry-run" not in line:
        line += f" --wheelhouse {WHEELHOUSE}"
    return f"cd {SOURCE} && {line}"


def type_all(machine: Machine, document: str) -> list[str]:
    """What went wrong, of all the document's commands."""
    wrong = []
    for block in (block for block in ON_A_MACHINE if block.document == document):
        for command in block.commands:
            done = machine.run(typed(command), check=False, seconds=240)
            fine = (0, 1) if MAY_FIND_SOMETHING.match(command.removeprefix("sudo ")) else (0,)
            if done.code not in fine:
                wrong.append(f"{block}: {command} ended with {done.code}\n{done.out[-2000:]}{done.said[-2000:]}")
    return wrong


def test_whoever_types_what_the_documents_say_gets_through(new_machine: NewMachine) -> None:
    machine = new_machine()
    wrong = [problem for document in READ for problem in type_all(machine, document)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("block", ON_A_MACHINE, ids=str)
def test_no_command_for_a_machine_is_left_untyped(block: object) -> None:
    document = str(block).rpartition(":")[0]
    assert document in READ or document == "README.md"


def test_the_readme_installs_as_the_owner_is_told_to() -> None:
    readme = [command for block in ON_A_MACHINE if block.document == "README.md" for command in block.commands]
    owner = [command for block in ON_A_MACHINE if block.document == "docs/owner.md" for command in block.commands]
    assert set(readme) <= set(owner)
