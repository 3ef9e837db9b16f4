"""``stddev(x) over w``: the standard deviation of the step function, weighted by the time each value was held.

Shares hold time, mean and the sum of squares about the mean, and are joined by the update of Chan, Golub and LeVeque
(1979): nothing is ever squared but differences, so a large mean with a small scatter loses nothing.
"""

from __future__ import annotations

import numpy as np

from rules.columns import Floats, Ints, Shares
from rules.operators.folds import Joined
from rules.operators.kinds import WindowAggregate
from rules.operators.units import spread

_MOMENTS = np.dtype([("held_ms", np.float64), ("mean", np.float64), ("squares", np.float64)])


def held(value: Floats, from_ms: Ints, held_ms: Ints) -> Shares:
    """One value has no scatter."""
    del from_ms
    share = np.zeros(len(value), _MOMENTS)
    share["held_ms"] = held_ms
    share["mean"] = np.where(held_ms > 0, value, 0.0)
    return share


def joined(earlier: Shares, later: Shares) -> Shares:
    """Moments of both stretches; an empty one leaves the other as it is."""
    share = np.empty(np.broadcast_shapes(earlier.shape, later.shape), _MOMENTS)
    with np.errstate(all="ignore"):
        total = earlier["held_ms"] + later["held_ms"]
        weight = later["held_ms"] / total
        apart = later["mean"] - earlier["mean"]
        share["held_ms"] = total
        share["mean"] = earlier["mean"] + apart * weight
        share["squares"] = earlier["squares"] + later["squares"] + apart * apart * (earlier["held_ms"] * weight)
    np.copyto(share, earlier, where=later["held_ms"] == 0)
    np.copyto(share, later, where=earlier["held_ms"] == 0)
    return share


def deviation(moments: Shares, known_ms: Ints, begin_ms: Ints) -> Floats:
    """The root of the mean square about the mean."""
    del known_ms, begin_ms
    with np.errstate(all="ignore"):
        result: Floats = np.sqrt(moments["squares"] / moments["held_ms"])
        return result


STDDEV_OVER = WindowAggregate(
    word="stddev",
    identity=np.array((0.0, 0.0, 0.0), _MOMENTS),
    piece=held,
    fold=Joined(joined),
    finish=deviation,
    unit=spread,
)
