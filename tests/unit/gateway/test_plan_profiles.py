"""What a profile says of its product beforehand holds in every plan: refused addresses, bits a read, single reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.places import Text
from gateway.knowledge import ModelKnowledge, UnitKnowledge
from gateway.plan import Costs, Request, limit, plan
from gateway.product import Quirk
from gateway.profile import DataType, Hole, Profile, Register
from gateway.profile_file import shipped

M = Text(zh="m", en="m")


def register(name: str, address: int, data_type: DataType = DataType.U16, function: int = 3) -> Register:
    return Register(name=name, function=function, address=address, type=data_type)


def profile(
    registers: list[Register],
    *,
    max_registers: int = 125,
    max_bits: int = 0,
    bridge: int = 0,
    illegal: tuple[Hole, ...] = (),
    quirks: tuple[Quirk, ...] = (),
) -> Profile:
    return Profile(
        key="p",
        maker=M,
        model=M,
        source=M,
        max_registers=max_registers,
        max_bits=max_bits,
        bridge=bridge,
        illegal=illegal,
        quirks=quirks,
        registers={item.name: item for item in registers},
    )


def spans(requests: tuple[Request, ...]) -> list[tuple[int, int]]:
    return [(request.address, request.count) for request in requests]


def test_a_refused_range_is_never_crossed_even_where_holes_may_be() -> None:
    """`illegal` is stronger than `bridge`: the reads end before the range and begin after it."""
    registers = [register("a", 0), register("b", 2), register("c", 6)]
    allowed = profile(registers, bridge=10)
    assert spans(plan(allowed, registers)) == [(0, 7)]
    refused = profile(registers, bridge=10, illegal=(Hole(function=3, start=4, stop=5),))
    assert spans(plan(refused, registers)) == [(0, 3), (6, 1)]


def test_a_refused_range_of_another_function_cuts_nothing() -> None:
    """Each table of the product has its own addresses."""
    registers = [register("a", 0), register("c", 6)]
    other = profile(registers, bridge=10, illegal=(Hole(function=4, start=4, stop=5),))
    assert spans(plan(other, registers)) == [(0, 7)]


def test_an_answer_does_not_open_a_range_that_the_profile_refuses() -> None:
    """What was once read across stays closed when the profile names it; what was learned still holds elsewhere."""
    registers = [register("a", 0), register("b", 6), register("c", 9)]
    model = ModelKnowledge()
    model.was_answered(0, 10)
    known = {3: UnitKnowledge(model)}
    assert spans(plan(profile(registers), registers, known)) == [(0, 10)]
    refused = profile(registers, illegal=(Hole(function=3, start=2, stop=4),))
    assert spans(plan(refused, registers, known)) == [(0, 1), (6, 4)]


def test_a_wanted_register_in_a_refused_range_costs_only_itself() -> None:
    """A point that contradicts its profile is asked for alone and takes no neighbour down with it."""
    registers = [register("a", 0), register("b", 1), register("c", 2)]
    refused = profile(registers, illegal=(Hole(function=3, start=1, stop=2),))
    assert spans(plan(refused, registers)) == [(0, 1), (1, 1), (2, 1)]


def test_the_most_bits_are_the_profile_s_to_say() -> None:
    """`max_bits` bounds a read of coils, above or below the sixteen a register that are assumed without it."""
    coils = [register(f"c{address}", address, DataType.BOOL, function=1) for address in range(40)]
    assert spans(plan(profile(coils, max_registers=2), coils)) == [(0, 32), (32, 8)]
    assert spans(plan(profile(coils, max_registers=2, max_bits=16), coils)) == [(0, 16), (16, 16), (32, 8)]
    assert spans(plan(profile(coils, max_registers=2, max_bits=40), coils)) == [(0, 40)]


def test_bits_and_registers_are_bounded_apart() -> None:
    """`max_bits` says nothing of registers, and neither passes what the protocol carries."""
    assert limit(profile([], max_registers=10, max_bits=4), 3) == 10
    assert limit(profile([], max_registers=10, max_bits=4), 4) == 10
    assert limit(profile([], max_registers=10, max_bits=4), 2) == 4
    assert limit(profile([], max_bits=5000), 1) == 2000


def test_a_product_that_needs_single_reads_is_asked_for_one_quantity_at_a_time() -> None:
    """Neighbours that would share a request get one each, whatever the length allows and the bus costs."""
    registers = [register("a", 0), register("b", 1, DataType.F32), register("c", 3)]
    single = profile(registers, bridge=10, quirks=(Quirk.NEEDS_SINGLE_READS,))
    assert spans(plan(single, registers)) == [(0, 1), (1, 2), (3, 1)]
    assert spans(plan(single, registers, costs=Costs(request=1000.0, item=0.0))) == [(0, 1), (1, 2), (3, 1)]


def test_the_named_bits_of_a_word_are_still_one_quantity() -> None:
    """A status word and its bits lie in the same words: a single read brings them all."""
    fc51 = shipped()["danfoss-fc51"]
    word = fc51.registers["status"]
    bits = [item for item in fc51.registers.values() if item.part_of == "status"]
    assert Quirk.NEEDS_SINGLE_READS in fc51.quirks
    assert len(bits) > 1
    (request,) = plan(fc51, [word, *bits])
    assert (request.address, request.count) == (word.address, word.width)
    assert set(request.registers) == {word, *bits}


@pytest.mark.parametrize("key", sorted(shipped()))
def test_shipped_profiles_are_planned_as_they_say(key: str) -> None:
    """Every quantity of every product once; nothing refused is crossed, no limit passed, no single read doubled."""
    product = shipped()[key]
    requests = plan(product, product.quantities)
    planned = sorted(item.name for request in requests for item in request.registers)
    assert planned == sorted(item.name for item in product.quantities)
    for request in requests:
        assert not product.refuses(request.function, request.address, request.address + request.count)
        assert request.count <= limit(product, request.function)
        if Quirk.NEEDS_SINGLE_READS in product.quirks:
            assert any(
                (item.address, item.stop - item.address) == (request.address, request.count)
                for item in request.registers
            )


@given(
    st.sets(st.integers(0, 60), min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 5)), max_size=4),
    st.integers(0, 10),
    st.booleans(),
)
def test_no_plan_crosses_what_the_profile_refuses(
    addresses: set[int], ranges: list[tuple[int, int]], bridge: int, single: bool
) -> None:
    """Whatever is wanted and refused: each register once, and a read that meets a refused address is one register."""
    registers = [register(str(address), address) for address in sorted(addresses)]
    holes = tuple(Hole(function=3, start=start, stop=start + length) for start, length in ranges)
    quirks = (Quirk.NEEDS_SINGLE_READS,) if single else ()
    product = profile(registers, bridge=bridge, illegal=holes, quirks=quirks)
    requests = plan(product, registers)
    assert sorted(int(item.name) for request in requests for item in request.registers) == sorted(addresses)
    for request in requests:
        meets = product.refuses(3, request.address, request.address + request.count)
        assert request.count == 1 or not (meets or single)
