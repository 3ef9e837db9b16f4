"""``min(x) over w``: the smallest value held at any moment of the window."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats, Ints, Shares
from rules.operators.courses import Held
from rules.operators.folds import Plain
from rules.operators.kinds import WindowAggregate
from rules.operators.units import same


def held(value: Floats, from_ms: Ints, held_ms: Ints) -> Shares:
    """The value, where it was held for any time at all."""
    del from_ms
    return np.where(held_ms > 0, value, np.inf)


def smallest(extreme: Shares, known_ms: Ints, begin_ms: Ints) -> Floats:
    """The fold is the answer already."""
    del known_ms, begin_ms
    return extreme


MIN_OVER = WindowAggregate(
    word="min",
    identity=np.array(np.inf),
    piece=held,
    fold=Plain(np.minimum),
    finish=smallest,
    unit=same,
    is_level=True,
    gather=Held.least,
)
