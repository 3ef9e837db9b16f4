"""``spike(x) over w``: how far the value left the band of its neighbours and came back, at the most.

Of each three values in a row the one in the middle leaves the band of the other two by its distance to the nearer of
them, or not at all if it lies between. A step, a ramp and a peak of several values leave no band.

Shares hold the first two and the last two values and the largest distance of all within. Values that are the same on
both sides of a join are one value, as two pieces of one value are one piece.
"""

from __future__ import annotations

import numpy as np

from rules.columns import Floats, Ints, Shares
from rules.operators.courses import Held, records
from rules.operators.folds import Joined
from rules.operators.kinds import WindowAggregate
from rules.operators.units import spread

_COURSE = np.dtype(
    [
        ("first", np.float64),
        ("second", np.float64),
        ("second_last", np.float64),
        ("last", np.float64),
        ("farthest", np.float64),
    ]
)


def held(value: Floats, from_ms: Ints, held_ms: Ints) -> Shares:
    """The value as both ends, without neighbours; NaN where it was not held at all."""
    del from_ms
    share = np.full(len(value), _NOTHING)
    share["first"] = share["last"] = np.where(held_ms > 0, value, np.nan)
    return share


def courses_of(held: Held) -> Shares:
    """Both ends of stretches with their neighbours, and what leaves its band within; equal neighbours are one value."""
    kept = held.changed.copy()
    kept[held.head] = True
    chosen = np.flatnonzero(kept)
    begins = np.searchsorted(chosen, held.head)
    course = Held(held.value.take(chosen), held.from_ms.take(chosen), held.held_ms.take(chosen), begins)
    value = course.value
    head, last, several = course.head, course.last, course.size > 1
    outside = np.zeros(len(value))
    outside[1:-1] = distance(value[:-2], value[1:-1], value[2:])
    outside[head] = outside[last] = 0.0
    return records(
        course,
        _COURSE,
        first=value[head],
        second=np.where(several, value[np.minimum(head + 1, last)], np.nan),
        second_last=np.where(several, value[np.maximum(last - 1, head)], np.nan),
        last=value[last],
        farthest=course.extreme(np.maximum, outside),
    )


def joined(earlier: Shares, later: Shares) -> Shares:
    """Both stretches one after the other, and what leaves its band where they meet."""
    share = np.empty(np.broadcast_shapes(earlier.shape, later.shape), _COURSE)
    meet = earlier["last"] == later["first"]
    # What follows the earlier one's last value, and what precedes the later one's first.
    after = np.where(meet, later["second"], later["first"])
    before = np.where(meet, earlier["second_last"], earlier["last"])
    share["first"], share["last"] = earlier["first"], later["last"]
    share["second"] = np.where(np.isnan(earlier["second"]), after, earlier["second"])
    share["second_last"] = np.where(np.isnan(later["second_last"]), before, later["second_last"])
    left = distance(earlier["second_last"], earlier["last"], after)
    np.maximum(earlier["farthest"], later["farthest"], out=share["farthest"])
    np.maximum(share["farthest"], left, out=share["farthest"])
    if not np.isnan(later["second"]).all():  # mostly a single piece is joined to what there is
        right = distance(before, later["first"], later["second"])
        np.maximum(share["farthest"], right, out=share["farthest"])
    np.copyto(share, earlier, where=np.isnan(later["first"]))
    np.copyto(share, later, where=np.isnan(earlier["first"]))
    return share


def distance(before: Floats, value: Floats, after: Floats) -> Floats:
    """How far a value lies outside the band of its neighbours; 0 within, or if it has not two of them."""
    with np.errstate(all="ignore"):
        above = value - np.maximum(before, after)
        below = np.minimum(before, after) - value
        outside = np.maximum(above, below)
    return np.where(outside > 0, outside, 0.0)


def farthest(course: Shares, known_ms: Ints, begin_ms: Ints) -> Floats:
    """The largest distance."""
    del known_ms, begin_ms
    result: Floats = course["farthest"].astype(np.float64)
    return result


_NOTHING = np.array((np.nan, np.nan, np.nan, np.nan, 0.0), _COURSE)

SPIKE_OVER = WindowAggregate(
    word="spike",
    identity=_NOTHING,
    piece=held,
    fold=Joined(joined),
    finish=farthest,
    unit=spread,
    gather=courses_of,
)
