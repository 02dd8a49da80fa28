"""ports.probes.Probes. What asks the network is loaded when it is used: a web process needs only its own port."""

from __future__ import annotations

from waitlist_appliance.adapters.probes import loopback
from waitlist_appliance.ports.probes import Certificate, Clocks, Pong, Reached


class NetworkProbes:
    """Over real sockets."""

    def ping(self, host: str, port: int) -> Pong | None:
        return loopback.ping(host, port)

    def reach(self, public_url: str, pretended: str) -> Reached:
        from waitlist_appliance.adapters.probes import public_address

        return public_address.reach(public_url, pretended)

    def certificate(self, host: str, port: int) -> Certificate:
        from waitlist_appliance.adapters.probes import tls

        return tls.certificate(host, port)

    def clocks(self, url: str, *, allow_private: bool = False) -> Clocks:
        from waitlist_appliance.adapters.probes import public_address

        return public_address.clocks(url, allow_private=allow_private)

    def is_synchronised(self) -> bool | None:
        from waitlist_appliance.adapters.probes import clock

        return clock.is_synchronised()


__all__ = ["NetworkProbes"]
