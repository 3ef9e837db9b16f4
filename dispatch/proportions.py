"""Shares of few things, honestly: Wilson's interval and Newcombe's for a difference. Pure.

Sources: E. B. Wilson, Journal of the American Statistical Association 22 (1927) 209; R. G. Newcombe, Statistics in
Medicine 17 (1998) 873, method 10.
"""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

LEVEL = 0.95


def z_of(level: float, comparisons: int = 1) -> float:
    """Normal quantile of a two-sided interval that holds for ``comparisons`` at once (Bonferroni).

    Raises:
        ValueError: unless 0 < level < 1 and there is a comparison.
    """
    if not 0 < level < 1 or comparisons < 1:
        raise ValueError(f"a level lies between 0 and 1, and something is compared: {level}, {comparisons}")
    return NormalDist().inv_cdf(1 - (1 - level) / (2 * comparisons))


def wilson(part: int, whole: int, z: float = z_of(LEVEL)) -> tuple[float, float]:
    """Wilson's interval of a share; (0, 1) where nothing was counted.

    Raises:
        ValueError: unless 0 <= part <= whole.
    """
    if not 0 <= part <= whole:
        raise ValueError(f"{part} is no part of {whole}")
    if whole == 0:
        return 0.0, 1.0
    share, square = part / whole, z * z
    middle = (share + square / (2 * whole)) / (1 + square / whole)
    half = z / (1 + square / whole) * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    low = 0.0 if part == 0 else max(0.0, middle - half)
    return low, 1.0 if part == whole else min(1.0, middle + half)


def difference(one: tuple[int, int], other: tuple[int, int], z: float = z_of(LEVEL)) -> tuple[float, float]:
    """Interval of the share of ``one`` less that of ``other`` (part, whole); (-1, 1) where one of them is empty."""
    if not one[1] or not other[1]:
        return -1.0, 1.0
    (low1, high1), (low2, high2) = wilson(*one, z), wilson(*other, z)
    share1, share2 = one[0] / one[1], other[0] / other[1]
    gap = share1 - share2
    down = sqrt((share1 - low1) ** 2 + (high2 - share2) ** 2)
    up = sqrt((high1 - share1) ** 2 + (share2 - low2) ** 2)
    return max(-1.0, gap - down), min(1.0, gap + up)
