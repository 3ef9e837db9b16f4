"""The planner: every register once, nothing undefined, within limits, and no plan with fewer requests."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from core.places import Text
from gateway.plan import ALLOWED_FUNCTIONS, Request, check_function, limit, plan
from gateway.profile import DataType, Profile, Register
from gateway.profile_file import shipped

M = Text(zh="m", en="m")


def register(name: str, address: int, data_type: DataType = DataType.U16, function: int = 3) -> Register:
    return Register(name=name, function=function, address=address, type=data_type)


def profile(registers: list[Register], *, max_registers: int = 125, bridge: int = 0) -> Profile:
    return Profile(
        key="p",
        maker=M,
        model=M,
        source=M,
        max_registers=max_registers,
        bridge=bridge,
        registers={item.name: item for item in registers},
    )


def spans(requests: tuple[Request, ...]) -> list[tuple[int, int]]:
    return [(request.address, request.count) for request in requests]


def test_neighbours_share_a_request() -> None:
    """Registers side by side are read together; a hole that nobody defined is not crossed."""
    registers = [register("a", 0), register("b", 1, DataType.F32), register("c", 4)]
    assert spans(plan(profile(registers), registers)) == [(0, 3), (4, 1)]


def test_a_hole_is_crossed_when_the_profile_allows_it() -> None:
    """The profile says how many undefined registers a read may run across."""
    registers = [register("a", 0), register("b", 4), register("c", 9)]
    assert spans(plan(profile(registers, bridge=3), registers)) == [(0, 5), (9, 1)]


def test_a_hole_of_known_registers_is_crossed() -> None:
    """Registers that exist but are not wanted may lie within a read."""
    known = [register(str(address), address) for address in range(6)]
    assert spans(plan(profile(known), [known[0], known[5]])) == [(0, 6)]


def test_the_maker_s_limit_holds() -> None:
    """No request is longer than the product answers, and none cuts a value in two."""
    registers = [register(str(i), 2 * i, DataType.F32) for i in range(10)]
    assert spans(plan(profile(registers, max_registers=7), registers)) == [(0, 6), (6, 6), (12, 6), (18, 2)]


def test_a_value_is_read_with_its_exponent() -> None:
    """QDY30A: the level's request begins at the decimals register."""
    qdy = shipped()["qdy30a"]
    (request,) = plan(qdy, [qdy.registers["level_m"]])
    assert (request.address, request.count) == (3, 2)


def test_an_sdm630_is_read_without_touching_what_it_does_not_define() -> None:
    """All 47 registers of an SDM630 in eleven blocks, none across an undefined address; its core in one."""
    sdm = shipped()["eastron-sdm630"]
    requests = plan(sdm, sdm.registers.values())
    assert sum(len(request.registers) for request in requests) == 47
    assert len(requests) == 11
    assert requests[0].count == 36


@pytest.mark.parametrize("function", [5, 6, 15, 16, 22, 23, 8, 0])
def test_no_write_passes_the_gate(function: int) -> None:
    """Function codes that write, or do anything but read, are refused."""
    with pytest.raises(Refused, match="never leaves a gateway"):
        check_function(function)
    assert {1, 2, 3, 4, 43} == ALLOWED_FUNCTIONS


profiles = st.builds(
    lambda addresses, wanted, most, bridge: (
        profile([register(f"r{a}", a, t) for a, t in addresses.items()], max_registers=most, bridge=bridge),
        wanted,
    ),
    st.dictionaries(st.integers(0, 40), st.sampled_from([DataType.U16, DataType.F32, DataType.U64]), min_size=1),
    st.integers(0, 2**16),
    st.integers(4, 20),
    st.integers(0, 5),
)


def chosen(source: Profile, mask: int) -> list[Register]:
    registers = [item for i, item in enumerate(source.registers.values()) if mask >> (i % 16) & 1]
    return registers or list(source.registers.values())[:1]


@given(profiles)
def test_every_register_is_read_exactly_once_within_the_rules(case: tuple[Profile, int]) -> None:
    """Whatever the map: each wanted register in one request, whole; limits and holes respected."""
    source, mask = case
    wanted = chosen(source, mask)
    known = {a for item in source.registers.values() for a in range(item.address, item.stop)}
    requests = plan(source, wanted)
    assert sorted(item.name for request in requests for item in request.registers) == sorted(i.name for i in wanted)
    for request in requests:
        assert 1 <= request.count <= limit(source, 3)
        stop = request.address + request.count
        assert all(request.address <= item.address and item.stop <= stop for item in request.registers)
        hole = longest_hole(request, known)
        assert hole <= source.bridge
        assert request.address == min(item.address for item in request.registers)
        assert stop == max(item.stop for item in request.registers)


def longest_hole(request: Request, known: set[int]) -> int:
    longest = here = 0
    for address in range(request.address, request.address + request.count):
        here = 0 if address in known else here + 1
        longest = max(longest, here)
    return longest


small = st.dictionaries(st.integers(0, 24), st.sampled_from([DataType.U16, DataType.F32]), min_size=1, max_size=7)


@given(small, st.integers(4, 10), st.integers(0, 3))
def test_no_plan_has_fewer_requests(addresses: dict[int, DataType], most: int, bridge: int) -> None:
    """Against every way to cut the sorted registers into runs: none with fewer runs is allowed."""
    registers = sorted(
        (register(f"r{a}", a, t) for a, t in addresses.items()), key=lambda item: (item.address, item.stop)
    )
    source = profile(registers, max_registers=most, bridge=bridge)
    known = {a for item in registers for a in range(item.address, item.stop)}

    def allowed(run: list[Register]) -> bool:
        start, stop = run[0].address, max(item.stop for item in run)
        request = Request(function=3, address=start, count=stop - start, registers=tuple(run))
        return stop - start <= most and longest_hole(request, known) <= bridge

    def possible(cuts: tuple[int, ...]) -> bool:
        edges = (0, *cuts, len(registers))
        return all(allowed(registers[a:b]) for a, b in pairwise(edges))

    found = len(plan(source, registers))
    for fewer in range(found - 1):
        assert not any(possible(cuts) for cuts in combinations(range(1, len(registers)), fewer))
