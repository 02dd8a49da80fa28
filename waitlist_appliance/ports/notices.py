"""Services that tell a team things: Slack, Telegram, ntfy and the like."""

from __future__ import annotations

from typing import Literal, Protocol

from waitlist_appliance.ports.errors import OutsideError

# trouble: something is wrong; good: it is over; news: it simply happened.
Level = Literal["trouble", "good", "news"]
# `missing`: the extra is not installed; `nonsense`: no service is told by such an address; `private`: it leads into the
# local network, which was not allowed, or to the open internet without encryption; `refused`: the service took nothing.
NoticeTrouble = Literal["missing", "nonsense", "private", "refused"]


class NoticeError(OutsideError):
    """Nothing was told. The message is for the log and holds nothing of the address."""

    def __init__(self, message: str, trouble: NoticeTrouble) -> None:
        super().__init__(message, retryable=trouble in ("missing", "refused"))
        self.trouble: NoticeTrouble = trouble


class Notifier(Protocol):
    """Tells one address of one service."""

    def is_installed(self) -> bool:
        """Whether it could; loads nothing."""

    def send(self, address: str, title: str, body: str, level: Level, *, allow_private: bool) -> None:
        """Tell it, with time-outs; NoticeError. Never inside a transaction, and in the worker only."""
