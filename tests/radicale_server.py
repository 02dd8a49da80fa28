"""A real CalDAV server (Radicale) on 127.0.0.1, started once for all tests, and the hand of staff who use it too."""

from __future__ import annotations

import atexit
import itertools
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from radicale import Application, config
from waitress.server import create_server

USERNAME, PASSWORD = "ana@casalola.example", "señor-app-pässwort"
# Another app than ours: what staff use.
STAFF_APP = "Thunderbird"
_MKCALENDAR = """<?xml version="1.0" encoding="utf-8"?>
<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>
<D:displayname>{name}</D:displayname>{more}
<C:supported-calendar-component-set><C:comp name="{holds}"/></C:supported-calendar-component-set>
</D:prop></D:set></C:mkcalendar>"""


@dataclass
class StaffCalendar:
    """One calendar as staff's app sees it: what they do is plain HTTP with another user agent."""

    url: str
    session: requests.Session = field(repr=False)

    def put(self, name: str, text: str) -> str:
        """Write an object under this name; its etag."""
        answer = self._ask("PUT", name, text)
        return str(answer.headers.get("ETag", ""))

    def text(self, name: str) -> str:
        return str(self._ask("GET", name).text)

    def delete(self, name: str) -> None:
        self._ask("DELETE", name)

    def move(self, name: str, to: StaffCalendar, new_name: str | None = None) -> None:
        """Drag an object into a calendar, where it may get another name."""
        target = f"{to.url}{new_name or name}"
        answer = self.session.request("MOVE", self.url + name, headers={"Destination": target}, timeout=10)
        answer.raise_for_status()

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        """Read, change and write back."""
        self.put(name, change(self.text(name)))

    def names(self) -> list[str]:
        """The objects in the calendar."""
        answer = self.session.request("PROPFIND", self.url, headers={"Depth": "1"}, timeout=10)
        found = answer.content.decode().split("<href>")[1:]
        hrefs = [part.partition("</href>")[0] for part in found]
        return sorted(href.rpartition("/")[2] for href in hrefs if href.endswith(".ics"))

    def _ask(self, method: str, name: str, text: str | None = None) -> requests.Response:
        body = None if text is None else text.encode()
        headers = {"Content-Type": "text/calendar; charset=utf-8"}
        answer = self.session.request(method, self.url + name, data=body, headers=headers, timeout=10)
        answer.raise_for_status()
        return answer


@dataclass
class Trouble:
    """What strikes the box's next requests of this method in one calendar. ``after``: Radicale has done it by then."""

    path: str
    method: str
    times: int
    act: Callable[[], object] | None = None
    after: bool = False
    status: str = "503 Service Unavailable"


