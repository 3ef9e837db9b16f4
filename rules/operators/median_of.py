"""``median(x) of group``: of the known members; of an even number the middle of the two in the middle."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats
from rules.operators.kinds import GroupAggregate
from rules.operators.units import same


def median(value: Floats) -> Floats:
    """The middle of the known values."""
    ordered = np.sort(value, axis=1)  # what is not known comes last
    last = np.count_nonzero(~np.isnan(value), axis=1) - 1
    row = np.arange(len(value))
    below, above = ordered[row, last // 2], ordered[row, (last + 1) // 2]
    result: Floats = np.where(below == above, below, below / 2 + above / 2)
    return result


MEDIAN_OF = GroupAggregate(word="median", of_condition=False, everyone=False, compute=median, unit=same)
