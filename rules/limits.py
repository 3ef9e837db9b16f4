"""Comparisons that have one line: a measurement, or its window, against a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from rules.columns import Floats
from rules.expression import (
    Attribute,
    AttributeText,
    Columns,
    Compare,
    Const,
    Known,
    Load,
    Number,
    Operand,
    Scale,
    number_function,
    parts,
)
from rules.operand_kinds import kind_of

OPPOSITE: Final = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
MIRRORED: Final = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


@dataclass(frozen=True, slots=True)
class Line:
    """``operand word value``.

    Attributes:
        operand: what is compared.
        key: the measurement it reads.
        word: ``>``, ``>=``, ``<`` or ``<=``.
        value: in the unit of the measurement.
    """

    operand: Operand
    key: str
    word: str
    value: float

    @property
    def is_high(self) -> bool:
        """Whether values above it make it true."""
        return self.word in {">", ">="}


def line_of(comparison: Compare, attributes: Mapping[str, float] | None = None) -> Line | None:
    """The line of a comparison, whichever side the number stands on; ``None`` if it has none.

    With the numeric ``attributes`` of a facility what is made of them is a number, too.
    """
    word, known = comparison.operator.word, attributes or {}
    left, right = _filled(comparison.left, known), _filled(comparison.right, known)
    return _line(left, right, word) or _line(right, left, MIRRORED.get(word, ""))


def _filled(number: Number, attributes: Mapping[str, float]) -> Number:
    """A number with its attributes put in: a constant, if nothing else is in it; otherwise as it was."""
    if isinstance(number, Const) or not attributes:
        return number
    asked = list(parts(number))
    if any(isinstance(part, Load | Known | AttributeText) for part in asked):
        return number
    if any(part.name not in attributes for part in asked if isinstance(part, Attribute)):
        return number
    columns = Columns(_nothing, lambda part: np.array([attributes[part.name]]))
    value = float(number_function(number)(columns)[0])
    return Const(value) if np.isfinite(value) else number


def _nothing(operand: Operand) -> Floats:
    raise AssertionError(operand)  # no operand is left in it


def _line(measured: Number, limit: Number, word: str) -> Line | None:
    if not isinstance(limit, Const) or word not in OPPOSITE:
        return None
    value = limit.value
    if isinstance(measured, Scale) and measured.factor > 0:
        value = (value - measured.offset) / measured.factor
        measured = measured.child
    if not isinstance(measured, Load):
        return None
    key = kind_of(measured.operand).key(measured.operand)
    return None if key is None else Line(measured.operand, key, word, value)
