"""A web server of ours on a port of its own, in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from waitress.server import create_server

from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.web import server
from waitlist_appliance.web.app import create_app


@contextmanager
def served(box: Appliance, port: int = 0, **config: Any) -> Iterator[int]:
    """Behind waitress as it runs; ``config`` changes fields of the configuration. Its port."""
    config = {"host": "127.0.0.1", **config}
    box.config = replace(box.config, **config)
    running: Any = create_server(create_app(box, TESTING=True), **server.options(box.config, port=port))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    try:
        yield int(running.effective_port)
    finally:
        running.task_dispatcher.shutdown()
        running.trigger.pull_trigger(running.close)  # in its own thread, which listens to the sockets
        thread.join(10)
