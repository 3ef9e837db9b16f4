"""``mean(x) of group``: of the known members."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats
from rules.operators.kinds import GroupAggregate
from rules.operators.units import same


def mean(value: Floats) -> Floats:
    """The mean of the known members, always added in the same order."""
    known = ~np.isnan(value)
    with np.errstate(all="ignore"):
        result: Floats = np.where(known, value, 0.0).sum(axis=1) / np.count_nonzero(known, axis=1)
    return result


MEAN_OF = GroupAggregate(word="mean", of_condition=False, everyone=False, compute=mean, unit=same)
