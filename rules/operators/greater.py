"""``x > y``."""

from __future__ import annotations

from rules.columns import Floats, Tri
from rules.operators.kinds import Comparison


def greater(left: Floats, right: Floats) -> Tri:
    """True where left exceeds right; unknown where one side is."""
    return Tri(left > right, left <= right)


GREATER = Comparison(word=">", compute=greater)
