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
from rules.operators.kinds import Connective, Function, Operator, WindowAggregate
from tests.unit.rules.reference.operators import TWINS, WINDOW_TWINS

values = st.sampled_from([None, 0.0, -0.0, 1.0, -1.0, 2.5, 1e308, -1e308, 1e-308]) | st.floats(
    allow_nan=False, allow_infinity=False
)
truths = st.sampled_from([True, False, None])
ROW_BY_ROW = [operator for operator in ALL if not isinstance(operator, WindowAggregate)]
WINDOWS = [operator for operator in ALL if isinstance(operator, WindowAggregate)]


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
    st.lists(st.tuples(st.integers(-800, 800).map(lambda n: n / 8), st.integers(1, 5_000)), min_size=1, max_size=20),
    st.integers(1, 5),
)
def test_a_window_aggregate_agrees_with_its_twin(
    operator: WindowAggregate, held: list[tuple[float, int]], chunk: int
) -> None:
    """Pieces folded in any grouping, empty ones among them, give what the scalar gives of all of them."""
    value, held_ms = np.array([v for v, _ in held]), np.array([ms for _, ms in held])
    pieces = operator.piece(value, held_ms)
    nothing = operator.piece(np.array([99.0]), np.array([0]))
    shares = []
    for start in range(0, len(held), chunk):
        share = operator.fold(np.array([operator.identity]), nothing)
        for piece in pieces[start : start + chunk]:
            share = operator.fold(share, piece)
        shares.append(share)
    total = shares[0]
    for share in shares[1:]:
        total = operator.fold(total, share)
    assert operator.finish(total, np.array([held_ms.sum()])).tolist() == [WINDOW_TWINS[operator.word](held)]


def test_every_operator_has_a_twin_and_a_word_of_its_own() -> None:
    """Nothing in the table escapes the comparison, and no word means two things of one kind."""
    told = [(type(operator).__name__, operator.word) for operator in ALL]
    assert len(set(told)) == len(told)
    assert {key for key in told if key[0] != "WindowAggregate"} == set(TWINS)
    assert {operator.word for operator in WINDOWS} == set(WINDOW_TWINS)
