"""``max(x) over w``: the largest value held at any moment of the window."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats, Ints
from rules.operators.kinds import WindowAggregate


def held(value: Floats, held_ms: Ints) -> Floats:
    """The value, where it was held for any time at all."""
    return np.where(held_ms > 0, value, -np.inf)


def largest(extreme: Floats, known_ms: Ints) -> Floats:
    """The fold is the answer already."""
    del known_ms
    return extreme


MAX_OVER = WindowAggregate(
    word="max",
    identity=float("-inf"),
    piece=held,
    fold=np.maximum,
    finish=largest,
)
