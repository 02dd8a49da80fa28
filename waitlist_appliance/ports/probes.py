"""Looking at this box from outside: as its own port answers, as the world reaches it, and by the world's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

# expired: or not valid yet; name: of another host; untrusted: nobody known vouches for it.
CertificateTrouble = Literal["expired", "name", "untrusted"]


class Unreachable(Exception):
    """Nothing answered; the words say why."""


@dataclass(frozen=True, slots=True)
class Pong:
    """What a web process of ours says of itself: ``instance`` is new with every start; ``scheme`` and ``caller`` are how
    it saw the question arrive."""

    instance: str
    scheme: str
    caller: str


@dataclass(frozen=True, slots=True)
class Reached:
    """What the public address answered: ``pong`` None when it was not a web process of ours; ``at_home``: its name leads
    to the loopback address, so that nothing can be said of how strangers arrive."""

    status: int
    pong: Pong | None
    at_home: bool


@dataclass(frozen=True, slots=True)
class Clocks:
    """The same moment by a server's clock and by ours."""

    theirs: datetime
    ours: datetime


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was shown. ``trouble`` None: any browser would take it."""

    until: datetime
    issuer: str
    names: tuple[str, ...]
    trouble: CertificateTrouble | None


class Probes(Protocol):
    """Each call asks once, waits a few seconds at most, and changes nothing."""

    def ping(self, host: str, port: int) -> Pong | None:
        """What answers /healthz/ping on this machine; None when nothing does. ``host`` as it is listened on."""

    def reach(self, public_url: str, pretended: str) -> Reached:
        """Ask the public address as a stranger would, who pretends to come from ``pretended``. Unreachable."""

    def certificate(self, host: str, port: int) -> Certificate:
        """The TLS certificate shown there. Unreachable."""

    def clocks(self, url: str, *, allow_private: bool = False) -> Clocks:
        """What time the server of this address has; what it answers besides does not matter. Unreachable."""

    def is_synchronised(self) -> bool | None:
        """Whether this machine's clock is kept right over the network; None where that cannot be found out."""
