"""What a rule costs is what the engine keeps and does for it."""

from __future__ import annotations

import typing

import numpy as np
import pytest

from rules import phrases
from rules.buckets import CELL_BYTES
from rules.cost import MACHINE_BYTES, cost_of
from rules.engine.engine import Engine
from rules.engine.history import NoHistory
from rules.engine.windows import Window
from rules.expression import Operand
from rules.operand_kinds import KINDS, kind_of
from rules.operators import ALL
from rules.operators.kinds import (
    Arithmetic,
    Comparison,
    Connective,
    Function,
    GroupAggregate,
    Operator,
    RangeTest,
    WindowAggregate,
)
from rules.operators.weekly import WeeklyAggregate
from rules.rule_set import Rule
from tests.unit.rules.town import KEYS, members, rule_set, rule_text, town_class

FACILITIES = 50
PHRASES: dict[type[Operator], typing.Mapping[str, object]] = {
    Comparison: phrases.COMPARISONS,
    RangeTest: phrases.RANGE_TESTS,
    Connective: phrases.CONNECTIVES,
    Arithmetic: phrases.ARITHMETIC,
    Function: phrases.FUNCTIONS,
    WindowAggregate: phrases.AGGREGATES,
    WeeklyAggregate: phrases.AGGREGATES,
    GroupAggregate: phrases.GROUPS,
}


def the_rule(when: str, **fields: str) -> Rule:
    return rule_set(rule_text("r", when, **fields)).rules[0]


def test_every_kind_of_operand_has_its_row() -> None:
    """An operand that the engine knows can be priced, named, and explained where it is unknown."""
    assert set(KINDS) == set(typing.get_args(Operand))


@pytest.mark.parametrize("operator", ALL, ids=lambda one: f"{type(one).__name__} {one.word}")
def test_every_operator_has_its_phrase(operator: Operator) -> None:
    """An operator that can be written can be said."""
    assert operator.word in PHRASES[type(operator)]


def test_the_state_is_that_of_the_engine() -> None:
    """Bytes of cells, windows and machines are those that the arrays hold, to 1 in 100."""
    rule = the_rule("mean(a) over 10 min > 2 and min(b) over 90 s > b - 1", for_="30 s")
    engine = Engine(rule_set(rule_text("r", rule.when_text, for_="30 s")), {"well": members(FACILITIES)}, NoHistory())
    plane = engine.live
    cells = sum(getattr(plane.cells, name).nbytes for name in plane.cells.COLUMNS)
    machines = sum(getattr(plane.machines, name).nbytes for name in plane.machines.COLUMNS)
    windows = sum(
        column.nbytes
        for window in plane.windows[0]
        for column in vars(window).values()
        if isinstance(column, np.ndarray)
    )
    assert machines == MACHINE_BYTES * FACILITIES
    # the source of a window is a cell, too: the rule reads b itself, a through its window alone
    assert cells == CELL_BYTES * FACILITIES * 4
    cost = cost_of(rule)
    counted = cost.shared_bytes + CELL_BYTES
    assert counted * FACILITIES == pytest.approx(cells + windows, rel=0.01)
    assert all(isinstance(window, Window) for window in plane.windows[0])


def test_a_rules_own_state_is_small() -> None:
    """A rule keeps at most 200 bytes a facility for itself, whatever it reads."""
    cost = cost_of(the_rule("mean(a) over 7 d > 2", for_="30 s", clear="a < 1"))
    assert cost.own_bytes <= 200
    assert cost.windows[0].slots <= 60


@pytest.mark.parametrize(
    ("when", "restless"),
    [
        ("a > 1", ""),
        ("a - b > 1", "ab"),
        ("abs(a) > 1 and b > 2", ""),
        ("mean(a) over 10 s > b", "ab"),
        ("a > facility.x", ""),
    ],
)
def test_what_has_no_bands_is_restless(when: str, restless: str) -> None:
    """Operands that take part in arithmetic, or are compared with each other, are evaluated at every reading."""
    found = {operand.key for operand in cost_of(the_rule(when)).restless if hasattr(operand, "key")}
    assert found == set(restless)


def test_size_is_counted_over_both_conditions() -> None:
    """Nodes, comparisons and operands of ``when`` and ``clear`` add up; what both read counts once."""
    cost = cost_of(the_rule("a > 2 and b < 1", clear="a < 1"))
    assert (cost.nodes, cost.comparisons, len(cost.operands), cost.nesting) == (7 + 3, 3, 2, 3)


def test_an_unknown_operand_is_explained() -> None:
    """Each operand of a rule has a name, and says in both languages when nobody knows it."""
    rule = the_rule("a > 1 and mean(b) over 10 min > 2")
    for operand in rule.operands:
        row = kind_of(operand)
        for language in ("zh", "en"):
            said = row.unknown(operand, town_class())
            assert said is not None
            assert said.in_language(language)
            assert row.name(operand, town_class()).in_language(language)
        assert row.key(operand) in KEYS
