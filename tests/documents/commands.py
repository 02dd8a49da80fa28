"""The commands that stand in our documents: those in running text, and those in blocks that a reader copies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TOP: Final = Path(__file__).parents[2]
DOCUMENTS: Final = tuple(
    sorted([*(TOP / "docs").glob("*.md"), TOP / "README.md", TOP / "CONTRIBUTING.md", TOP / "SECURITY.md"])
)
_FENCE: Final = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE: Final = re.compile(r"`(waitlist(?: [^`]+)?)`")


@dataclass(frozen=True)
class Block:
    """One fenced block of commands. ``where`` says where it can be run: "" in any shell, "machine" as root on an installed box,
    "checkout" in the repository."""

    document: str
    line: int
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"

    @property
    def commands(self) -> tuple[str, ...]:
        """One command each: lines that end in a backslash go on, comments and empty lines are left out."""
        joined = re.sub(r"\\\n\s*", "", self.text)
        bare = (re.sub(r"\s+#\s.*$", "", line).strip() for line in joined.splitlines())
        return tuple(line for line in bare if line and not line.startswith("#"))


def blocks() -> tuple[Block, ...]:
    """Every ```sh block of every document, in their order."""
    found = []
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for match in _FENCE.finditer(text):
            if match[1] == "sh":
                line = text[: match.start()].count("\n") + 1
                found.append(Block(_name(document), line, match[2].strip(), match[3]))
    return tuple(found)


def spoken() -> tuple[tuple[str, str], ...]:
    """(document, command) for every `waitlist …` in running text."""
    texts = ((_name(document), _FENCE.sub("", document.read_text(encoding="utf-8"))) for document in DOCUMENTS)
    return tuple(
        (name, re.sub(r"\s+", " ", found)) for name, text in texts for found in dict.fromkeys(_INLINE.findall(text))
    )


def _name(document: Path) -> str:
    return document.relative_to(TOP).as_posix()
