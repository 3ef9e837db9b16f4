"""``mean(x) over w``, weighted by the time each value was held."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats, Ints
from rules.operators.kinds import WindowAggregate


def area(value: Floats, held_ms: Ints) -> Floats:
    """Value times the milliseconds it was held."""
    return value * held_ms


def mean(total: Floats, known_ms: Ints) -> Floats:
    """The area divided by the known time."""
    with np.errstate(all="ignore"):
        return total / known_ms


MEAN_OVER = WindowAggregate(word="mean", identity=0.0, piece=area, fold=np.add, finish=mean)
