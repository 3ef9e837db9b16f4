"""The simulated city, small: two scripted faults give their alarms and nothing else."""

from __future__ import annotations

import pytest

from bench.city import run as city
from bench.city.page import page
from bench.city.script import Fault, Reach, Script
from bench.city.told import told
from firmware_sim.signals.windows import Schedule, Window

COUNTS = {"electrical_distribution": 1, "sewage_pump": 1, "elevator": 1, "indoor_leak": 1, "weather": 1}
HOUR_S = 3600.0


def scripted(places: object, *, begin_s: float, **drawn: object) -> Script:
    """A pump trips at nine for two hours, and an archive is wet from three to four; somebody mops it at noon."""
    del places, drawn

    def fault(name: str, facility: str, class_id: str, from_h: float, to_h: float, disturbs: set[str]) -> Fault:
        start_ms, stop_ms = (round((begin_s + hour * HOUR_S) * 1000) for hour in (from_h, to_h))
        reach = Reach(facility=facility, disturbs=frozenset(disturbs), until_ms=stop_ms + 1_800_000)
        return Fault(
            name=name, class_id=class_id, facility=facility, start_ms=start_ms, stop_ms=stop_ms, reaches=(reach,)
        )

    def at(from_h: float, to_h: float) -> Window:
        return Window(start_s=begin_s + from_h * HOUR_S, stop_s=begin_s + to_h * HOUR_S)

    level = {"level", "pump_current", "pump1_running", "pump_fault", "high_float"}
    return Script(
        faults=(
            fault("pump_trip", "c1-sewage_pump-0", "sewage_pump", 9, 11, level),
            fault("leak", "c1-indoor_leak-0", "indoor_leak", 15, 16, {"leak"}),
        ),
        happening={
            "c1-sewage_pump-0": {"pump_trip": Schedule(windows=(at(9, 11),))},
            "c1-indoor_leak-0": {"leak": Schedule(windows=(at(12, 12 + 10 / 3600), at(15, 16)))},
        },
        disturbances=1,
        rains=0,
    )


@pytest.fixture(scope="module")
def outcome() -> city.Outcome:
    """One day of one community of six facilities."""
    patch = pytest.MonkeyPatch()
    patch.setattr(city, "write", scripted)
    try:
        return city.run(city.Wish(days=1, seed=11, communities=1, counts=COUNTS))
    finally:
        patch.undo()


def test_two_faults_are_found_and_nothing_else_is_said(outcome: city.Outcome) -> None:
    """By the shipped rules, through the engine's replay."""
    verdict = outcome.verdict
    assert [alarm.rule for alarm in verdict.false] == []
    assert {fault.name for fault in verdict.found} == {"pump_trip", "leak"}
    assert verdict.missed == ()
    assert {alarm.facility for alarm in verdict.true} == {"c1-sewage_pump-0", "c1-indoor_leak-0"}
    assert {"pump-fault", "leak-water"} <= {alarm.rule for alarm in verdict.true}
    assert all(0 < delay_ms < 120_000 for delay_ms in verdict.found.values())


def test_the_work_is_what_these_faults_make(outcome: city.Outcome) -> None:
    """Cases of the two facilities, none at night, all tasks with somebody to do them."""
    codes = {
        number: code
        for group in outcome.town.members.values()
        for number, code in zip(group.facility.tolist(), group.code, strict=True)
    }
    assert {codes[one.facility] for one in outcome.work.facilities} == {"c1-sewage_pump-0", "c1-indoor_leak-0"}
    assert sum(outcome.night.tasks.values()) == 0
    assert outcome.work.unstaffed == 0
    assert outcome.work.tasks >= outcome.work.cases >= 2


def test_the_figures_of_the_page_are_those_of_the_run(outcome: city.Outcome) -> None:
    """The page is written from what is kept, and says what was found and what broke a bound."""
    kept = told(outcome)
    assert (kept["faults"], kept["found"], kept["false"]) == (2, 2, 0)
    assert [bound["held"] for bound in kept["bounds"]] == [True] * 5
    text = page([kept])
    assert "| faults found |  | 2 of 2 |" in text
    assert "**broken**" not in text
    kept["bounds"][1] |= {"value": 13, "held": False}
    assert "13 (**broken**)" in page([kept])
