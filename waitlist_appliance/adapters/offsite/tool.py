"""Running an outside tool: no shell, no questions, an end after a while, and its last words in the error."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import Final

from waitlist_appliance.ports.offsite import OffsiteError

COPYING_SECONDS: Final = 6 * 3600.0
ASKING_SECONDS: Final = 300.0
WORDS_SHOWN: Final = 400
# What the tools need of the environment. The box's own secrets lie in it, too, and are none of their business.
_PASSED_ON: Final = (
    "PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "HTTP_PROXY",
    "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip
_PASSED_ON_WITH: Final = ("RCLONE_", "RSYNC_", "AWS_", "AZURE_", "B2_")


def run(command: Sequence[str], seconds: float, environ: Mapping[str, str] | None = None) -> str:
    """What the tool printed. OffsiteError when it is not there, fails, or does not end in time."""
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            env=_passed_on(os.environ if environ is None else environ), umask=0o077, text=True, encoding="utf-8",
            errors="replace",
        )  # fmt: skip
    except FileNotFoundError:
        raise OffsiteError(f"{command[0]} is not installed; run: apt-get install {command[0]}") from None
    try:
        output, words = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise OffsiteError(f"{command[0]} had not ended after {seconds:.0f} seconds and was stopped") from None
    finally:
        _end(process)
    if process.returncode != 0:
        raise OffsiteError(f"{command[0]} failed with exit code {process.returncode}: {_last_words(words)}")
    return output


def _end(process: subprocess.Popen[str]) -> None:
    """With its own children: ssh outlives an rsync that is killed alone."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the session that run() made for it
        process.communicate()


def _passed_on(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value for name, value in environ.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_WITH)
    }  # fmt: skip


def _last_words(text: str) -> str:
    line = " ".join(text.split())
    return (line if len(line) <= WORDS_SHOWN else "…" + line[-WORDS_SHOWN:]) or "it said nothing"
