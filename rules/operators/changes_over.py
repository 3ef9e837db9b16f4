"""``changes(x) over w``: how often the value became another; over a gap, how it was before and is after counts."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats, Ints, Shares
from rules.operators.courses import Held, records
from rules.operators.folds import Joined
from rules.operators.kinds import WindowAggregate
from rules.operators.units import plain_number

_COURSE = np.dtype([("first", np.float64), ("last", np.float64), ("changes", np.int64)])


def held(value: Floats, from_ms: Ints, held_ms: Ints) -> Shares:
    """The value as both ends; NaN where it was not held at all."""
    del from_ms
    share = np.zeros(len(value), _COURSE)
    share["first"] = share["last"] = np.where(held_ms > 0, value, np.nan)
    return share


def courses_of(held: Held) -> Shares:
    """Both ends of stretches, and how often the value became another within."""
    first, last = held.value[held.head], held.value[held.last]
    return records(held, _COURSE, first=first, last=last, changes=held.count(held.changed))


def joined(earlier: Shares, later: Shares) -> Shares:
    """Changes of both, and one more where they do not meet at one value."""
    share = np.empty(np.broadcast_shapes(earlier.shape, later.shape), _COURSE)
    begins, ends = np.isnan(earlier["first"]), np.isnan(later["last"])
    share["first"] = np.where(begins, later["first"], earlier["first"])
    share["last"] = np.where(ends, earlier["last"], later["last"])
    meet = (earlier["last"] != later["first"]) & ~begins & ~ends
    share["changes"] = earlier["changes"] + later["changes"] + meet
    return share


def number(course: Shares, known_ms: Ints, begin_ms: Ints) -> Floats:
    """How many."""
    del known_ms, begin_ms
    result: Floats = course["changes"].astype(np.float64)
    return result


CHANGES_OVER = WindowAggregate(
    word="changes",
    identity=np.array((np.nan, np.nan, 0), _COURSE),
    piece=held,
    fold=Joined(joined),
    finish=number,
    unit=plain_number,
    gather=courses_of,
)
