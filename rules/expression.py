"""A checked expression: names resolved, units converted, ready to be evaluated on columns.

A tree of frozen values. ``Number`` nodes give float64 columns, ``Truth`` nodes give ``Tri``. What an expression reads
are *operands*: a measurement, an aggregate of one (or of an expression) over a window, whether a rule with dates is in
force, what the parent measures, or an aggregate over a group. To the engine all are the same thing, a step function per
facility.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np

from core.places import Relation
from rules.columns import Floats, Tri
from rules.operators.kinds import (
    Arithmetic,
    Comparison,
    Connective,
    Function,
    GroupAggregate,
    RangeTest,
    WindowAggregate,
)

_Column = TypeVar("_Column", Floats, Tri)


@dataclass(frozen=True, slots=True)
class Measured:
    """The readings of a measurement."""

    key: str


@dataclass(frozen=True, slots=True)
class Windowed:
    """An aggregate of a measurement over the last ``window_ms``, in slots (``docs/alarms.md`` section 2)."""

    key: str
    aggregate: WindowAggregate
    window_ms: int


@dataclass(frozen=True, slots=True)
class InForce:
    """1 while a rule's dates hold, else 0."""

    from_ms: int | None
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class Derived:
    """What an expression over measurements comes to: a number, or 1 and 0 of a condition. Only windows read it."""

    node: Number | Truth


@dataclass(frozen=True, slots=True)
class WindowedOver:
    """An aggregate of an expression over the last ``window_ms``, in slots as ``Windowed``."""

    source: Derived
    aggregate: WindowAggregate
    window_ms: int


@dataclass(frozen=True, slots=True)
class OnCalendar:
    """1 while a term of the site calendar holds, 0 while it does not, NaN where nobody knows (``core.calendar``)."""

    term: str


@dataclass(frozen=True, slots=True)
class Graded:
    """The quality class (``core.quality``) of a measurement's reading in force; NaN where none is."""

    key: str


@dataclass(frozen=True, slots=True)
class Aged:
    """1 once the last good reading of a measurement is ``limit_ms`` old, 0 before; NaN while there was none."""

    key: str
    limit_ms: int


@dataclass(frozen=True, slots=True)
class OfParent:
    """What the facility that supplies or contains this one measures, in ``unit`` (classes may differ in theirs)."""

    operand: Measured | Windowed
    unit: str


@dataclass(frozen=True, slots=True)
class Grouped:
    """An aggregate over all facilities of the class that have something in common with this one, itself included.

    ``inner`` is read on each of them: measurements, windows and numeric attributes.
    """

    aggregate: GroupAggregate
    inner: Number | Truth
    relation: Relation


Operand = Measured | Windowed | Derived | WindowedOver | InForce | OnCalendar | Graded | Aged | OfParent | Grouped


@dataclass(frozen=True, slots=True)
class Const:
    """A number, already in the unit of its surroundings."""

    value: float


@dataclass(frozen=True, slots=True)
class Load:
    """The column of an operand."""

    operand: Operand


@dataclass(frozen=True, slots=True)
class Attribute:
    """A numeric attribute of the facility."""

    name: str


