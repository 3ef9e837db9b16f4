"""The forecast of maintenance: its intervals hold on simulated histories, whatever these are like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ports.funds import ForecastBasis
from dispatch.forecast import ENOUGH_REPAIRS, Past, forecasts, rates_of, sums


@dataclass(frozen=True)
class World:
    """A class of facilities as it truly is: gamma rates, lognormal costs.

    ``differ``: shape of the rates, small: the facilities differ much; ``spread``: sigma of the costs of a facility,
    ``price``: of their middle among facilities.
    """

    count: int
    mean_rate: float
    differ: float
    spread: float
    years: float
    price: float = 0.0

    def played(self, seed: int) -> tuple[list[Past], dict[int, int]]:
        """Histories, and what each facility truly costs in the year after them."""
        random = np.random.default_rng(seed)
        pasts, future = [], {}
        for facility in range(self.count):
            rate = random.gamma(self.differ, self.mean_rate / self.differ)
            middle = 10 + self.price * random.standard_normal()
            years = random.uniform(0.3, 1.0) * self.years
            pasts.append(Past(facility=facility, years=years, costs_fen=self._costs(random, rate * years, middle)))
            future[facility] = sum(self._costs(random, rate, middle))
        return pasts, future

    def _costs(self, random: np.random.Generator, mean: float, middle: float) -> tuple[int, ...]:
        count = int(random.poisson(mean))
        return tuple(np.round(random.lognormal(middle, self.spread, count)).astype(int).tolist())


WORLDS = {
    "a street of pumps": World(count=150, mean_rate=2.0, differ=1.5, spread=0.8, years=3),
    "lamps that rarely fail": World(count=400, mean_rate=0.3, differ=1.0, spread=0.6, years=2),
    "lifts much alike": World(count=60, mean_rate=4.0, differ=20.0, spread=1.0, years=4),
    "pumps that differ in price too": World(count=80, mean_rate=2.5, differ=2.0, spread=0.5, years=3, price=0.8),
    "a short history": World(count=120, mean_rate=1.0, differ=2.0, spread=0.7, years=0.5),
}


def coverage(world: World, level: float) -> tuple[float, float]:
    """How often the truth lay in the interval, and how often below its upper end."""
    inside, below, whole = 0, 0, 0
    for seed in range(6):
        pasts, future = world.played(seed)
        for facility, one in forecasts(pasts, level=level, draws=1_500, seed=seed).items():
            whole += 1
            inside += one.low_fen <= future[facility] <= one.high_fen
            below += future[facility] <= one.high_fen
    return inside / whole, below / whole


@pytest.mark.parametrize("name", WORLDS)
def test_the_interval_holds_as_often_as_it_says(name: str) -> None:
    """The interval holds as often as it says."""
    inside, below = coverage(WORLDS[name], 0.9)
    # Costs of 0 are a lump of probability, so an interval may hold more often than it says, never much less.
    assert 0.87 <= inside <= 0.99, inside
    assert 0.92 <= below <= 0.99, below


def test_the_sum_of_a_class_lies_in_the_interval_of_the_sum() -> None:
    """The sum of a class lies in the interval of the sum."""
    world, inside = WORLDS["a street of pumps"], 0
    for seed in range(40):
        pasts, future = world.played(100 + seed)
        rates = rates_of(pasts)
        assert rates is not None
        whole = np.sum(list(sums(pasts, rates, draws=800, seed=seed).values()), axis=0)
        low, high = np.quantile(whole, [0.05, 0.95])
        inside += bool(low <= sum(future.values()) <= high)
    assert inside >= 32, f"of 40 true sums {inside} lay in the interval of 90 %"


def test_the_mean_is_right_over_a_class() -> None:
    """The mean is right over a class."""
    world = WORLDS["a street of pumps"]
    errors = []
    for seed in range(20):
        pasts, _ = world.played(seed)
        expected = world.mean_rate * float(np.exp(10 + world.spread**2 / 2))
        found = np.mean([one.mean_fen for one in forecasts(pasts, draws=500).values()])
        errors.append(found / expected - 1)
    assert abs(float(np.mean(errors))) < 0.05


def test_whoever_needed_more_is_expected_to_need_more_but_not_as_much_more() -> None:
    """Whoever needed more is expected to need more but not as much more."""
    pasts = [Past(facility=number, years=2.0, costs_fen=(1_000,) * (number % 3)) for number in range(30)]
    pasts.append(Past(facility=99, years=2.0, costs_fen=(1_000,) * 12))
    found = forecasts(pasts)
    often, never = found[99], found[0]
    assert never.events < found[2].events < often.events < 6.0
    assert never.mean_fen > 0


def test_without_history_nothing_is_said() -> None:
    """Without history nothing is said."""
    pasts = [Past(facility=1, years=3.0, costs_fen=(100,) * (ENOUGH_REPAIRS - 1)), Past(facility=2, years=0.0)]
    assert {one.basis for one in forecasts(pasts).values()} == {ForecastBasis.FEW}
    assert forecasts([]) == {}


def test_a_new_facility_is_what_its_class_is() -> None:
    """A new facility is what its class is."""
    pasts = [Past(facility=number, years=3.0, costs_fen=(2_000,) * (1 + number % 2)) for number in range(20)]
    found = forecasts([*pasts, Past(facility=99, years=0.0)])[99]
    assert found.basis is ForecastBasis.CLASS
    assert found.events == pytest.approx(0.5, rel=0.01)
    assert found.mean_fen == pytest.approx(1_000, rel=0.1)


pasts = st.builds(
    Past,
    facility=st.integers(1, 10_000),
    years=st.floats(0, 30, allow_nan=False),
    costs_fen=st.lists(st.integers(0, 10**9), max_size=6).map(tuple),
)


@settings(max_examples=40)
@given(st.lists(pasts, max_size=12, unique_by=lambda one: one.facility), st.integers(1, 36))
def test_every_facility_gets_a_forecast_in_order(found: list[Past], months: int) -> None:
    """Every facility gets a forecast in order."""
    made = forecasts(found, months=months, draws=200)
    assert set(made) == {one.facility for one in found}
    for one in made.values():
        assert 0 <= one.low_fen <= one.high_fen
        assert one.low_fen <= one.likely_fen <= one.high_fen
        assert np.isfinite(one.events)
    assert made == forecasts(found, months=months, draws=200)
