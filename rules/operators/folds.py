"""How the shares of a window are joined: the earlier first, associatively, and the same way wherever it is done.

A share is what a stretch of a window comes to. Most are one number and join by a ufunc; those that need more (first and
last value, moments of a distribution) are records, and join by a function of two columns of them. The results of live,
patched and rewound windows are the same to the last bit because all of them join the same shares in the same order.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Protocol

import numpy as np

from rules.columns import Indices, Shares


class Fold(Protocol):
    """Joins shares; associative, not necessarily commutative."""

    def __call__(self, earlier: Shares, later: Shares, /, out: Shares | None = None) -> Shares:
        """The shares of both stretches together, row by row; into ``out`` if given."""
        ...

    def at(self, table: Shares, place: Indices, share: Shares) -> None:
        """Join shares (in the order of time for each place) to those at some places of a column, in place."""
        ...


class Plain:
    """By a ufunc of two numbers."""

    def __init__(self, ufunc: np.ufunc) -> None:
        """Associative and commutative, as sums and extremes are."""
        self._ufunc = ufunc

    def __call__(self, earlier: Shares, later: Shares, /, out: Shares | None = None) -> Shares:
        """As ``Fold``."""
        joined: Shares = self._ufunc(earlier, later, out=out)
        return joined

    def at(self, table: Shares, place: Indices, share: Shares) -> None:
        """As ``Fold``."""
        self._ufunc.at(table, place, share)


class Joined:
    """By a function of two columns of records."""

    def __init__(self, join: Callable[[Shares, Shares], Shares]) -> None:
        """Associative; an empty share leaves the other as it is, to the last bit."""
        self._join = join

    def __call__(self, earlier: Shares, later: Shares, /, out: Shares | None = None) -> Shares:
        """As ``Fold``."""
        joined = self._join(earlier, later)
        if out is None:
            return joined
        out[...] = joined
        return out

    def at(self, table: Shares, place: Indices, share: Shares) -> None:
        """As ``Fold``: the first share of every place, then the second of those that have one, and so on."""
        order = np.argsort(place, kind="stable")
        sorted_place = place[order]
        number = np.arange(len(place))
        new = np.ones(len(place), np.bool_)
        new[1:] = sorted_place[1:] != sorted_place[:-1]
        rank = number - np.maximum.accumulate(np.where(new, number, 0))
        turns = order[np.argsort(rank, kind="stable")]
        for chosen in np.split(turns, np.cumsum(np.bincount(rank))[:-1]):
            table[place[chosen]] = self._join(table[place[chosen]], share[chosen])


def fold_down(fold: Fold | np.ufunc, table: Shares) -> None:
    """Fold every row of a table into the next, in place; row by row this is several times as fast as ``accumulate``."""
    for before, row in pairwise(table):
        fold(before, row, out=row)


def fold_up(fold: Fold, table: Shares) -> None:
    """Fold every row of a table into the one before, from the end, in place."""
    for later, row in pairwise(table[::-1]):
        fold(row, later, out=row)
