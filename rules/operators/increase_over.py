"""``increase(x) over w`` and ``rate(x) over w`` of a counter, across resets.

A counter that falls has begun anew from 0, so the increase from one value to the next is their difference, or, where it
fell, the next value itself. Added up, that is the last value less the first, plus every value from which it fell: the
shares hold these three, so that the sum of many small steps is never rounded. The rate divides by the time from the
first known moment of the window to the last.
"""

from __future__ import annotations

import numpy as np

from rules.columns import Floats, Ints, Shares
from rules.operators.courses import Held, records
from rules.operators.folds import Joined
from rules.operators.kinds import Takes, WindowAggregate
from rules.operators.units import change_rate, same

_COURSE = np.dtype(
    [
        ("from_ms", np.int64),
        ("until_ms", np.int64),
        ("first", np.float64),
        ("last", np.float64),
        ("fallen_from", np.float64),
    ]
)


def held(value: Floats, from_ms: Ints, held_ms: Ints) -> Shares:
    """The value as both ends; NaN where it was not held at all."""
    share = np.zeros(len(value), _COURSE)
    some = held_ms > 0
    share["from_ms"] = np.where(some, from_ms, 0)
    share["until_ms"] = np.where(some, from_ms + held_ms, 0)
    share["first"] = share["last"] = np.where(some, value, np.nan)
    return share


def courses_of(held: Held) -> Shares:
    """Both ends of stretches with their moments, and every value from which it fell."""
    head, last, before = held.head, held.last, held.before
    return records(
        held,
        _COURSE,
        from_ms=held.from_ms[head],
        until_ms=held.from_ms[last] + held.held_ms[last],
        first=held.value[head],
        last=held.value[last],
        fallen_from=held.sum(np.where(held.value < before, before, 0.0)),
    )


def joined(earlier: Shares, later: Shares) -> Shares:
    """Both stretches one after the other; an empty one leaves the other as it is."""
    share = np.empty(np.broadcast_shapes(earlier.shape, later.shape), _COURSE)
    share["from_ms"], share["first"] = earlier["from_ms"], earlier["first"]
    share["until_ms"], share["last"] = later["until_ms"], later["last"]
    fell = np.where(later["first"] < earlier["last"], earlier["last"], 0.0)
    with np.errstate(all="ignore"):
        share["fallen_from"] = earlier["fallen_from"] + (fell + later["fallen_from"])
    np.copyto(share, earlier, where=np.isnan(later["first"]))
    np.copyto(share, later, where=np.isnan(earlier["first"]))
    return share


def increase(course: Shares, known_ms: Ints, begin_ms: Ints) -> Floats:
    """Last less first, and what was counted before each reset."""
    del known_ms, begin_ms
    with np.errstate(all="ignore"):
        result: Floats = course["last"] - course["first"] + course["fallen_from"]
        return result


def rate(course: Shares, known_ms: Ints, begin_ms: Ints) -> Floats:
    """The increase per second."""
    with np.errstate(all="ignore"):
        span = course["until_ms"] - course["from_ms"]
        result: Floats = increase(course, known_ms, begin_ms) / span * 1000
        return result


_NOTHING = np.array((0, 0, np.nan, np.nan, 0.0), _COURSE)

INCREASE_OVER = WindowAggregate(
    word="increase",
    identity=_NOTHING,
    piece=held,
    fold=Joined(joined),
    finish=increase,
    unit=same,
    takes=Takes.COUNTER,
    gather=courses_of,
)

RATE_OVER = WindowAggregate(
    word="rate",
    identity=_NOTHING,
    piece=held,
    fold=Joined(joined),
    finish=rate,
    unit=change_rate,
    takes=Takes.COUNTER,
    gather=courses_of,
)
