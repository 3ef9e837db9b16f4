"""``mean(x) over w``, weighted by the time each value was held; ``avg`` is the same."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats, Ints, Shares
from rules.operators.courses import Held
from rules.operators.folds import Plain
from rules.operators.kinds import WindowAggregate
from rules.operators.units import same


def area(value: Floats, from_ms: Ints, held_ms: Ints) -> Shares:
    """Value times the milliseconds it was held."""
    del from_ms
    return value * held_ms


def areas(held: Held) -> Shares:
    """The areas of stretches."""
    return held.sum(held.value * held.held_ms)


def mean(total: Shares, known_ms: Ints, begin_ms: Ints) -> Floats:
    """The area divided by the known time."""
    del begin_ms
    with np.errstate(all="ignore"):
        result: Floats = total / known_ms
        return result


MEAN_OVER = WindowAggregate(
    word="mean",
    identity=np.array(0.0),
    piece=area,
    fold=Plain(np.add),
    finish=mean,
    unit=same,
    is_level=True,
    gather=areas,
)
