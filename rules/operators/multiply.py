"""``x * y``."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats
from rules.operators.kinds import Arithmetic
from rules.operators.units import product


def multiply(left: Floats, right: Floats) -> Floats:
    """Product; unknown where a side is, or where the result is not finite."""
    with np.errstate(all="ignore"):
        result = left * right
        return np.where(np.isfinite(result), result, np.nan)


MULTIPLY = Arithmetic(word="*", binding=60, compute=multiply, unit=product, scales=True)
