"""What every kind of operand costs, what it is called, and when nobody knows it: one row a kind.

``rules.cost`` and ``rules.explanation`` ask this table and nothing else, so a new kind of operand is one row here; a
test fails while one of ``rules.expression.Operand`` has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from core.findings import PLAIN, Said, Sentence, Speaks
from core.places import FacilityClass
from core.units import UNITS
from rules import phrases, surroundings_told
from rules.buckets import bucket
from rules.expression import (
    Aged,
    Between,
    Compare,
    Connect,
    Derived,
    Graded,
    Grouped,
    InForce,
    Measured,
    Number,
    OfParent,
    OnCalendar,
    Operand,
    Truth,
    Windowed,
    WindowedOver,
)
from rules.operators.units import spread


@dataclass(frozen=True, kw_only=True, slots=True)
class OperandCost:
    """What an operand keeps for each facility; rules that read the same operand share it.

    Attributes:
        state_bytes: bytes of state.
        slots: slots of its window, 0 where it has none.
        window_ms: how far it looks back, 0 for not at all.
    """

    state_bytes: int
    slots: int = 0
    window_ms: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class OperandKind:
    """One kind of operand.

    Attributes:
        cost: what one of it costs.
        name: what people call it, in a class of facilities.
        unknown: when its value is unknown; ``None``: never.
        key: the measurement it reads; ``None``: none, or several.
        inside: expressions that it is made of, which count as nodes of the rule.
        unit: its UCUM unit where it reads no measurement of the facility itself; empty where it has none.
    """

    cost: Callable[[Any], OperandCost]
    name: Callable[[Any, FacilityClass], Speaks]
    unknown: Callable[[Any, FacilityClass], Said | None]
    key: Callable[[Any], str | None]
    inside: Callable[[Any], tuple[Truth | Number, ...]] = lambda operand: ()
    unit: Callable[[Any, FacilityClass], str] = lambda operand, facility_class: ""


def measurement_name(key: str, facility_class: FacilityClass) -> Speaks:
    """What people call a measurement of a class."""
    measurement = facility_class.measurements.get(key)
    return measurement.name if measurement is not None else PLAIN(text=key)


def stale_ms(key: str, facility_class: FacilityClass) -> int:
    """How long a reading holds unless the point says otherwise."""
    measurement = facility_class.measurements.get(key)
    return 0 if measurement is None else round(3000 * measurement.interval_s)


def _cost(operand: Operand) -> OperandCost:
    """What the engine keeps for it (``rules.buckets``)."""
    plan = bucket(operand)
    return OperandCost(state_bytes=plan.state_bytes, slots=plan.slots, window_ms=plan.window_ms)


def _windowed_name(operand: Windowed, facility_class: FacilityClass) -> Speaks:
    return phrases.aggregate(operand.aggregate.word)(
        value=measurement_name(operand.key, facility_class), window=phrases.duration(operand.window_ms)
    )


def _windowed_unit(operand: Windowed, facility_class: FacilityClass) -> str:
    """Of what is no level of the measurement: that of its differences, where they have one."""
    measurement = facility_class.measurements.get(operand.key)
    if operand.aggregate.unit is not spread or measurement is None or measurement.unit not in UNITS:
        return ""
    unit = operand.aggregate.unit((UNITS[measurement.unit],)).code
    return "" if unit == "1" else unit


def _over_name(operand: WindowedOver, facility_class: FacilityClass) -> Speaks:
    said = phrases.aggregate(operand.aggregate.word)
    return said(value=_derived_name(operand.source, facility_class), window=phrases.duration(operand.window_ms))


def _derived_name(operand: Derived, facility_class: FacilityClass) -> Speaks:
    from rules.explanation import Narrator

    return phrases.INNER(inner=Narrator(facility_class).said(operand.node))


def _over_unknown(operand: WindowedOver, facility_class: FacilityClass) -> Said:
    return _HALF_KNOWN(value=_derived_name(operand.source, facility_class), window=phrases.duration(operand.window_ms))


def _derived_unknown(operand: Derived, facility_class: FacilityClass) -> Said:
    return _ANY_UNKNOWN(value=_derived_name(operand, facility_class))


def _measured_unknown(operand: Measured, facility_class: FacilityClass) -> Said:
    return _NO_READING(
        value=measurement_name(operand.key, facility_class),
        stale=phrases.duration(stale_ms(operand.key, facility_class)),
    )


def _windowed_unknown(operand: Windowed, facility_class: FacilityClass) -> Said:
    return _HALF_KNOWN(value=measurement_name(operand.key, facility_class), window=phrases.duration(operand.window_ms))


def _of_parent_name(operand: OfParent, facility_class: FacilityClass) -> Speaks:
    del facility_class  # the parent is of any class, so its measurement keeps the name it has in rules
    value = phrases.OF_PARENT(value=operand.operand.key)
    if isinstance(operand.operand, Measured):
        return value
    aggregate = phrases.aggregate(operand.operand.aggregate.word)
    return aggregate(value=value, window=phrases.duration(operand.operand.window_ms))


def _of_parent_unknown(operand: OfParent, facility_class: FacilityClass) -> Said:
    return _NO_PARENT(value=_of_parent_name(operand, facility_class))


def _of_parent_unit(operand: OfParent, facility_class: FacilityClass) -> str:
    del facility_class
    level = isinstance(operand.operand, Measured) or operand.operand.aggregate.is_level
    return operand.unit if level and operand.unit != "1" else ""


def _grouped_name(operand: Grouped, facility_class: FacilityClass) -> Speaks:
    from rules.explanation import Narrator

    said = Narrator(facility_class).said(operand.inner)
    return phrases.GROUPS[operand.aggregate.word](value=said, group=phrases.RELATIONS[operand.relation])


def _grouped_unknown(operand: Grouped, facility_class: FacilityClass) -> Said:
    sentence = _NOT_ALL_MEMBERS if operand.aggregate.everyone else _FEW_MEMBERS
    return sentence(value=_grouped_name(operand, facility_class))


def _grouped_unit(operand: Grouped, facility_class: FacilityClass) -> str:
    from rules.explanation import Narrator

    if operand.aggregate.of_condition or isinstance(operand.inner, Compare | Between | Connect):
        return ""
    return Narrator(facility_class).unit(operand.inner)


def _in_force_name(operand: InForce, facility_class: FacilityClass) -> Speaks:
    del facility_class
    if operand.until_ms is None:
        return _IN_FORCE_FROM(begin=_day(operand.from_ms))
    if operand.from_ms is None:
        return _IN_FORCE_UNTIL(end=_day(operand.until_ms))
    return _IN_FORCE(begin=_day(operand.from_ms), end=_day(operand.until_ms))


def _day(moment_ms: int | None) -> str:
    return datetime.fromtimestamp((moment_ms or 0) / 1000, UTC).strftime("%Y-%m-%dT%H:%MZ")


_NO_READING = Sentence(
    "{value}：读数质量不是“好”，或超过 {stale} 没有读数（测点另有规定的除外）",
    "{value}: the reading is not good, or there has been none for {stale} (unless the point says otherwise)",
)
_HALF_KNOWN = Sentence(
    "{value}：最近 {window} 内已知的时间不足一半", "{value}: known for less than half of the last {window}"
)
_NO_PARENT = Sentence(
    "{value}：没有上级设施、它没有该测量项，或它的读数未知",
    "{value}: there is no parent, it has no such measurement, or its reading is unknown",
)
_FEW_MEMBERS = Sentence(
    "{value}：不属于这样的分组，或已知的成员不足一半",
    "{value}: the facility has no such group, or fewer than half of its members are known",
)
_NOT_ALL_MEMBERS = Sentence(
    "{value}：不属于这样的分组，或有成员未知",
    "{value}: the facility has no such group, or one of its members is unknown",
)
_ANY_UNKNOWN = Sentence("{value}：其中有未知的量", "{value}: something in it is unknown")
_IN_FORCE_FROM = Sentence("规则生效（自 {begin} 起）", "the rule is in force (from {begin})")
_IN_FORCE_UNTIL = Sentence("规则生效（{end} 前）", "the rule is in force (until {end})")
_IN_FORCE = Sentence("规则生效（{begin} 至 {end}）", "the rule is in force (from {begin} until {end})")

KINDS: Final[Mapping[type, OperandKind]] = {
    Measured: OperandKind(
        cost=_cost,
        name=lambda operand, facility_class: measurement_name(operand.key, facility_class),
        unknown=_measured_unknown,
        key=lambda operand: operand.key,
    ),
    Windowed: OperandKind(
        cost=_cost,
        name=_windowed_name,
        unknown=_windowed_unknown,
        key=lambda operand: operand.key if operand.aggregate.is_level else None,
        unit=_windowed_unit,
    ),
    Derived: OperandKind(
        cost=_cost,
        name=_derived_name,
        unknown=_derived_unknown,
        key=lambda operand: None,
        inside=lambda operand: (operand.node,),
    ),
    WindowedOver: OperandKind(
        cost=_cost,
        name=_over_name,
        unknown=_over_unknown,
        key=lambda operand: None,
        inside=lambda operand: (operand.source.node,),
    ),
    OfParent: OperandKind(
        cost=_cost,
        name=_of_parent_name,
        unknown=_of_parent_unknown,
        key=lambda operand: None,
        unit=_of_parent_unit,
    ),
    Grouped: OperandKind(
        cost=_cost,
        name=_grouped_name,
        unknown=_grouped_unknown,
        key=lambda operand: None,
        inside=lambda operand: (operand.inner,),
        unit=_grouped_unit,
    ),
    InForce: OperandKind(
        cost=_cost,
        name=_in_force_name,
        unknown=lambda operand, facility_class: None,
        key=lambda operand: None,
    ),
    OnCalendar: OperandKind(
        cost=_cost,
        name=lambda operand, facility_class: surroundings_told.term(operand),
        unknown=lambda operand, facility_class: surroundings_told.NOT_ON_CALENDAR(term=surroundings_told.term(operand)),
        key=lambda operand: None,
    ),
    Graded: OperandKind(
        cost=_cost,
        name=lambda operand, facility_class: surroundings_told.QUALITY_OF(
            value=measurement_name(operand.key, facility_class)
        ),
        unknown=lambda operand, facility_class: surroundings_told.NO_READING_IN_FORCE(
            value=measurement_name(operand.key, facility_class)
        ),
        key=lambda operand: None,
    ),
    Aged: OperandKind(
        cost=_cost,
        name=lambda operand, facility_class: surroundings_told.AGE_OF(
            value=measurement_name(operand.key, facility_class), limit=surroundings_told.limit(operand)
        ),
        unknown=lambda operand, facility_class: surroundings_told.NO_GOOD_READING(
            value=measurement_name(operand.key, facility_class)
        ),
        key=lambda operand: None,
    ),
}


def kind_of(operand: Operand) -> OperandKind:
    """The row of an operand."""
    return KINDS[type(operand)]
