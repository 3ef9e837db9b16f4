"""Days of the calendar that people fix: the registry's days joined with what they do to the limits of dispatch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from core.ports.calendar_days import DaysPreview, DaysWish
from dispatch.calendar_effects import LimitEffects
from registry.calendar_days import Run, SqlCalendarDays


class CalendarDaysHere:
    """``core.ports.calendar_days.CalendarDays``."""

    def __init__(self, days: SqlCalendarDays, effects: LimitEffects, written: Callable[[], None]) -> None:
        """Join both; ``written`` is called after every change, so that the next page shows it."""
        self._days = days
        self._effects = effects
        self._written = written

    def preview(self, wish: DaysWish, now_ms: int) -> DaysPreview:
        """What would change; nothing is written."""
        run = self._days.run(wish)
        return DaysPreview(mark=run.mark, days=run.shown, limits=self._effects.of(_turned(run), now_ms))

    def apply(self, wish: DaysWish, mark: str, actor: str, now_ms: int) -> int:
        """Write it and return how many days changed."""
        done = self._days.apply(wish, mark, actor, now_ms)
        if done:
            self._written()
        return done


def _turned(run: Run) -> dict[date, bool]:
    """Days that become worked, or free, and were not; limits go by the week where nobody knows."""
    days = (date.fromisoformat(one.day) for one in run.shown)
    return {day: run.after.is_workday(day) for day in days if run.after.is_workday(day) != run.before.is_workday(day)}
