"""``x outside [low, high]``: below low or above high."""

from __future__ import annotations

from rules.columns import Floats, Tri
from rules.operators.kinds import RangeTest


def outside(value: Floats, low: Floats, high: Floats) -> Tri:
    """The opposite of ``in``."""
    return Tri((value < low) | (value > high), (value >= low) & (value <= high))


OUTSIDE = RangeTest(word="outside", compute=outside)
