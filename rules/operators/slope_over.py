"""``slope(x) over w``: the straight line of least squares through the step function, in units of x per second.

Shares hold time known, means of moment and value, and the sums of squares and products about them, joined as in
``stddev_over.py``. Moments count from the beginning of each share (a whole millisecond), so that none of them is large.
"""

from __future__ import annotations

import numpy as np

from rules.columns import Floats, Ints, Shares
from rules.operators.folds import Joined
from rules.operators.kinds import WindowAggregate
from rules.operators.units import change_rate

_MOMENTS = np.dtype(
    [
        ("from_ms", np.int64),
        ("held_ms", np.float64),
        ("moment", np.float64),
        ("mean", np.float64),
        ("squares", np.float64),
        ("products", np.float64),
    ]
)


def held(value: Floats, from_ms: Ints, held_ms: Ints) -> Shares:
    """A value held for h has the middle of h as its mean moment, and h³/12 as the square of moments about it."""
    share = np.zeros(len(value), _MOMENTS)
    some = held_ms > 0
    span = held_ms.astype(np.float64)
    share["from_ms"] = np.where(some, from_ms, 0)
    share["held_ms"] = span
    share["moment"] = span / 2
    share["mean"] = np.where(some, value, 0.0)
    share["squares"] = span * span * span / 12
    return share


def joined(earlier: Shares, later: Shares) -> Shares:
    """Moments of both stretches; an empty one leaves the other as it is."""
    share = np.empty(np.broadcast_shapes(earlier.shape, later.shape), _MOMENTS)
    with np.errstate(all="ignore"):
        total = earlier["held_ms"] + later["held_ms"]
        weight = later["held_ms"] / total
        moment = later["moment"] + (later["from_ms"] - earlier["from_ms"]) - earlier["moment"]
        apart = later["mean"] - earlier["mean"]
        both = earlier["held_ms"] * weight
        share["from_ms"] = earlier["from_ms"]
        share["held_ms"] = total
        share["moment"] = earlier["moment"] + moment * weight
        share["mean"] = earlier["mean"] + apart * weight
        share["squares"] = earlier["squares"] + later["squares"] + moment * moment * both
        share["products"] = earlier["products"] + later["products"] + moment * apart * both
    np.copyto(share, earlier, where=later["held_ms"] == 0)
    np.copyto(share, later, where=earlier["held_ms"] == 0)
    return share


def steepness(moments: Shares, known_ms: Ints, begin_ms: Ints) -> Floats:
    """Products by squares, per second."""
    del known_ms, begin_ms
    with np.errstate(all="ignore"):
        result: Floats = moments["products"] / moments["squares"] * 1000
        return result


SLOPE_OVER = WindowAggregate(
    word="slope",
    identity=np.array((0, 0.0, 0.0, 0.0, 0.0, 0.0), _MOMENTS),
    piece=held,
    fold=Joined(joined),
    finish=steepness,
    unit=change_rate,
)
