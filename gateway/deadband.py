"""Report on change: which of the values just read are worth a message.

A value is reported when the point has no deadband, when its quality changed, when it moved by more than the absolute or
the relative deadband from the last *reported* value (so slow drift is not lost), when a watched bit of a status word
flips, when it appears or disappears, or when the longest silence is over. A text has no distance: it is reported when
it is another. Columns in, mask out; one ``Deadband`` holds the points of one unit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from core.readings import Float64s, UInt8s


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """When a point is reported.

    Attributes:
        absolute: smallest change in the point's unit; NaN: none asked for.
        percent: smallest change in percent of the last reported value; NaN: none asked for.
        bits: bits of a whole value of which any that flips is an event; 0: none are watched.
        max_silence_s: reported at least this often; infinite: only on change.
    """

    absolute: float = float("nan")
    percent: float = float("nan")
    bits: int = 0
    max_silence_s: float = float("inf")

    @property
    def always(self) -> bool:
        """Every value read is reported."""
        return math.isnan(self.absolute) and math.isnan(self.percent) and not self.bits


ALWAYS = Report()
_NO_TEXT: Mapping[int, str] = MappingProxyType({})


class Deadband:
    """Report-on-change of n points."""

    def __init__(self, reports: Sequence[Report]) -> None:
        """Nothing has been reported yet, so every first value is."""
        n = len(reports)
        self._always = np.array([report.always for report in reports], np.bool_)
        self._all_always = bool(self._always.all())
        absolute = np.array([report.absolute for report in reports], np.float64)
        percent = np.array([report.percent for report in reports], np.float64)
        self._absolute = np.where(np.isnan(absolute), np.inf, absolute)
        self._fraction = np.where(np.isnan(percent), np.inf, percent / 100)
        self._bits = np.array([report.bits for report in reports], np.int64)
        self._any_bits = bool(self._bits.any())
        self._silence_ms = np.array([report.max_silence_s * 1000 for report in reports], np.float64)
        self._value = np.full(n, np.nan)
        self._quality = np.zeros(n, np.uint8)
        self._time_ms = np.full(n, -np.inf)
        self._text: dict[int, str] = {}

    def select(
        self,
        rows: NDArray[np.intp],
        now_ms: float,
        value: Float64s,
        codes: UInt8s,
        text: Mapping[int, str] = _NO_TEXT,
    ) -> NDArray[np.bool_] | None:
        """Which rows to report; None means all of them. What is selected counts as reported.

        Args:
            rows: intp[m], the points that were read.
            now_ms: monotonic time, milliseconds.
            value: float64[m].
            codes: uint8[m], quality.
            text: position in ``value`` to text; the digits of a whole number beyond 2**53 are no text.
        """
        if self._all_always:
            return None
        last = self._value[rows]
        change = np.abs(value - last)
        with np.errstate(invalid="ignore"):
            moved = (change > self._absolute[rows]) | (change > self._fraction[rows] * np.abs(last))
        if self._any_bits:
            moved |= self._flipped(rows, value, last)
        chosen: NDArray[np.bool_] = (
            self._always[rows]
            | moved
            | (codes != self._quality[rows])
            | (np.isnan(value) != np.isnan(last))
            | (now_ms - self._time_ms[rows] >= self._silence_ms[rows])
        )
        for position, string in text.items():
            point = int(rows[position])
            if np.isnan(value[position]) and self._text.get(point) != string:
                self._text[point] = string
                chosen[position] = True
        picked = rows[chosen]
        self._value[picked] = value[chosen]
        self._quality[picked] = codes[chosen]
        self._time_ms[picked] = now_ms
        return chosen

    def _flipped(self, rows: NDArray[np.intp], value: Float64s, last: Float64s) -> NDArray[np.bool_]:
        """Which values differ from the last reported one in a watched bit."""
        known = np.isfinite(value) & np.isfinite(last) & (np.abs(value) < 2**53) & (np.abs(last) < 2**53)
        now, then = np.where(known, value, 0).astype(np.int64), np.where(known, last, 0).astype(np.int64)
        flipped: NDArray[np.bool_] = ((now ^ then) & self._bits[rows]) != 0
        return flipped
