"""``travel(x) over w``: the whole way of the value, up and down added (its total variation).

A slow signal travels about as far as it ranges; one that trembles travels many times as far.
"""

from __future__ import annotations

import numpy as np

from rules.columns import Floats, Ints, Shares
from rules.operators.courses import Held, records
from rules.operators.folds import Joined
from rules.operators.kinds import WindowAggregate
from rules.operators.units import spread

_COURSE = np.dtype([("first", np.float64), ("last", np.float64), ("way", np.float64)])


def held(value: Floats, from_ms: Ints, held_ms: Ints) -> Shares:
    """The value as both ends; NaN where it was not held at all."""
    del from_ms
    share = np.full(len(value), _NOTHING)
    share["first"] = share["last"] = np.where(held_ms > 0, value, np.nan)
    return share


def courses_of(held: Held) -> Shares:
    """Both ends of stretches, and the way from value to value."""
    first, last = held.value[held.head], held.value[held.last]
    with np.errstate(all="ignore"):
        between = np.abs(held.value - held.before)
    return records(held, _COURSE, first=first, last=last, way=held.sum(between))


def joined(earlier: Shares, later: Shares) -> Shares:
    """The ways of both, and the one between them; over a gap, how it was before and is after counts."""
    share = np.empty(np.broadcast_shapes(earlier.shape, later.shape), _COURSE)
    share["first"], share["last"] = earlier["first"], later["last"]
    with np.errstate(all="ignore"):
        between = np.abs(later["first"] - earlier["last"])
        share["way"] = earlier["way"] + (between + later["way"])
    np.copyto(share, earlier, where=np.isnan(later["first"]))
    np.copyto(share, later, where=np.isnan(earlier["first"]))
    return share


def way(course: Shares, known_ms: Ints, begin_ms: Ints) -> Floats:
    """How far."""
    del known_ms, begin_ms
    result: Floats = course["way"].astype(np.float64)
    return result


_NOTHING = np.array((np.nan, np.nan, 0.0), _COURSE)

TRAVEL_OVER = WindowAggregate(
    word="travel",
    identity=_NOTHING,
    piece=held,
    fold=Joined(joined),
    finish=way,
    unit=spread,
    gather=courses_of,
)
