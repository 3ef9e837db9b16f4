"""``x - y``."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats
from rules.operators.kinds import Arithmetic
from rules.operators.units import difference


def subtract(left: Floats, right: Floats) -> Floats:
    """Difference; unknown where a side is, or where the result is not finite."""
    with np.errstate(all="ignore"):
        result = left - right
        return np.where(np.isfinite(result), result, np.nan)


SUBTRACT = Arithmetic(word="-", binding=50, compute=subtract, unit=difference)
