"""What each key of config.toml may hold, and which keys go together."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_PLACEHOLDERS = re.compile(r"change[-_ ]?me|(your|my)[-_ ](secret|key|token)|x{4,}|<.*>|todo|\.\.\.", re.IGNORECASE)
_EXAMPLE_HOST = re.compile(r"(^|\.)(example(\.(com|net|org))?|invalid)$", re.IGNORECASE)


class ConfigError(Exception):
    """A refused configuration: `key`, the `value` found (None: none, or a secret) and what is `allowed`."""

    def __init__(self, key: str, value: object, allowed: str) -> None:
        self.key, self.value, self.allowed = key, value, allowed
        super().__init__(f"{key}: {allowed}" if value is None else f"{key} = {value!r}: {allowed}")


@dataclass(frozen=True, slots=True)
class Location:
    """Where the configuration lies: relative paths in it start at its folder."""

    config: Path
    credentials: Path | None = None

    def secret(self, value: str) -> Path:
        """The file of a secret. What systemd handed over (LoadCredential=) under the file's name goes before the file
        itself, which the service may then be unable to read."""
        handed_over = self.credentials / Path(value).name if self.credentials else None
        return handed_over if handed_over and handed_over.exists() else self.resolve(value)

    def resolve(self, value: str) -> Path:
        """The absolute path that `value` means."""
        return (self.config.parent / Path(value).expanduser()).absolute()


def anything(name: str, value: Any) -> Any:
    """Every value of the right type."""
    return value


def text(name: str, value: str) -> str:
    """A text that is not empty."""
    if not value.strip():
        raise ConfigError(name, value, "it must not be empty")
    return value


def between(low: int, high: int) -> Callable[[str, int], int]:
    """A whole number from `low` to `high`."""

    def check(name: str, value: int) -> int:
        if not low <= value <= high:
            raise ConfigError(name, value, f"it must be a whole number from {low} to {high}")
        return value

    return check


def one_of(*allowed: str) -> Callable[[str, str], str]:
    """One of the words `allowed`."""

    def check(name: str, value: str) -> str:
        if value not in allowed:
            raise ConfigError(name, value, f"it must be one of {', '.join(allowed)}")
        return value

    return check


def address(name: str, value: str) -> str:
    """An IP address to listen on, or localhost."""
    if value != "localhost" and not _is_ip(value):
        raise ConfigError(name, value, "it must be an IP address of this machine, such as 127.0.0.1 or 0.0.0.0")
    return value


def proxy(name: str, value: str) -> str:
    """An IP address, or nothing."""
    if value and not _is_ip(value):
        raise ConfigError(name, value, 'it must be one IP address, such as 127.0.0.1, or "" for no proxy')
    return value


def secret(length: int) -> Callable[[str, str], str]:
    """A secret of at least `length` characters that is no placeholder; errors never show it."""

    def check(name: str, value: str) -> str:
        if _PLACEHOLDERS.search(value) and len(value) < 40:
            raise ConfigError(name, None, "it still holds a placeholder; `waitlist init` makes a real one")
        if len(value) < length:
            raise ConfigError(name, None, f"it has {len(value)} characters (hidden); at least {length} are needed")
        return value

    return check


def public_url(name: str, value: str) -> str:
    """http(s)://host[:port], returned without a closing slash."""
    allowed = "it must look like https://waitlist.your-domain.org: http or https, a host, perhaps a port, and no path"
    try:
        parts = urlsplit(value)
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        raise ConfigError(name, value, allowed) from None
    extra = parts.path.strip("/") or parts.query or parts.fragment or parts.username or any(map(str.isspace, value))
    if parts.scheme not in ("http", "https") or not parts.hostname or extra or not port_is_right:
        raise ConfigError(name, value, allowed)
    if _EXAMPLE_HOST.search(parts.hostname):
        raise ConfigError(name, value, "this is the example's address; set the one that your customers open")
    return value.rstrip("/")


def recipient(name: str, value: str) -> str:
    """Public keys of age with spaces between them, or nothing."""
    if not all(re.fullmatch(r"age1[02-9ac-hj-np-z]{58}", key) for key in value.split()):
        raise ConfigError(name, value, 'it must be a public key such as age1..., as age-keygen prints it, or ""')
    return value


def offsite(name: str, value: str) -> str:
    """A target of rclone or rsync, or nothing. A remote has a name: one that is described in the target would show its
    secrets to everybody who may list processes."""
    kind, _, target = value.partition(":")
    right = {"rsync": not target.startswith("-"), "rclone": re.match(r"[\w][\w.+@ -]*:", target) is not None}
    if value and not (target and right.get(kind, False)):
        allowed = '"rclone:REMOTE:PATH" (with a remote of rclone config), "rsync:USER@HOST:PATH" or "rsync:/FOLDER"'
        raise ConfigError(name, value, f'it must look like {allowed}, or be ""')
    return value


def sentry_dsn(name: str, value: str) -> str:
    """https://KEY@HOST/PROJECT; errors never show it. Plain http on this machine alone."""
    try:
        parts = urlsplit(value)
        right = bool(parts.username and parts.hostname and parts.path.strip("/"))
        safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))
    except ValueError:
        right = safe = False
    if not right or not safe:
        raise ConfigError(name, None, "it must look like https://KEY@HOST/PROJECT, as Sentry shows it")
    return value


def service_url(name: str, value: str) -> str:
    """The address of an outside service: https, or plain http on this machine alone."""
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))):
        raise ConfigError(name, value, "it must begin with https://; http:// is for addresses of this machine only")
    return value


def switch(name: str, value: str) -> bool:
    """A yes or no from the environment."""
    word = value.strip().lower()
    if word not in ("1", "true", "yes", "on", "0", "false", "no", "off"):
        raise ConfigError(name, value, "it must be true or false")
    return word in ("1", "true", "yes", "on")


def private(name: str, path: Path) -> None:
    """Refuses a file with a secret in it that everybody on the machine may read."""
    mode = path.stat().st_mode & 0o777
    if mode & 0o007:
        raise ConfigError(name, None, f"everybody may read {path} (mode {mode:04o}); run: chmod 600 {path}")


def combinations(values: Mapping[str, Any]) -> None:
    """Settings that are right alone and wrong together; each error names both."""
    _reachable(values["public_url"], values["host"], values["trusted_proxy"])
    if values["token_key"] == values["session_key"]:
        raise ConfigError("keys.token_key and keys.session_key", None, "they must differ")
    if not values["internal_timers"] and not values["cron_secret"]:
        raise ConfigError(
            "timers.internal and keys.cron_secret",
            None,
            "with internal timers off (timers.internal = false, or DISABLE_INTERNAL_CRONS) an outside cron must call, "
            "and it needs keys.cron_secret",
        )


def _reachable(url: str, host: str, trusted_proxy: str) -> None:
    both = "server.public_url = {!r} and server.{} = {!r}"
    visited = urlsplit(url).hostname or ""
    if trusted_proxy:
        return
    if url.startswith("https://"):
        allowed = "https needs a reverse proxy in front; name its address in server.trusted_proxy"
        raise ConfigError(both.format(url, "trusted_proxy", trusted_proxy), None, allowed)
    if _is_loopback(host) and not _is_loopback(visited):
        allowed = "customers cannot reach a server that listens to this machine only; set server.trusted_proxy or host"
        raise ConfigError(both.format(url, "host", host), None, allowed)


def _is_ip(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_ip(host) and ipaddress.ip_address(host).is_loopback)
