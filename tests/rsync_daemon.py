"""A real rsync daemon on this machine, for as long as a test needs it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def rsync_daemon(folder: Path, *rules: str) -> Iterator[str]:
    """The address under which the folder is reached; ``rules`` are lines of rsyncd.conf(5)."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = folder.with_name("rsyncd.conf")
    us = (f"uid = {os.getuid()}", f"gid = {os.getgid()}")
    config.write_text("\n".join(["use chroot = no", *us, "[box]", f"path = {folder}", "read only = no", *rules, ""]))
    line = ["rsync", "--daemon", "--no-detach", f"--config={config}", "--address=127.0.0.1", f"--port={port}"]
    with subprocess.Popen(line, stdin=subprocess.DEVNULL) as process:
        try:
            while process.poll() is None:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.05)
            yield f"rsync://127.0.0.1:{port}/box"
        finally:
            process.terminate()
