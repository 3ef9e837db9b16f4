"""``x in [low, high]``, both ends included."""

from __future__ import annotations

from rules.columns import Floats, Tri
from rules.operators.kinds import RangeTest


def inside(value: Floats, low: Floats, high: Floats) -> Tri:
    """True from low to high, both included; unknown only where the known ends do not decide."""
    return Tri((value >= low) & (value <= high), (value < low) | (value > high))


INSIDE = RangeTest(word="in", compute=inside)
