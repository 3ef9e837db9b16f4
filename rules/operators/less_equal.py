"""``x <= y``."""

from __future__ import annotations

from rules.columns import Floats, Tri
from rules.operators.kinds import Comparison


def less_equal(left: Floats, right: Floats) -> Tri:
    """True where left is at most right; unknown where one side is."""
    return Tri(left <= right, left > right)


LESS_EQUAL = Comparison(word="<=", compute=less_equal)
