"""What is learned from refusals: against a device whose holes and limit the test knows and the gateway does not."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.places import Text
from core.sparkplug.datatypes import DataType as MetricType
from gateway.budget import bus_load, costs_of, unit_load
from gateway.config import PointConfig, UnitConfig
from gateway.knowledge import ModelKnowledge
from gateway.model_memory import ModelMemory
from gateway.plan import Costs, plan
from gateway.points import PointName, Points
from gateway.profile import DataType, Profile, Register
from gateway.unit import Compiled, Unit

M = Text(zh="m", en="m")

SECOND = frozenset({1_000})


@dataclass
class Device:
    """Answers reads of up to ``most`` registers that touch none of ``holes``; keeps count of what it was asked."""

    holes: frozenset[int]
    most: int
    asked: int = 0

    def refuses(self, compiled: Compiled) -> bool:
        self.asked += 1
        start, count = compiled.request.address, compiled.request.count
        return count > self.most or any(start <= hole < start + count for hole in self.holes)


def registers(addresses: list[int]) -> dict[str, Register]:
    return {f"r{a}": Register(name=f"r{a}", function=3, address=a, type=DataType.U16) for a in addresses}


def unit_of(addresses: list[int], bridge: int, model: ModelKnowledge, costs: Costs | None = None) -> Unit:
    known = registers(addresses)
    profile = Profile(key="p", maker=M, model=M, source=M, bridge=bridge, registers=known)
    points = tuple(PointConfig(metric=f"f/{name}", register=one, interval_ms=1_000) for name, one in known.items())
    names = [PointName(device="b", metric=one.metric, type=MetricType.DOUBLE, unit="1") for one in points]
    config = UnitConfig(name="u", unit=1, profile=profile, timeout_s=1, points=points)
    return Unit(config, "b", Points(names), 0, 0.0, lambda _: model, *([costs] if costs else []))


def poll(unit: Unit, device: Device, now_s: float) -> set[int]:
    """One slot as the bus does it; returns the rows that were read."""
    read: set[int] = set()
    left = deque((*unit.requests(SECOND), *unit.retries(SECOND, now_s)))
    while left:
        compiled = left.popleft()
        if not device.refuses(compiled):
            unit.answered(compiled, now_s)
            read |= set(compiled.rows.tolist())
        else:
            left.extendleft(reversed(unit.refused(compiled, now_s)))
    return read


def test_the_greatest_length_is_found_by_bisection_and_kept() -> None:
    """125 registers in a row, at most 60 in an answer: after a few polls, three requests of at most 60."""
    unit, device = unit_of(list(range(125)), 0, ModelKnowledge()), Device(frozenset(), 60)
    for now_s in range(10):
        assert poll(unit, device, float(now_s)) == set(range(125))
    assert [compiled.request.count for compiled in unit.requests(SECOND)] == [60, 60, 5]
    assert device.asked <= 60


def test_an_illegal_hole_is_found_and_never_crossed_again() -> None:
    """Registers 0 to 9 and 12 to 20, bridging allowed, 10 and 11 illegal: both parts are read from the first poll."""
    model = ModelKnowledge()
    unit, device = unit_of([*range(10), *range(12, 21)], 8, model), Device(frozenset({10, 11}), 125)
    for now_s in range(4):
        assert poll(unit, device, float(now_s)) == set(range(19))
    assert [(c.request.address, c.request.count) for c in unit.requests(SECOND)] == [(0, 10), (12, 9)]
    assert model.illegal == {10, 11}


def test_the_next_unit_of_the_model_starts_with_what_was_learned(tmp_path: Path) -> None:
    """Written to the file, read by the next start: the first poll of another unit is planned right, nothing refused."""
    path = tmp_path / "models.json"
    memory = ModelMemory(path)
    device = Device(frozenset({10, 11, 40}), 30)
    wanted = [*range(10), *range(12, 40), *range(41, 90)]
    first = unit_of(wanted, 8, memory.model("p", 3))
    for now_s in range(12):
        poll(first, device, float(now_s))
    assert memory.save()
    assert not memory.save()
    again = Device(device.holes, device.most)
    second = unit_of(wanted, 8, ModelMemory(path).model("p", 3))
    requests = len(second.requests(SECOND))
    assert poll(second, again, 0.0) == set(range(len(wanted)))
    assert again.asked == requests == len(first.requests(SECOND))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 2, "models": {}}', '{"format": 1, "models": {"p": {"3": {}}}}']
)
def test_a_memory_that_cannot_be_read_is_empty(tmp_path: Path, text: str) -> None:
    """It holds nothing that could not be learned again."""
    path = tmp_path / "models.json"
    path.write_text(text, encoding="utf-8")
    assert ModelMemory(path).model("p", 3).longest is None


maps = st.sets(st.integers(0, 90), min_size=1, max_size=60)


@given(maps, st.sets(st.integers(0, 90), max_size=4), st.integers(1, 60), st.integers(0, 10))
def test_whatever_the_device_lacks_everything_it_has_is_read(
    addresses: set[int], lacking: set[int], most: int, bridge: int
) -> None:
    """Random maps, holes, limits: from the first poll on all readable registers are read, and learning ends."""
    wanted = sorted(addresses)
    device = Device(frozenset(lacking), most)
    unit = unit_of(wanted, bridge, ModelKnowledge())
    readable = {row for row, address in enumerate(wanted) if address not in lacking}
    for now_s in range(8):
        assert poll(unit, device, float(now_s)) == readable
    before = device.asked
    assert poll(unit, device, 9.0) == readable
    assert device.asked - before == len(unit.requests(SECOND))
    assert all(compiled.request.count <= most for compiled in unit.requests(SECOND))


def test_on_a_slow_bus_a_long_hole_costs_more_than_a_request() -> None:
    """The cheapest plan crosses a hole of 20 registers at 9600 baud and not one of 60, whatever the profile allows."""
    slow = Costs(request=0.050, item=2 * 10 / 9600)
    for hole, expected in ((20, 1), (60, 2)):
        known = registers([0, hole + 1])
        profile = Profile(key="p", maker=M, model=M, source=M, bridge=100, registers=known)
        assert len(plan(profile, known.values(), costs=slow)) == expected
        assert len(plan(profile, known.values())) == 1


def test_the_load_of_a_bus_is_the_sum_of_its_rounds() -> None:
    """Two units: 62.5 ms a second and 12.5 ms in ten: 6.375 %; 101 of the first do not fit."""
    known = registers([0, 1])
    profile = Profile(key="p", maker=M, model=M, source=M, registers=known)
    requests = plan(profile, known.values())
    costs = costs_of(lambda count: 0.0425 + 0.01 * count)
    first = unit_load("a", [(1_000, requests)], costs)
    second = unit_load("b", [(10_000, requests)], costs)
    load = bus_load([first, second])
    assert load.percent == pytest.approx(6.875)
    assert (load.fits, load.tight) == (True, False)
    assert load.round_s == pytest.approx(0.125)
    assert not bus_load([first] * 17).fits
    assert bus_load([first] * 15).tight
    assert np.isclose(first.requests_per_s, 1)
