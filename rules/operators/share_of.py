"""``share(condition) of group``: the part of the known members for which it is true."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats, Ints
from rules.operators.kinds import GroupAggregate
from rules.operators.units import plain_number


def tally(true: Ints, known: Ints) -> Floats:
    """True ones by known ones, of which there is at least one."""
    return true / known


def share(truth: Floats) -> Floats:
    """How many of the known members are at 1, as a number from 0 to 1."""
    return tally(np.count_nonzero(truth == 1.0, axis=1), np.count_nonzero(~np.isnan(truth), axis=1))


SHARE_OF = GroupAggregate(
    word="share", of_condition=True, everyone=False, compute=share, unit=plain_number, tally=tally
)
