"""``a or b``."""

from __future__ import annotations

from rules.columns import Tri
from rules.operators.kinds import Connective


def either(left: Tri, right: Tri) -> Tri:
    """Kleene: true or unknown is true."""
    return Tri(left.true | right.true, left.false & right.false)


OR = Connective(word="or", binding=10, compute=either)
