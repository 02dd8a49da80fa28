"""What a backup says of itself in plain: enough to list and judge it, and nothing about any customer."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from waitlist_appliance.services.backups.errors import Damaged, TooNew

FORMAT: Final = 1
LONGEST: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Manifest:
    """``opens_with``: "passphrase", "private key" or both. ``payload_sha256`` is that of the sealed part as it lies there.

    ``files``: name → bytes of what is sealed. ``counts``: table → rows.
    """

    format: int
    program: str
    made_at: datetime
    business: str
    migrations: tuple[str, ...]
    database_bytes: int
    payload_bytes: int
    payload_sha256: str
    files: dict[str, int]
    counts: dict[str, int]
    opens_with: tuple[str, ...]


def with_payload(manifest: Manifest, size: int, sha256: str) -> Manifest:
    return replace(manifest, payload_bytes=size, payload_sha256=sha256)


def as_bytes(manifest: Manifest) -> bytes:
    plain = asdict(manifest) | {"made_at": manifest.made_at.isoformat()}
    return (json.dumps(plain, indent=1) + "\n").encode()


def read(data: bytes) -> Manifest:
    """Damaged for what cannot be read; TooNew for the format of a newer version."""
    try:
        plain: dict[str, Any] = json.loads(data)
        number = int(plain["format"])
        if number > FORMAT:
            raise TooNew(
                f"it has format {number}, and this version reads up to {FORMAT}: install the version that made it "
                f"({plain.get('program', 'unknown')}) or a newer one"
            )
        return Manifest(
            number,
            str(plain["program"]),
            datetime.fromisoformat(plain["made_at"]),
            str(plain["business"]),
            tuple(map(str, plain["migrations"])),
            int(plain["database_bytes"]),
            int(plain["payload_bytes"]),
            str(plain["payload_sha256"]),
            {str(name): int(size) for name, size in plain["files"].items()},
            {str(name): int(rows) for name, rows in plain["counts"].items()},
            tuple(map(str, plain["opens_with"])),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Damaged(f"its manifest cannot be read: {type(error).__name__}") from error