class Gate:
    """Stands before Radicale: what our box asks is kept, may go wrong, or may come second. Staff walk past it."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._lock = threading.Lock()
        self._troubles: list[Trouble] = []
        self.asked: list[str] = []

    def fail(
        self, calendar: StaffCalendar, method: str = "", times: int = 10_000, *, after: bool = False,
        status: str = "503 Service Unavailable",
    ) -> None:  # fmt: skip
        """The next requests ("" for any) are refused with this status; ``after`` they took effect."""
        with self._lock:
            self._troubles.append(Trouble(_path(calendar.url), method, times, None, after, status))

    def before(self, calendar: StaffCalendar, method: str, act: Callable[[], object], *, after: bool = False) -> None:
        """Do this once, just before the next such request takes effect (or just ``after`` it did)."""
        with self._lock:
            self._troubles.append(Trouble(_path(calendar.url), method, 1, act, after))

    def heal(self, calendar: StaffCalendar) -> None:
        """Nothing goes wrong in this calendar any more."""
        with self._lock:
            self._troubles = [trouble for trouble in self._troubles if trouble.path != _path(calendar.url)]

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if environ.get("HTTP_USER_AGENT") == STAFF_APP:
            return self._application(environ, start_response)
        trouble = self._due(environ["REQUEST_METHOD"], environ["PATH_INFO"].encode("latin-1").decode())
        if trouble is None:
            return self._application(environ, start_response)
        if not trouble.after and trouble.act is None:
            return _refused(start_response, trouble.status)
        if not trouble.after and trouble.act is not None:
            trouble.act()
            return self._application(environ, start_response)
        return self._afterwards(trouble, environ, start_response)

    def _afterwards(self, trouble: Trouble, environ: Any, start_response: Any) -> Any:
        if trouble.act is not None:
            answer = list(self._application(environ, start_response))
            trouble.act()
            return answer
        list(self._application(environ, lambda *_: None))
        return _refused(start_response, trouble.status)

    def _due(self, method: str, path: str) -> Trouble | None:
        with self._lock:
            self.asked.append(method)
            for trouble in self._troubles:
                if trouble.times > 0 and trouble.method in ("", method) and path.startswith(trouble.path):
                    trouble.times -= 1
                    return trouble
        return None


def _path(url: str) -> str:
    return unquote(urlsplit(url).path)


def _refused(start_response: Any, status: str) -> list[bytes]:
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return [b""]


class RadicaleServer:
    """Radicale in this process, behind waitress. ``gate`` is what stands before it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        users = folder / "users"
        users.write_text(f"{USERNAME}:{PASSWORD}\nbea:bea\n", "utf-8")
        configuration = config.load()
        configuration.update(
            {
                "auth": {
                    "type": "htpasswd",
                    "htpasswd_filename": str(users),
                    "htpasswd_encryption": "plain",
                    "delay": "0",
                },
                "storage": {"filesystem_folder": str(folder / "collections"), "_filesystem_fsync": "False"},
                "web": {"type": "none"},
                "logging": {"level": "critical"},
            },
            "tests",
            privileged=True,  # for the option that spares the disk
        )
        self.gate = Gate(Application(configuration))
        self._server: Any = create_server(self.gate, host="127.0.0.1", port=0, threads=4)
        self.url = f"http://127.0.0.1:{self._server.effective_port}/"
        self._numbers = itertools.count(1)
        self._thread = threading.Thread(target=self._server.run, name="radicale", daemon=True)
        self._thread.start()
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = (USERNAME.encode(), PASSWORD.encode())
        self._session.headers["User-Agent"] = STAFF_APP

    def new_calendar(self, name: str = "", holds: str = "VEVENT", zone: str = "") -> StaffCalendar:
        """A fresh calendar that no other test knows."""
        number = next(self._numbers)
        url = f"{self.url}{USERNAME}/calendar-{number}/"
        more = f"<C:calendar-timezone>{zone}</C:calendar-timezone>" if zone else ""
        body = _MKCALENDAR.format(name=name or f"Calendar {number}", holds=holds, more=more).encode()
        self._session.request("MKCALENDAR", url, data=body, timeout=10).raise_for_status()
        return StaffCalendar(url, self._session)

    def import_many(self, calendar: StaffCalendar, texts: dict[str, str]) -> None:
        """Many objects at once, straight onto the disk: one by one they would take minutes."""
        name = _path(calendar.url).rstrip("/").rpartition("/")[2]
        (folder,) = self._folder.glob(f"collections/**/{name}")
        for object_name, text in texts.items():
            (folder / object_name).write_text(text.replace("\n", "\r\n"), "utf-8", newline="")
        # Radicale reads each object once for good; an app that shows the calendar makes it do so.
        self._session.request("PROPFIND", calendar.url, headers={"Depth": "1"}, timeout=300).raise_for_status()

    def forget_tokens(self, calendar: StaffCalendar) -> None:
        """No sync token of this calendar is known any more, as after a move to another disk."""
        name = _path(calendar.url).rstrip("/").rpartition("/")[2]
        for tokens in self._folder.glob(f"collections/**/{name}/.Radicale.cache/sync-token"):
            shutil.rmtree(tokens)

    def close(self) -> None:
        self._session.close()
        self._server.task_dispatcher.shutdown()
        self._server.close()


@cache
def running() -> RadicaleServer:
    """The one server of this test session."""
    folder = Path(tempfile.mkdtemp(prefix="radicale-"))
    server = RadicaleServer(folder)
    atexit.register(lambda: (server.close(), shutil.rmtree(folder, ignore_errors=True)))
    return server
