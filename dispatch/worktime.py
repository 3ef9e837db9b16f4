"""Deadlines in working time. Pure: instants in, instants out.

Two clocks (field practice of urban grid management): *continuous* hours run day and night, holidays too; *work* hours
run 08:00 to 12:00 and 14:00 to 18:00 on working days, which in China are decided by the yearly holiday notice:
holidays fall on weekdays, and some Saturdays and Sundays are worked instead (调休). A day that no table knows is worked
Monday to Friday.

``add(start, d)`` is the earliest instant until which ``d`` of work time has passed since ``start``; so work times add
up (``add(a + b) = add(add(a), b)``), it never runs backwards, and ``between`` is its inverse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import takewhile
from zoneinfo import ZoneInfo

from core.cases import DeadlineClock
from dispatch.holidays import mainland_china

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
SHANGHAI = ZoneInfo("Asia/Shanghai")
_MAX_DAYS = 366 * 30


def monday_to_friday(day: date) -> bool:
    """The week where nobody has said otherwise."""
    return day.weekday() < 5


def chinese_workday(day: date) -> bool:
    """Whether ``day`` is worked in mainland China; a limit needs a date, so an unknown year goes by the week."""
    return mainland_china().is_workday(day)


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkCalendar:
    """When people work.

    Attributes:
        is_workday: whether a local date is worked.
        windows: minutes after local midnight, ascending and apart.
        zone: of the windows.
    """

    is_workday: Callable[[date], bool] = chinese_workday
    windows: tuple[tuple[int, int], ...] = ((480, 720), (840, 1080))
    zone: ZoneInfo = SHANGHAI

    def day_of(self, at_ms: int) -> date:
        """The local date of an instant."""
        return _day_of(self.zone, at_ms)

    def midnights(self, at_ms: int) -> tuple[int, int]:
        """Where the local day of an instant begins, and where it ends."""
        return _midnights(self.zone, at_ms)

    def instant(self, day: date, minute: int) -> int:
        """UTC milliseconds of a minute after local midnight; minutes beyond 1440 run into the next day."""
        return _instant(self.zone, day, minute)

    def stretches(self, from_ms: int) -> Iterator[tuple[int, int]]:
        """Working stretches [begin, end) that end after ``from_ms``, ascending.

        Raises:
            ValueError: if thirty years hold no end of them, since then nobody works.
        """
        day = self.day_of(from_ms)
        for _ in range(_MAX_DAYS):
            if self.is_workday(day):
                for begin, end in self.windows:
                    stretch = self.instant(day, begin), self.instant(day, end)
                    if stretch[1] > from_ms:
                        yield stretch
            day += timedelta(days=1)
        raise ValueError("the work calendar knows no further working day")

    def beginnings(self, from_ms: int, to_ms: int) -> Sequence[int]:
        """When the stretches begin that end after ``from_ms`` and begin until ``to_ms``, ascending."""
        return _beginnings(self, from_ms, to_ms)

    def works_at(self, at_ms: int) -> bool:
        """Whether ``at_ms`` lies in working hours."""
        begin, end = _first_stretch(self, at_ms)
        return begin <= at_ms < end

    def next_start(self, at_ms: int) -> int:
        """``at_ms`` itself in working hours, else the next time work begins."""
        return max(at_ms, _first_stretch(self, at_ms)[0])

    def add(self, start_ms: int, duration_ms: int) -> int:
        """The earliest instant until which ``duration_ms`` of work time has passed since ``start_ms``.

        Raises:
            ValueError: if the duration is negative.
        """
        if duration_ms < 0:
            raise ValueError(f"work time does not run backwards: {duration_ms} ms")
        if duration_ms == 0:
            return start_ms
        left = duration_ms
        for begin, end in self.stretches(start_ms):
            begin = max(begin, start_ms)
            if left <= end - begin:
                return begin + left
            left -= end - begin
        raise ValueError("unreachable: stretches never ends")

    def between(self, from_ms: int, to_ms: int) -> int:
        """Work time in [from_ms, to_ms), 0 if that is empty."""
        total = 0
        for begin, end in self.stretches(from_ms):
            if begin >= to_ms:
                return total
            total += max(0, min(end, to_ms) - max(begin, from_ms))
        return total


@lru_cache(maxsize=1 << 14)
def _day_of(zone: ZoneInfo, at_ms: int) -> date:
    return datetime.fromtimestamp(at_ms / 1000, zone).date()


@lru_cache(maxsize=1 << 14)
def _midnights(zone: ZoneInfo, at_ms: int) -> tuple[int, int]:
    day = _day_of(zone, at_ms)
    return _instant(zone, day, 0), _instant(zone, day, 1440)


@lru_cache(maxsize=1 << 12)
def _instant(zone: ZoneInfo, day: date, minute: int) -> int:
    """The same few days are asked for again and again."""
    shifted = day + timedelta(days=minute // 1440)
    local = datetime(shifted.year, shifted.month, shifted.day, tzinfo=zone)
    at = local.replace(hour=minute % 1440 // 60, minute=minute % 60)
    return int(at.astimezone(UTC).timestamp() * 1000)


@lru_cache(maxsize=1 << 10)
def _beginnings(calendar: WorkCalendar, from_ms: int, to_ms: int) -> tuple[int, ...]:
    return tuple(takewhile(lambda begin: begin <= to_ms, (begin for begin, _ in calendar.stretches(from_ms))))


@lru_cache(maxsize=1 << 12)
def _first_stretch(calendar: WorkCalendar, at_ms: int) -> tuple[int, int]:
    """A storm asks for the same few instants; what a calendar says of a day does not change."""
    return next(calendar.stretches(at_ms))


def due(calendar: WorkCalendar, clock: DeadlineClock, start_ms: int, hours: float) -> int:
    """When a limit of ``hours`` that starts at ``start_ms`` runs out."""
    duration_ms = round(hours * HOUR_MS)
    if clock is DeadlineClock.CONTINUOUS:
        return start_ms + duration_ms
    return calendar.add(start_ms, duration_ms)


def elapsed(calendar: WorkCalendar, clock: DeadlineClock, from_ms: int, to_ms: int) -> int:
    """How much of a clock has passed between two instants, milliseconds."""
    if clock is DeadlineClock.CONTINUOUS:
        return max(0, to_ms - from_ms)
    return calendar.between(from_ms, to_ms)


def resumed_due(calendar: WorkCalendar, clock: DeadlineClock, due_ms: int, suspended_ms: int, resumed_ms: int) -> int:
    """The limit after a suspension: what was left of the clock then is left now; an overdue limit stays as it was.

    ``suspended_ms`` is no earlier than the beginning of the clock: one that had not begun has lost nothing until then.
    """
    if due_ms <= suspended_ms or resumed_ms <= suspended_ms:
        return due_ms
    left_ms = elapsed(calendar, clock, suspended_ms, due_ms)
    if clock is DeadlineClock.CONTINUOUS:
        return resumed_ms + left_ms
    if calendar.between(suspended_ms, resumed_ms) == 0:
        return max(due_ms, resumed_ms)
    return calendar.add(resumed_ms, left_ms)
