"""Runs of readings: what a replay is made of, a cell after the other, each in the order of time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rules.columns import Bools, Floats, Indices, Ints
from rules.engine.rows import NO_ROWS, Rows, firsts


class Runs(NamedTuple):
    """Runs of readings, each of one cell and in time order, one after the other.

    Attributes:
        cell: intp[r].
        head: intp[r], the row at which each begins; size: intp[r], how many rows it has.
        time_ms: int64[n]; value: float64[n], NaN is unknown.
    """

    cell: Indices
    head: Indices
    size: Indices
    time_ms: Ints
    value: Floats

    @classmethod
    def of(cls, rows: Rows) -> Runs:
        """Rows that are sorted by (cell, time)."""
        head = np.flatnonzero(firsts(rows.cell))
        return cls(rows.cell[head], head, np.diff(head, append=len(rows.cell)), rows.time_ms, rows.value)

    @property
    def last(self) -> Indices:
        """The last row of each run."""
        return self.head + self.size - 1

    @property
    def rows(self) -> Rows:
        """The runs as rows."""
        return Rows(np.repeat(self.cell, self.size), self.time_ms, self.value)

    def take(self, chosen: Bools) -> Runs:
        """Some of the runs."""
        if chosen.all():
            return self
        rows = np.flatnonzero(np.repeat(chosen, self.size))
        size = self.size[chosen]
        return Runs(self.cell[chosen], heads(size), size, self.time_ms.take(rows), self.value.take(rows))

    def between(self, start: int, stop: int) -> Runs:
        """Neighbouring runs; nothing is copied."""
        if start == stop:
            return Runs(self.cell[:0], self.head[:0], self.size[:0], self.time_ms[:0], self.value[:0])
        begin, end = int(self.head[start]), int(self.last[stop - 1]) + 1
        head = self.head[start:stop] - begin
        return Runs(self.cell[start:stop], head, self.size[start:stop], self.time_ms[begin:end], self.value[begin:end])

    def ordered(self, order: Indices) -> Runs:
        """The runs in another order, or some of them."""
        size = self.size[order]
        head = heads(size)
        rows = np.repeat(self.head[order] - head, size)
        rows += np.arange(len(rows))
        return Runs(self.cell[order], head, size, self.time_ms.take(rows), self.value.take(rows))

    def owners(self, rows: Indices) -> Indices:
        """Which run each of some rows belongs to."""
        owner: Indices = np.searchsorted(self.head, rows, side="right") - 1
        return owner

    def merged(self) -> Runs:
        """The runs by cell, and those of one cell, which follow one another in time, as one."""
        if (self.cell[1:] > self.cell[:-1]).all():
            return self
        runs = self.ordered(np.argsort(self.cell, kind="stable"))
        first = np.flatnonzero(firsts(runs.cell))
        head = runs.head[first]
        return Runs(runs.cell[first], head, np.diff(head, append=len(runs.time_ms)), runs.time_ms, runs.value)

    def parted(self, moment_ms: int) -> tuple[Runs, Runs]:
        """The rows up to and with a moment, and those after it."""
        early = self.time_ms <= moment_ms
        return self._rows(early), self._rows(~early)

    def _rows(self, chosen: Bools) -> Runs:
        """Some of the rows; runs of which none is left are left out."""
        rows = np.flatnonzero(chosen)
        bounds = np.searchsorted(rows, np.append(self.head, len(self.time_ms)))
        some = np.flatnonzero(np.diff(bounds))
        size = np.diff(bounds)[some]
        return Runs(self.cell[some], heads(size), size, self.time_ms.take(rows), self.value.take(rows))

    def since(self, moment_ms: int) -> Runs:
        """The rows after a moment, and of every run the one that is in force then."""
        kept = np.ones(len(self.time_ms), np.bool_)
        np.greater(self.time_ms[1:], moment_ms, out=kept[:-1])
        kept[self.last] = True
        chosen = np.flatnonzero(kept)
        head = np.searchsorted(chosen, self.head)
        size = np.diff(head, append=len(chosen))
        return Runs(self.cell, head, size, self.time_ms.take(chosen), self.value.take(chosen))


NO_RUNS = Runs.of(NO_ROWS)


def heads(size: Indices) -> Indices:
    """Where runs of these sizes begin."""
    head: Indices = np.cumsum(size) - size
    return head


def joined_runs(parts: list[Runs]) -> Runs:
    """All runs one after the other."""
    if len(parts) < 2:
        return parts[0] if parts else NO_RUNS
    cell, size, time_ms, value = (np.concatenate([part[column] for part in parts]) for column in (0, 2, 3, 4))
    return Runs(cell, heads(size), size, time_ms, value)
