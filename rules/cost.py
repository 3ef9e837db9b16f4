"""What a rule costs, known before it runs: its size, its windows, its state, and when it is evaluated.

A rule is evaluated where one of its operands leaves its band; an operand without bands (``rules.engine.guards``) is
*restless*, and each of its readings is an evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from rules.columns import Floats
from rules.engine.guards import guards, needs_facility
from rules.expression import (
    Apply,
    Between,
    Columns,
    Compare,
    Connect,
    Load,
    Number,
    Operand,
    Scale,
    Truth,
    comparisons,
    number_function,
    operands,
)
from rules.operand_kinds import OperandCost, kind_of
from rules.rule_set import Rule

MACHINE_BYTES: Final = 42
"""State of one rule and facility (``rules.engine.machines``): what no other rule shares."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What one rule costs.

    Attributes:
        nodes: operands, numbers, operators and connectives of ``when`` and ``clear``.
        nesting: how deep the deeper of both is.
        comparisons: comparisons and ranges, each one pass over the facilities whose operand has left its band.
        operands: what it reads, in a stable order.
        windows: the cost of those that look back.
        own_bytes: state per facility that is this rule's alone.
        shared_bytes: state per facility of its operands, shared with all rules that read them.
        restless: operands of which every reading is an evaluation.
    """

    nodes: int
    nesting: int
    comparisons: int
    operands: tuple[Operand, ...]
    windows: tuple[OperandCost, ...]
    own_bytes: int
    shared_bytes: int
    restless: tuple[Operand, ...]

    @property
    def slots(self) -> int:
        """Slots of all windows."""
        return sum(window.slots for window in self.windows)

    @property
    def longest_window_ms(self) -> int:
        """How far it looks back; 0 for not at all."""
        return max((window.window_ms for window in self.windows), default=0)


def cost_of(rule: Rule) -> Cost:
    """What a rule costs."""
    cost = conditions_cost(rule.conditions)
    return replace(cost, own_bytes=MACHINE_BYTES * len(rule.parts))


def conditions_cost(conditions: Sequence[Truth]) -> Cost:
    """What conditions cost that belong to one rule."""
    read = tuple(sorted(frozenset().union(*(operands(condition) for condition in conditions)), key=repr))
    costs = [kind_of(operand).cost(operand) for operand in read]
    found = guards(conditions, _fixed)
    return Cost(
        nodes=sum(_nodes(condition) for condition in conditions),
        nesting=max((_nesting(condition) for condition in conditions), default=0),
        comparisons=sum(1 for condition in conditions for _ in comparisons(condition)),
        operands=read,
        windows=tuple(one for one in costs if one.window_ms),
        own_bytes=MACHINE_BYTES,
        shared_bytes=sum(one.state_bytes for one in costs),
        restless=tuple(operand for operand in read if operand in found and found[operand].restless),
    )


def children(node: Truth | Number) -> tuple[Truth | Number, ...]:
    """What stands directly under a node."""
    if isinstance(node, Connect | Apply):
        return node.args
    if isinstance(node, Compare):
        return (node.left, node.right)
    if isinstance(node, Between):
        return (node.value, node.low, node.high)
    if isinstance(node, Load):
        return kind_of(node.operand).inside(node.operand)
    return (node.child,) if isinstance(node, Scale) else ()


def _nodes(node: Truth | Number) -> int:
    return 1 + sum(_nodes(child) for child in children(node))


def _nesting(node: Truth | Number) -> int:
    return 1 + max((_nesting(child) for child in children(node)), default=0)


def _fixed(number: Number) -> Floats:
    """Stands for the facility's own limits: only whether there are bands is asked, not where."""
    rows = 2 if needs_facility(number) else 1
    columns = Columns(_no_operand, lambda name: np.ones(2), lambda value: np.full(rows, value))
    return number_function(number)(columns)


def _no_operand(operand: Operand) -> Floats:
    raise AssertionError(f"a fixed expression reads {operand}")
