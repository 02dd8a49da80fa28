"""The reverse proxy's part: a snippet with the domain filled in. What others wrote is never touched."""

from __future__ import annotations

from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from waitlist_appliance.installation import files
from waitlist_appliance.installation.answers import Answers
from waitlist_appliance.installation.places import Places

KINDS: Final = ("caddy", "nginx", "none")
_SNIPPETS: Final = {"caddy": ("caddy", "Caddyfile"), "nginx": ("nginx", "waitlist.conf")}
_DOMAIN: Final = "waitlist.example.org"
_PORT: Final = "127.0.0.1:8080"


def target(places: Places, kind: str) -> Path:
    """Where the snippet goes; for nginx not switched on, as it needs a certificate first."""
    name = "etc/caddy/Caddyfile.d/waitlist.caddyfile" if kind == "caddy" else "etc/nginx/sites-available/waitlist.conf"
    return places.root / name


def text(deploy: Traversable, kind: str, answers: Answers) -> str:
    """The snippet for this domain and port."""
    folder, name = _SNIPPETS[kind]
    pattern = (deploy / folder / name).read_text(encoding="utf-8")
    return pattern.replace(_DOMAIN, answers.domain).replace(_PORT, f"127.0.0.1:{answers.port}")


def write(places: Places, kind: str, content: str) -> str:
    """Writes the snippet unless something lies there already; what was done."""
    path = target(places, kind)
    if path.exists():
        return f"{path} exists and was left alone"
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, content)
    return str(path)


def next_steps(places: Places, kind: str, domain: str) -> list[str]:
    """What is left for the owner, command by command."""
    path = target(places, kind)
    if kind == "caddy":
        own = places.root / "etc/caddy/Caddyfile"
        steps = [] if _imports(own) else [f"echo 'import Caddyfile.d/*.caddyfile' >> {own}"]
        return [*steps, "systemctl reload caddy"]
    return [
        f"certbot certonly --nginx -d {domain}",
        f"ln -s {path} {places.root / 'etc/nginx/sites-enabled/'}",
        "nginx -t && systemctl reload nginx",
    ]


def _imports(caddyfile: Path) -> bool:
    try:
        return "import Caddyfile.d/" in caddyfile.read_text(encoding="utf-8")
    except OSError:
        return False
