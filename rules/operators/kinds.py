"""What an operator is to the parser, the unit checker and the engine: one frozen value in one table.

Every operator of the language is one small file beside this one, holding its vectorized function and its entry. The
parser finds it by its word, the checker asks it for the unit of its result, the engine calls it on columns. Its scalar
twin stands in ``tests/unit/rules/reference/operators.py``; a test finds every entry of the table and compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.units import Unit
from rules.columns import Floats, Ints, Tri

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


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowAggregate:
    """``name(x) over w``: an associative fold over the slots of a window.

    Attributes:
        identity: what an empty slot holds.
        piece: float64[n] values held for int64[n] milliseconds (>= 0) to their share of a slot.
        fold: joins two shares; a ufunc, associative and commutative.
        finish: share of the whole window and int64[n] known milliseconds (> 0) to the result.
    """

    word: str
    identity: float
    piece: Callable[[Floats, Ints], Floats]
    fold: np.ufunc
    finish: Callable[[Floats, Ints], Floats]


Operator = Comparison | RangeTest | Connective | Arithmetic | Function | WindowAggregate
