"""What a rule reads of parents and groups at one moment: the value of each, and what each member came to.

The engine itself judges a *probe* whose operands have no bands, so that what is told is what it used, member by member.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from core.calendar import SiteCalendar
from core.places import ClassMembers, Relation
from core.readings import Int32s, Readings
from rules.columns import Bools, Floats, Indices
from rules.engine.engine import Engine, EngineSettings
from rules.engine.history import NoHistory
from rules.engine.reach import belongs, cut_to, inner_function
from rules.expression import (
    Apply,
    Attribute,
    AttributeText,
    Between,
    Columns,
    Compare,
    Connect,
    Const,
    Grouped,
    Load,
    Number,
    OfParent,
    Operand,
    Truth,
    attribute_parts,
    form,
    inner_operands,
)
from rules.operators import ARITHMETIC, COMPARISONS, CONNECTIVES
from rules.rule_set import Rule, RuleSet


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Neighbours:
    """Whom one operand of a rule reads from one facility.

    Attributes:
        operand: ``OfParent`` or ``Grouped``.
        name: code of the parent or name of the group; empty: there is none.
        class_id: class of the members; empty without any.
        row: intp[m], their rows in it, by registry number.
    """

    operand: OfParent | Grouped
    name: str
    class_id: str
    row: Indices


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Heard:
    """What was read there.

    Attributes:
        of: whom.
        value: of the parent or group; ``None``: unknown.
        facility: int32[m], registry numbers of the members; member: float64[m], what each came to, NaN unknown.
    """

    of: Neighbours
    value: float | None
    facility: Int32s
    member: Floats


def neighbours(rule: Rule, members: Mapping[str, ClassMembers], row: int) -> tuple[Neighbours, ...]:
    """Whom a rule reads from the facility in ``row`` of its class, in a stable order; finds them and reads nothing."""
    across = (one for one in rule.operands if isinstance(one, OfParent | Grouped))
    return tuple(_found(rule, one, members, row) for one in sorted(across, key=form))


def hear(
    rule: Rule,
    found: tuple[Neighbours, ...],
    members: Mapping[str, ClassMembers],
    row: int,
    readings: Readings,
    at_ms: int,
    units: Mapping[str, Mapping[str, str]],
    calendar: SiteCalendar | None = None,
) -> tuple[Heard, ...]:
    """What a rule read of ``found`` at a moment.

    Args:
        rule: the rule.
        found: by ``neighbours`` of the same facility.
        members: everybody, by class.
        row: of the facility, in the class of the rule.
        readings: of the members' points, from long enough before (``rules.moment.lookback_ms``).
        at_ms: the moment; later readings are left out.
        units: the units rules were checked in.
        calendar: of the site; without one its terms are unknown.

    Raises:
        Refused: if the points do not fit the rule.
    """
    cut = _cut(rule, found, members, row)
    engine = Engine(
        RuleSet((_probe(rule),), units), cut, NoHistory(), EngineSettings(grace_ms=0, meeting_ms=0), calendar
    )
    engine.ingest(readings.take(readings.time_ms <= at_ms), at_ms)
    engine.advance(at_ms)
    engine.settle(at_ms)
    (one,) = engine.layout.classes
    columns = Columns(
        lambda operand: engine.live.cells.value[one.cells(one.column_of[operand])],
        lambda part: one.attribute[part],
    )
    numbers = cut[rule.class_id].facility
    own = int(np.flatnonzero(numbers == members[rule.class_id].facility[row])[0])
    return tuple(_heard(part, members, columns, numbers, own) for part in found)


def _found(rule: Rule, operand: OfParent | Grouped, members: Mapping[str, ClassMembers], row: int) -> Neighbours:
    group = members[rule.class_id]
    relation = Relation.PARENT if isinstance(operand, OfParent) else operand.relation
    names = group.group.get(relation, ("",) * len(group))
    name = names[row]
    if not name:
        return Neighbours(operand=operand, name="", class_id="", row=np.empty(0, np.intp))
    if isinstance(operand, Grouped):
        inside = np.flatnonzero(belongs(group, operand.inner) & _same(names, name))
        return Neighbours(operand=operand, name=name, class_id=rule.class_id, row=inside)
    for class_id, other in members.items():
        point = other.point.get(operand.operand.key)
        if point is not None and name in other.code and point[other.code.index(name)] >= 0:
            return Neighbours(operand=operand, name=name, class_id=class_id, row=np.array([other.code.index(name)]))
    return Neighbours(operand=operand, name=name, class_id="", row=np.empty(0, np.intp))


def _same(names: tuple[str, ...], name: str) -> Bools:
    return np.fromiter((one == name for one in names), np.bool_, len(names))


def _cut(
    rule: Rule, found: tuple[Neighbours, ...], members: Mapping[str, ClassMembers], row: int
) -> dict[str, ClassMembers]:
    """The facility with all its neighbours, by class."""
    rows: dict[str, list[Indices]] = {rule.class_id: [np.array([row])]}
    for one in found:
        if one.class_id:
            rows.setdefault(one.class_id, []).append(one.row)
    return {name: cut_to(members[name], np.unique(np.concatenate(of))) for name, of in rows.items()}


def _heard(of: Neighbours, members: Mapping[str, ClassMembers], columns: Columns, numbers: Int32s, own: int) -> Heard:
    value = float(columns.load(of.operand)[own])
    facility = members[of.class_id].facility[of.row] if of.class_id else np.empty(0, np.int32)
    if isinstance(of.operand, OfParent):
        member = np.full(len(facility), value)
    else:
        whole = np.broadcast_to(inner_function(of.operand.inner)(columns), numbers.shape)
        member = whole[np.searchsorted(numbers, facility)]
    return Heard(of=of, value=None if np.isnan(value) else value, facility=facility, member=member)


def _probe(rule: Rule) -> Rule:
    """A rule that reads what ``rule`` reads across facilities, and what that is made of, and never holds."""
    either = CONNECTIVES["or"]
    when = reduce(lambda left, right: Connect(either, (left, right)), _never(rule))
    return replace(
        rule, id=f"{rule.id}.probe", when=when, clear=None, fingerprint=f"{rule.fingerprint}.probe", levels=()
    )


def _never(rule: Rule) -> Iterator[Truth]:
    operands = {one for one in rule.operands if isinstance(one, OfParent | Grouped)}
    inners = [one.inner for one in operands if isinstance(one, Grouped)]
    inside = frozenset[Operand]().union(*(inner_operands(inner) for inner in inners))
    asked = frozenset[Attribute | AttributeText]().union(*(attribute_parts(inner) for inner in inners))
    reads: list[Number] = [Load(one) for one in sorted(operands | inside, key=form)]
    for read in (*reads, *sorted(asked, key=form)):
        yield Compare(COMPARISONS[">"], Apply(ARITHMETIC["-"], (read, read)), Const(1.0))


def judges(operand: OfParent | Grouped) -> bool:
    """Whether its members' values say that a condition held."""
    return isinstance(operand, Grouped) and isinstance(operand.inner, Compare | Between | Connect)
