"""The calendar as the engine reads it: the changes of a term between two moments, from tables that grow with time.

A schedule is computed in blocks of a fixed length, each once, when time first reaches it. A block is a function of the
calendar alone, so a re-evaluation that goes back a week, and an engine that was started anew, read the same steps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from core.calendar import Schedule, Timetable
from rules.columns import BEGINNING_MS, NEVER_MS, Floats, Indices, Ints

_BLOCK_MS = 32 * 86_400_000


class Changes(NamedTuple):
    """Rows intp[n] of a class, moments int64[n], values float64[n]."""

    row: Indices
    time_ms: Ints
    value: Floats


class _Table:
    """The steps of one schedule over a growing stretch of time."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._from_ms = self._until_ms = 0
        self.time_ms: Ints = np.empty(0, np.int64)
        self.value: Floats = np.empty(0)
        """One longer than ``time_ms``: the first is the value before the first step; empty before anything is known."""

    def cover(self, from_ms: int, until_ms: int) -> None:
        """Have the steps of [from_ms, until_ms]."""
        begin, end = from_ms // _BLOCK_MS * _BLOCK_MS, (until_ms // _BLOCK_MS + 1) * _BLOCK_MS
        if not len(self.value):
            found = self._schedule.steps(begin, end)
            self._from_ms, self._until_ms = begin, end
            self.time_ms, self.value = found.time_ms, np.concatenate([[found.begin], found.value])
            return
        if begin < self._from_ms:
            found = self._schedule.steps(begin, self._from_ms)
            self.time_ms = np.concatenate([found.time_ms, self.time_ms])
            self.value = np.concatenate([[found.begin], found.value, self.value[1:]])
            self._from_ms = begin
        if end > self._until_ms:
            found = self._schedule.steps(self._until_ms, end)
            self.time_ms = np.concatenate([self.time_ms, found.time_ms])
            self.value = np.concatenate([self.value, found.value])
            self._until_ms = end

    def moves(self, from_ms: int, until_ms: int) -> bool:
        """Whether there is a step in (from_ms, until_ms]; covers that stretch."""
        self.cover(from_ms, until_ms)
        first, last = np.searchsorted(self.time_ms, (from_ms, until_ms), side="right").tolist()
        return bool(last > first)


@dataclass(frozen=True, slots=True, eq=False)
class TermColumn:
    """A term of the calendar for the m facilities of a class.

    Attributes:
        column: the operand column it fills.
        of: intp[m], the table each facility reads.
        tables: one for each schedule; shared by the layouts of re-evaluations.
    """

    column: int
    of: Indices
    tables: tuple[_Table, ...]
    _used: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Find out which tables are read at all."""
        object.__setattr__(self, "_used", tuple(np.unique(self.of).tolist()))

    @classmethod
    def build(cls, column: int, timetable: Timetable) -> TermColumn:
        """Begin with nothing computed."""
        return cls(column, timetable.of, tuple(_Table(schedule) for schedule in timetable.schedules))

    def take(self, rows: Indices) -> TermColumn:
        """The same for some of the facilities."""
        return TermColumn(self.column, self.of[rows], self.tables)

    def at(self, moment_ms: Ints) -> tuple[Floats, Ints]:
        """Value at a moment of each facility (int64[m]) and since when; NaN and minus infinity at minus infinity."""
        value, since = np.full(len(self.of), np.nan), np.full(len(self.of), BEGINNING_MS)
        for number in self._used:
            row = np.flatnonzero((self.of == number) & (moment_ms > BEGINNING_MS))
            if len(row):
                table, moment = self.tables[number], moment_ms[row]
                table.cover(int(moment.min()), int(moment.max()))
                place = np.searchsorted(table.time_ms, moment, side="right")
                value[row] = table.value[place]
                inside = place > 0
                since[row[inside]] = table.time_ms[place[inside] - 1]
        return value, since

    def between(self, from_ms: Ints, until_ms: Ints) -> Changes:
        """Every change in (from, until] of each facility (int64[m] each); none before a facility has begun."""
        moving = from_ms > BEGINNING_MS
        moving &= until_ms > from_ms
        earliest = int(from_ms.min(initial=NEVER_MS, where=moving))
        latest = int(until_ms.max(initial=BEGINNING_MS, where=moving))
        parts: list[Changes] = []
        for number in self._used if earliest < latest else ():
            if self.tables[number].moves(earliest, latest):
                row = np.flatnonzero((self.of == number) & moving)
                parts.append(_changes(self.tables[number], row, from_ms[row], until_ms[row]))
        if not parts:
            return Changes(np.empty(0, np.intp), np.empty(0, np.int64), np.empty(0))
        return Changes(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _changes(table: _Table, row: Indices, from_ms: Ints, until_ms: Ints) -> Changes:
    """What ``between`` gives, for the facilities of one table that covers all of it."""
    first = np.searchsorted(table.time_ms, from_ms, side="right")
    count = np.searchsorted(table.time_ms, until_ms, side="right") - first
    total = int(count.sum())
    place = np.arange(total) - np.repeat(np.cumsum(count) - count - first, count)
    return Changes(np.repeat(row, count), table.time_ms[place], table.value[place + 1])
