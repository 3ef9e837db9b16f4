"""``x / y``."""

from __future__ import annotations

import numpy as np

from rules.columns import Floats
from rules.operators.kinds import Arithmetic
from rules.operators.units import quotient


def divide(left: Floats, right: Floats) -> Floats:
    """Quotient; unknown where a side is, or where the result is not finite."""
    with np.errstate(all="ignore"):
        result = left / right
        return np.where(np.isfinite(result), result, np.nan)


DIVIDE = Arithmetic(word="/", binding=60, compute=divide, unit=quotient, scales=True)
