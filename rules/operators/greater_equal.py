"""``x >= y``."""

from __future__ import annotations

from rules.columns import Floats, Tri
from rules.operators.kinds import Comparison


def greater_equal(left: Floats, right: Floats) -> Tri:
    """True where left is at least right; unknown where one side is."""
    return Tri(left >= right, left < right)


GREATER_EQUAL = Comparison(word=">=", compute=greater_equal)
