"""The script of the simulated city: what is drawn, and that it keeps its promises."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bench.city.kinds import CARRIED, DISTURBANCES, FAULTS
from bench.city.script import DAY_S, write
from bench.city.town import plan
from firmware_sim.stations.all import STATIONS
from firmware_sim.stations.base import Site
from registry.classbook import load_classes

BEGIN_S = 1_758_470_400.0
PLACES = plan(2)


def test_the_same_seed_gives_the_same_script() -> None:
    """And another seed another one."""
    first, again = (write(PLACES, seed=3, begin_s=BEGIN_S, days=7) for _ in range(2))
    assert first == again
    assert first.faults != write(PLACES, seed=4, begin_s=BEGIN_S, days=7).faults


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_happens_twice_at_once_to_a_facility(seed: int) -> None:
    """Between two events of one facility, rain apart, there is a day."""
    script = write(PLACES, seed=seed, begin_s=BEGIN_S, days=14)
    for kinds in script.happening.values():
        windows = sorted(
            (window.start_s, window.stop_s) for name, one in kinds.items() if name != "storm" for window in one.windows
        )
        assert all(later[0] - earlier[1] >= DAY_S - 1 for earlier, later in pairwise(windows))


def test_every_fault_is_in_what_happens() -> None:
    """A fault that is counted has its window, at the facility where it begins and at those it takes along."""
    script = write(PLACES, seed=5, begin_s=BEGIN_S, days=14)
    assert len(script.faults) > 20
    for fault in script.faults:
        starts = {round(w.start_s * 1000) for w in script.happening[fault.facility][fault.name].windows}
        assert fault.start_ms in starts
        assert all(reach.until_ms >= fault.stop_ms and reach.facility in script.happening for reach in fault.reaches)


def test_outages_take_along_what_hangs_on_the_board() -> None:
    """With the measurements of the class that hangs there."""
    outages = [
        fault
        for seed in range(20)
        for fault in write(PLACES, seed=seed, begin_s=BEGIN_S, days=7).faults
        if fault.name == "outage"
    ]
    assert outages
    class_of = {place.code: place.class_id for place in PLACES}
    for outage in outages:
        fed = {place.code for place in PLACES if place.parent == outage.facility and place.class_id in CARRIED}
        assert {reach.facility for reach in outage.reaches} == fed | {outage.facility}
        assert all(class_of[reach.facility] in {*CARRIED, "electrical_distribution"} for reach in outage.reaches)


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: f"{kind.class_id}-{kind.name}")
def test_a_fault_disturbs_measurements_that_its_station_has(kind: object) -> None:
    """A name that nobody measures would make a fault that nobody can find."""
    from bench.city.kinds import Kind

    assert isinstance(kind, Kind)
    station = STATIONS[kind.class_id](Site(code="x", community="c", seed=1, start_s=BEGIN_S))
    assert kind.disturbs
    assert kind.disturbs <= {name for output in station for name in output.names}


def test_disturbances_explain_nothing() -> None:
    """So that an alarm on one of them is false."""
    assert all(not kind.disturbs for kind in DISTURBANCES)
    assert {kind.class_id for kind in DISTURBANCES} <= set(load_classes())
