"""What is settled does not depend on the order in which it was settled."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.offsets import OffsetRange, Settled

spans = st.tuples(st.integers(0, 80), st.integers(1, 12)).map(lambda pair: OffsetRange(pair[0], pair[0] + pair[1]))
steps = st.lists(st.one_of(spans, st.integers(0, 80)), max_size=30)


def members(settled: Settled) -> set[int]:
    """Every settled offset, one by one."""
    return set(range(settled.low)) | {offset for span in settled.islands() for offset in range(span.first, span.stop)}


def applied(moves: list[OffsetRange | int]) -> tuple[Settled, set[int]]:
    """The value under test beside a plain set."""
    settled, naive = Settled(), set[int]()
    for move in moves:
        if isinstance(move, int):
            settled.raise_low(move)
            naive |= set(range(move))
        else:
            settled.add(move)
            naive |= set(range(move.first, move.stop))
    return settled, naive


@given(steps)
def test_it_holds_exactly_what_a_plain_set_holds(moves: list[OffsetRange | int]) -> None:
    """Low-water mark and islands are a compressed set, nothing else."""
    settled, naive = applied(moves)
    assert members(settled) == naive
    islands = list(settled.islands())
    assert all(left.stop < right.first for left, right in pairwise(islands))
    assert all(span.first > settled.low for span in islands)


@given(steps, spans)
def test_missing_is_the_difference(moves: list[OffsetRange | int], asked: OffsetRange) -> None:
    """What is missing of a range is the range without the settled offsets."""
    settled, naive = applied(moves)
    missing = {offset for span in settled.missing(asked) for offset in range(span.first, span.stop)}
    assert missing == set(range(asked.first, asked.stop)) - naive
    assert settled.covers(asked) == (not missing)


@given(steps, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(moves: list[OffsetRange | int], random: object) -> None:
    """Any order of the same moves, with repetitions, gives an equal value."""
    twice = [*moves, *moves]
    random.shuffle(twice)  # type: ignore[attr-defined]
    assert applied(moves)[0] == applied(twice)[0]


@pytest.mark.parametrize(("first", "stop"), [(-1, 3), (3, 3), (4, 3)])
def test_an_impossible_range_is_refused(first: int, stop: int) -> None:
    """Empty and negative ranges cannot exist."""
    with pytest.raises(ValueError, match="offset range"):
        OffsetRange(first, stop)


def test_a_copy_goes_its_own_way() -> None:
    """Changing a copy leaves the original alone."""
    settled = Settled(3, [OffsetRange(5, 7)])
    twin = settled.copy()
    twin.add(OffsetRange(3, 5))
    assert (settled.low, twin.low) == (3, 7)
