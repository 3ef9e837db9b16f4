"""Every vectorized operator against its scalar twin; the table of operators is the list of what is tested."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.columns import Tri
from rules.operators import ALL
from rules.operators.at_least import at_least
from rules.operators.kinds import Connective, Function, GroupAggregate, Operator, Takes, WindowAggregate
from tests.unit.rules.reference.operators import GROUP_TWINS, TWINS, WINDOW_TWINS
from tests.unit.rules.reference.operators import at_least as vote

values = st.sampled_from([None, 0.0, -0.0, 1.0, -1.0, 2.5, 1e308, -1e308, 1e-308]) | st.floats(
    allow_nan=False, allow_infinity=False
)
truths = st.sampled_from([True, False, None])
ROW_BY_ROW = [operator for operator in ALL if not isinstance(operator, WindowAggregate | GroupAggregate)]
GROUPS = [operator for operator in ALL if isinstance(operator, GroupAggregate)]
WINDOWS = [operator for operator in ALL if isinstance(operator, WindowAggregate)]
WINDOWS_BY_WORD = {operator.word: operator for operator in WINDOWS}


def name(operator: Operator) -> str:
    """What pytest prints."""
    return f"{type(operator).__name__} {operator.word}"


def arity(operator: Operator) -> int:
    """How many operands to try."""
    if isinstance(operator, Function):
        return min(operator.most, 3)
    return {"RangeTest": 3, "Connective": 1 if operator.word == "not" else 2}.get(type(operator).__name__, 2)


def number_column(column: Sequence[float | None]) -> np.ndarray:
    """None becomes NaN."""
    return np.array([math.nan if value is None else value for value in column], np.float64)


def truth_column(column: Sequence[bool | None]) -> Tri:
    """None becomes neither true nor false."""
    return Tri(np.array([value is True for value in column]), np.array([value is False for value in column]))


def scalars(result: Tri | np.ndarray) -> list[bool | float | None]:
    """Columns back to scalars."""
    if isinstance(result, Tri):
        assert not (result.true & result.false).any()
        return [True if t else False if f else None for t, f in zip(result.true, result.false, strict=True)]
    return [None if math.isnan(value) else value for value in result.tolist()]


@pytest.mark.parametrize("operator", ROW_BY_ROW, ids=name)
@given(data=st.data())
def test_an_operator_agrees_with_its_twin(operator: Operator, data: st.DataObject) -> None:
    """Row by row the column gives what the scalar gives, unknown operands and overflow included."""
    logical = isinstance(operator, Connective)
    count = data.draw(st.integers(1, 6))
    side: st.SearchStrategy[list[Any]] = st.lists(truths if logical else values, min_size=count, max_size=count)
    columns = [data.draw(side) for _ in range(arity(operator))]
    twin = TWINS[type(operator).__name__, operator.word]
    made: list[Any] = [truth_column(column) if logical else number_column(column) for column in columns]
    assert scalars(operator.compute(*made)) == [twin(*row) for row in zip(*columns, strict=True)]  # type: ignore[union-attr]


@pytest.mark.parametrize("operator", ROW_BY_ROW, ids=name)
@given(data=st.data())
def test_knowing_less_never_says_the_contrary(operator: Operator, data: st.DataObject) -> None:
    """With an operand unknown the result is what it was, or unknown; late readings pass on the strength of it."""
    known = st.sampled_from([True, False, None]) if isinstance(operator, Connective) else values
    full: list[Any] = data.draw(st.lists(known, min_size=arity(operator), max_size=arity(operator)))
    hidden = data.draw(st.lists(st.booleans(), min_size=len(full), max_size=len(full)))
    less = [None if hide else value for value, hide in zip(full, hidden, strict=True)]
    column = truth_column if isinstance(operator, Connective) else number_column
    rows: list[Any] = [column([one, other]) for one, other in zip(full, less, strict=True)]
    all_known, some_hidden = scalars(operator.compute(*rows))  # type: ignore[union-attr]
    assert some_hidden is None or some_hidden == all_known


@pytest.mark.parametrize("operator", WINDOWS, ids=name)
@given(
    st.lists(
        st.tuples(st.integers(-800, 800).map(lambda n: n / 8), st.integers(1, 5_000), st.sampled_from([0, 0, 3_000])),
        min_size=1,
        max_size=20,
    ),
    st.integers(1, 5),
)
def test_a_window_aggregate_agrees_with_its_twin(
    operator: WindowAggregate, drawn: list[tuple[float, int, int]], chunk: int
) -> None:
    """Pieces with gaps, folded in any grouping, empty ones among them, give what the scalar gives of all of them."""
    if operator.takes is Takes.CONDITION:
        drawn = [(float(value > 0), length, gap) for value, length, gap in drawn]
    begin_ms = 1_700_000_000_000
    held: list[tuple[float, int, int]] = []
    for one, length, gap in drawn:
        start = (held[-1][2] if held else begin_ms) + gap
        held.append((one, start, start + length))
    value = np.array([one for one, _, _ in held])
    from_ms, until_ms = (np.array([piece[side] for piece in held]) for side in (1, 2))
    pieces = operator.piece(value, from_ms, until_ms - from_ms)
    nothing = operator.piece(np.array([99.0]), from_ms[:1], np.array([0]))
    assert nothing.tobytes() == operator.identity.tobytes()
    table = np.full(-(-len(held) // chunk), operator.identity)
    operator.fold.at(table, np.arange(len(held)) // chunk, pieces)
    total = nothing
    for share in table:
        total = operator.fold(operator.fold(total, share.reshape(1)), nothing)
    known_ms = np.array([(until_ms - from_ms).sum()])
    (found,) = operator.finish(total, known_ms, np.array([begin_ms])).tolist()
    wanted = WINDOW_TWINS[operator.word](held, begin_ms)
    assert math.isnan(found) if wanted is None else found == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("word", ["stddev", "slope"])
def test_a_small_scatter_on_a_large_mean_is_not_lost(word: str) -> None:
    """Ten thousand pieces of a saw of ±1 mm on 10 000 km: squares of values would have no digit of it left."""
    operator = WINDOWS_BY_WORD[word]
    number = np.arange(10_000)
    value, from_ms = 1e10 + (number % 3 - 1) * 1e-3 + number * 1e-2, 1_700_000_000_000 + number * 10
    held = list(zip(value.tolist(), from_ms.tolist(), (from_ms + 10).tolist(), strict=True))
    table = np.full(100, operator.identity)
    operator.fold.at(table, number // 100, operator.piece(value, from_ms, np.full(len(number), 10)))
    total = table[:1]
    for share in table[1:]:
        total = operator.fold(total, share.reshape(1))
    (found,) = operator.finish(total, np.array([100_000]), from_ms[:1]).tolist()
    assert found == pytest.approx(WINDOW_TWINS[word](held, 0), rel=1e-6)


@given(st.lists(truths, min_size=1, max_size=6), st.integers(1, 6))
def test_a_vote_agrees_with_its_twin(parts: list[bool | None], count: int) -> None:
    """True with enough true ones, false once the others cannot be enough, else unknown."""
    found = at_least(count).compute(*(truth_column([part]) for part in parts))
    assert scalars(found) == [vote(count, parts)]


@pytest.mark.parametrize("operator", GROUPS, ids=name)
@given(st.data(), st.integers(1, 12), st.integers(0, 4))
def test_a_group_aggregate_agrees_with_its_twin(
    operator: GroupAggregate, data: st.DataObject, members: int, padding: int
) -> None:
    """Each row of a table gives what the scalar gives of its known members; what stands behind them does not count."""
    known = st.sampled_from([0.0, 1.0]) if operator.of_condition else st.integers(-800, 800).map(lambda n: n / 8)
    member = known if operator.everyone else known | st.none()
    rows = data.draw(st.lists(st.lists(member, min_size=members, max_size=members).filter(any_known), min_size=1))
    table = np.array([number_column([*row, *[None] * padding]) for row in rows])
    expected = [GROUP_TWINS[operator.word]([value for value in row if value is not None]) for row in rows]
    assert operator.compute(table).tolist() == expected


def any_known(row: Sequence[float | None]) -> bool:
    """Whether a group is worth a value."""
    return any(value is not None for value in row)


def test_every_operator_has_a_twin_and_a_word_of_its_own() -> None:
    """Nothing in the table escapes the comparison, and no word means two things of one kind."""
    told = [(type(operator).__name__, operator.word) for operator in ALL]
    assert len(set(told)) == len(told)
    assert {key for key in told if key[0] not in {"WindowAggregate", "WeeklyAggregate", "GroupAggregate"}} == set(TWINS)
    assert {operator.word for operator in GROUPS} == set(GROUP_TWINS)
    assert {operator.word for operator in WINDOWS} == set(WINDOW_TWINS)
