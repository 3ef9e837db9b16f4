"""``count(condition) over w``: how often it became true, having been false before; a gap in between is passed over."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats, Ints, Shares
from rules.operators.courses import Held, records
from rules.operators.folds import Joined
from rules.operators.kinds import Takes, WindowAggregate
from rules.operators.units import plain_number

_COURSE = np.dtype([("first", np.int16), ("last", np.int16), ("starts", np.int32)])
_NOTHING = -1


def held(value: Floats, from_ms: Ints, held_ms: Ints) -> Shares:
    """Whether it was true, as both ends."""
    del from_ms
    share = np.zeros(len(value), _COURSE)
    share["first"] = share["last"] = np.where(held_ms > 0, value, _NOTHING)
    return share


def courses_of(held: Held) -> Shares:
    """Both ends of stretches, and how often it became true within."""
    first, last = held.value[held.head], held.value[held.last]
    return records(held, _COURSE, first=first, last=last, starts=held.count(held.changed & (held.value == 1)))


def joined(earlier: Shares, later: Shares) -> Shares:
    """Starts of both, and one more where it was false at the end of the one and true at the beginning of the other."""
    share = np.empty(np.broadcast_shapes(earlier.shape, later.shape), _COURSE)
    share["first"] = np.where(earlier["first"] == _NOTHING, later["first"], earlier["first"])
    share["last"] = np.where(later["last"] == _NOTHING, earlier["last"], later["last"])
    meet = (earlier["last"] == 0) & (later["first"] == 1)
    share["starts"] = earlier["starts"] + later["starts"] + meet
    return share


def number(course: Shares, known_ms: Ints, begin_ms: Ints) -> Floats:
    """How many starts."""
    del known_ms, begin_ms
    result: Floats = course["starts"].astype(np.float64)
    return result


COUNT_OVER = WindowAggregate(
    word="count",
    identity=np.array((_NOTHING, _NOTHING, 0), _COURSE),
    piece=held,
    fold=Joined(joined),
    finish=number,
    unit=plain_number,
    takes=Takes.CONDITION,
    gather=courses_of,
)
