"""When values have changed their meaning: found where it is certain, and never where it was the process."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.readings import Float64s
from gateway import step_watch
from gateway.profile import DataType, Register
from gateway.step_watch import BACK, CONFIRMED, LEAST_SEEN, StepWatch
from tests.architecture.sources import ROOT

UNITS = ("V", "A", "Cel", "W", "Hz", "Pa", "m", "kW.h")
RECORDINGS = sorted((ROOT / "firmware_sim" / "recordings").rglob("*.csv"))


def register(name: str, unit: str, kind: DataType = DataType.F32, scale: float = 1.0) -> Register:
    return Register(name=name, function=3, address=0, type=kind, unit=unit, scale=scale)


def living(middle: float, share: float, n: int, seed: int = 1) -> Float64s:
    """A measurement that moves within a share of its middle."""
    rng = np.random.default_rng(seed)
    values: Float64s = middle * (1 + share * (rng.random(n) - 0.5))
    return values.astype(np.float32).astype(np.float64)


def seen(watch: StepWatch, *columns: Float64s) -> None:
    rows = np.arange(len(columns))
    for values in zip(*columns, strict=True):
        watch.see(rows, np.array(values))


def words_swapped(values: Float64s) -> Float64s:
    raw = values.astype(">f4").view(np.uint8).reshape(-1, 4)[:, [2, 3, 0, 1]]
    return np.ascontiguousarray(raw).view(">f4")[:, 0].astype(np.float64)


@pytest.mark.parametrize(
    ("factor", "name"), [(10, "x10"), (100, "x100"), (1000, "x1000"), (0.1, "x0.1"), (0.001, "x0.001")]
)
def test_a_changed_scale_is_found_and_its_end_too(factor: float, name: str) -> None:
    """A steady point that is suddenly ten times itself: in doubt at once, sure after five, over after three."""
    watch = StepWatch([register("frequency", "Hz")])
    past = living(50.0, 0.01, LEAST_SEEN + 80)
    seen(watch, past)
    seen(watch, past[:1] * factor)
    assert watch.doubtful.tolist() == [True]
    assert watch.changed() == {}
    seen(watch, past[1:CONFIRMED] * factor)
    assert watch.changed() == {0: name}
    seen(watch, past[: BACK - 1])
    assert watch.changed() == {0: name}
    seen(watch, past[:1])
    assert (watch.changed(), watch.doubtful.tolist()) == ({}, [False])


def test_swapped_words_and_kelvin_are_found() -> None:
    """Other ways in which a device says the same."""
    watch = StepWatch([register("power", "W"), register("air", "Cel")])
    power, air = living(1234.5, 0.2, 300), living(21.0, 0.1, 300, 2)
    seen(watch, power, air)
    seen(watch, words_swapped(power[:CONFIRMED]), air[:CONFIRMED] + 273.15)
    assert watch.changed() == {0: "words", 1: "kelvin"}


def test_points_of_different_units_that_step_together_are_believed_sooner() -> None:
    """Current and power of a wider band, both ten times at once: yes; the current alone, or with its like: no."""
    current, power = living(5.0, 0.08, 300), living(1100.0, 0.08, 300, 2)
    both = StepWatch([register("i", "A"), register("p", "W")])
    seen(both, current, power)
    seen(both, current[:CONFIRMED] * 10, power[:CONFIRMED] * 10)
    assert both.changed() == {0: "x10", 1: "x10"}
    alone = StepWatch([register("i", "A"), register("p", "W")])
    seen(alone, current, power)
    seen(alone, current[:CONFIRMED] * 10, power[:CONFIRMED])
    assert not alone.doubtful.any()
    like = StepWatch([register("i1", "A"), register("i2", "A")])
    seen(like, current, current)
    seen(like, current[:CONFIRMED] * 10, current[:CONFIRMED] * 10)
    assert not like.doubtful.any()


def test_a_chance_hit_is_dropped_with_the_next_reading() -> None:
    """One reading at exactly ten times, then on its way: it was the process, and from now on that is known."""
    watch = StepWatch([register("frequency", "Hz")])
    past = living(50.0, 0.01, 300)
    seen(watch, past)
    seen(watch, np.array([500.0]))
    assert watch.doubtful.all()
    seen(watch, np.array([450.0]))
    assert not watch.doubtful.any()
    seen(watch, np.full(20, 500.0))
    assert not watch.doubtful.any()


def test_setpoints_states_and_machines_that_run_and_stop_are_left_alone() -> None:
    """What people set, what has no unit, and what was there before."""
    setpoint = StepWatch([register("setpoint", "Cel")])
    seen(setpoint, np.full(400, 20.0))
    seen(setpoint, np.full(10, 2.0))
    assert not setpoint.doubtful.any()
    state = StepWatch([register("state", "1", DataType.U16)])
    seen(state, living(3.0, 0.01, 400))
    seen(state, np.full(10, 30.0))
    assert not state.doubtful.any()
    pump = StepWatch([register("i", "A")])
    seen(pump, np.concatenate([living(0.5, 0.01, 50), living(5.0, 0.01, 50), living(0.5, 0.01, 300)]))
    seen(pump, living(5.0, 0.01, 10))
    assert not pump.doubtful.any()


@settings(max_examples=60, deadline=None)
@given(
    middle=st.floats(1.0, 1e4),
    share=st.floats(0.0, 0.5),
    jump=st.floats(0.01, 100.0).filter(lambda x: all(abs(x / 10.0**k - 1) > 0.6 for k in (-3, -2, -1, 1, 2, 3))),
    seed=st.integers(0, 1000),
)
def test_no_other_step_is_ever_doubted(middle: float, share: float, jump: float, seed: int) -> None:
    """A process that steps by any factor that is not near a power of ten stays believed, first reading included."""
    watch = StepWatch([register("x", "kW")])
    past = living(middle, share, 300, seed)
    seen(watch, past)
    for value in (past[:20] * jump).tolist():
        seen(watch, np.array([value]))
        assert not watch.doubtful.any()


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_recorded_days_raise_nothing(path: Path) -> None:
    """Machines that fail, leaks, weather: not one reading of the recordings is doubted, with all transformations on."""
    with path.open(encoding="utf-8") as file:
        values = [float(row["value"]) for row in csv.DictReader(line for line in file if not line.startswith("#"))]
    watch = StepWatch([register(path.stem, "Cel")])
    for value in values:
        watch.see(np.array([0]), np.array([value]))
        assert not watch.doubtful.any()
    assert len(values) > LEAST_SEEN


def test_what_is_remembered_makes_room_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A range of long ago is forgotten after two generations, not before, and silence forgets nothing."""
    monkeypatch.setattr(step_watch, "GENERATION", 500)
    watch = StepWatch([register("frequency", "Hz")])
    past = living(50.0, 0.01, 300)
    seen(watch, np.concatenate([past, past[:20] * 2]))
    seen(watch, np.concatenate([past, past]))
    seen(watch, past[:1] * 10)
    assert not watch.doubtful.any()
    for _ in range(4):
        seen(watch, past)
    seen(watch, np.full(600, np.nan))
    seen(watch, past[:CONFIRMED] * 10)
    assert watch.changed() == {0: "x10"}


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40))
def test_the_short_way_decides_as_the_long_way(seed: int, period: int) -> None:
    """With and without the comparison that spares quiet answers, the same is in doubt after every reading."""
    rng = np.random.default_rng(seed)
    short, long = (StepWatch([register("a", "A"), register("p", "W")]) for _ in range(2))
    values = np.column_stack([living(5.0, 0.05, 600, seed), living(900.0, 0.02, 600, seed + 1)])
    values[300:] *= np.where(rng.random(300) < 1 / period, 10.0, 1.0)[:, None]
    for row in values:
        long._quiet_low[:], long._quiet_high[:] = np.inf, -np.inf
        for watch in (short, long):
            watch.see(np.arange(2), row.copy())
        assert short.doubtful.tolist() == long.doubtful.tolist()
        assert short.changed() == long.changed()
