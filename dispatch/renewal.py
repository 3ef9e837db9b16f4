"""Which facility to renew first: by condition, risk, people served and the cost of waiting, and why in words. Pure.

Each criterion is a number from 0 to 1, the score their weighted mean. What is not known is not guessed: it is left out
of the score, and the score stands between what it would be at best and at worst. Ranked is by the middle of these two.
The weights are this project's proposals; a city sets its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.findings import Said
from core.ports.funds import Forecast, ForecastBasis, Renewal
from dispatch import funds_findings as say
from dispatch.funds import yuan

CRITERIA = ("condition", "risk", "people", "waiting")
_MANY_PEOPLE = 10_000
"""From here on more people do not count more."""
_TOO_OLD, _TOO_OFTEN = 1.5, 3.0
"""So many times its life, or the repairs of its class, are as bad as can be."""
_WORTH_SAYING = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """What counts how much; they need not add up to anything."""

    condition: float = 0.3
    risk: float = 0.3
    people: float = 0.2
    waiting: float = 0.2

    def __post_init__(self) -> None:
        """Refuse what is no weighing.

        Raises:
            ValueError: if one is negative or all are 0.
        """
        if min(self.of(name) for name in CRITERIA) < 0 or not self.whole > 0:
            raise ValueError(f"weights are at least 0, and one is above: {self}")

    def of(self, name: str) -> float:
        """The weight of a criterion."""
        return float(getattr(self, name))

    @property
    def whole(self) -> float:
        """Their sum."""
        return sum(self.of(name) for name in CRITERIA)


@dataclass(frozen=True, kw_only=True, slots=True)
class Aging:
    """What is known of a facility; ``None``: not known.

    Attributes:
        age_years, life_years: how old it is, and how long its like is made for.
        grave: cases of high or critical severity in ``years``.
        repairs_a_year, class_repairs_a_year: learnt from its history, and its class's mean.
        people: served by it.
        renewal_fen: what a new one would cost.
    """

    facility: int
    years: float
    age_years: float | None = None
    life_years: float | None = None
    grave: int = 0
    repairs_a_year: float | None = None
    class_repairs_a_year: float | None = None
    people: int | None = None
    renewal_fen: int | None = None
    forecast: Forecast | None = None


@dataclass(frozen=True, slots=True)
class _Judged:
    value: float | None
    said: Said | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scored:
    one: Aging
    judged: Mapping[str, _Judged]
    low: float
    high: float
    reasons: Sequence[Said] = field(default_factory=tuple)

    @property
    def score(self) -> float:
        return (self.low + self.high) / 2


def ranked(facilities: Sequence[Aging], weights: Weights | None = None) -> list[Renewal]:
    """All of them, first what should be renewed first."""
    weights = weights or Weights()
    scored = sorted((_scored(one, weights) for one in facilities), key=lambda it: (-it.score, -it.low, it.one.facility))
    return [
        Renewal(
            facility=it.one.facility,
            rank=rank,
            score=it.score,
            low=it.low,
            high=it.high,
            condition=it.judged["condition"].value,
            risk=it.judged["risk"].value,
            people=it.judged["people"].value,
            waiting=it.judged["waiting"].value,
            reasons=it.reasons,
        )
        for rank, it in enumerate(scored, start=1)
    ]


def _scored(one: Aging, weights: Weights) -> _Scored:
    judged = {"condition": _condition(one), "risk": _risk(one), "people": _people(one), "waiting": _waiting(one)}
    low = sum(weights.of(name) * (found.value or 0.0) for name, found in judged.items()) / weights.whole
    missing = [name for name, found in judged.items() if found.value is None]
    high = low + sum(weights.of(name) for name in missing) / weights.whole
    heavy = sorted(judged, key=lambda name: -weights.of(name) * (judged[name].value or 0.0))
    reasons = [
        found.said
        for found in (judged[name] for name in heavy)
        if found.said is not None and found.value is not None and found.value >= _WORTH_SAYING
    ]
    reasons += [say.NOT_KNOWN(what=say.CRITERIA[name]) for name in missing]
    return _Scored(one=one, judged=judged, low=low, high=high, reasons=reasons)


def _condition(one: Aging) -> _Judged:
    """The worse of age and repairs: a young facility that fails all the time is in no good condition."""
    found = []
    if one.age_years is not None and one.life_years:
        value = min(one.age_years / one.life_years / _TOO_OLD, 1.0)
        found.append(_Judged(value, say.OLD(age=f"{one.age_years:.0f}", life=f"{one.life_years:.0f}")))
    if one.repairs_a_year is not None and one.class_repairs_a_year:
        value = min(one.repairs_a_year / one.class_repairs_a_year / _TOO_OFTEN, 1.0)
        words = say.FAILS_OFTEN(own=f"{one.repairs_a_year:.1f}", peers=f"{one.class_repairs_a_year:.1f}")
        found.append(_Judged(value, words))
    return max(found, key=lambda each: each.value or 0.0, default=_Judged(None))


def _risk(one: Aging) -> _Judged:
    """How likely a grave case is within a year, if they come as they came."""
    if one.years <= 0:
        return _Judged(None)
    value = 1 - math.exp(-one.grave / one.years)
    return _Judged(value, say.DANGEROUS(count=one.grave, years=f"{one.years:.1f}"))


def _people(one: Aging) -> _Judged:
    if one.people is None:
        return _Judged(None)
    value = min(math.log1p(max(one.people, 0)) / math.log1p(_MANY_PEOPLE), 1.0)
    return _Judged(value, say.MANY_PEOPLE(people=f"{one.people:,}"))


def _waiting(one: Aging) -> _Judged:
    """What another year of repairs costs, of what a new one would."""
    forecast = one.forecast
    if forecast is None or forecast.basis is ForecastBasis.FEW or not one.renewal_fen:
        return _Judged(None)
    year = forecast.mean_fen * 12 / forecast.months
    share = year / one.renewal_fen
    words = say.WAITING_COSTS(mean=yuan(round(year)), share=f"{share:.0%}")
    return _Judged(min(share, 1.0), words)
