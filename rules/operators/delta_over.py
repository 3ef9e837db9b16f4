"""``delta(x) over w``: the last value held in the window less the first."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats, Ints, Shares
from rules.operators.courses import Held, records
from rules.operators.folds import Joined
from rules.operators.kinds import WindowAggregate
from rules.operators.units import spread

_ENDS = np.dtype([("first", np.float64), ("last", np.float64)])


def held(value: Floats, from_ms: Ints, held_ms: Ints) -> Shares:
    """The value as both ends; NaN where it was not held at all."""
    del from_ms
    share = np.empty(len(value), _ENDS)
    share["first"] = share["last"] = np.where(held_ms > 0, value, np.nan)
    return share


def ends_of(held: Held) -> Shares:
    """The first and the last value of stretches."""
    return records(held, _ENDS, first=held.value[held.head], last=held.value[held.last])


def joined(earlier: Shares, later: Shares) -> Shares:
    """The first of the earlier and the last of the later, as far as they hold anything."""
    share = np.empty(np.broadcast_shapes(earlier.shape, later.shape), _ENDS)
    share["first"] = np.where(np.isnan(earlier["first"]), later["first"], earlier["first"])
    share["last"] = np.where(np.isnan(later["last"]), earlier["last"], later["last"])
    return share


def difference(ends: Shares, known_ms: Ints, begin_ms: Ints) -> Floats:
    """Last less first."""
    del known_ms, begin_ms
    with np.errstate(all="ignore"):
        result: Floats = ends["last"] - ends["first"]
        return result


DELTA_OVER = WindowAggregate(
    word="delta",
    identity=np.array((np.nan, np.nan), _ENDS),
    piece=held,
    fold=Joined(joined),
    finish=difference,
    unit=spread,
    gather=ends_of,
)
