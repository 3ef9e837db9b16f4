"""``x == y``."""

from __future__ import annotations

from rules.columns import Floats, Tri
from rules.operators.kinds import Comparison


def equal(left: Floats, right: Floats) -> Tri:
    """True where both are the same number; unknown where one side is."""
    return Tri(left == right, (left < right) | (left > right))


EQUAL = Comparison(word="==", compute=equal)
