"""Unit rules that several operators share."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import Refused
from core.units import UNITS, Unit

PLAIN = UNITS["1"]
_DIFFERENCE = UNITS["K"]


def same(units: Sequence[Unit]) -> Unit:
    """The common unit of all operands (the checker has converted them)."""
    return units[0]


def difference(units: Sequence[Unit]) -> Unit:
    """X - y: two temperatures on a scale with an arbitrary zero differ by kelvins."""
    left, right = units
    if left.offset and right.offset:
        return _DIFFERENCE
    if right.offset:
        raise Refused("a temperature on a scale cannot be taken from a difference")
    return left


def total(units: Sequence[Unit]) -> Unit:
    """X + y: a temperature on a scale may grow by a difference, not by another such temperature."""
    left, right = units
    if left.offset and right.offset:
        raise Refused("two temperatures on a scale cannot be added; add a difference in K")
    return left if left.offset else right if right.offset else left


def magnitude(units: Sequence[Unit]) -> Unit:
    """|x|: has no meaning on a scale with an arbitrary zero."""
    if units[0].offset:
        raise Refused("the size of a temperature on a scale has no meaning; take a difference first")
    return units[0]


def product(units: Sequence[Unit]) -> Unit:
    """X * y: one side must be a plain number."""
    left, right = units
    if left.offset or right.offset:
        raise Refused("a temperature on a scale cannot be multiplied; take a difference first")
    if right.dimension == PLAIN.dimension:
        return left
    if left.dimension == PLAIN.dimension:
        return right
    raise Refused(f"the product of {left.dimension} and {right.dimension} has no unit here")


def quotient(units: Sequence[Unit]) -> Unit:
    """X / y: by a plain number, or of two of a kind."""
    left, right = units
    if left.offset or right.offset:
        raise Refused("a temperature on a scale cannot be divided; take a difference first")
    if right.dimension == PLAIN.dimension:
        return left
    if left.dimension == right.dimension:
        return PLAIN
    raise Refused(f"{left.dimension} divided by {right.dimension} has no unit here")
