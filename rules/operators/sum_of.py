"""``sum(x) of group``: a sum over less than all members would be another quantity, so all must be known."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats
from rules.operators.kinds import GroupAggregate
from rules.operators.units import addable


def total(value: Floats) -> Floats:
    """The sum of all members, always in the same order."""
    with np.errstate(all="ignore"):
        result: Floats = np.where(np.isnan(value), 0.0, value).sum(axis=1)
    return result


SUM_OF = GroupAggregate(word="sum", of_condition=False, everyone=True, compute=total, unit=addable)
