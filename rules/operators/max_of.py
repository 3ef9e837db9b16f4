"""``max(x) of group``: the greatest of the known members."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats
from rules.operators.kinds import GroupAggregate
from rules.operators.units import same


def greatest(value: Floats) -> Floats:
    """The greatest known value."""
    result: Floats = np.fmax.reduce(value, axis=1)
    return result


MAX_OF = GroupAggregate(word="max", of_condition=False, everyone=False, compute=greatest, unit=same, monotone=True)
