"""``x < y``."""

from __future__ import annotations

from rules.columns import Floats, Tri
from rules.operators.kinds import Comparison


def less(left: Floats, right: Floats) -> Tri:
    """True where left is below right; unknown where one side is."""
    return Tri(left < right, left >= right)


LESS = Comparison(word="<", compute=less)
