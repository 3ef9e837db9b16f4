"""What an expression is made of, as values, and the error that says why a text is none.

Source: Prometheus 2.42, querying basics, operators, functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from core.findings import Said, Speaks


class QueryError(Exception):
    """A query that is not answered: wrong (``bad_data``), or asking for too much (``execution``)."""

    def __init__(self, why: Speaks, kind: Literal["bad_data", "execution"] = "bad_data", at: int | None = None) -> None:
        """Keep why; ``at`` is the place in the expression, from 1, where it is known."""
        super().__init__(str(why))
        self.why: Said | Speaks = why
        self.kind: Literal["bad_data", "execution"] = kind
        self.at = at


class MatchKind(StrEnum):
    """How a matcher compares."""

    EQUAL = "="
    UNEQUAL = "!="
    LIKE = "=~"
    UNLIKE = "!~"


@dataclass(frozen=True, slots=True)
class Matcher:
    """What a label must be; a label that is not there counts as empty."""

    label: str
    kind: MatchKind
    value: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Selector:
    """Series by their labels.

    Attributes:
        matchers: all must hold.
        range_ms: 0 for the value at a moment, else how far back all readings are taken.
        offset_ms: how much earlier the moment is; negative: later.
    """

    matchers: tuple[Matcher, ...]
    range_ms: int = 0
    offset_ms: int = 0


@dataclass(frozen=True, slots=True)
class Over:
    """A function of the readings within a range, per series: ``avg_over_time`` and the like."""

    function: str
    of: Selector


@dataclass(frozen=True, slots=True)
class Each:
    """A function of every value: ``abs`` and the like."""

    function: str
    of: Expression


@dataclass(frozen=True, slots=True)
class Group:
    """Series put together: by the labels named, or by all but the labels named."""

    function: str
    of: Expression
    labels: tuple[str, ...]
    without: bool


@dataclass(frozen=True, slots=True)
class Sum:
    """Arithmetic with a number on at least one side."""

    operator: str
    left: Expression
    right: Expression


Expression = Number | Selector | Over | Each | Group | Sum

OVER_TIME: Final = frozenset(
    {
        *("avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "count_over_time", "last_over_time"),
        *("present_over_time", "stddev_over_time", "rate", "increase", "delta"),
    }
)
EACH: Final = frozenset({"abs", "ceil", "floor", "round", "sqrt", "exp", "ln"})
GROUPS: Final = frozenset({"sum", "avg", "min", "max", "count", "stddev", "group"})


def is_scalar(one: Expression) -> bool:
    """Whether an expression is one number at each moment, without series."""
    match one:
        case Number():
            return True
        case Sum():
            return is_scalar(one.left) and is_scalar(one.right)
        case _:
            return False


def selectors(one: Expression) -> tuple[Selector, ...]:
    """All selectors of an expression."""
    match one:
        case Number():
            return ()
        case Selector():
            return (one,)
        case Over() | Each() | Group():
            return selectors(one.of)
        case Sum():
            return selectors(one.left) + selectors(one.right)
