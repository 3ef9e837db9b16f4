"""What maintenance will cost over the next months, with its interval, from a facility's history and its class's. Pure.

Repairs come as a mixed Poisson process: every facility has a rate of its own, the rates of a class are gamma
distributed, and a facility's rate is learnt from its own repairs and those of its class in the measure in which it has
any (Poisson–gamma credibility). What a repair costs is drawn from those of the class, and in the measure n / (n + k)
from the facility's own n, where k says how alike the facilities of the class are (Bühlmann–Straub, of the logarithms).
Both are themselves drawn anew each time (bootstrap), so that few of them make a wide interval. The sum of a drawn
number of drawn costs is one possible year; a few thousand of them are the forecast.

Sources: H. Bühlmann, A. Gisler, A Course in Credibility Theory and its Applications (2005), chapters 2 and 4;
S. Klugman, H. Panjer, G. Willmot, Loss Models (2012), chapters 6, 9 and 18; B. Efron, Annals of Statistics 7 (1979) 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.ports.funds import Forecast, ForecastBasis
from core.readings import Float64s, Int64s

LEVEL = 0.9
LIKELY = 0.8
DRAWS = 2_000
ENOUGH_REPAIRS = 5
"""Of a class; with fewer nothing is said of what repairs cost."""
ENOUGH_YEARS = 1.0
"""Facility-years of a class."""
_LEAST_TRUST = 3.0
"""So many own repairs weigh as much as all of the class at least, however unlike its facilities are."""
_MOST_POOL = 400
"""Costs of a class that are drawn from: a sample spread evenly over all, in the order of their size."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """What is known of a facility.

    Attributes:
        facility: registry number.
        years: how long it was watched, > 0 for it to count.
        costs_fen: of each of its repairs in that time.
    """

    facility: int
    years: float
    costs_fen: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Class:
    """How often the facilities of a class were repaired, and for how many facility-years they were watched."""

    repairs: int
    years: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """How often the facilities of a class need repair: gamma distributed, ``shape`` over ``years``.

    A ``shape`` of infinity would be a class whose facilities are all alike; it is bounded, which comes to the same.
    """

    shape: float
    years: float

    @property
    def mean(self) -> float:
        """Repairs per facility and year."""
        return self.shape / self.years


def rates_of(class_pasts: Sequence[Past]) -> Rates | None:
    """The rates of a class by moments, each facility weighed by how long it was watched; ``None``: too little known.

    The variance of the counts beyond that of a Poisson process is what the facilities differ by.
    """
    seen = [past for past in class_pasts if past.years > 0]
    years = np.array([past.years for past in seen], np.float64)
    counts = np.array([len(past.costs_fen) for past in seen], np.float64)
    if years.sum() < ENOUGH_YEARS or counts.sum() < ENOUGH_REPAIRS:
        return None
    mean = counts.sum() / years.sum()
    excess = ((counts - mean * years) ** 2 - mean * years).sum()
    variance = max(excess, 0.0) / (years**2).sum()
    # Never quite alike, and never so unlike that a year without repairs would prove that there will be none.
    shape = float(np.clip(mean**2 / variance if variance > 0 else np.inf, 0.2, 50.0))
    return Rates(shape=shape, years=shape / float(mean))


def forecasts(
    class_pasts: Sequence[Past], *, months: int = 12, level: float = LEVEL, seed: int = 1, draws: int = DRAWS
) -> dict[int, Forecast]:
    """The forecast of every facility of a class.

    Args:
        class_pasts: all of them, those without a repair too: they are what tells the rate.
        months: how far ahead.
        level: probability of the interval.
        seed: of the draws; the same gives the same.
        draws: how many possible years.
    """
    rates = rates_of(class_pasts)
    whole = _Class(
        repairs=sum(len(one.costs_fen) for one in class_pasts),
        years=sum(max(one.years, 0.0) for one in class_pasts),
    )
    if rates is None:
        return {past.facility: _unknown(past, whole, months, level) for past in class_pasts}
    drawn = sums(class_pasts, rates, months=months, seed=seed, draws=draws)
    return {past.facility: _made(past, whole, rates, drawn[past.facility], months, level) for past in class_pasts}


def sums(
    class_pasts: Sequence[Past], rates: Rates, *, months: int = 12, seed: int = 1, draws: int = DRAWS
) -> Mapping[int, Float64s]:
    """Possible costs of every facility over the months: float64[draws], fen.

    Draw d of one facility goes with draw d of another: both take the class's costs from the same bootstrap, so that
    what is not known of the class does not cancel in a sum.
    """
    random = np.random.default_rng(seed)
    pool = _pool(class_pasts)
    boot, trust = pool[random.integers(0, len(pool), (draws, len(pool)))], trust_of(class_pasts)
    made = {}
    for past in class_pasts:
        rate = random.gamma(rates.shape + len(past.costs_fen), 1 / (rates.years + max(past.years, 0.0)), draws)
        made[past.facility] = _costs(random, random.poisson(rate * months / 12), boot, past.costs_fen, trust)
    return made


def trust_of(class_pasts: Sequence[Past]) -> float:
    """Bühlmann's k of the logarithms of the costs: so many own repairs weigh as much as the class.

    Infinite where the facilities do not differ, or nobody can tell.
    """
    own = [np.log1p(np.array(past.costs_fen, np.float64)) for past in class_pasts if past.costs_fen]
    count = np.array([len(one) for one in own], np.float64)
    whole = float(count.sum())
    if len(own) < 2 or whole == len(own):
        return math.inf
    mean = np.array([one.mean() for one in own])
    within = sum(float(((one - one.mean()) ** 2).sum()) for one in own) / (whole - len(own))
    middle = float((count * mean).sum()) / whole
    among = float((count * (mean - middle) ** 2).sum()) - (len(own) - 1) * within
    among /= whole - float((count**2).sum()) / whole
    return math.inf if among <= 0 else max(_LEAST_TRUST, within / among)


def _costs(random: np.random.Generator, events: Int64s, boot: Float64s, own: Sequence[int], trust: float) -> Float64s:
    """The sum of so many drawn costs for each draw."""
    draw = np.repeat(np.arange(len(events)), events)
    cost = boot[draw, random.integers(0, boot.shape[1], len(draw))]
    if own and math.isfinite(trust):
        again = np.array(own, np.float64)[random.integers(0, len(own), (len(events), len(own)))]
        mine = random.random(len(draw)) < len(own) / (len(own) + trust)
        cost = np.where(mine, again[draw, random.integers(0, len(own), len(draw))], cost)
    return np.bincount(draw, weights=cost, minlength=len(events)).astype(np.float64)


def _pool(class_pasts: Sequence[Past]) -> Float64s:
    costs = np.sort(np.array([cost for past in class_pasts for cost in past.costs_fen], np.float64))
    if len(costs) <= _MOST_POOL:
        return costs
    # The middle of every part, and the largest itself: what is rare and dear must stay among them.
    place = ((np.arange(_MOST_POOL) + 0.5) * len(costs) / _MOST_POOL).astype(np.int64)
    place[-1] = len(costs) - 1
    return costs[place]


def _made(past: Past, whole: _Class, rates: Rates, drawn: Float64s, months: int, level: float) -> Forecast:
    low, high, likely = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2, LIKELY]).tolist()
    own = max(past.years, 0.0)
    rate = (rates.shape + len(past.costs_fen)) / (rates.years + own)
    return Forecast(
        basis=ForecastBasis.OWN if own > rates.years else ForecastBasis.CLASS,
        months=months,
        level=level,
        mean_fen=round(float(drawn.mean())),
        low_fen=round(low),
        high_fen=round(high),
        likely_fen=round(likely),
        events=rate * months / 12,
        repairs=len(past.costs_fen),
        years=own,
        class_repairs=whole.repairs,
        class_years=whole.years,
    )


def _unknown(past: Past, whole: _Class, months: int, level: float) -> Forecast:
    return Forecast(
        basis=ForecastBasis.FEW,
        months=months,
        level=level,
        mean_fen=0,
        low_fen=0,
        high_fen=0,
        likely_fen=0,
        events=0.0,
        repairs=len(past.costs_fen),
        years=max(past.years, 0.0),
        class_repairs=whole.repairs,
        class_years=whole.years,
    )
