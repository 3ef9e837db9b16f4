"""``range(x) over w``: the largest value held in the window less the smallest."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats, Ints, Shares
from rules.operators.courses import Held, records
from rules.operators.folds import Joined
from rules.operators.kinds import WindowAggregate
from rules.operators.units import spread

_EXTREMES = np.dtype([("low", np.float64), ("high", np.float64)])


def held(value: Floats, from_ms: Ints, held_ms: Ints) -> Shares:
    """The value as both extremes, where it was held for any time at all."""
    del from_ms
    share = np.empty(len(value), _EXTREMES)
    share["low"] = np.where(held_ms > 0, value, np.inf)
    share["high"] = np.where(held_ms > 0, value, -np.inf)
    return share


def extremes_of(held: Held) -> Shares:
    """Both extremes of stretches."""
    return records(held, _EXTREMES, low=held.least(), high=held.greatest())


def joined(earlier: Shares, later: Shares) -> Shares:
    """The extremes of both."""
    share = np.empty(np.broadcast_shapes(earlier.shape, later.shape), _EXTREMES)
    np.minimum(earlier["low"], later["low"], out=share["low"])
    np.maximum(earlier["high"], later["high"], out=share["high"])
    return share


def width(extremes: Shares, known_ms: Ints, begin_ms: Ints) -> Floats:
    """What lies between them."""
    del known_ms, begin_ms
    with np.errstate(all="ignore"):
        result: Floats = extremes["high"] - extremes["low"]
        return result


RANGE_OVER = WindowAggregate(
    word="range",
    identity=np.array((np.inf, -np.inf), _EXTREMES),
    piece=held,
    fold=Joined(joined),
    finish=width,
    unit=spread,
    gather=extremes_of,
)
