"""What each finding means in one sentence, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from waitlist_appliance.services.box_health import UNKNOWN_WHY, Finding
from waitlist_appliance.storage.box_reads import COUNTED

Facts = Mapping[str, Any]

AS_ROOT: Final = "sudo waitlist doctor"
WORKER_LOG: Final = "journalctl -u waitlist-worker -n 50"
RESTART_WORKER: Final = f"sudo systemctl restart waitlist-worker; then: {WORKER_LOG}"
RESTORE: Final = "stop both services, then: waitlist backup list; waitlist backup restore --help"
RESOLVED: Final = "waitlist backup create; it says what is wrong"


@dataclass(frozen=True, slots=True)
class Said:
    """``advice``: what to do, as a command where there is one; empty when nothing is to be done."""

    sentence: str
    advice: str = ""


def explain(finding: Finding) -> Said:
    """The finding in words; what is well needs no advice."""
    facts = finding.facts
    name = finding.check
    known = _WORDS.get(name) or next((words for start, words in _FAMILIES.items() if name.startswith(start)), None)
    if known is None or UNKNOWN_WHY in facts:
        return Said(f"It could not be found out: {facts.get(UNKNOWN_WHY, 'no reason is known')}.")
    said = known(facts, finding.state)
    return Said(said.sentence) if finding.state == "ok" else said


def size(number: object) -> str:
    """Bytes as people say them."""
    amount = float(str(number))
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def ago(seconds: object) -> str:
    """A span of time: "40 s", "12 min", "31 h", "5 days"."""
    whole = int(str(seconds))
    for limit, length, unit in ((120, 1, "s"), (7200, 60, "min"), (48 * 3600, 3600, "h")):
        if whole < limit:
            return f"{whole // length} {unit}"
    return f"{whole // 86400} days"


def _config(facts: Facts, state: str) -> Said:
    if state == "unknown":
        return Said(f"{facts['path']} may not be read by this user.", f"run it as root: {AS_ROOT}")
    if state == "problem":
        return Said(f"{facts['path']}: {facts['error']}.", "mend that line, then: waitlist config check")
    return Said(f"{facts['path']} is right.")


def _config_file(facts: Facts, state: str) -> Said:
    path = facts["path"]
    if state == "problem":
        sentence = f"{path} may be changed by others on this machine (mode {facts['mode']})."
        return Said(sentence, f"sudo chmod go-w {path}")
    return Said(f"Only its owner may change {path} (mode {facts['mode']}).")


def _data(facts: Facts, state: str) -> Said:
    path = facts["path"]
    if "error" in facts:
        if facts["missing"]:
            return Said(
                f"There is no data folder {path}.", "waitlist config check; data.directory must be the right folder"
            )
        return Said(f"The data folder {path} may not be looked into by this user.", AS_ROOT)
    if facts["not_the_owners"]:
        names = ", ".join(facts["not_the_owners"])
        return Said(
            f"{names} in {path} do not belong to {facts['owner']}, so the service may be unable to write them.",
            f"sudo chown {facts['owner']}: {path}/*",
        )
    if state != "ok":
        return Said(f"{path} is open to everybody on this machine (mode {facts['mode']}).", f"sudo chmod 700 {path}")
    return Said(f"{path} belongs to {facts['owner']} and is closed to others.")


def _key(facts: Facts, state: str) -> Said:
    if state == "ok":
        return Said(f"The key opens all {facts['sealed']} kept secrets.")
    advice = "put credentials.key back from a backup" if facts["sealed"] else "waitlist migrate"
    return Said(f"The key that seals passwords and tokens: {facts['error']}.", advice)


def _database(facts: Facts, state: str) -> Said:
    if facts.get("missing"):
        advice = "waitlist migrate makes an empty one; a lost one: waitlist backup list"
        return Said(f"There is no database {facts['path']}.", advice)
    if state == "unknown":
        return Said(f"The database {facts['path']} may not be opened by this user.", AS_ROOT)
    if state == "problem":
        return Said(f"The database {facts['path']} cannot be used: {facts['error']}.", RESTORE)
    return Said(f"{facts['path']} opens.")


def _schema(facts: Facts, state: str) -> Said:
    if state == "ok":
        return Said("All migrations are there.")
    if facts.get("newer"):
        return Said(
            "The database is newer than this program.", "install the newer version: sudo ./scripts/upgrade <wheel>"
        )
    return Said("The database lacks migrations.", "stop both services, then: waitlist migrate")


def _writable(facts: Facts, state: str) -> Said:
    if state == "ok":
        return Said("It can be written.")
    return Said(
        "It cannot be written: locked by another program, full, or read-only.",
        "fuser -v waitlist.db in the data folder shows who holds it; df -h shows the space",
    )


def _integrity(facts: Facts, state: str) -> Said:
    if state == "ok":
        quick = "A quick look finds it whole (all of it: waitlist doctor --thorough)."
        return Said("It is whole." if facts["thorough"] else quick)
    return Said(f"It is damaged: {'; '.join(facts['faults'])}.", RESTORE)


def _references(facts: Facts, state: str) -> Said:
    if state == "ok":
        return Said("No row points to nothing.")
    return Said(f"Rows point to nothing in: {', '.join(facts['tables'])}.", RESTORE)


def _log(facts: Facts, state: str) -> Said:
    if state == "problem":
        advice = "sudo systemctl restart waitlist-web waitlist-worker"
        return Said(f"The journal mode is {facts['journal_mode']}, not wal.", advice)
    sentence = f"{size(facts['database_bytes'])}, and a write-ahead log of {size(facts['log_bytes'])}."
    return Said(sentence, "somebody reads for long and keeps it from being emptied; restart both services")


def _sqlite(facts: Facts, state: str) -> Said:
    if state == "ok":
        return Said(f"SQLite {facts['version']}.")
    return Said(
        f"SQLite {facts['version']} has a rare fault that can damage a database which two processes write.",
        f"install {facts['sound_since']} or newer: pip install pysqlite3, in the box's environment",
    )


def _worker(facts: Facts, state: str) -> Said:
    silent = facts["silent_seconds"]
    if silent is None:
        advice = "sudo systemctl enable --now waitlist-worker"
        return Said("It has never run: nothing is sent and no time is offered.", advice)
    if state == "ok":
        return Said(f"It lived {ago(silent)} ago; its last pass took {facts.get('pass_ms', '?')} ms.")
    return Said(f"It has been silent for {ago(silent)}: nothing is sent and no time is offered.", RESTART_WORKER)


def _web(facts: Facts, state: str) -> Said:
    where = f"{facts['host']}:{facts['port']}"
    if state == "ok":
        return Said(f"It answers on {where}.")
    advice = "sudo systemctl restart waitlist-web; then: journalctl -u waitlist-web -n 50"
    return Said(f"The web server does not answer on {where}.", advice)


def _messages(facts: Facts, state: str) -> Said:
    if state == "ok":
        return Said(f"{facts['due']} due, none late.")
    if facts["paused"]:
        return Said(f"All sending is paused; {facts['due']} messages wait.", "waitlist messaging resume")
    number = f"{COUNTED} messages or more" if facts["due"] >= COUNTED else f"{facts['due']} messages"
    return Said(f"{number} are due, the oldest for {ago(facts['oldest_seconds'])}.", WORKER_LOG)


def _queue(facts: Facts, state: str) -> Said:
    if state == "ok":
        return Said(f"{facts['due']} due, none late.")
    return Said(f"{facts['due']} are due, the oldest for {ago(facts['oldest_seconds'])}.", WORKER_LOG)


def _calendars(facts: Facts, state: str) -> Said:
    if state == "ok":
        return Said(f"{facts['enabled']} in use, all read lately.")
    return Said(
        f"Not read lately, so all their time counts as busy: {', '.join(facts['stale'])}.",
        "waitlist calendar list; waitlist calendar test NAME",
    )


def _disk(facts: Facts, state: str) -> Said:
    path = facts["path"]
    if facts["read_only"]:
        return Said(
            f"{path} lies on a disk that can only be read.", "dmesg | tail; a disk often turns so when it fails"
        )
    few = facts["free_inodes"] is not None and facts["free_inodes"] < 1000
    sentence = f"{size(facts['free_bytes'])} of {size(facts['total_bytes'])} free for {path}."
    if few:
        sentence = f"Only {facts['free_inodes']} more files fit on the disk of {path}."
    return Said(sentence, f"make space: du -xh {path} | sort -h | tail; journalctl --vacuum-size=200M")


def _memory(facts: Facts, state: str) -> Said:
    if state == "unknown":
        return Said("This system does not tell its memory.")
    sentence = f"{size(facts['available_bytes'])} of {size(facts['total_bytes'])} available."
    return Said(sentence, "ps aux --sort=-rss | head shows who takes it; the box itself needs about 200 MB")


def _zone(facts: Facts, state: str) -> Said:
    edition = f"zones of {facts['tzdata']}" if facts["tzdata"] else "zones of unknown age"
    if state == "problem":
        return Said(
            f"The business's time zone {facts['zone']} is not known here ({edition}).", "sudo apt-get install tzdata"
        )
    if facts["zone"] is None:
        return Said(f"No business is set up yet ({edition}).")
    return Said(f"{facts['zone']}, where it is {facts['local_time'][11:16]} now ({edition}).")


def _synchronised(facts: Facts, state: str) -> Said:
    if state == "unknown":
        return Said("This system does not tell whether its clock is kept right.")
    if state == "ok":
        return Said("The clock is kept right over the network.")
    return Said("The clock is not kept right over the network.", "sudo timedatectl set-ntp true")


def _skew(facts: Facts, state: str) -> Said:
    if facts["server"] is None:
        return Said("No calendar or provider is connected whose clock could be compared.")
    if "error" in facts:
        return Said(f"The clock of {facts['server']} could not be asked for: {facts['error']}.")
    ahead = facts["ahead_seconds"]
    if state == "ok":
        return Said(f"It agrees with that of {facts['server']}.")
    word = "ahead of" if ahead > 0 else "behind"
    return Said(
        f"It is {abs(ahead):.0f} s {word} that of {facts['server']}.", "sudo timedatectl set-ntp true; timedatectl"
    )


def _address(facts: Facts, state: str) -> Said:
    url = facts["url"]
    if "error" in facts:
        advice = "check the domain's DNS, the firewall (ports 80, 443) and the proxy"
        return Said(f"{url} cannot be reached: {facts['error']}.", advice)
    if not facts["ours"]:
        sentence = f"{url} is answered by something else (status {facts['status']})."
        return Said(sentence, "check the domain's DNS, and that the proxy passes everything on to this box")
    if state == "unknown":
        return Said(f"{url} leads to a box, but whether to this one cannot be told: its web server does not answer here.",
                    "sudo systemctl restart waitlist-web")  # fmt: skip
    if state == "problem":
        return Said(f"{url} leads to another box.", "point the domain's DNS at this machine, or stop the old box")
    return Said(f"{url} leads to this box.")


def _proxy(facts: Facts, state: str) -> Said:
    if facts["scheme_seen"] != facts["scheme"]:
        sentence = f"The box sees {facts['scheme_seen']} where people come by {facts['scheme']}."
        return Said(
            sentence, "the proxy must set X-Forwarded-Proto, and server.trusted_proxy must be its address (deploy/)"
        )
    if facts["believes_callers"]:
        sentence = "Whoever calls can pretend to have any address: the proxy passes X-Forwarded-For on as it comes."
        return Said(sentence, "let the proxy set X-Forwarded-For itself, as the snippets in deploy/ do")
    if facts["hides_callers"]:
        sentence = "Everybody seems to come from the proxy, so that one person's mistakes lock everybody out."
        return Said(sentence, "let the proxy set X-Forwarded-For, as the snippets in deploy/ do")
    return Said(f"The box sees {facts['scheme']}, and callers' own addresses.")


def _certificate(facts: Facts, state: str) -> Said:
    where = f"{facts['host']}:{facts['port']}"
    renew = "look at the proxy's log: journalctl -u caddy -n 50 (or nginx, and: sudo certbot renew)"
    if "error" in facts:
        return Said(f"{where} shows no certificate: {facts['error']}.", renew)
    until = facts["until"][:10]
    if facts["trouble"] == "expired":
        return Said(f"The certificate of {where} ran out on {until} or is not good yet.", renew)
    if facts["trouble"] == "name":
        names = ", ".join(facts["names"]) or "nobody"
        return Said(f"The certificate at {where} is for {names}.", f"let the proxy get one for {facts['host']}")
    if facts["trouble"] == "untrusted":
        sentence = f"Nobody known vouches for the certificate of {where} (issued by {facts['issuer'] or 'nobody'})."
        return Said(sentence, "use one of a public authority, with its whole chain (fullchain.pem)")
    return Said(f"The certificate of {where} is good for {facts['days_left']} days, until {until}.", renew)


def _calendar(facts: Facts, state: str) -> Said:
    name, provider = facts["name"], facts["provider"]
    if state == "ok":
        return Said(f"{provider} answers ({facts['took_ms']} ms).")
    from waitlist_appliance.texts import calendar_trouble

    words = calendar_trouble.TROUBLES.get(str(facts["trouble"]))
    what = words.what if words else f"{provider} does not answer as it should ({facts['trouble']})."
    return Said(what, f"{words.next if words else ''} waitlist calendar test {name!r}".strip())


def _messenger(facts: Facts, state: str) -> Said:
    if state == "ok":
        return Said("The account lets us in.")
    if facts.get("account"):
        return Said(f"The provider says that the account is {facts['account']}.", "log in there and see what it says")
    from waitlist_appliance.texts import messaging_trouble

    words = messaging_trouble.TROUBLES.get(str(facts["trouble"]))
    what = words.what if words else f"It does not work: {facts.get('detail') or facts['trouble']}."
    return Said(what, words.next if words else "waitlist messaging status")


def _webhook(facts: Facts, state: str) -> Said:
    number = facts["number"]
    if state == "ok":
        return Said(f"Answers to {number} are posted to this box.")
    to = facts["posted_to"] or "nowhere"
    return Said(f"Answers to {number} go to {to}, so nobody's yes arrives.",
                f'in Twilio\'s console, "A message comes in" of this number: {facts["wanted"]}')  # fmt: skip


def _backup(facts: Facts, state: str) -> Said:
    if not facts["configured"]:
        advice = "set backup.recipient or backup.passphrase, then: waitlist backup create"
        return Said("No backup is made: there is no key or passphrase for it.", advice)
    if facts["age_seconds"] is None:
        if facts["last_failed"]:
            return Said(f"No backup was ever good; the last one failed: {facts['last_failed']}.", RESOLVED)
        return Said("No backup was made yet.", "waitlist backup create")
    sentence = f"The last good one is {ago(facts['age_seconds'])} old, and was opened again to prove it."
    if facts["last_failed"]:
        return Said(f"{sentence} A later one failed: {facts['last_failed']}.", RESOLVED)
    if state == "problem":
        return Said(sentence, "systemctl list-timers waitlist-backup.timer; waitlist backup create")
    if facts["offsite"] and not facts["copied"]:
        return Said(f"{sentence} It was not copied to {facts['offsite']}.", RESOLVED)
    return Said(sentence)


def _api_keys(facts: Facts, state: str) -> Said:
    said = []
    if facts["ending"]:
        said.append(f"Ending within two weeks, or ended: {', '.join(facts['ending'])}.")
    if facts["unused"]:
        said.append(f"Not used for 90 days: {', '.join(facts['unused'])}.")
    advice = "waitlist api-key --help: rotate what is used, revoke what is not"
    return Said(" ".join(said) or f"{facts['number']} in force.", advice)


def _second_factor(facts: Facts, state: str) -> Said:
    if state == "ok":
        return Said("No owner comes in by a password alone.")
    names = ", ".join(facts["owners_without"])
    return Said(
        f"Owners who come in by a password alone: {names}.",
        "each adds a second factor at the desk, under their account",
    )


def _alarms(facts: Facts, state: str) -> Said:
    if state == "ok":
        return Said("None.")
    found = "; ".join(f"{alarm['condition']} since {alarm['since'][:16]}Z" for alarm in facts["alarms"])
    return Said(f"Staff were told of: {found}.", "the system page of the desk says what each of them means")


_WORDS: Final[Mapping[str, Callable[[Facts, str], Said]]] = {
    "config": _config, "config.permissions": _config_file, "data.directory": _data, "data.key": _key,
    "database": _database, "database.schema": _schema, "database.writable": _writable, "database.integrity": _integrity,
    "database.references": _references, "database.log": _log, "database.sqlite": _sqlite,
    "worker": _worker, "web": _web, "messages": _messages, "calendars": _calendars,
    "disk.data": _disk, "disk.backup": _disk, "memory": _memory, "time_zone": _zone,
    "clock.synchronised": _synchronised, "clock.skew": _skew,
    "public.address": _address, "public.proxy": _proxy, "public.certificate": _certificate,
    "messaging.webhook": _webhook, "backup": _backup, "api_keys": _api_keys, "second_factor": _second_factor,
    "alarms": _alarms,
}  # fmt: skip
_FAMILIES: Final[Mapping[str, Callable[[Facts, str], Said]]] = {
    "queue.": _queue, "calendar.": _calendar, "messaging.": _messenger,
}  # fmt: skip