@dataclass(frozen=True, slots=True)
class AttributeText:
    """1 where a text attribute of the facility is ``text``, 0 where it is another, NaN where it has none."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Known:
    """1 while an operand is known, 0 while it is not."""

    operand: Operand


@dataclass(frozen=True, slots=True)
class Scale:
    """A change of unit: child * factor + offset."""

    child: Number
    factor: float
    offset: float


@dataclass(frozen=True, slots=True)
class Apply:
    """Arithmetic or a function of numbers."""

    operator: Arithmetic | Function
    args: tuple[Number, ...]


Number = Const | Load | Attribute | AttributeText | Known | Scale | Apply


@dataclass(frozen=True, slots=True)
class Compare:
    """Two numbers compared."""

    operator: Comparison
    left: Number
    right: Number


@dataclass(frozen=True, slots=True)
class Between:
    """A number against a range."""

    operator: RangeTest
    value: Number
    low: Number
    high: Number


@dataclass(frozen=True, slots=True)
class Connect:
    """Conditions joined by a connective."""

    operator: Connective
    args: tuple[Truth, ...]


Truth = Compare | Between | Connect


def numbers(condition: Truth) -> Iterator[Number]:
    """The number expressions directly under the comparisons of a condition."""
    if isinstance(condition, Connect):
        for part in condition.args:
            yield from numbers(part)
    elif isinstance(condition, Compare):
        yield from (condition.left, condition.right)
    else:
        yield from (condition.value, condition.low, condition.high)


def comparisons(condition: Truth) -> Iterator[Compare | Between]:
    """The comparisons of a condition, left to right."""
    if isinstance(condition, Connect):
        for part in condition.args:
            yield from comparisons(part)
    else:
        yield condition


def parts(number: Number) -> Iterator[Number]:
    """A number expression and everything under it."""
    yield number
    if isinstance(number, Scale):
        yield from parts(number.child)
    elif isinstance(number, Apply):
        for arg in number.args:
            yield from parts(arg)


def operands(condition: Truth) -> frozenset[Operand]:
    """Every operand a condition reads."""
    return frozenset(
        part.operand for number in numbers(condition) for part in parts(number) if isinstance(part, Load | Known)
    )


def attribute_parts(node: Number | Truth) -> frozenset[Attribute | AttributeText]:
    """Every question a number or condition asks of the facility's attributes, be it inside a window."""
    inside = (operand.source.node for operand in inner_operands(node) if isinstance(operand, WindowedOver))
    every = (part for one in (node, *inside) for part in _parts_of(one))
    return frozenset(part for part in every if isinstance(part, Attribute | AttributeText))


def inner_operands(inner: Number | Truth) -> frozenset[Operand]:
    """Every operand that a number or condition reads."""
    return frozenset(part.operand for part in _parts_of(inner) if isinstance(part, Load | Known))


def terms(condition: Truth) -> frozenset[str]:
    """Every term of the calendar that a condition asks for, be it inside a window."""
    read = operands(condition)
    inside = (inputs(operand.source) for operand in read if isinstance(operand, WindowedOver))
    return frozenset(part.term for part in read.union(*inside) if isinstance(part, OnCalendar))


def attributes(condition: Truth) -> frozenset[str]:
    """Every facility attribute a condition reads, be it inside a window."""
    return frozenset(part.name for part in attribute_parts(condition))


def attributes_of(source: Derived) -> frozenset[Attribute | AttributeText]:
    """What an expression under a window asks of the facility's attributes."""
    return frozenset(part for part in _parts_of(source.node) if isinstance(part, Attribute | AttributeText))


def inputs(source: Derived) -> frozenset[Operand]:
    """Every operand an expression under a window reads."""
    return frozenset(part.operand for part in _parts_of(source.node) if isinstance(part, Load | Known))


def measured(operand: Operand) -> frozenset[str]:
    """Keys of the facility's own measurements that an operand is made of; of groups those of each member."""
    match operand:
        case Measured(key) | Windowed(key) | Graded(key) | Aged(key):
            return frozenset({key})
        case Derived():
            return frozenset().union(*(measured(part) for part in inputs(operand)))
        case WindowedOver(source):
            return measured(source)
        case Grouped(inner=inner):
            return frozenset().union(*(measured(part) for part in inner_operands(inner)))
        case InForce() | OnCalendar() | OfParent():
            return frozenset()


def _parts_of(node: Number | Truth) -> Iterator[Number]:
    roots = numbers(node) if isinstance(node, Compare | Between | Connect) else iter((node,))
    return (part for root in roots for part in parts(root))


@cache
def constant_column(value: float) -> Floats:
    """A column of one row, that fits every other by broadcasting; read-only, as all share it."""
    column: Floats = np.full(1, value)
    column.flags.writeable = False
    return column


@dataclass(frozen=True, slots=True)
class Columns:
    """Where evaluation gets its columns from, all of one length; constants are broadcast unless said otherwise."""

    load: Callable[[Operand], Floats]
    attribute: Callable[[Attribute | AttributeText], Floats]
    constant: Callable[[float], Floats] = constant_column
    known: Callable[[Operand], Floats] | None = None
    """1 and 0, NaN where it is not certain; none: it is as ``load`` says."""


NumberFunction = Callable[[Columns], Floats]
"""Evaluates a number expression: float64[n], NaN where unknown."""

TruthFunction = Callable[[Columns], Tri]
"""Evaluates a condition: Tri of n rows."""


