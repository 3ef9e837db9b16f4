"""``a and b``."""

from __future__ import annotations

from rules.columns import Tri
from rules.operators.kinds import Connective


def both(left: Tri, right: Tri) -> Tri:
    """Kleene: false and unknown is false."""
    return Tri(left.true & right.true, left.false | right.false)


AND = Connective(word="and", binding=20, compute=both)
