"""A rule as a table of bands does to a machine what its conditions do."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rules.columns import Floats
from rules.engine.drives import LARGEST_TABLE, drive_of
from rules.engine.layout import ClassLayout, RulePlan, build
from rules.expression import Columns
from tests.unit.rules.test_order import rules
from tests.unit.rules.town import members, rule_set, rule_text


def the_class(*texts: str) -> ClassLayout:
    """The wells, laid out for some rules."""
    return build(rule_set(*texts), {"well": members(1, {"limit": [2.0]}, {"make": ["x"]})}).classes[0]


def by_conditions(one: ClassLayout, plan: RulePlan, value: Floats) -> list[int]:
    """The drives for columns of values, float64[operands, n]."""
    columns = Columns(lambda operand: value[one.column_of[operand]], lambda part: one.attribute[part])
    drive = drive_of(plan.when(columns), None if plan.clear is None else plan.clear(columns))
    return np.broadcast_to(drive, value.shape[1]).tolist()


def around(one: ClassLayout, seed: int, count: int) -> Floats:
    """Random values, many of them at the cuts or the floats next to them, some unknown; float64[operands, n]."""
    rng = np.random.default_rng(seed)
    columns = []
    for guard in one.guards:
        cuts = np.concatenate([guard.starts, guard.ends, guard.samples(), [0.0, -0.0, 1.0]])
        with np.errstate(over="ignore"):
            near = np.nextafter(cuts, rng.choice([-np.inf, np.inf], len(cuts)))
        columns.append(rng.choice([*cuts, *near, *rng.normal(1, 2, 8)], count))
    return np.array(columns)


@given(rules(), st.integers(0, 2**32 - 1))
def test_a_table_agrees_with_the_conditions(texts: list[str], seed: int) -> None:
    """For random rules of all operands, on values at and around every cut, with bands of other rules between."""
    one = the_class(*texts, rule_text("more", "a > 0.5 or b outside [-1, 4] or c == 2"))
    value = around(one, seed, 200)
    for plan in one.rules:
        if plan.table is not None:
            found = plan.table.drives(lambda column: one.guards[column].number(value[column]))
            assert found.dtype == np.uint8
            assert found.tolist() == by_conditions(one, plan, value)


def test_which_rules_are_tables() -> None:
    """Comparisons with fixed numbers, at most through functions that carry cuts; nothing of the single facility."""
    tables = {
        "a > 2 and not b < 1": True,
        "abs(a) > 2 or min(b, c) < 1": True,
        "mean(a) over 20 s > 3": True,
        "a > b": False,
        "a + b > 2": False,
        "a > facility.limit": False,
        "facility.make == 'x' and a > 1": False,
    }
    one = the_class(*(rule_text(f"r{place}", when) for place, when in enumerate(tables)))
    assert [plan.table is not None for plan in one.rules] == list(tables.values())


def test_a_rule_with_too_many_combinations_keeps_its_conditions() -> None:
    """Three operands with many cuts each would be a table of millions."""
    many = " or ".join(f"{key} == {cut}" for key in "abc" for cut in range(14))
    one = the_class(rule_text("large", many), rule_text("small", "a == 1 or b == 2"))
    large, small = one.rules
    assert large.table is None
    assert small.table is not None
    assert len(small.table.drive) < LARGEST_TABLE
    value = around(one, 1, 500)
    found = small.table.drives(lambda column: one.guards[column].number(value[column]))
    assert found.tolist() == by_conditions(one, small, value)
