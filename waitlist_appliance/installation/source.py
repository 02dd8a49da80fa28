"""What is being installed: a checkout, a wheel, or (for all that installs nothing) the release that runs."""

from __future__ import annotations

import zipimport
from dataclasses import dataclass
from importlib import import_module, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from waitlist_appliance import __version__
from waitlist_appliance.installation.failure import Failed

PACKAGE: Final = "waitlist_appliance"


@dataclass(frozen=True, slots=True)
class Source:
    """This program as it lies here. `origin` is the wheel or the checkout; None for an installed release."""

    origin: Path | None
    deploy: Traversable
    migrations: tuple[str, ...]
    version: str = __version__

    @property
    def is_wheel(self) -> bool:
        return self.origin is not None and self.origin.suffix == ".whl"

    def lock(self, name: str) -> str:
        """The text of a lock file, such as `runtime`."""
        return (self.deploy / "locks" / f"{name}.lock").read_text(encoding="utf-8")

    def needed(self) -> Path:
        """The wheel or checkout. Raises Failed out of an installed release, which cannot be installed again."""
        if self.origin is None:
            raise Failed("name what to install: a wheel (waitlist_appliance-….whl) or a checkout of the source")
        return self.origin


def own() -> Source:
    """The source that this very code was imported from."""
    package = resources.files(PACKAGE)
    loader = import_module(PACKAGE).__loader__
    if isinstance(loader, zipimport.zipimporter):
        return Source(Path(loader.archive).absolute(), package / "deploy", _migrations(package))
    folder = Path(str(package))
    if _is_checkout(folder.parent):
        return Source(folder.parent, folder.parent / "deploy", _migrations(package))
    return Source(None, package / "deploy", _migrations(package))


def given(text: str) -> Path:
    """The wheel or checkout that `text` names, absolute. Raises Failed when it is neither."""
    path = Path(text).expanduser().resolve()
    if path.suffix == ".whl" and path.is_file():
        if not path.name.startswith(f"{PACKAGE}-"):
            raise Failed(f"{path.name} is the wheel of another program; this one's begins with {PACKAGE}-")
        return path
    if _is_checkout(path):
        return path
    raise Failed(f"{text} is neither a wheel (waitlist_appliance-….whl) nor a checkout of the source")


def _is_checkout(folder: Path) -> bool:
    return (folder / "pyproject.toml").is_file() and (folder / PACKAGE / "__init__.py").is_file()


def _migrations(package: Traversable) -> tuple[str, ...]:
    """The versions of the database that this code knows, in order."""
    files = (package / "storage" / "migrations").iterdir()
    return tuple(sorted(file.name[:-3] for file in files if file.name[:1].isdigit() and file.name.endswith(".py")))
