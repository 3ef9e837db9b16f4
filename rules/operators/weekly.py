"""What is usual at an hour of the week, learned from the weeks before: ``baseline(x)`` and ``deviation(x)``.

The samples of an hour are the means of the same hour and its two neighbours in each of the past weeks; an hour of which
less than half was known has none. They are summed up by median and by median of the distances from it (times 1.4826
the standard deviation, if they are normal: Rousseeuw and Croux 1993), so that a holiday or a broken day among four
weeks moves neither. Means are kept as float32, which is 7 digits: more than any sensor has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rules.columns import Floats
from rules.operators.folds import Plain
from rules.operators.kinds import WindowAggregate
from rules.operators.mean_over import area, areas, mean
from rules.operators.units import plain_number, same

_NORMAL = 1.4826
"""Standard deviation of a normal distribution by its median distance from the median."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class WeeklyAggregate(WindowAggregate):
    """An aggregate of hours of the week; its slots are hours, and what is folded in them is their mean.

    Attributes:
        ahead: of which hour it speaks: 1 the one that begins, 0 the one that has just ended.
        judge: float64[s, n] samples and float64[n] means of the hour that has just ended to results; NaN is unknown.
    """

    ahead: int
    judge: Callable[[Floats, Floats], Floats]


def middle(samples: Floats) -> Floats:
    """The median of each column; NaN where fewer than half of its samples are known."""
    ordered = np.sort(samples, axis=0)  # NaN stands behind
    known = np.count_nonzero(~np.isnan(samples), axis=0)
    column = np.arange(samples.shape[1])
    low, high = (
        ordered[np.maximum(known - 1, 0) // 2, column],
        ordered[np.minimum(known // 2, len(samples) - 1), column],
    )
    return np.where(2 * known >= len(samples), low + (high - low) / 2, np.nan)


def usual(samples: Floats, last: Floats) -> Floats:
    """What the value usually is."""
    del last
    return middle(samples)


def strange(samples: Floats, last: Floats) -> Floats:
    """How many usual scatters the hour that has ended lies from what is usual; unknown if nothing ever scatters."""
    centre = middle(samples)
    scatter = _NORMAL * middle(np.abs(samples - centre))
    with np.errstate(all="ignore"):
        result: Floats = np.where(scatter > 0, (last - centre) / scatter, np.nan)
        return result


BASELINE_OVER = WeeklyAggregate(
    word="baseline",
    identity=np.array(0.0),
    piece=area,
    fold=Plain(np.add),
    finish=mean,
    gather=areas,
    unit=same,
    is_level=True,
    ahead=1,
    judge=usual,
)

DEVIATION_OVER = WeeklyAggregate(
    word="deviation",
    identity=np.array(0.0),
    piece=area,
    fold=Plain(np.add),
    finish=mean,
    gather=areas,
    unit=plain_number,
    ahead=0,
    judge=strange,
)
