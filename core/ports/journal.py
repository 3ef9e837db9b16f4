"""The alarm journal as the rules loop sees it: one SQL transaction per batch of changes, keyed by the alarm's id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.alarms import AlarmChange, AnnouncedAlarm


class AlarmJournal(Protocol):
    """Where alarms live durably; alarm, case and notification outbox change together or not at all."""

    def announced(self, since_ms: int) -> Sequence[AnnouncedAlarm]:
        """Alarms that are on, or were on at or after ``since_ms`` (event time); retracted ones excluded."""
        ...

    def apply(self, changes: Sequence[AlarmChange], now_ms: int) -> None:
        """Record changes in order and let cases, tasks and notifications follow.

        Applying the same changes again alters nothing.

        Raises:
            core.errors.Unavailable: if the database does not answer; nothing was recorded then.
        """
        ...

    def tick(self, now_ms: int) -> None:
        """Let time pass: deadlines, escalation, low alarms that have lasted, shelving that ends."""
        ...