def number_function(number: Number) -> NumberFunction:
    """A number expression, its tree walked once and for all."""
    if isinstance(number, Load):
        return lambda columns: columns.load(number.operand)
    if isinstance(number, Const):
        return lambda columns: columns.constant(number.value)
    if isinstance(number, Attribute | AttributeText):
        return lambda columns: columns.attribute(number)
    if isinstance(number, Known):
        return lambda columns: _known(columns, number.operand)
    if isinstance(number, Scale):
        child, factor, offset = number_function(number.child), number.factor, number.offset
        return lambda columns: _finite(child(columns) * factor + offset)
    return _applied(number.operator.compute, [number_function(arg) for arg in number.args])


def truth_function(condition: Truth) -> TruthFunction:
    """A condition, its tree walked once and for all."""
    if isinstance(condition, Connect):
        return _applied(condition.operator.compute, [truth_function(part) for part in condition.args])
    if isinstance(condition, Compare):
        return _applied(condition.operator.compute, [number_function(condition.left), number_function(condition.right)])
    sides = (condition.value, condition.low, condition.high)
    return _applied(condition.operator.compute, [number_function(side) for side in sides])


def source_function(node: Number | Truth) -> NumberFunction:
    """What windows look back over: a number as it is, a condition as 1 and 0, NaN where it is unknown.

    One that asks the calendar or a text of the facility is unknown while no measurement in it is known: a window looks
    back over readings, and a night without any is no night in which nothing happened.
    """
    if not isinstance(node, Compare | Between | Connect):
        return number_function(node)
    truth = truth_function(node)
    read = inner_operands(node)
    measured_ones = [operand for operand in sorted(read, key=form) if not isinstance(operand, OnCalendar)]
    texts = any(isinstance(part, AttributeText) for part in attribute_parts(node))
    may_be_blind = texts or len(measured_ones) < len(read)

    def numeric(columns: Columns) -> Floats:
        true, false = truth(columns)
        value = np.where(true, 1.0, np.where(false, 0.0, np.nan))
        if may_be_blind:
            blind = np.logical_and.reduce([np.isnan(columns.load(operand)) for operand in measured_ones])
            value = np.where(blind, np.nan, value)
        return value

    return numeric


def _applied(compute: Callable[..., _Column], args: Sequence[Callable[[Columns], Any]]) -> Callable[[Columns], _Column]:
    """What an operator gives for its arguments; most have two."""
    if len(args) == 2:
        left, right = args
        return lambda columns: compute(left(columns), right(columns))
    return lambda columns: compute(*[arg(columns) for arg in args])


def _known(columns: Columns, operand: Operand) -> Floats:
    if columns.known is not None:
        return columns.known(operand)
    return (~np.isnan(columns.load(operand))).astype(np.float64)


def _finite(column: Floats) -> Floats:
    return np.where(np.isfinite(column), column, np.nan)


def form(node: Number | Truth | Operand | None) -> str:
    """A stable text of an expression: the same for expressions that judge alike, across runs and versions."""
    match node:
        case None:
            return "-"
        case Const(value):
            return repr(value)
        case Load(operand):
            return form(operand)
        case Measured(key):
            return key
        case Windowed(key, aggregate, window_ms):
            return f"{aggregate.word}({key},{window_ms})"
        case Derived(inner):
            return form(inner)
        case WindowedOver(source, aggregate, window_ms):
            return f"{aggregate.word}({form(source)},{window_ms})"
        case InForce(from_ms, until_ms):
            return f"in_force({from_ms},{until_ms})"
        case OnCalendar(term):
            return f"calendar({term})"
        case Graded(key):
            return f"quality({key})"
        case Aged(key, limit_ms):
            return f"aged({key},{limit_ms})"
        case Known(operand):
            return f"known({form(operand)})"
        case AttributeText(name, text):
            return f"facility.{name}=={text!r}"
        case OfParent(operand, unit):
            return f"parent.{form(operand)}:{unit}"
        case Grouped(aggregate, inner, relation):
            return f"{aggregate.word}({form(inner)}) of {relation}"
        case Attribute(name):
            return f"facility.{name}"
        case Scale(child, factor, offset):
            return f"scale({form(child)},{factor!r},{offset!r})"
        case Compare(operator, left, right):
            return f"({form(left)}{operator.word}{form(right)})"
        case Between(operator, value, low, high):
            return f"({form(value)} {operator.word} [{form(low)},{form(high)}])"
        case Apply(operator, args) | Connect(operator, args):
            return f"({operator.word} {' '.join(form(arg) for arg in args)})"
