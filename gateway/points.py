"""The points of a running gateway, as columns: what each is called on the wire and what was last read from it.

A point's number is its row here and nowhere else; on the wire it is its alias. The last values are what a birth
certificate shows. They are not readings: they are never stored, and never stamped again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.quality import QualityClass, Reason, quality
from core.readings import Float64s, UInt8s
from core.sparkplug.datatypes import DataType

NEVER_READ = quality(QualityClass.NOT_MEASURED, Reason.NOT_PUBLISHED)


@dataclass(frozen=True, kw_only=True, slots=True)
class PointName:
    """One point as the wire knows it.

    Attributes:
        device: Sparkplug device.
        metric: ``facility/measurement``.
        type: Sparkplug datatype.
        unit: UCUM code, empty for text.
        source: unit of the bus or source of the adapter that it is read from; empty: the gateway itself.
    """

    device: str
    metric: str
    type: DataType
    unit: str
    source: str = ""


class Points:
    """All points of the gateway."""

    def __init__(self, names: Sequence[PointName]) -> None:
        """Number the points in the given order; nothing has been read yet."""
        n = len(names)
        self.names = tuple(names)
        self.alias = np.zeros(n, np.int64)
        self.value = np.full(n, np.nan)
        self.quality = np.full(n, NEVER_READ, np.uint8)
        self.time_ms = np.zeros(n, np.int64)
        self.text: dict[int, str] = {}

    def __len__(self) -> int:
        """Number of points."""
        return len(self.names)

    def saw(
        self,
        rows: NDArray[np.intp] | slice,
        time_ms: int,
        value: Float64s,
        codes: UInt8s,
        text: Mapping[int, str],
    ) -> None:
        """Remember what was just read of the points ``rows``; ``text`` is keyed by position in ``value``."""
        self.value[rows] = value
        self.quality[rows] = codes
        self.time_ms[rows] = time_ms
        if text or self.text:
            numbers = np.arange(len(self))[rows].tolist()
            for position, number in enumerate(numbers):
                if position in text:
                    self.text[number] = text[position]
                else:
                    self.text.pop(number, None)
