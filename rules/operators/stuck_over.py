"""``stuck(x) over w``: one and the same value since the window began; a value within a gap may have been another."""

from __future__ import annotations

import numpy as np

from rules.columns import NEVER_MS, Floats, Ints, Shares
from rules.operators.courses import Held, records
from rules.operators.folds import Joined
from rules.operators.kinds import WindowAggregate
from rules.operators.units import plain_number

_EXTREMES = np.dtype([("from_ms", np.int64), ("low", np.float64), ("high", np.float64)])


def held(value: Floats, from_ms: Ints, held_ms: Ints) -> Shares:
    """The value as both extremes, where it was held for any time at all."""
    share = np.empty(len(value), _EXTREMES)
    some = held_ms > 0
    share["from_ms"] = np.where(some, from_ms, NEVER_MS)
    share["low"] = np.where(some, value, np.inf)
    share["high"] = np.where(some, value, -np.inf)
    return share


def extremes_of(held: Held) -> Shares:
    """Both extremes of stretches, and since when."""
    return records(held, _EXTREMES, from_ms=held.from_ms[held.head], low=held.least(), high=held.greatest())


def joined(earlier: Shares, later: Shares) -> Shares:
    """The extremes of both, and since when there are any."""
    share = np.empty(np.broadcast_shapes(earlier.shape, later.shape), _EXTREMES)
    np.minimum(earlier["from_ms"], later["from_ms"], out=share["from_ms"])
    np.minimum(earlier["low"], later["low"], out=share["low"])
    np.maximum(earlier["high"], later["high"], out=share["high"])
    return share


def unchanged(extremes: Shares, known_ms: Ints, begin_ms: Ints) -> Floats:
    """1 if there is but one value and it was known when the window began, 0 if there are two, else unknown."""
    del known_ms
    one = extremes["low"] == extremes["high"]
    return np.where(one, np.where(extremes["from_ms"] <= begin_ms, 1.0, np.nan), 0.0)


STUCK_OVER = WindowAggregate(
    word="stuck",
    identity=np.array((NEVER_MS, np.inf, -np.inf), _EXTREMES),
    piece=held,
    fold=Joined(joined),
    finish=unchanged,
    unit=plain_number,
    is_truth=True,
    gather=extremes_of,
)
