"""``missing(x) over w``: the part of the time in which x was not known, between its first and its last known moment.

A sensor that is new has not missed what was before it, and one that has fallen silent altogether is told of as "cannot
see"; what is missing in between are gaps.
"""

from __future__ import annotations

import numpy as np

from rules.columns import BEGINNING_MS, NEVER_MS, Floats, Ints, Shares
from rules.operators.courses import Held, records
from rules.operators.folds import Joined
from rules.operators.kinds import WindowAggregate
from rules.operators.units import plain_number

_SPAN = np.dtype([("from_ms", np.int64), ("until_ms", np.int64)])


def held(value: Floats, from_ms: Ints, held_ms: Ints) -> Shares:
    """When it was held, if for any time at all."""
    share = np.empty(len(value), _SPAN)
    some = held_ms > 0
    share["from_ms"] = np.where(some, from_ms, NEVER_MS)
    share["until_ms"] = np.where(some, from_ms + held_ms, BEGINNING_MS)
    return share


def spans_of(held: Held) -> Shares:
    """From the beginning of the first piece of each stretch to the end of its last."""
    last = held.last
    return records(held, _SPAN, from_ms=held.from_ms[held.head], until_ms=held.from_ms[last] + held.held_ms[last])


def joined(earlier: Shares, later: Shares) -> Shares:
    """From the first known moment to the last."""
    share = np.empty(np.broadcast_shapes(earlier.shape, later.shape), _SPAN)
    np.minimum(earlier["from_ms"], later["from_ms"], out=share["from_ms"])
    np.maximum(earlier["until_ms"], later["until_ms"], out=share["until_ms"])
    return share


def part(span: Shares, known_ms: Ints, begin_ms: Ints) -> Floats:
    """What is not known of the span."""
    del begin_ms
    with np.errstate(all="ignore"):
        result: Floats = 1.0 - known_ms / (span["until_ms"] - span["from_ms"])
        return result


MISSING_OVER = WindowAggregate(
    word="missing",
    identity=np.array((NEVER_MS, BEGINNING_MS), _SPAN),
    piece=held,
    fold=Joined(joined),
    finish=part,
    unit=plain_number,
    gather=spans_of,
)
