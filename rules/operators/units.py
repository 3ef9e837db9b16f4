"""Unit rules that several operators share."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import Refused
from core.findings import Sentence
from core.rates import per_second
from core.units import PER_TIME, UNITS, Unit, dimension_name

PLAIN = UNITS["1"]
_DIFFERENCE = UNITS["K"]

_FROM_DIFFERENCE = Sentence(
    "不能从差值中减去温标上的温度", "a temperature on a scale cannot be taken from a difference"
)
_NO_SUM = Sentence(
    "两个温标上的温度不能相加；请加以 K 为单位的差值",
    "two temperatures on a scale cannot be added; add a difference in K",
)
_NO_SIZE = Sentence(
    "温标上的温度的绝对值没有意义；请先求差",
    "the size of a temperature on a scale has no meaning; take a difference first",
)
_NO_FACTOR = Sentence(
    "温标上的温度不能相乘；请先求差", "a temperature on a scale cannot be multiplied; take a difference first"
)
_NO_DIVIDEND = Sentence(
    "温标上的温度不能相除；请先求差", "a temperature on a scale cannot be divided; take a difference first"
)
_NO_PRODUCT = Sentence("{left}与{right}的乘积没有单位", "the product of {left} and {right} has no unit here")
_NO_RATE = Sentence("{kind}的变化率在此没有单位", "{kind} per time has no unit here")
_NO_QUOTIENT = Sentence("{left}除以{right}没有单位", "{left} divided by {right} has no unit here")


def same(units: Sequence[Unit]) -> Unit:
    """The common unit of all operands (the checker has converted them)."""
    return units[0]


def difference(units: Sequence[Unit]) -> Unit:
    """X - y: two temperatures on a scale with an arbitrary zero differ by kelvins."""
    left, right = units
    if left.offset and right.offset:
        return _DIFFERENCE
    if right.offset:
        raise Refused(_FROM_DIFFERENCE())
    return left


def total(units: Sequence[Unit]) -> Unit:
    """X + y: a temperature on a scale may grow by a difference, not by another such temperature."""
    left, right = units
    if left.offset and right.offset:
        raise Refused(_NO_SUM())
    return left if left.offset else right if right.offset else left


def magnitude(units: Sequence[Unit]) -> Unit:
    """|x|: has no meaning on a scale with an arbitrary zero."""
    if units[0].offset:
        raise Refused(_NO_SIZE())
    return units[0]


def product(units: Sequence[Unit]) -> Unit:
    """X * y: one side must be a plain number."""
    left, right = units
    if left.offset or right.offset:
        raise Refused(_NO_FACTOR())
    if right.dimension == PLAIN.dimension:
        return left
    if left.dimension == PLAIN.dimension:
        return right
    raise Refused(_NO_PRODUCT(left=dimension_name(left.dimension), right=dimension_name(right.dimension)))


def quotient(units: Sequence[Unit]) -> Unit:
    """X / y: by a plain number, or of two of a kind."""
    left, right = units
    if left.offset or right.offset:
        raise Refused(_NO_DIVIDEND())
    if right.dimension == PLAIN.dimension:
        return left
    if left.dimension == right.dimension:
        return PLAIN
    raise Refused(_NO_QUOTIENT(left=dimension_name(left.dimension), right=dimension_name(right.dimension)))


def spread(units: Sequence[Unit]) -> Unit:
    """A difference of two values of x: of temperatures on a scale in kelvins."""
    return difference((units[0], units[0]))


def change_rate(units: Sequence[Unit]) -> Unit:
    """X per second."""
    if units[0].dimension == UNITS["s"].dimension or units[0].dimension.endswith(PER_TIME):
        raise Refused(_NO_RATE(kind=dimension_name(units[0].dimension)))
    return per_second(units[0])


def plain_number(units: Sequence[Unit]) -> Unit:
    """A count or a share, whatever x is."""
    del units
    return PLAIN


def seconds(units: Sequence[Unit]) -> Unit:
    """A time, whatever x is."""
    del units
    return UNITS["s"]


def addable(units: Sequence[Unit]) -> Unit:
    """The sum of several: temperatures on a scale with an arbitrary zero have none."""
    if units[0].offset:
        raise Refused(_NO_SUM())
    return units[0]
