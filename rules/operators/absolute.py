"""``abs(x)``."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats
from rules.operators.kinds import Function
from rules.operators.units import magnitude


def absolute(value: Floats) -> Floats:
    """The size without the sign."""
    return np.abs(value)


ABS = Function(word="abs", least=1, most=1, compute=absolute, unit=magnitude, cuts=lambda limit: (-limit, limit))
