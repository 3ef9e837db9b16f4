"""Bands: which values of an operand cannot change any comparison.

``level > 0.5 m`` with ``clear: level < 0.4 m`` cuts the values of ``level`` at 0.4 and 0.5: below, exactly at, and
above each. While a value stays within one of these five bands both comparisons keep their truth. Bands are closed
ranges of floats (the next float after a cut begins a new one), so membership is two comparisons and exact.

An operand has bands if everything it takes part in is a comparison with something fixed for the facility, at most
through functions that say how they carry cuts (``abs``, ``min``, ``max``, a sign). Otherwise it is *restless*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from rules.columns import Floats, Indices
from rules.expression import (
    Apply,
    Attribute,
    AttributeText,
    Between,
    Compare,
    Known,
    Load,
    Number,
    Operand,
    Scale,
    Truth,
    comparisons,
    parts,
)
from rules.operators.kinds import Function

LARGEST = float(np.finfo(np.float64).max)

Fixed = Callable[[Number], Floats]
"""Evaluates an expression without operands: float64[1] if the same for all facilities, else float64[m]."""


@dataclass(frozen=True, slots=True, eq=False)
class Guard:
    """The cuts of one operand.

    Attributes:
        restless: it has no bands.
        starts: float64[k+1], ascending: where each band common to all facilities begins (-inf first).
        ends: float64[k+1]: the last float of each.
        own: cuts that differ from facility to facility, float64[m] each.
        bounds: float64[k+2], the starts and, behind all numbers as in every sort, NaN.
        lows, highs: float64[k+3], first and last value of each band as ``number`` counts them; an empty one (inf, -inf)
            for unknown values.
    """

    restless: bool
    starts: Floats
    ends: Floats
    own: tuple[Floats, ...]
    bounds: Floats
    lows: Floats
    highs: Floats

    @classmethod
    def build(cls, restless: bool, starts: Floats, ends: Floats, own: tuple[Floats, ...]) -> Guard:
        """With its tables."""
        return cls(
            restless=restless,
            starts=starts,
            ends=ends,
            own=own,
            bounds=np.append(starts, np.nan),
            lows=np.concatenate((starts[-1:], starts, [np.inf])),
            highs=np.concatenate((ends[-1:], ends, [-np.inf])),
        )

    def take(self, rows: Indices) -> Guard:
        """The same guard for some of the facilities."""
        return replace(self, own=tuple(cut[rows] for cut in self.own)) if self.own else self

    def samples(self) -> Floats:
        """A value of each band common to all facilities, as ``number`` counts them; unknown is the last."""
        return np.concatenate([[-np.inf], self.starts, [np.nan]])

    def number(self, value: Floats) -> Indices:
        """The number of the band common to all facilities in which each value lies, the last for unknown ones."""
        place: Indices = self.bounds.searchsorted(value, side="right")
        return place

    def band(self, value: Floats, rows: Indices) -> tuple[Floats, Floats]:
        """First and last value of the band of each value; an empty band (inf, -inf) for unknown and restless ones."""
        if self.restless:
            return np.full(len(value), np.inf), np.full(len(value), -np.inf)
        place = self.number(value)
        low, high = self.lows.take(place), self.highs.take(place)
        if not self.own:
            return low, high
        for cut in self.own:
            at = cut[rows]
            with np.errstate(invalid="ignore"):
                high = np.where(value < at, np.minimum(high, np.nextafter(at, -np.inf)), high)
                low = np.where(value > at, np.maximum(low, np.nextafter(at, np.inf)), low)
            same = value == at
            low, high = np.where(same, at, low), np.where(same, at, high)
        unknown = np.isnan(value)
        return np.where(unknown, np.inf, low), np.where(unknown, -np.inf, high)


UNCUT = Guard.build(False, np.array([-LARGEST]), np.array([LARGEST]), ())
"""Of an operand that nothing is compared with, only a window looks back over it: one band."""


def guards(conditions: Iterable[Truth], fixed: Fixed, aggregated: Iterable[Number] = ()) -> Mapping[Operand, Guard]:
    """The guard of every operand that the conditions of a class read, and the numbers its windows look back over."""
    cuts: dict[Operand, list[Floats]] = {}
    restless: set[Operand] = {operand for number in aggregated for operand in _loads(number)}
    cuts.update((operand, []) for operand in restless)
    for condition in conditions:
        for comparison in comparisons(condition):
            _cut(comparison, fixed, cuts, restless)
    return {operand: _guard(limits, operand in restless) for operand, limits in cuts.items()}


def _cut(
    comparison: Compare | Between, fixed: Fixed, cuts: dict[Operand, list[Floats]], restless: set[Operand]
) -> None:
    if isinstance(comparison, Compare):
        sides = (comparison.left, comparison.right)
        moving = [side for side in sides if _loads(side)]
        limits = [fixed(side) for side in sides if not _loads(side)]
    else:
        moving = [side for side in (comparison.value, comparison.low, comparison.high) if _loads(side)]
        limits = [fixed(side) for side in (comparison.low, comparison.high) if not _loads(side)]
    for side in moving:
        for operand in _loads(side):
            cuts.setdefault(operand, [])
    if len(moving) != 1 or not _spread(moving[0], limits, cuts):
        restless.update(operand for side in moving for operand in _loads(side))


def _spread(number: Number, limits: list[Floats], cuts: dict[Operand, list[Floats]]) -> bool:
    """Lead the limits down to the operands; False if some operator does not say how."""
    if isinstance(number, Load):
        cuts[number.operand].extend(limits)
        return True
    if isinstance(number, Known):
        return True
    if isinstance(number, Scale):
        mirrored = number.factor == -1.0 and number.offset == 0.0
        return mirrored and _spread(number.child, [-limit for limit in limits], cuts)
    if isinstance(number, Apply) and isinstance(number.operator, Function) and number.operator.cuts is not None:
        below = [cut for limit in limits for cut in number.operator.cuts(limit)]
        return all(_spread(arg, below, cuts) for arg in number.args if _loads(arg))
    return False


def _guard(limits: list[Floats], restless: bool) -> Guard:
    common = np.unique([float(limit[0]) for limit in limits if len(limit) == 1])
    common = common[np.isfinite(common)]
    starts = np.unique(np.concatenate([[-LARGEST], common, np.nextafter(common, np.inf)]))
    ends = np.append(np.nextafter(starts[1:], -np.inf), LARGEST)
    return Guard.build(restless, starts, ends, tuple(limit for limit in limits if len(limit) > 1))


def _loads(number: Number) -> list[Operand]:
    return [part.operand for part in parts(number) if isinstance(part, Load | Known)]


def needs_facility(number: Number) -> bool:
    """Whether an expression without operands differs between facilities."""
    return any(isinstance(part, Attribute | AttributeText) for part in parts(number))
