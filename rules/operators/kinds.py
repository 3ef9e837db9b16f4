"""What an operator is to the parser, the unit checker and the engine: one frozen value in one table.

Every operator of the language is one small file beside this one, holding its vectorized function and its entry. The
parser finds it by its word, the checker asks it for the unit of its result, the engine calls it on columns. Its scalar
twin stands in ``tests/unit/rules/reference/operators.py``; a test finds every entry of the table and compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.units import Unit
from rules.columns import Floats, Ints, Shares, Tri
from rules.operators.courses import Held
from rules.operators.folds import Fold

UnitRule = Callable[[Sequence[Unit]], Unit]
"""Unit of the result from the units of the operands; raises ``core.errors.Refused`` with the reason."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """``x OP y``: two float64[n] columns to truth."""

    word: str
    compute: Callable[[Floats, Floats], Tri]


@dataclass(frozen=True, kw_only=True, slots=True)
class RangeTest:
    """``x OP [low, high]``."""

    word: str
    compute: Callable[[Floats, Floats, Floats], Tri]


@dataclass(frozen=True, kw_only=True, slots=True)
class Connective:
    """``and``, ``or`` (binary) and ``not`` (unary): Kleene logic."""

    word: str
    binding: int
    compute: Callable[..., Tri]


@dataclass(frozen=True, kw_only=True, slots=True)
class Arithmetic:
    """``x OP y`` on numbers. ``scales`` marks * and /, whose operands need not share a unit."""

    word: str
    binding: int
    compute: Callable[[Floats, Floats], Floats]
    unit: UnitRule
    scales: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """``name(x, …)`` row by row.

    Attributes:
        least, most: how many arguments.
        compute: float64[n] columns to float64[n]; NaN in, NaN out.
        unit: unit of the result; the arguments come in one common unit.
        cuts: constants to which the operands must be compared so that the result's comparison with ``c`` is known:
            a function of c giving the constants (``abs``: -c and c). ``None`` if that is not enough.
    """

    word: str
    least: int
    most: int
    compute: Callable[..., Floats]
    unit: UnitRule
    cuts: Callable[[Floats], tuple[Floats, ...]] | None


class Takes(StrEnum):
    """What a window looks back over."""

    NUMBER = "number"
    COUNTER = "counter"
    CONDITION = "condition"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class WindowAggregate:
    """``name(x) over w``: an associative fold over the slots of a window.

    Attributes:
        word: its name in a rule.
        identity: what an empty slot holds, as an array without dimensions; its type is that of all shares.
        piece: float64[n] values held from int64[n] moments for int64[n] milliseconds (>= 0) to their shares; what was
            held for 0 ms gives the identity. A condition is 1 where true and 0 where false.
        fold: joins two shares.
        finish: shares of whole windows, int64[n] known milliseconds (> 0) and int64[n] beginnings of the windows to
            results; NaN where unknown.
        unit: unit of the result from that of what is aggregated.
        takes: what it is an aggregate of.
        is_level: the result is a value of the measurement itself, so that its limit can be drawn beside the readings.
        is_truth: the result says yes (1) or no (0), and stands as a condition.
        gather: what ``piece`` and ``fold`` make of each of r stretches, bit for bit, in one go; ``None`` if it knows no
            shorter way.
    """

    word: str
    identity: Shares
    piece: Callable[[Floats, Ints, Ints], Shares]
    fold: Fold
    finish: Callable[[Shares, Ints, Ints], Floats]
    unit: UnitRule
    takes: Takes = Takes.NUMBER
    is_level: bool = False
    is_truth: bool = False
    gather: Callable[[Held], Shares] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupAggregate:
    """``name(x) of group``: of the members of a group, each at the same moment.

    Attributes:
        of_condition: it counts a condition, which comes as 1 and 0; otherwise it takes a number.
        everyone: it is unknown as soon as one member is; otherwise when fewer than half of them are known.
        compute: float64[k, m], one row a moment, to float64[k]. NaN is an unknown member, or stands behind the last
            member; at least one is known.
        unit: unit of the result.
        tally: of a condition: int64[k] members for which it is true and int64[k] known ones to the result, so that it
            can be counted along instead of anew.
        monotone: it is one of the members' values, by their order: values that no comparison tells apart may stand for
            each other.
    """

    word: str
    of_condition: bool
    everyone: bool
    compute: Callable[[Floats], Floats]
    unit: UnitRule
    tally: Callable[[Ints, Ints], Floats] | None = None
    monotone: bool = False


Operator = Comparison | RangeTest | Connective | Arithmetic | Function | WindowAggregate | GroupAggregate
