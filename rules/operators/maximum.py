"""``max(x, y, …)`` of several operands at one moment."""

from __future__ import annotations

from functools import reduce

import numpy as np

from rules.columns import Floats
from rules.operators.kinds import Function
from rules.operators.units import same


def maximum(*values: Floats) -> Floats:
    """The largest; unknown where any operand is."""
    return reduce(np.maximum, values)


MAX = Function(word="max", least=2, most=9, compute=maximum, unit=same, cuts=lambda limit: (limit,))
