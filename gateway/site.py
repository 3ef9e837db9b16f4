"""What a site makes of a product's value: one transmitter shows the depth of a well, another its freeboard.

A profile says what a product shows; the point says what that means here: one bit of a word, a state as a number, a
scale and an offset, another unit. Several points may be made of one register. The product's own range is judged
before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from core.quality import GOOD, QualityClass, Reason, quality
from core.readings import Float64s, UInt8s

_NO_STATES: Mapping[int, float] = MappingProxyType({})
_UNKNOWN_STATE = quality(QualityClass.BAD, Reason.OUT_OF_RANGE)


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteValue:
    """How one point is made of its register: ``states[bit of value] * scale + offset``, each step if it is given.

    Attributes:
        scale, offset: linear; 1 and 0 leave the value as it is.
        bit: which bit of the (whole) value, 0 = least significant; ``None``: the whole value.
        states: whole values to numbers; a value that is not in it is bad.
        unit: UCUM code of the result; empty: the register's.
    """

    scale: float = 1.0
    offset: float = 0.0
    bit: int | None = None
    states: Mapping[int, float] = field(default_factory=lambda: _NO_STATES)
    unit: str = ""

    @property
    def changes_values(self) -> bool:
        """Whether it does anything to a value."""
        return self.scale != 1 or self.offset != 0 or self.bit is not None or bool(self.states)


AS_IT_IS = SiteValue()


class SiteColumns:
    """The transforms of a unit's points, compiled to columns."""

    def __init__(self, values: Sequence[SiteValue]) -> None:
        """Row i is the unit's point i."""
        self.idle = not any(value.changes_values for value in values)
        self._scale = np.array([value.scale for value in values], np.float64)
        self._offset = np.array([value.offset for value in values], np.float64)
        self._bit = np.array([-1 if value.bit is None else value.bit for value in values], np.int64)
        self._states = {row: value.states for row, value in enumerate(values) if value.states}

    def apply(self, rows: NDArray[np.intp], value: Float64s, codes: UInt8s) -> tuple[Float64s, UInt8s]:
        """The values of the points ``rows`` as the site means them, and their quality.

        Args:
            rows: intp[n], points of the unit.
            value: float64[n], as the product shows them; NaN stays NaN.
            codes: uint8[n].
        """
        bit = self._bit[rows]
        chosen = (bit >= 0) & np.isfinite(value)
        if chosen.any():
            value = value.copy()
            value[chosen] = (value[chosen].astype(np.int64) >> bit[chosen]) & 1
        for position, row in enumerate(rows.tolist()):
            states = self._states.get(row)
            if states is not None and codes[position] == GOOD:
                value, codes = _state(position, states, value, codes)
        return value * self._scale[rows] + self._offset[rows], codes


def _state(position: int, states: Mapping[int, float], value: Float64s, codes: UInt8s) -> tuple[Float64s, UInt8s]:
    value = value.copy()
    number = states.get(int(value[position]))
    if number is None:
        codes = codes.copy()
        codes[position] = _UNKNOWN_STATE
    else:
        value[position] = number
    return value, codes
