"""What the owner is told at the end; some of it is shown this once only."""

from __future__ import annotations

from typing import Any

from waitlist_appliance.installation import proxy
from waitlist_appliance.installation.install import Install
from waitlist_appliance.installation.screen import Screen


def summary(install: Install) -> dict[str, Any]:
    """Everything, for machines."""
    places = install.machine.places
    release = install.release
    answer: dict[str, Any] = {
        "release": release.name,
        "version": release.version,
        "public_url": install.answers.url,
        "config": str(places.config),
        "new_version_at_hand": install.source.version if is_other(install) else None,
        "next_steps": next_steps(install),
    }
    if install.made:
        answer |= {name: install.made[name] for name in ("business", "owner", "api_key", "cron_secret")}
    if install.new_passphrase:
        answer["backup_passphrase"] = places.secret("backup_passphrase").read_text(encoding="utf-8").strip()
    return answer


def is_other(install: Install) -> bool:
    """Whether what lies here is another version than what is installed."""
    return install.source.version != install.release.version


def tell(install: Install, screen: Screen) -> None:
    """The same in words."""
    found = summary(install)
    screen.line(f"\nReady: release {found['release']}, configuration {found['config']}.\n")
    if install.made:
        screen.line(f"Choose your password:   {found['owner']['first_login_url']}")
        screen.line(f"                        (works once, for {found['owner']['email']})")
        screen.line(f"Give the voice agent:   {found['public_url']}/api/waitlist/trigger")
        screen.line(f"  with this API key:    {found['api_key']}  (shown this once only)")
    else:
        screen.line("It was set up before. A new log-in link: sudo waitlist users reset-password EMAIL")
    if "backup_passphrase" in found:
        screen.line(f"Backup passphrase:      {found['backup_passphrase']}")
        screen.line("                        Write it down away from this machine: without it no backup can be opened.")
    if found["new_version_at_hand"]:
        screen.line(
            f"\nVersion {found['new_version_at_hand']} lies here. To bring the box to it: sudo ./scripts/upgrade"
        )
    screen.line("\nNext:")
    for number, step in enumerate(found["next_steps"], 1):
        screen.line(f"  {number}. {step}")


def next_steps(install: Install) -> list[str]:
    """What only the owner can do, in order."""
    places, domain = install.machine.places, install.answers.domain
    steps = []
    if install.proxy != "none":
        steps += proxy.next_steps(places, install.proxy, domain)
    elif install.answers.url.startswith("https://"):
        steps.append("a reverse proxy for https: run the installation again with --proxy caddy or --proxy nginx")
    if install.answers.url.startswith("https://"):
        steps.append(f"let {domain} point to this machine")
        steps.append("open the firewall, if there is one: ufw allow OpenSSH; ufw allow 80,443/tcp; ufw enable")
    return [*steps, "see that all is well, at any time: sudo waitlist doctor"]
