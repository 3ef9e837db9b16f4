"""``min(x, y, …)`` of several operands at one moment."""

from __future__ import annotations

from functools import reduce

import numpy as np

from rules.columns import Floats
from rules.operators.kinds import Function
from rules.operators.units import same


def minimum(*values: Floats) -> Floats:
    """The smallest; unknown where any operand is."""
    return reduce(np.minimum, values)


MIN = Function(word="min", least=2, most=9, compute=minimum, unit=same, cuts=lambda limit: (limit,))
