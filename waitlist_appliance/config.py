"""config.toml: one declared table of keys, read once, checked before anything starts. See docs/configuration.md."""

from __future__ import annotations

import difflib
import os
import secrets
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from waitlist_appliance import config_checks as checks
from waitlist_appliance.config_checks import ConfigError, Location

__all__ = ["KEYS", "Config", "ConfigError", "Key", "load", "render", "show", "write_default"]

HIDDEN = "(hidden)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the appliance is told from outside. `load` checks it; built directly (tests), it is taken as it is."""

    data_directory: Path
    token_key: bytes = field(repr=False)
    session_key: bytes = field(repr=False)
    cron_secret: str = field(default="", repr=False)
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = "http://127.0.0.1:8080"
    threads: int = 8
    trusted_proxy: str = ""
    internal_timers: bool = True
    log_level: str = "info"
    credentials_key_file: Path = Path("credentials.key")
    metrics_token: str = field(default="", repr=False)
    backup_directory: Path = Path("backups")
    backup_recipient: str = ""
    backup_passphrase: str = field(default="", repr=False)
    backup_offsite: str = ""
    backup_prune_offsite: bool = True
    backup_keep_daily: int = 7
    backup_keep_weekly: int = 5
    backup_keep_monthly: int = 12
    sentry_dsn: str = field(default="", repr=False)
    google_api_url: str = "https://www.googleapis.com/calendar/v3/"
    google_auth_url: str = "https://accounts.google.com/o/oauth2/v2/auth"
    google_token_url: str = "https://oauth2.googleapis.com/token"
    google_revoke_url: str = "https://oauth2.googleapis.com/revoke"

    @property
    def credentials_key_path(self) -> Path:
        """The key that seals the credentials of others; it never lies in the database."""
        return self.data_directory / self.credentials_key_file

    @property
    def backup_path(self) -> Path:
        """Where backups of this box are kept."""
        return self.data_directory / self.backup_directory

    @property
    def database_path(self) -> Path:
        """The application's database: the truth."""
        return self.data_directory / "waitlist.db"

    @property
    def huey_path(self) -> Path:
        """Huey's own file: disposable."""
        return self.data_directory / "huey.db"

    @property
    def is_https(self) -> bool:
        """Whether customers and staff arrive over TLS, so that cookies are marked Secure."""
        return self.public_url.startswith("https://")


