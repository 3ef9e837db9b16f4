"""``min(x) of group``: the least of the known members."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats
from rules.operators.kinds import GroupAggregate
from rules.operators.units import same


def least(value: Floats) -> Floats:
    """The least known value."""
    result: Floats = np.fmin.reduce(value, axis=1)
    return result


MIN_OF = GroupAggregate(word="min", of_condition=False, everyone=False, compute=least, unit=same, monotone=True)
