"""Notifications: what dispatch has to say to people, and who takes it to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.places import Text


@dataclass(frozen=True, kw_only=True, slots=True)
class Notification:
    """One message to one person on one channel.

    Attributes:
        id: outbox number; key: never delivered twice under one key.
        channel: ``app``, ``sms``, ``phone``.
        person: registry number.
        kind: one of ``dispatch.messages.KINDS``.
        ref: number of the task, or of the flag as ``flag-N``, that it is about.
        title, body: what it says.
    """

    id: int
    key: str
    channel: str
    person: int
    kind: str
    ref: str
    title: Text
    body: Text
    created_ms: int


class Deliverer(Protocol):
    """Takes notifications to people."""

    def deliver(self, notification: Notification) -> None:
        """Send it.

        Raises:
            core.errors.Unavailable: try again later.
            core.errors.Refused: never try again.
        """
        ...
