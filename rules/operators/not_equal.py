"""``x != y``."""

from __future__ import annotations

from rules.columns import Floats, Tri
from rules.operators.kinds import Comparison


def not_equal(left: Floats, right: Floats) -> Tri:
    """True where the numbers differ; unknown where one side is."""
    return Tri((left < right) | (left > right), left == right)


NOT_EQUAL = Comparison(word="!=", compute=not_equal)
