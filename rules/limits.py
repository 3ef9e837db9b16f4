"""Comparisons that have one line: a measurement, or its window, against a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rules.expression import Compare, Const, Load, Number, Operand, Scale
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


def line_of(comparison: Compare) -> Line | None:
    """The line of a comparison, whichever side the number stands on; ``None`` if it has none."""
    word = comparison.operator.word
    found = _line(comparison.left, comparison.right, word)
    return found or _line(comparison.right, comparison.left, MIRRORED.get(word, ""))


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
