"""The operators of the rule language, by their words. A new one is a file beside this one and a name in this list."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from rules.operators.absolute import ABS
from rules.operators.add import ADD
from rules.operators.both import AND
from rules.operators.changes_over import CHANGES_OVER
from rules.operators.count_of import COUNT_OF
from rules.operators.count_over import COUNT_OVER
from rules.operators.delta_over import DELTA_OVER
from rules.operators.divide import DIVIDE
from rules.operators.either import OR
from rules.operators.equal import EQUAL
from rules.operators.greater import GREATER
from rules.operators.greater_equal import GREATER_EQUAL
from rules.operators.increase_over import INCREASE_OVER, RATE_OVER
from rules.operators.inside import INSIDE
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
from rules.operators.less import LESS
from rules.operators.less_equal import LESS_EQUAL
from rules.operators.max_of import MAX_OF
from rules.operators.max_over import MAX_OVER
from rules.operators.maximum import MAX
from rules.operators.mean_of import MEAN_OF
from rules.operators.mean_over import MEAN_OVER
from rules.operators.median_of import MEDIAN_OF
from rules.operators.min_of import MIN_OF
from rules.operators.min_over import MIN_OVER
from rules.operators.minimum import MIN
from rules.operators.missing_over import MISSING_OVER
from rules.operators.multiply import MULTIPLY
from rules.operators.negation import NOT
from rules.operators.not_equal import NOT_EQUAL
from rules.operators.outside import OUTSIDE
from rules.operators.range_over import RANGE_OVER
from rules.operators.share_of import SHARE_OF
from rules.operators.slope_over import SLOPE_OVER
from rules.operators.spike_over import SPIKE_OVER
from rules.operators.stddev_over import STDDEV_OVER
from rules.operators.stuck_over import STUCK_OVER
from rules.operators.subtract import SUBTRACT
from rules.operators.sum_of import SUM_OF
from rules.operators.time_over import SHARE_OVER, TIME_OVER
from rules.operators.travel_over import TRAVEL_OVER
from rules.operators.weekly import BASELINE_OVER, DEVIATION_OVER

_O = TypeVar("_O", Comparison, RangeTest, Connective, Arithmetic, Function, WindowAggregate, GroupAggregate)

ALL: tuple[Operator, ...] = (
    *(GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, EQUAL, NOT_EQUAL),
    *(INSIDE, OUTSIDE),
    *(AND, OR, NOT),
    *(ADD, SUBTRACT, MULTIPLY, DIVIDE),
    *(ABS, MIN, MAX),
    *(MEAN_OVER, MIN_OVER, MAX_OVER),
    *(RANGE_OVER, STDDEV_OVER, SLOPE_OVER, DELTA_OVER, INCREASE_OVER, RATE_OVER, CHANGES_OVER, STUCK_OVER),
    *(SPIKE_OVER, TRAVEL_OVER, MISSING_OVER),
    *(BASELINE_OVER, DEVIATION_OVER),
    *(TIME_OVER, SHARE_OVER, COUNT_OVER),
    *(COUNT_OF, SHARE_OF, SUM_OF, MEAN_OF, MIN_OF, MAX_OF, MEDIAN_OF),
)


def _by_word(kind: type[_O]) -> Mapping[str, _O]:
    return MappingProxyType({operator.word: operator for operator in ALL if isinstance(operator, kind)})


COMPARISONS = _by_word(Comparison)
RANGE_TESTS = _by_word(RangeTest)
CONNECTIVES = _by_word(Connective)
ARITHMETIC = _by_word(Arithmetic)
FUNCTIONS = _by_word(Function)
WINDOWS: Mapping[str, WindowAggregate] = MappingProxyType({**_by_word(WindowAggregate), "avg": MEAN_OVER})
"""Aggregates of windows; ``avg`` is another word for ``mean``."""
GROUPS = _by_word(GroupAggregate)
