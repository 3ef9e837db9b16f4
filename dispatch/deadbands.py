"""How far apart raising and clearing should lie, read from the data that made an alarm chatter.

Between two alarms of one source the value went back over its limit for a while. How deep it went is what the noise
does; a limit for clearing beyond that depth would have held the alarm through.
"""

from __future__ import annotations

import math

import numpy as np

from core.ports.performance import Deadband
from core.readings import Float64s, Int64s

LEAST_GAPS = 3
LONGEST_GAP_MS = 3_600_000


def deadband(
    *,
    time_ms: Int64s,
    value: Float64s,
    limit: float,
    above: bool,
    at_ms: Int64s,
    stop_ms: Int64s,
    measurement: str,
    unit: str,
) -> Deadband | None:
    """The least distance that joins nine tenths of the repetitions of up to an hour; ``None`` if it hardly repeats.

    Args:
        time_ms: int64[n] moments of the readings, ascending.
        value: float64[n] in ``unit``, NaN where unknown.
        limit: what it is compared with.
        above: whether values above the limit are wrong.
        at_ms: int64[k], when the source's alarms began, in the order of time.
        stop_ms: int64[k], when each ended; the last may be on still.
        measurement: what is measured.
        unit: its unit, UCUM.
    """
    begin, end = stop_ms[:-1], at_ms[1:]
    short = (end - begin > 0) & (end - begin <= LONGEST_GAP_MS)
    depth = np.array(
        [
            _depth(time_ms, value, limit, above, first, last)
            for first, last in zip(begin[short], end[short], strict=True)
        ]
    )
    depth = depth[np.isfinite(depth)]
    if len(depth) < LEAST_GAPS:
        return None
    width = _two_digits_up(float(np.quantile(depth, 0.9)))
    apart = int((depth >= width).sum()) + int((~short).sum())
    clear = limit - width if above else limit + width
    return Deadband(measurement=measurement, unit=unit, width=width, clear=float(f"{clear:.9g}"), left=1 + apart)


def _depth(time_ms: Int64s, value: Float64s, limit: float, above: bool, first: int, last: int) -> float:
    """How far on the right side of the limit the value was between two moments; NaN if nothing is known."""
    inside = value[np.searchsorted(time_ms, first) : np.searchsorted(time_ms, last)]
    inside = inside[np.isfinite(inside)]
    if not len(inside):
        return math.nan
    return float(limit - inside.min() if above else inside.max() - limit)


def _two_digits_up(number: float) -> float:
    """The next number of two digits above: what a person would write."""
    if number <= 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(number)) - 1)
    return float(f"{(math.floor(number / step) + 1) * step:.2g}")
