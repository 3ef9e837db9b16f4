"""``min(x) over w``: the smallest value held at any moment of the window."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats, Ints
from rules.operators.kinds import WindowAggregate


def held(value: Floats, held_ms: Ints) -> Floats:
    """The value, where it was held for any time at all."""
    return np.where(held_ms > 0, value, np.inf)


def smallest(extreme: Floats, known_ms: Ints) -> Floats:
    """The fold is the answer already."""
    del known_ms
    return extreme


MIN_OVER = WindowAggregate(
    word="min",
    identity=float("inf"),
    piece=held,
    fold=np.minimum,
    finish=smallest,
)
