"""The sockets of `outward`: whom they may reach, and for how long.

The name is looked up once, and the connection goes to an address out of that answer that was judged: a name that leads
elsewhere the second time it is looked up gains nothing. Nothing is sent before.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from typing import Any, Final

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.util.connection import create_connection

from waitlist_appliance.ports import CalendarError

# Where clouds tell a machine its own secrets; some lie in ranges that a home network may use.
METADATA: Final = frozenset({"169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192"})
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Watch:
    """Ends the conversation when its time is up, whatever the other side does: a drip of bytes resets no clock here."""

    _in_this_thread = threading.local()

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Watch:
        self._timer.start()
        Watch._in_this_thread.now = self
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        Watch._in_this_thread.now = None
        with self._lock:
            self._socket = None  # it goes back to the pool, for the next question

    @property
    def over(self) -> bool:
        return time.monotonic() >= self._ends

    @classmethod
    def over_socket(cls, used: socket.socket | None) -> None:
        """From now on this is the socket that the question of this thread is asked over."""
        watch: Watch | None = getattr(cls._in_this_thread, "now", None)
        if watch is not None:
            with watch._lock:
                watch._socket = used

    def _end(self) -> None:
        with self._lock:
            if self._socket is not None:
                try:
                    self._socket.shutdown(socket.SHUT_RDWR)
                except OSError:
                    return  # it is closed already


def _inner(address: IPAddress) -> IPAddress:
    """The IPv4 address that an IPv6 one only wraps: it decides where the packets go."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def may_connect(text: str, *, encrypted: bool, allow_private: bool) -> bool:
    """Whether this address may be spoken to: public ones encrypted only, private ones only where the owner allowed it."""
    address = _inner(ipaddress.ip_address(text.partition("%")[0]))
    if str(address) in METADATA or address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    if address.is_global:
        return encrypted
    return allow_private


def _connect(connection: HTTPConnection, *, encrypted: bool, allow_private: bool) -> socket.socket:
    """Looks the name up once, and connects to an address out of that answer that may be spoken to."""
    host = connection.host.strip("[]")
    try:
        found = socket.getaddrinfo(host, connection.port, 0, socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as failure:
        raise NewConnectionError(connection, "the name is not known") from failure
    allowed = [
        str(address[0]) for *_, address in found
        if may_connect(str(address[0]), encrypted=encrypted, allow_private=allow_private)
    ]  # fmt: skip
    if not allowed:
        raise CalendarError(_why_not(host, encrypted, allow_private), retryable=False, trouble="unsafe")
    return _first_that_answers(connection, allowed)


def _first_that_answers(connection: HTTPConnection, addresses: list[str]) -> socket.socket:
    failure: OSError | None = None
    for address in addresses:
        try:
            made = create_connection(
                (address, connection.port), connection.timeout, socket_options=connection.socket_options
            )
        except OSError as problem:
            failure = problem
        else:
            Watch.over_socket(made)
            return made
    raise NewConnectionError(connection, "no address answers") from failure


def _why_not(host: str, encrypted: bool, allow_private: bool) -> str:
    if not allow_private:
        return f"{host} is an address of the local network, which the owner did not allow"
    return f"{host} may not be spoken to" + ("" if encrypted else " without encryption")


class _Plain(HTTPConnection):
    """A connection that minds whom it speaks to and is watched over."""

    encrypted = False
    allow_private = False

    def _new_conn(self) -> socket.socket:
        return _connect(self, encrypted=self.encrypted, allow_private=self.allow_private)

    def request(self, *args: Any, **kwargs: Any) -> None:
        Watch.over_socket(self.sock)  # one out of the pool
        super().request(*args, **kwargs)
        Watch.over_socket(self.sock)  # TLS has wrapped the one that was made


class _Encrypted(_Plain, HTTPSConnection):
    encrypted = True


class _PrivatePlain(_Plain):
    allow_private = True


class _PrivateEncrypted(_Encrypted):
    allow_private = True


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _EncryptedPool(HTTPSConnectionPool):
    ConnectionCls = _Encrypted


class _PrivatePlainPool(HTTPConnectionPool):
    ConnectionCls = _PrivatePlain


class _PrivateEncryptedPool(HTTPSConnectionPool):
    ConnectionCls = _PrivateEncrypted


class GuardedAdapter(HTTPAdapter):
    """Makes every connection one of ours."""

    def __init__(self, allow_private: bool) -> None:
        super().__init__(max_retries=0)
        pools = (_PrivatePlainPool, _PrivateEncryptedPool) if allow_private else (_PlainPool, _EncryptedPool)
        self.poolmanager.pool_classes_by_scheme = dict(zip(("http", "https"), pools, strict=True))
