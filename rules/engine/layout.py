"""Where everything lies: facilities, cells and machines of all classes as flat index spaces.

Facility ``g`` is row ``g - facility0`` of its class; the cell of operand column ``c`` is ``cell0 + c * size + row``,
the machine of rule ``r`` is ``machine0 + r * size + row``. So a column of a class is one contiguous slice, and a
reading finds its cell by one look-up. A layout never changes; ``take`` cuts out some facilities for a re-evaluation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.calendar import NoCalendar, SiteCalendar
from core.errors import Refused
from core.places import ClassMembers
from core.readings import Int32s
from core.units import convert
from rules.buckets import plan_of
from rules.columns import NEVER_MS, Bools, Floats, Indices, Ints
from rules.engine.drives import DriveTable, drive_table
from rules.engine.feeds import VALUES, feed_of
from rules.engine.guards import UNCUT, Guard, guards, needs_facility
from rules.engine.schedules import TermColumn
from rules.expression import (
    Aged,
    Attribute,
    AttributeText,
    Between,
    Columns,
    Compare,
    Connect,
    Const,
    Derived,
    Graded,
    Grouped,
    InForce,
    Measured,
    Number,
    NumberFunction,
    OfParent,
    OnCalendar,
    Operand,
    Truth,
    TruthFunction,
    Windowed,
    WindowedOver,
    attribute_parts,
    form,
    inner_operands,
    inputs,
    number_function,
    source_function,
    truth_function,
)
from rules.operators import COMPARISONS
from rules.operators.kinds import WindowAggregate
from rules.rule_set import Rule, RuleSet


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """One window aggregate of a class: from the source column to its own column.

    Attributes:
        column: its own.
        source: the one it looks back over.
        inputs: the columns of measurements that is made of; the source itself unless it is an expression.
    """

    column: int
    source: int
    inputs: frozenset[int]
    aggregate: WindowAggregate
    step_ms: int
    slots: int


@dataclass(frozen=True, slots=True, eq=False)
class DerivedPlan:
    """An expression windows look back over.

    Attributes:
        column: its own.
        inputs: the columns it reads.
        compute: the expression; a condition gives 1 and 0.
    """

    column: int
    inputs: frozenset[int]
    compute: NumberFunction


@dataclass(frozen=True, slots=True, eq=False)
class RulePlan:
    """A rule with what it takes to judge it.

    Attributes:
        rule: the rule, or a level of it.
        reads: bool[columns], the operand columns it reads.
        columns: their numbers.
        when, clear: the conditions as functions.
        table: what they come to by the bands of their operands, where that can be said.
    """

    rule: Rule
    reads: Bools
    columns: frozenset[int]
    when: TruthFunction
    clear: TruthFunction | None
    table: DriveTable | None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ClassLayout:
    """One class: its places in the index spaces and what is to be computed."""

    class_id: str
    facility0: int
    cell0: int
    machine0: int
    size: int
    operands: tuple[Operand, ...]
    column_of: Mapping[Operand, int]
    rules: tuple[RulePlan, ...]
    guards: tuple[Guard, ...]
    windows: tuple[WindowPlan, ...]
    derived: tuple[DerivedPlan, ...]
    attribute: Mapping[Attribute | AttributeText, Floats]
    terms: tuple[TermColumn, ...] = ()

    @property
    def facilities(self) -> slice:
        """Its facilities among all."""
        return slice(self.facility0, self.facility0 + self.size)

    def cells(self, column: int) -> slice:
        """The cells of an operand column."""
        start = self.cell0 + column * self.size
        return slice(start, start + self.size)

    def machines(self, rule: int) -> slice:
        """The machines of a rule."""
        start = self.machine0 + rule * self.size
        return slice(start, start + self.size)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Layout:
    """All classes, and the columns over their cells and machines.

    Attributes:
        classes: in the order of the index spaces.
        facility: int32[G], registry numbers.
        cell_facility: intp[n], facility index of each cell.
        point: int32[n], registry number of the point; -1 for derived cells and missing measurements.
        stale_ms: int64[n], how long a reading holds; ``NEVER_MS`` for derived cells.
        windowed: bool[n], cells some window looks back over.
        factor, offset: float64[n], from the readings' unit to the class's; ``None`` when nothing is to be converted.
        machine_facility: intp[q].
        for_ms, clear_ms: int64[q].
        feed: uint8[n], what of a reading each cell takes (``feeds.py``); ``None`` where all take the value.
        pool: intp[n], number of the pool (``reach.py``) each cell is fed from, -1 for none; ``None`` if no rule reaches
            across facilities.
    """

    classes: tuple[ClassLayout, ...]
    facility: Int32s
    cell_facility: Indices
    point: Int32s
    stale_ms: Ints
    windowed: Bools
    factor: Floats | None
    offset: Floats | None
    machine_facility: Indices
    for_ms: Ints
    clear_ms: Ints
    feed: NDArray[np.uint8] | None = None
    pool: Indices | None = None

    @property
    def has_windows(self) -> bool:
        """Whether any rule looks back over a window."""
        return any(one.windows for one in self.classes)

    def take(self, chosen: Indices) -> tuple[Layout, Indices, Indices]:
        """The layout of some facilities (ascending indices), and where its cells and machines lie in this one."""
        classes: list[ClassLayout] = []
        cells: list[Indices] = [np.empty(0, np.intp)]
        machines: list[Indices] = [np.empty(0, np.intp)]
        facility0 = cell0 = machine0 = 0
        for one in self.classes:
            inside = chosen[(chosen >= one.facility0) & (chosen < one.facility0 + one.size)]
            rows = inside - one.facility0
            cells += [one.cell0 + column * one.size + rows for column in range(len(one.operands))]
            machines += [one.machine0 + rule * one.size + rows for rule in range(len(one.rules))]
            classes.append(_cut_class(one, rows, facility0, cell0, machine0))
            facility0 += len(rows)
            cell0 += len(one.operands) * len(rows)
            machine0 += len(one.rules) * len(rows)
        cell, machine = np.concatenate(cells), np.concatenate(machines)
        index = np.zeros(len(self.facility), np.intp)
        index[chosen] = np.arange(len(chosen))
        cut = Layout(
            classes=tuple(classes),
            facility=self.facility[chosen],
            cell_facility=index[self.cell_facility[cell]],
            point=self.point[cell],
            stale_ms=self.stale_ms[cell],
            windowed=self.windowed[cell],
            factor=None if self.factor is None else self.factor[cell],
            offset=None if self.offset is None else self.offset[cell],
            machine_facility=index[self.machine_facility[machine]],
            for_ms=self.for_ms[machine],
            clear_ms=self.clear_ms[machine],
            feed=None if self.feed is None else self.feed[cell],
            pool=None if self.pool is None else self.pool[cell],
        )
        return cut, cell, machine


def _cut_class(one: ClassLayout, rows: Indices, facility0: int, cell0: int, machine0: int) -> ClassLayout:
    return ClassLayout(
        class_id=one.class_id,
        facility0=facility0,
        cell0=cell0,
        machine0=machine0,
        size=len(rows),
        operands=one.operands,
        column_of=one.column_of,
        rules=one.rules,
        guards=tuple(guard.take(rows) for guard in one.guards),
        windows=one.windows,
        derived=one.derived,
        attribute={name: column[rows] for name, column in one.attribute.items()},
        terms=tuple(term.take(rows) for term in one.terms),
    )


def build(rules: RuleSet, members: Mapping[str, ClassMembers], calendar: SiteCalendar | None = None) -> Layout:
    """Lay out all classes that have both rules and members.

    Args:
        rules: the rules in force.
        members: the facilities by class.
        calendar: what rules that ask for it read; without one every term is unknown.

    Raises:
        Refused: if a point belongs to two facilities or measurements, or a unit cannot be converted.
    """
    classes: list[ClassLayout] = []
    facility0 = cell0 = machine0 = 0
    for class_id in sorted(members):
        of_class = [part for rule in rules.of_class(class_id) for part in rule.parts]
        if not of_class or not len(members[class_id]):
            continue
        one = build_class(members[class_id], of_class, {}, (facility0, cell0, machine0))
        one = replace(one, terms=_terms(one, members[class_id], calendar or NoCalendar()))
        classes.append(one)
        facility0 += one.size
        cell0 += len(one.operands) * one.size
        machine0 += len(one.rules) * one.size
    return build_columns(classes, members, rules.units)


def build_class(
    members: ClassMembers,
    rules: Sequence[Rule],
    inners: Mapping[Number | Truth, Floats | None],
    begin: tuple[int, int, int],
) -> ClassLayout:
    """Lay out one class.

    Args:
        members: its facilities.
        rules: what is judged on them.
        inners: what else is read of them, for groups and children; of numbers with what they are compared, or ``None``
            where every value counts.
        begin: its first facility, cell and machine.
    """
    size, (facility0, cell0, machine0) = len(members), begin
    operands = _operand_columns([*(rule.operands for rule in rules), *(inner_operands(inner) for inner in inners)])
    column_of = {operand: column for column, operand in enumerate(operands)}
    asked = [*(rule.attribute_parts for rule in rules), *(attribute_parts(inner) for inner in inners)]
    attribute = {part: _attribute(members, part) for read in asked for part in read}

    def fixed(number: Number) -> Floats:
        rows = size if needs_facility(number) else 1
        columns = Columns(_no_operand, lambda part: attribute[part], lambda value: np.full(rows, value))
        return number_function(number)(columns)

    conditions = [part for rule in rules for part in (rule.when, rule.clear) if part is not None]
    sources = [operand.node for operand in operands if isinstance(operand, Derived)]
    conditions += [source for source in sources if isinstance(source, Compare | Between | Connect)]
    aggregated = [source for source in sources if not isinstance(source, Compare | Between | Connect)]
    for inner, cuts in inners.items():
        if isinstance(inner, Compare | Between | Connect):
            conditions.append(inner)
        elif cuts is None:
            aggregated.append(inner)
        else:
            conditions += [Compare(COMPARISONS[">"], inner, Const(cut)) for cut in cuts.tolist()]
    by_operand = guards(conditions, fixed, aggregated)
    by_column = tuple(by_operand.get(operand, UNCUT) for operand in operands)
    return ClassLayout(
        class_id=members.class_id,
        facility0=facility0,
        cell0=cell0,
        machine0=machine0,
        size=size,
        operands=operands,
        column_of=column_of,
        rules=tuple(_plan(rule, column_of, by_column) for rule in rules),
        guards=by_column,
        windows=tuple(
            _window_plan(column, operand, column_of)
            for column, operand in enumerate(operands)
            if isinstance(operand, Windowed | WindowedOver)
        ),
        derived=tuple(
            DerivedPlan(column, _inputs(operand, column_of), source_function(operand.node))
            for column, operand in enumerate(operands)
            if isinstance(operand, Derived)
        ),
        attribute=attribute,
    )


def _window_plan(column: int, operand: Windowed | WindowedOver, column_of: Mapping[Operand, int]) -> WindowPlan:
    source = operand.source if isinstance(operand, WindowedOver) else Measured(operand.key)
    read = _inputs(source, column_of) if isinstance(source, Derived) else frozenset({column_of[source]})
    return WindowPlan(
        column, column_of[source], read, operand.aggregate, *plan_of(operand.aggregate, operand.window_ms)
    )


def _inputs(source: Derived, column_of: Mapping[Operand, int]) -> frozenset[int]:
    return frozenset(column_of[operand] for operand in inputs(source))


def _attribute(members: ClassMembers, part: Attribute | AttributeText) -> Floats:
    """float64[m]: an attribute of the members of a class, or whether it is a text."""
    nothing = np.full(len(members), np.nan)
    if isinstance(part, Attribute):
        return np.asarray(members.attribute.get(part.name, nothing), np.float64)
    texts = members.text.get(part.name)
    if texts is None:
        return nothing
    return np.array([math.nan if text is None else float(text == part.text) for text in texts], np.float64)


def _plan(rule: Rule, column_of: Mapping[Operand, int], of_class: Sequence[Guard]) -> RulePlan:
    columns = frozenset(column_of[operand] for operand in rule.operands)
    reads = np.zeros(len(column_of), np.bool_)
    reads[list(columns)] = True
    when, clear = truth_function(rule.when), None if rule.clear is None else truth_function(rule.clear)
    table = None
    if columns and not rule.attribute_parts:
        cuts = guards([part for part in (rule.when, rule.clear) if part is not None], _constant)
        read = sorted((column_of[operand], operand) for operand in rule.operands)
        table = drive_table(when, clear, read, [cuts.get(operand, UNCUT) for _, operand in read], of_class)
    return RulePlan(rule, reads, columns, when, clear, table)


def _constant(number: Number) -> Floats:
    return number_function(number)(Columns(_no_operand, _no_operand))


def _operand_columns(read: Sequence[frozenset[Operand]]) -> tuple[Operand, ...]:
    """Everything that is read, and what windows look back over; in a stable order."""
    every = (part for operands in read for operand in sorted(operands, key=form) for part in _with_sources(operand))
    return tuple(dict.fromkeys(every))


def _with_sources(operand: Operand) -> list[Operand]:
    """What an operand is filled or computed from, and itself."""
    if isinstance(operand, WindowedOver):
        inner = [part for source in sorted(inputs(operand.source), key=form) for part in _with_sources(source)]
        return [*inner, operand.source, operand]
    return [Measured(operand.key), operand] if isinstance(operand, Windowed | Graded | Aged) else [operand]


def _no_operand(operand: object) -> Floats:
    raise AssertionError(f"a fixed expression reads {operand}")


def build_columns(
    classes: Sequence[ClassLayout], members: Mapping[str, ClassMembers], units: Mapping[str, Mapping[str, str]]
) -> Layout:
    """The columns over all classes.

    Raises:
        Refused: if a point belongs to two facilities or measurements, or a unit cannot be converted.
    """
    facility, owner, point, stale, windowed, factor, offset, machine_owner, for_ms, clear_ms, feed = (
        _start() for _ in range(11)
    )
    for one in classes:
        group = members[one.class_id]
        index = np.arange(one.facility0, one.facility0 + one.size)
        facility.append(group.facility)
        sources = {window.source for window in one.windows}
        for column, operand in enumerate(one.operands):
            owner.append(index)
            key = operand.key if isinstance(operand, Measured) else ""
            own_points = group.point.get(operand.key) if isinstance(operand, Measured | Graded | Aged) else None
            point.append(np.full(one.size, -1) if own_points is None else own_points)
            stale.append(_holds(operand, group, one.size) if own_points is not None else np.full(one.size, NEVER_MS))
            feed.append(np.full(one.size, feed_of(operand)))
            windowed.append(np.full(one.size, column in sources))
            scale, shift = _conversion(group.unit.get(key, ""), units.get(one.class_id, {}).get(key, ""))
            factor.append(np.full(one.size, scale))
            offset.append(np.full(one.size, shift))
        for plan in one.rules:
            machine_owner.append(index)
            for_ms.append(np.full(one.size, plan.rule.for_ms))
            clear_ms.append(np.full(one.size, plan.rule.clear_for_ms))
    points, feeds = np.concatenate(point).astype(np.int32), np.concatenate(feed).astype(np.uint8)
    _refuse_shared(points[feeds == VALUES])
    factors, offsets = np.concatenate(factor).astype(np.float64), np.concatenate(offset).astype(np.float64)
    plain = bool((factors == 1.0).all() and (offsets == 0.0).all())
    return Layout(
        classes=tuple(classes),
        facility=np.concatenate(facility).astype(np.int32),
        cell_facility=np.concatenate(owner).astype(np.intp),
        point=points,
        stale_ms=np.minimum(np.concatenate(stale).astype(np.int64), NEVER_MS),
        windowed=np.concatenate(windowed).astype(np.bool_),
        factor=None if plain else factors,
        offset=None if plain else offsets,
        machine_facility=np.concatenate(machine_owner).astype(np.intp),
        for_ms=np.concatenate(for_ms).astype(np.int64),
        clear_ms=np.concatenate(clear_ms).astype(np.int64),
        feed=feeds if feeds.any() else None,
    )


def _holds(operand: Operand, group: ClassMembers, size: int) -> Ints:
    """How long a reading holds in the column of an operand, int64[m]."""
    if isinstance(operand, Aged):
        return np.full(size, operand.limit_ms)
    assert isinstance(operand, Measured | Graded)
    return group.stale_after_ms[operand.key]


def _start() -> list[np.ndarray[Any, Any]]:
    """Where the pieces of a column are gathered; one empty piece, so that no classes give empty columns."""
    return [np.empty(0, np.int64)]


def _conversion(have: str, want: str) -> tuple[float, float]:
    if not have or not want or have == want:
        return 1.0, 0.0
    shift = convert(0.0, have, want)
    return convert(1.0, have, want) - shift, shift


def _refuse_shared(points: Int32s) -> None:
    real = np.sort(points[points >= 0])
    twice = real[1:][real[1:] == real[:-1]]
    if len(twice):
        raise Refused(f"point {int(twice[0])} belongs to two measurements; a point has one owner")


def _terms(one: ClassLayout, members: ClassMembers, calendar: SiteCalendar) -> tuple[TermColumn, ...]:
    """The columns that the calendar fills."""
    return tuple(
        TermColumn.build(column, calendar.timetable(operand.term, members.facility))
        for column, operand in enumerate(one.operands)
        if isinstance(operand, OnCalendar)
    )


def dated(one: ClassLayout) -> list[tuple[int, InForce]]:
    """The columns that say whether a rule with dates is in force."""
    return [(column, operand) for column, operand in enumerate(one.operands) if isinstance(operand, InForce)]


def fed(one: ClassLayout) -> list[tuple[int, OfParent | Grouped]]:
    """The columns that are fed from other facilities."""
    return [(column, operand) for column, operand in enumerate(one.operands) if isinstance(operand, OfParent | Grouped)]
