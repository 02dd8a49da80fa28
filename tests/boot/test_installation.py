"""One command on a bare machine: what it makes, what it leaves alone when run again, what it takes away."""

from __future__ import annotations

import json
import re

import pytest

from tests.boot.box import SOURCE, WEB, WORKER, Box, install, tree
from waitlist_appliance.installation.places import SECRETS, STARTED

OURS = ("/etc/waitlist", "/etc/systemd/system", "/opt/waitlist", "/usr/local/bin")


def test_one_command_makes_a_box_that_answers(box: Box) -> None:
    units = box.machine.run(f"systemctl is-active {' '.join(STARTED)}; systemctl is-enabled {' '.join(STARTED)}").out.split()
    assert units == ["active"] * 4 + ["enabled"] * 4
    assert box.machine.run("systemctl --failed --plain --no-legend").out == ""
    assert (box.health(), box.asks("/readyz").status) == (200, 200)


def test_the_owners_link_opens(box: Box) -> None:
    link = box.made["owner"]["first_login_url"]
    page = box.asks(link.removeprefix("http://127.0.0.1:8080"))
    assert page.status == 200
    assert 'type="password"' in page.body


def test_the_key_that_was_printed_puts_a_caller_on_the_list(box: Box) -> None:
    answer = box.trigger("600000001")
    assert answer.status in (200, 201), answer.body
    assert len(box.entries()) == 1
    link = answer.json["url"].removeprefix("http://127.0.0.1:8080")
    assert "Casa Lola" in box.asks(link).body


def test_the_worker_hands_the_message_over(box: Box) -> None:
    box.trigger("600000002")
    sent = lambda: box.rows("SELECT state FROM message WHERE state NOT IN ('queued', 'sending')")  # noqa: E731
    box.machine.until(sent, "a message has left the outbox", seconds=30)


def test_running_it_again_changes_nothing(box: Box) -> None:
    before, pids = tree(box.machine, *OURS), [box.pid(WEB), box.pid(WORKER)]
    again = json.loads(install(box.machine, flags="--json").out)
    assert "api_key" not in again
    assert tree(box.machine, *OURS) == before
    assert [box.pid(WEB), box.pid(WORKER)] == pids


def test_secrets_are_roots_alone(box: Box) -> None:
    found = box.machine.run("stat -c '%n %U %a' /etc/waitlist/secrets /etc/waitlist/secrets/*").out.splitlines()
    assert found == ["/etc/waitlist/secrets root 700"] + [
        f"/etc/waitlist/secrets/{name}.txt root 600" for name in sorted(SECRETS)
    ]
    denied = box.machine.run("setpriv --reuid waitlist --regid waitlist --clear-groups cat /etc/waitlist/secrets/*", check=False)
    assert denied.code == 1
    assert not denied.out


@pytest.mark.parametrize("unit", [WEB, WORKER])
def test_a_service_has_no_rights_to_lose(box: Box, unit: str) -> None:
    status = dict(
        line.split(":\t", 1) for line in box.machine.read(f"/proc/{box.pid(unit)}/status").splitlines() if ":\t" in line
    )
    assert not any(int(status[f"Cap{kind}"], 16) for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb"))
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert "0" not in status["Uid"].split()


@pytest.mark.parametrize("unit", [WEB, WORKER])
def test_a_service_writes_its_data_and_nothing_else(box: Box, unit: str) -> None:
    inside = f"nsenter --target {box.pid(unit)} --mount setpriv --reuid waitlist --regid waitlist --clear-groups"
    found = box.machine.run(f"{inside} find / -path /proc -prune -o -type d -writable -print 2>/dev/null", check=False)
    data = {"/var/lib/waitlist"}
    passing = {"/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run/lock"}  # private, or gone with the next boot
    assert data <= set(found.out.splitlines()) <= data | passing


def test_nothing_listens_beyond_the_machine(box: Box) -> None:
    listening = [line.split()[4] for line in box.machine.run("ss -Hltun").out.splitlines()]
    assert listening == ["127.0.0.1:8080"]


def test_the_journal_says_how_bad_a_line_is_and_holds_no_secret(box: Box) -> None:
    box.calls("/api/waitlist/entries")
    box.asks("/api/waitlist/entries", "-H", "Authorization: Bearer wk_wrong")
    lines = [json.loads(line) for line in box.machine.journal("-o", "json", "-u", "waitlist-*").splitlines()]
    said = "\n".join(str(line["MESSAGE"]) for line in lines)
    secrets = [box.machine.read(f"/etc/waitlist/secrets/{name}.txt").strip() for name in SECRETS]
    token = box.made["owner"]["first_login_url"].rpartition("/")[2]
    assert not [secret for secret in [*secrets, box.key, token] if secret in said]
    ours = [line for line in lines if line.get("SYSLOG_IDENTIFIER") in ("waitlist-web", "waitlist-worker")]
    assert ours
    assert all(line["PRIORITY"] in "34567" for line in ours)
    assert not [line["MESSAGE"] for line in ours if re.match(r"(<\d>|DEBUG|INFO|WARNING|ERROR)", line["MESSAGE"])]


def test_the_owners_command_works_as_the_services_user(box: Box) -> None:
    assert box.cli("config check").code == 0
    shown = json.loads(box.cli("entries list --json").out)
    assert shown
    assert box.machine.run("find /var/lib/waitlist -not -user waitlist").out == ""




def test_uninstalling_keeps_what_cannot_be_made_again(box: Box) -> None:
    names = box.entries()
    box.machine.run(f"{SOURCE}/scripts/uninstall --yes")
    assert box.machine.run("ls -d /opt/waitlist /usr/local/bin/waitlist /etc/systemd/system/waitlist-*", check=False).out == ""
    assert box.machine.run("systemctl list-units --state=loaded --plain --no-legend 'waitlist-*'").out == ""
    again = json.loads(install(box.machine, flags="--json").out)
    assert "api_key" not in again
    box.waits_until_well()
    assert box.entries() == names


def test_purging_leaves_nothing(box: Box) -> None:
    box.machine.run(f"{SOURCE}/scripts/uninstall --purge --yes")
    places = "/etc/waitlist /var/lib/waitlist /var/backups/waitlist /opt/waitlist /usr/local/bin/waitlist"
    assert box.machine.run(f"ls -d {places} /etc/systemd/system/waitlist-*", check=False).out == ""
    assert box.machine.run("getent passwd waitlist", check=False).code != 0
    assert box.health() == 0
