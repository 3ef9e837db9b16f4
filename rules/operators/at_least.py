"""``at least n of (a, b, c)``: voting, three-valued."""

from __future__ import annotations

from functools import cache

import numpy as np

from rules.columns import Tri
from rules.operators.kinds import Connective


@cache
def at_least(count: int) -> Connective:
    """The connective for a number of conditions that must be true at once; the same value for the same number."""

    def vote(*parts: Tri) -> Tri:
        """Kleene: true once enough are true, false once too few are left that are not false."""
        true = np.add.reduce(np.broadcast_arrays(*(part.true for part in parts)), dtype=np.intp)
        false = np.add.reduce(np.broadcast_arrays(*(part.false for part in parts)), dtype=np.intp)
        return Tri(true >= count, len(parts) - false < count)

    return Connective(word=f"at least {count} of", binding=0, compute=vote)
