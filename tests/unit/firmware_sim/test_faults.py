"""Faults: what they do to values, answers and lines, and when."""

from __future__ import annotations

import pytest

from firmware_sim.faults import AnswerPlan, CutMode, Fault, FaultKind, FaultPlan, Malformation
from firmware_sim.signals.base import ModelSignal
from firmware_sim.signals.windows import Schedule, Window

RAMP = ModelSignal(unit="1", model="ramp", function=lambda t: t)


def during(start_s: float, stop_s: float) -> Schedule:
    return Schedule(windows=(Window(start_s=start_s, stop_s=stop_s),))


def plan(kind: FaultKind, **extra: object) -> FaultPlan:
    return FaultPlan(faults=(Fault(kind=kind, target="dev", when=during(10, 20), **extra),))  # type: ignore[arg-type]


def test_stuck_shows_the_value_of_its_beginning() -> None:
    """A stuck register keeps the value it had when the fault began, and is live before and after."""
    faults = plan(FaultKind.STUCK)
    assert [faults.value("dev", "r", RAMP, t) for t in (9, 10, 15, 19.9, 20)] == [9, 10, 10, 10, 20]


def test_drift_grows_with_time() -> None:
    """Drift adds its magnitude per minute."""
    assert plan(FaultKind.DRIFT, magnitude=6.0).value("dev", "r", RAMP, 15) == pytest.approx(15.5)


def test_offset_is_constant() -> None:
    """An offset adds its magnitude."""
    faults = plan(FaultKind.OFFSET, magnitude=-3.0)
    assert [faults.value("dev", "r", RAMP, t) for t in (9, 12, 20)] == [9, 9, 20]


def test_spikes_come_in_their_share_of_the_seconds_and_repeat_from_the_seed() -> None:
    """About the given share of seconds carries a spike, the same ones for the same seed, others for another."""
    wide = Schedule(windows=(Window(start_s=0, stop_s=10_000),))
    shares, patterns = [], []
    for seed in (1, 1, 2):
        fault = Fault(kind=FaultKind.SPIKE, target="dev", when=wide, magnitude=100.0, probability=0.2, seed=seed)
        faults = FaultPlan(faults=(fault,))
        spiked = [faults.value("dev", "r", RAMP, t) - t > 50 for t in range(3000)]
        shares.append(sum(spiked) / len(spiked))
        patterns.append(spiked)
    assert shares[0] == pytest.approx(0.2, abs=0.03)
    assert patterns[0] == patterns[1] != patterns[2]


def test_a_register_fault_leaves_the_others_alone() -> None:
    """A fault of one register touches neither other registers nor other devices."""
    faults = plan(FaultKind.OFFSET, magnitude=5.0, register="a")
    assert faults.value("dev", "a", RAMP, 15) == 20
    assert faults.value("dev", "b", RAMP, 15) == 15
    assert faults.value("other", "a", RAMP, 15) == 15


def test_stuck_and_offset_add_up() -> None:
    """Two faults of one register act together."""
    both = FaultPlan(
        faults=(
            Fault(kind=FaultKind.STUCK, target="dev", when=during(10, 20)),
            Fault(kind=FaultKind.OFFSET, target="dev", when=during(10, 20), magnitude=1.0),
        )
    )
    assert both.value("dev", "r", RAMP, 15) == 11


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (plan(FaultKind.DROPOUT), AnswerPlan(drop=True)),
        (plan(FaultKind.SLOW, delay_s=2.5), AnswerPlan(delay_s=2.5)),
        (plan(FaultKind.EXCEPTION, code=6), AnswerPlan(exception_code=6)),
        (plan(FaultKind.MALFORMED, malformation=Malformation.SPLIT), AnswerPlan(malformation=Malformation.SPLIT)),
    ],
)
def test_answer_faults(fault: FaultPlan, expected: AnswerPlan) -> None:
    """Answer faults act inside their window, on their device only, and on no value."""
    assert fault.answer("dev", 15) == expected
    assert fault.answer("dev", 20) == AnswerPlan()
    assert fault.answer("other", 15) == AnswerPlan()
    assert fault.value("dev", "r", RAMP, 15) == 15


def test_cut_lines() -> None:
    """A line is cut in its window, in its mode; answers of devices do not know of it."""
    faults = plan(FaultKind.CUT, cut_mode=CutMode.RESET)
    assert [faults.cut("dev", t) for t in (9, 15, 20)] == [None, CutMode.RESET, None]
    assert faults.cut("other", 15) is None
    assert faults.answer("dev", 15) == AnswerPlan()
