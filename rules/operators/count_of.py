"""``count(condition) of group``: the members for which it is known to be true."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats, Ints
from rules.operators.kinds import GroupAggregate
from rules.operators.units import plain_number


def tally(true: Ints, known: Ints) -> Floats:
    """Those for which it is true."""
    del known
    return true.astype(np.float64)


def count(truth: Floats) -> Floats:
    """How many members are at 1."""
    true = np.count_nonzero(truth == 1.0, axis=1)
    return tally(true, true)


COUNT_OF = GroupAggregate(
    word="count", of_condition=True, everyone=False, compute=count, unit=plain_number, tally=tally
)