@dataclass(frozen=True, slots=True)
class Key:
    """One key of config.toml. `name` is "section.key"; `attribute` is its field of Config."""

    name: str
    attribute: str
    kind: type
    default: Any
    check: Callable[[str, Any], Any]
    help: str
    secret: bool = False
    optional: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Every spelling that config.toml may use: a secret may also stand in a file of its own."""
        return (self.name, f"{self.name}_file") if self.secret else (self.name,)


KEYS: tuple[Key, ...] = (
    Key(
        "server.host",
        "host",
        str,
        "127.0.0.1",
        checks.address,
        "Address to listen on. Leave it on 127.0.0.1 behind a reverse proxy on this machine.",
    ),
    Key("server.port", "port", int, 8080, checks.between(1, 65535), "Port to listen on, 1 to 65535."),
    Key(
        "server.public_url",
        "public_url",
        str,
        "http://127.0.0.1:8080",
        checks.public_url,
        "The address that customers open; it stands in every link that is sent. No path, no query.",
    ),
    Key("server.threads", "threads", int, 8, checks.between(1, 64), "Threads that answer requests, 1 to 64."),
    Key(
        "server.trusted_proxy",
        "trusted_proxy",
        str,
        "",
        checks.proxy,
        'Address of the reverse proxy whose X-Forwarded-* headers are believed; "" for none. Needed for https.',
    ),
    Key(
        "data.directory",
        "data_directory",
        str,
        "data",
        checks.text,
        "Folder of waitlist.db, huey.db and the key files. Relative paths start at this file's folder.",
    ),
    Key(
        "keys.token_key",
        "token_key",
        str,
        "",
        checks.secret(32),
        "Secret behind every customer's link, at least 32 characters. Changing it breaks all links sent so far.",
        secret=True,
    ),
    Key(
        "keys.session_key",
        "session_key",
        str,
        "",
        checks.secret(32),
        "Secret behind staff's sessions and forms, at least 32 characters. Changing it logs everybody out.",
        secret=True,
    ),
    Key(
        "keys.cron_secret",
        "cron_secret",
        str,
        "",
        checks.secret(16),
        "What an outside cron shows to /api/cron/*, at least 16 characters. Without it those addresses are closed.",
        secret=True,
        optional=True,
    ),
    Key(
        "keys.credentials_key_file",
        "credentials_key_file",
        str,
        "credentials.key",
        checks.text,
        "File of the key that seals calendars' tokens and passwords. Relative paths start at data.directory. Back it up.",
    ),
    Key(
        "keys.metrics_token",
        "metrics_token",
        str,
        "",
        checks.secret(16),
        "What Prometheus shows to /metrics as a bearer token, at least 16 characters. Without it that address is closed.",
        secret=True,
        optional=True,
    ),
    Key(
        "backup.directory",
        "backup_directory",
        str,
        "backups",
        checks.text,
        "Folder that backups are kept in. Relative paths start at data.directory; another disk is better.",
    ),
    Key(
        "backup.recipient",
        "backup_recipient",
        str,
        "",
        checks.recipient,
        'Public key (age1...) that backups are sealed for, or several; "" for none. Who holds a private key can restore.',
    ),
    Key(
        "backup.passphrase",
        "backup_passphrase",
        str,
        "",
        checks.secret(12),
        "Passphrase that opens backups, at least 12 characters. Keep a copy away from this machine.",
        secret=True,
        optional=True,
    ),
    Key(
        "backup.offsite",
        "backup_offsite",
        str,
        "",
        checks.offsite,
        'Where each backup is copied to: "rclone:REMOTE:PATH" or "rsync:USER@HOST:PATH"; "" for nowhere.',
    ),
    Key(
        "backup.prune_offsite",
        "backup_prune_offsite",
        bool,
        True,
        checks.anything,
        "Whether old copies there are cleared away, too; false where this machine may only add.",
    ),
    Key(
        "backup.keep_daily",
        "backup_keep_daily",
        int,
        7,
        checks.between(1, 365),
        "Of how many of the last days the newest backup is kept, 1 to 365.",
    ),
    Key(
        "backup.keep_weekly",
        "backup_keep_weekly",
        int,
        5,
        checks.between(0, 520),
        "Of how many of the last weeks the newest backup is kept, 0 to 520.",
    ),
    Key(
        "backup.keep_monthly",
        "backup_keep_monthly",
        int,
        12,
        checks.between(0, 120),
        "Of how many of the last months the newest backup is kept, 0 to 120.",
    ),
    Key(
        "sentry.dsn",
        "sentry_dsn",
        str,
        "",
        checks.sentry_dsn,
        "Where errors of the program are reported to; needs the extra sentry. Without it nothing leaves this machine.",
        secret=True,
        optional=True,
    ),
    Key(
        "timers.internal",
        "internal_timers",
        bool,
        True,
        checks.anything,
        "Whether the worker checks by itself. With false an outside cron must call. DISABLE_INTERNAL_CRONS wins.",
    ),
    Key(
        "log.level",
        "log_level",
        str,
        "info",
        checks.one_of("debug", "info", "warning", "error"),
        "Least important kind of line that is logged: debug, info, warning or error.",
    ),
    Key(
        "google.api_url",
        "google_api_url",
        str,
        "https://www.googleapis.com/calendar/v3/",
        checks.service_url,
        "For tests and proxies only; leave it alone otherwise. Where Google's calendars are asked.",
    ),
    Key(
        "google.auth_url",
        "google_auth_url",
        str,
        "https://accounts.google.com/o/oauth2/v2/auth",
        checks.service_url,
        "For tests and proxies only; leave it alone otherwise. Google's page of consent.",
    ),
    Key(
        "google.token_url",
        "google_token_url",
        str,
        "https://oauth2.googleapis.com/token",
        checks.service_url,
        "For tests and proxies only; leave it alone otherwise. Where a consent becomes a permission.",
    ),
    Key(
        "google.revoke_url",
        "google_revoke_url",
        str,
        "https://oauth2.googleapis.com/revoke",
        checks.service_url,
        "For tests and proxies only; leave it alone otherwise. Where a permission is given back.",
    ),
)
_BY_NAME = {name: key for key in KEYS for name in key.names}


def load(path: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Reads and checks config.toml; ConfigError names the key, the value and what is allowed. Secrets are read in."""
    given = _flatten(_parse(path))
    environ = os.environ if environ is None else environ
    handed_over = environ.get("CREDENTIALS_DIRECTORY")
    location = Location(path.absolute(), Path(handed_over) if handed_over else None)
    values = {key.attribute: _value(key, given, location) for key in KEYS}
    _apply_environment(values, environ)
    checks.combinations(values)
    directory = location.resolve(values.pop("data_directory"))
    keys = {name: values.pop(name).encode() for name in ("token_key", "session_key")}
    paths: dict[str, Any] = {name: Path(values.pop(name)).expanduser() for name in ("credentials_key_file", "backup_directory")}
    return Config(data_directory=directory, **paths, **keys, **values)


