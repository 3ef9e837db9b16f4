"""The slow reference of the stage clocks: it looks at every minute and adds nothing up. All moments are whole minutes.

It shares no arithmetic with ``dispatch.worktime``: a minute counts if nobody has paused it and its local date and time
lie in working hours, asked afresh for every minute.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from core.stages import LimitUnit

MINUTE = 60_000
MINUTES_IN = {LimitUnit.URGENT_HOUR: 60, LimitUnit.WORK_HOUR: 60, LimitUnit.WORK_DAY: 480, LimitUnit.NATURAL_DAY: 1440}
Pauses = Sequence[tuple[int, int]]


class SlowClock:
    """Counts minutes one by one."""

    def __init__(
        self, unit: LimitUnit, is_workday: Callable[[date], bool], windows: Sequence[tuple[int, int]], zone: ZoneInfo
    ) -> None:
        """A clock of ``unit`` for people who work so."""
        self._working = unit in {LimitUnit.WORK_HOUR, LimitUnit.WORK_DAY}
        self._is_workday = is_workday
        self._windows = windows
        self._zone = zone

    def counts(self, at_ms: int, pauses: Pauses) -> bool:
        """Whether the minute that begins at ``at_ms`` counts."""
        if any(begin <= at_ms < end for begin, end in pauses):
            return False
        if not self._working:
            return True
        local = datetime.fromtimestamp(at_ms / 1000, self._zone)
        minute = local.hour * 60 + local.minute
        return self._is_workday(local.date()) and any(begin <= minute < end for begin, end in self._windows)

    def after(self, start_ms: int, minutes: int, pauses: Pauses) -> int:
        """The first moment at which ``minutes`` have been counted since ``start_ms``."""
        at_ms, counted = start_ms, 0
        while counted < minutes:
            counted += self.counts(at_ms, pauses)
            at_ms += MINUTE
        return at_ms

    def used(self, start_ms: int, until_ms: int, pauses: Pauses) -> int:
        """Minutes counted in [start_ms, until_ms)."""
        return sum(self.counts(at_ms, pauses) for at_ms in range(start_ms, until_ms, MINUTE))
