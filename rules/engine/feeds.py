"""What of a reading a cell takes: its value, its quality, or that it was a good one.

Most points fill one cell, with their values. Where a rule asks for the quality or the age of readings, a point fills
more cells from the same readings. The cell of an age is 0 from a good reading on and *lapses* to 1 when the reading has
the age asked for; all others lapse to unknown.
"""

from __future__ import annotations

import numpy as np

from core.quality import QualityClass, is_good
from core.readings import Readings, UInt8s
from rules.columns import Bools, Floats
from rules.expression import Aged, Graded, Operand

VALUES, QUALITIES, AGES = 0, 1, 2
LAPSED = 1.0
"""What the cell of an age holds once the age is reached."""


def feed_of(operand: Operand) -> int:
    """What the cells of an operand take."""
    if isinstance(operand, Graded):
        return QUALITIES
    return AGES if isinstance(operand, Aged) else VALUES


def sound(batch: Readings) -> Bools:
    """Which readings a rule may use the value of."""
    good = is_good(batch.quality)
    good &= np.isfinite(batch.value)
    return good


def fed(batch: Readings, feed: UInt8s) -> Floats:
    """What cells take that do not take values, float64[n]; for an age NaN where the reading is not good (``ages.py``).

    A good reading whose value is no number is a bad one.
    """
    good, grade = sound(batch), (batch.quality >> 6).astype(np.float64)
    grade[~good & is_good(batch.quality)] = float(QualityClass.BAD)
    return np.where(feed == AGES, np.where(good, 0.0, np.nan), grade)
