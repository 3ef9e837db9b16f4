"""Shares of many stretches at once, from everything that was held in them.

A window goes through time piece by piece: ``piece`` makes a share of each, ``fold`` joins it to those before. Where all
pieces of a stretch are at hand most aggregates know a shorter way (``WindowAggregate.gather``), with the same result
to the last bit: sums are added in the order of time, from nothing on, and extremes and ends do not depend on it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rules.columns import Bools, Floats, Indices, Ints

_LONG = 24
"""Pieces a stretch from which on ``reduceat`` is faster than ``at``."""


class Held:
    """What was held in each of r stretches, piece after piece.

    Attributes:
        value: float64[n], known ones.
        from_ms: int64[n], since when; held_ms: int64[n], how long, at least 1.
        head: intp[r], the first piece of each stretch; none is empty.
    """

    def __init__(self, value: Floats, from_ms: Ints, held_ms: Ints, head: Indices) -> None:
        """Pieces by (stretch, time)."""
        self.value, self.from_ms, self.held_ms, self.head = value, from_ms, held_ms, head
        self._number: Indices | None = None
        self._changed: Bools | None = None

    @property
    def size(self) -> Indices:
        """intp[r]: how many pieces each stretch has."""
        return np.diff(self.head, append=len(self.value))

    @property
    def last(self) -> Indices:
        """intp[r]: the last piece of each stretch."""
        return self.head + self.size - 1

    @property
    def number(self) -> Indices:
        """intp[n]: the stretch of each piece."""
        if self._number is None:
            self._number = np.repeat(np.arange(len(self.head)), self.size)
        return self._number

    @property
    def changed(self) -> Bools:
        """bool[n]: where the value is another than the one before it in its stretch."""
        if self._changed is None:
            changed = np.empty(len(self.value), np.bool_)
            np.not_equal(self.value[1:], self.value[:-1], out=changed[1:])
            changed[self.head] = False
            self._changed = changed
        return self._changed

    @property
    def before(self) -> Floats:
        """float64[n]: the value before each; at the head of a stretch its own."""
        before = np.empty_like(self.value)
        before[1:] = self.value[:-1]
        before[self.head] = self.value[self.head]
        return before

    def sum(self, part: Floats) -> Floats:
        """float64[r]: added one after the other, from 0.0 on."""
        return np.bincount(self.number, part, len(self.head)).astype(np.float64, copy=False)

    def count(self, marked: Bools) -> Ints:
        """int64[r]: how many pieces are marked."""
        chosen = np.flatnonzero(marked)
        return np.bincount(self.number.take(chosen), minlength=len(self.head)).astype(np.int64)

    def least(self) -> Floats:
        """float64[r]: the least value of each stretch."""
        return self.extreme(np.minimum, self.value)

    def greatest(self) -> Floats:
        """float64[r]: the greatest value of each stretch."""
        return self.extreme(np.maximum, self.value)

    def extreme(self, ufunc: np.ufunc, part: Floats) -> Floats:
        """float64[r]: ``minimum`` or ``maximum`` of a column of the pieces."""
        if len(part) >= _LONG * len(self.head):
            long: Floats = ufunc.reduceat(part, self.head) if len(part) else part[:0]
            return long
        found: Floats = part.take(self.head)
        if len(part) > len(self.head):
            ufunc.at(found, self.number, part)
        return found

    def known_ms(self) -> Ints:
        """int64[r]: how long anything was held."""
        if len(self.held_ms) >= _LONG * len(self.head):
            long: Ints = np.add.reduceat(self.held_ms, self.head) if len(self.held_ms) else self.held_ms[:0]
            return long
        if len(self.held_ms) == len(self.head):
            return self.held_ms
        known = np.zeros(len(self.head), np.int64)
        np.add.at(known, self.number, self.held_ms)
        return known


def records(held: Held, kind: np.dtype[np.void], **columns: NDArray[np.generic] | float) -> NDArray[np.void]:
    """A record for each stretch."""
    share = np.empty(len(held.head), kind)
    for name, column in columns.items():
        share[name] = column
    return share