def show(config: Config) -> dict[str, dict[str, object]]:
    """The configuration in force by section and key, with secrets hidden."""
    shown: dict[str, dict[str, object]] = {}
    for key in KEYS:
        section, name = key.name.split(".")
        shown.setdefault(section, {})[name] = _shown(key, getattr(config, key.attribute))
    return shown


def write_default(path: Path, data_dir: Path, port: int, public_url: str) -> None:
    """Writes config.toml and new key files, each for its owner only. Never overwrites; existing keys are kept."""
    if path.exists():
        raise ConfigError(str(path), None, "it exists already and is never overwritten; move it away first")
    data_dir = data_dir.absolute()
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    values: dict[str, object] = {"server.port": port, "server.public_url": public_url, "data.directory": str(data_dir)}
    if public_url.startswith("https://"):
        values["server.trusted_proxy"] = "127.0.0.1"
    for name in ("token_key", "session_key", "cron_secret"):
        key_file = data_dir / f"{name}.txt"
        if not key_file.exists():
            write_private(key_file, secrets.token_urlsafe(48) + "\n")
        values[f"keys.{name}_file"] = str(key_file)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, render(values))


def render(values: Mapping[str, object]) -> str:
    """config.toml with every key explained, `values` ("section.key" → value) in place of the defaults."""
    lines = ["# Waitlist Appliance. Explained at length in docs/configuration.md; check with: waitlist config check"]
    section = ""
    for key in KEYS:
        if key.name.split(".")[0] != section:
            section = key.name.split(".")[0]
            lines += ["", f"[{section}]"]
        lines += [f"# {key.help}", *_assignments(key, values)]
    return "\n".join(lines) + "\n"


def _assignments(key: Key, values: Mapping[str, object]) -> list[str]:
    given = [f"{name.split('.')[1]} = {_toml(values[name])}" for name in key.names if name in values]
    if given or not key.secret:
        return given or [f"{key.name.split('.')[1]} = {_toml(key.default)}"]
    bare = key.name.split(".")[1]
    return [f'# {bare} = ""', f'# {bare}_file = ""']


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(str(path), None, "there is no such file; `waitlist init` writes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), None, f"it cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(path), None, f"it is not TOML: {error}") from error


def _flatten(document: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for section, content in document.items():
        entries = content.items() if isinstance(content, dict) else [("", content)]
        for name, value in entries:
            full = f"{section}.{name}" if name else section
            if full not in _BY_NAME:
                raise ConfigError(full, None, f"there is no such key; {_nearest(full)}")
            flat[full] = value
    return flat


def _nearest(name: str) -> str:
    last = name.rsplit(".", 1)[-1]
    close = difflib.get_close_matches(name, _BY_NAME, n=1, cutoff=0.75) or [
        known for known in _BY_NAME if difflib.get_close_matches(last, [known.split(".")[1]], cutoff=0.75)
    ]
    return f"did you mean {close[0]}?" if close else f"the keys are {', '.join(key.name for key in KEYS)}"


def _value(key: Key, given: Mapping[str, Any], location: Location) -> Any:
    if key.secret:
        return _secret(key, given, location)
    if key.name not in given:
        if key.name in ("server.public_url", "data.directory"):
            raise ConfigError(key.name, None, f"it must be set. {key.help}")
        return key.default
    return _checked(key, given[key.name])


def _checked(key: Key, value: Any) -> Any:
    if type(value) is not key.kind:
        allowed = {str: 'a text in "quotes"', int: "a whole number without quotes", bool: "true or false"}[key.kind]
        raise ConfigError(key.name, HIDDEN if key.secret else value, f"it must be {allowed}")
    return key.check(key.name, value)


def _secret(key: Key, given: Mapping[str, Any], location: Location) -> str:
    inline, in_file = key.names
    if inline in given and in_file in given:
        raise ConfigError(f"{inline} and {in_file}", None, "only one of the two may be set")
    if inline in given:
        checks.private(inline, location.config)
        value = given[inline]
    elif in_file in given:
        value = _read_secret(in_file, given[in_file], location)
    elif key.optional:
        return ""
    else:
        raise ConfigError(inline, None, f"it or {in_file} must be set; `waitlist init` makes one")
    return str(_checked(key, value))


def _read_secret(name: str, value: Any, location: Location) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(name, value, "it must be the path of a file")
    file = location.secret(value)
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(name, value, f"the file cannot be read: {error}") from error
    checks.private(name, file)
    return text


def _apply_environment(values: dict[str, Any], environ: Mapping[str, str]) -> None:
    name = "DISABLE_INTERNAL_CRONS"
    if environ.get(name):
        values["internal_timers"] = not checks.switch(name, environ[name])


def _shown(key: Key, value: object) -> object:
    if key.secret:
        return HIDDEN if value else ""
    return str(value) if isinstance(value, Path) else value


def write_private(path: Path, text: str) -> None:
    """A new file that only its owner reads, on the disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
