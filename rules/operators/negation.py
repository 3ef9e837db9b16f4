"""``not a``."""

from __future__ import annotations

from rules.columns import Tri
from rules.operators.kinds import Connective


def negation(operand: Tri) -> Tri:
    """Kleene: not unknown is unknown."""
    return Tri(operand.false, operand.true)


NOT = Connective(word="not", binding=30, compute=negation)
