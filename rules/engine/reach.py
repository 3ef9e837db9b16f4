"""What reaches across facilities: which members each group or parent has, and which cells it feeds.

A *pool* is one group, or one parent, as one operand of one class sees it: members that contribute a value (the
*inner* expression, read on each of them), an aggregate, and the cells of all facilities that read it. Members lie in
a layout of their own, without rules: a facility may contribute without being judged, and its readings then cost
nothing but what the pool asks. A *slot* is one inner expression of one member, as a cell is one operand of one
facility.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from core.places import ClassMembers, Relation
from core.units import convert
from rules.columns import Bools, Floats, Indices
from rules.engine.guards import Guard
from rules.engine.layout import ClassLayout, Layout, build, build_class, build_columns, fed
from rules.engine.rows import Rows, spans
from rules.expression import (
    Between,
    Columns,
    Compare,
    Connect,
    Grouped,
    Load,
    Number,
    OfParent,
    Operand,
    Scale,
    Truth,
    attribute_parts,
    inner_operands,
    measured,
    number_function,
    truth_function,
)
from rules.operators.kinds import GroupAggregate
from rules.rule_set import Rule, RuleSet


@dataclass(frozen=True, slots=True, eq=False)
class Inner:
    """What is read of the members of one class.

    Attributes:
        reads: numbers of the operand columns.
        value: columns to float64[n]; a condition gives 1, 0 or NaN.
    """

    reads: frozenset[int]
    value: Callable[[Columns], Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Feed:
    """One operand of one class of readers, over all its pools; ``aggregate`` None is the one member's own value."""

    operand: OfParent | Grouped
    aggregate: GroupAggregate | None
    guard: Guard

    @property
    def banded(self) -> bool:
        """Whether the pool's values have bands that are the same for all readers."""
        return not self.guard.restless and not self.guard.own

    @property
    def cuts(self) -> Floats | None:
        """Which comparisons of the members' own values decide the pool's band; ``None``: every value counts."""
        passes_on = self.aggregate is None or self.aggregate.monotone
        return self.guard.starts[1:] if passes_on and self.banded else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Reach:
    """All pools.

    Attributes:
        layout: the members, by class, without rules.
        inners: per class of ``layout`` what is read of each member; slots lie as cells do, class by class.
        feeds: what asks.
        pool_feed: intp[p], the feed of each pool.
        first: intp[p + 1], where the members of each pool begin in ``slot``.
        slot: intp[e], the slots of all members, pool by pool, in the order of their facilities.
        slot_facility: intp[s], the member (facility of ``layout``) each slot belongs to.
        feed: intp[n], the pool of each cell of the judged layout, -1 for none.
        reader: bool[G], judged facilities that are fed.
    """

    layout: Layout
    inners: tuple[tuple[Inner, ...], ...]
    feeds: tuple[Feed, ...]
    pool_feed: Indices
    first: Indices
    slot: Indices
    slot_facility: Indices
    feed: Indices
    reader: Bools

    @property
    def pools(self) -> int:
        """How many there are."""
        return len(self.pool_feed)

    @cached_property
    def size(self) -> Indices:
        """intp[p]: members of each pool."""
        return np.diff(self.first)

    @cached_property
    def entry_pool(self) -> Indices:
        """intp[e]: the pool of each entry of ``slot``."""
        return np.repeat(np.arange(self.pools), self.size)

    @cached_property
    def entry_facility(self) -> Indices:
        """intp[e]: the member facility of each entry."""
        return self.slot_facility[self.slot]

    @cached_property
    def by_slot(self) -> tuple[Indices, Indices]:
        """intp[e], intp[s + 1]: entries ordered by their slot, and where each slot's begin."""
        order = np.argsort(self.slot, kind="stable")
        return order, np.searchsorted(self.slot[order], np.arange(len(self.slot_facility) + 1))

    @cached_property
    def _by_pool(self) -> tuple[Indices, Indices]:
        """intp[r], intp[p + 1]: fed cells ordered by their pool, and where each pool's begin."""
        cell = np.flatnonzero(self.feed >= 0)
        cell = cell[np.argsort(self.feed[cell], kind="stable")]
        return cell, np.searchsorted(self.feed[cell], np.arange(self.pools + 1))

    def pools_of(self, slot: Indices) -> Indices:
        """The pools that read any of some slots, ascending."""
        touched = np.zeros(len(self.slot_facility), np.bool_)
        touched[slot] = True
        return np.unique(self.entry_pool[np.flatnonzero(touched[self.slot])])

    def spread(self, rows: Rows) -> Rows:
        """Rows of pools (in ``cell``) as rows of the cells they feed."""
        cell, first = self._by_pool
        which, at = spans(first, rows.cell)
        return Rows(cell[at], rows.time_ms[which], rows.value[which])


def around(
    rule: Rule, units: Mapping[str, Mapping[str, str]], members: Mapping[str, ClassMembers], code: str
) -> dict[str, ClassMembers]:
    """A facility of the rule's class with all others that the rule reads of it, by class.

    Raises:
        Refused: if a point belongs to two measurements, or its unit cannot be converted.
    """
    rules = RuleSet((rule,), units)
    layout, reach = reach_of(build(rules, members), rules, members)
    own = members[rule.class_id].code.index(code)
    wanted = {int(members[rule.class_id].facility[own])}
    if reach is not None:
        (one,) = layout.classes
        pools = reach.feed[[one.cells(column).start + own for column, _ in fed(one)]]
        inside = np.isin(reach.entry_pool, pools[pools >= 0])
        wanted |= set(reach.layout.facility[reach.entry_facility[inside]].tolist())
    rows = {name: np.flatnonzero(np.isin(group.facility, sorted(wanted))) for name, group in members.items()}
    return {name: cut_to(members[name], row) for name, row in rows.items() if len(row)}


@dataclass(slots=True, eq=False)
class _Wish:
    """One feed before the members are laid out: for each member entry class, inner, row; and the pool it is of."""

    feed: Feed
    pools: int
    entries: Sequence[tuple[str, Number | Truth, Indices, Indices]]
    """Class, inner, rows in it, pool of each."""
    cells: Indices
    cell_pool: Indices


def reach_of(layout: Layout, rules: RuleSet, members: Mapping[str, ClassMembers]) -> tuple[Layout, Reach | None]:
    """The layout with what feeds its cells, and all pools; ``None`` if no rule reaches across facilities.

    Raises:
        Refused: if a point belongs to two measurements, or its unit cannot be converted.
    """
    wishes = [
        _grouped(one, column, operand, members[one.class_id])
        if isinstance(operand, Grouped)
        else _of_parent(one, column, operand, members, rules)
        for one in layout.classes
        for column, operand in fed(one)
    ]
    if not wishes:
        return layout, None
    found = _laid_out(wishes, layout, rules, members)
    return replace(layout, pool=found.feed), found


def _grouped(one: ClassLayout, column: int, operand: Grouped, group: ClassMembers) -> _Wish:
    names = np.array(group.group.get(operand.relation, ("",) * one.size), dtype=object)
    inside = np.flatnonzero(names != "")
    pool_of = np.full(one.size, -1)
    pools = 0
    if len(inside):
        distinct, number = np.unique(names[inside].astype(str), return_inverse=True)
        pool_of[inside], pools = number, len(distinct)
    row = np.flatnonzero((pool_of >= 0) & belongs(group, operand.inner))
    readers = np.flatnonzero(pool_of >= 0)
    return _Wish(
        feed=Feed(operand, operand.aggregate, one.guards[column]),
        pools=pools,
        entries=[(one.class_id, operand.inner, row, pool_of[row])],
        cells=readers + one.cells(column).start,
        cell_pool=pool_of[readers],
    )


def belongs(group: ClassMembers, inner: Number | Truth) -> Bools:
    """Which facilities have what the expression reads; the others are no members, since they would never be known."""
    belongs = np.ones(len(group), np.bool_)
    for key in frozenset().union(*(measured(operand) for operand in inner_operands(inner))):
        point = group.point.get(key)
        belongs &= False if point is None else point >= 0
    for part in attribute_parts(inner):
        attribute = group.attribute.get(part.name)
        belongs &= False if attribute is None else ~np.isnan(attribute)
    return belongs


def _of_parent(
    one: ClassLayout, column: int, operand: OfParent, members: Mapping[str, ClassMembers], rules: RuleSet
) -> _Wish:
    wanted = members[one.class_id].group.get(Relation.PARENT, ("",) * one.size)
    place = {
        code: (class_id, row)
        for class_id, group in members.items()
        if operand.operand.key in group.point and operand.operand.key in rules.units.get(class_id, {})
        for row, code in enumerate(group.code)
        if group.point[operand.operand.key][row] >= 0
    }
    pool = {code: number for number, code in enumerate(sorted({*wanted} & place.keys()))}
    by_class: dict[str, list[tuple[int, int]]] = {}
    for code, number in pool.items():
        class_id, row = place[code]
        by_class.setdefault(class_id, []).append((row, number))
    entries = []
    for class_id, found in by_class.items():
        row, number = np.array(sorted(found), np.intp).T
        have = rules.units[class_id][operand.operand.key]
        entries.append((class_id, _in_unit(operand.operand, have, operand.unit), row, number))
    readers = np.array([row for row, code in enumerate(wanted) if code in pool], np.intp)
    return _Wish(
        feed=Feed(operand, None, one.guards[column]),
        pools=len(pool),
        entries=entries,
        cells=readers + one.cells(column).start,
        cell_pool=np.array([pool[wanted[row]] for row in readers.tolist()], np.intp),
    )


def _in_unit(operand: Operand, have: str, want: str) -> Number:
    if have == want:
        return Load(operand)
    shift = convert(0.0, have, want)
    return Scale(Load(operand), convert(1.0, have, want) - shift, shift)


def _laid_out(wishes: Sequence[_Wish], judged: Layout, rules: RuleSet, members: Mapping[str, ClassMembers]) -> Reach:
    read: dict[str, dict[Number | Truth, Floats | None]] = {}
    used: dict[str, list[Indices]] = {}
    for wish in wishes:
        for class_id, inner, row, _ in wish.entries:
            asked = read.setdefault(class_id, {})
            asked[inner] = _both(asked.get(inner, _NO_CUTS), wish.feed.cuts)
            used.setdefault(class_id, []).append(row)
    rows_of = {class_id: np.unique(np.concatenate(rows)) for class_id, rows in sorted(used.items())}
    cut = {class_id: cut_to(members[class_id], row) for class_id, row in rows_of.items()}
    classes: list[ClassLayout] = []
    slot0: dict[tuple[str, Number | Truth], int] = {}
    slot_facility = [np.empty(0, np.intp)]
    facility0 = cell0 = slots = 0
    for class_id, group in cut.items():
        one = build_class(group, (), read[class_id], (facility0, cell0, 0))
        classes.append(one)
        for inner in read[class_id]:
            slot0[class_id, inner] = slots
            slot_facility.append(np.arange(facility0, facility0 + one.size))
            slots += one.size
        facility0 += one.size
        cell0 += len(one.operands) * one.size
    slot, pool, pool_feed = [np.empty(0, np.intp)], [np.empty(0, np.intp)], [np.empty(0, np.intp)]
    feed = np.full(len(judged.cell_facility), -1)
    pools = 0
    for number, wish in enumerate(wishes):
        for class_id, inner, row, of in wish.entries:
            slot.append(slot0[class_id, inner] + np.searchsorted(rows_of[class_id], row))
            pool.append(of + pools)
        feed[wish.cells] = wish.cell_pool + pools
        pool_feed.append(np.full(wish.pools, number))
        pools += wish.pools
    every, of_pool = np.concatenate(slot), np.concatenate(pool)
    order = np.lexsort((every, of_pool))
    reader = np.zeros(len(judged.facility), np.bool_)
    reader[judged.cell_facility[feed >= 0]] = True
    return Reach(
        layout=build_columns(classes, cut, rules.units),
        inners=tuple(tuple(_inner(one, inner) for inner in read[one.class_id]) for one in classes),
        feeds=tuple(wish.feed for wish in wishes),
        pool_feed=np.concatenate(pool_feed),
        first=np.searchsorted(of_pool[order], np.arange(pools + 1)),
        slot=every[order],
        slot_facility=np.concatenate(slot_facility),
        feed=feed,
        reader=reader,
    )


_NO_CUTS: Floats = np.empty(0)


def _both(one: Floats | None, other: Floats | None) -> Floats | None:
    """What decides two readers of one expression."""
    return None if one is None or other is None else np.union1d(one, other)


def _inner(one: ClassLayout, inner: Number | Truth) -> Inner:
    reads = frozenset(one.column_of[operand] for operand in inner_operands(inner))
    return Inner(reads, inner_function(inner))


def inner_function(inner: Number | Truth) -> Callable[[Columns], Floats]:
    """What a member contributes: a number as it is, a condition as 1 and 0, NaN where it is unknown."""
    if not isinstance(inner, Compare | Between | Connect):
        return number_function(inner)
    truth = truth_function(inner)

    def value(columns: Columns) -> Floats:
        found = truth(columns)
        return np.where(found.true, 1.0, np.where(found.false, 0.0, np.nan))

    return value


def cut_to(group: ClassMembers, row: Indices) -> ClassMembers:
    """Some facilities of a class."""
    return replace(
        group,
        facility=group.facility[row],
        code=tuple(group.code[place] for place in row.tolist()),
        point={key: column[row] for key, column in group.point.items()},
        stale_after_ms={key: column[row] for key, column in group.stale_after_ms.items()},
        attribute={name: column[row] for name, column in group.attribute.items()},
        text={name: tuple(texts[place] for place in row.tolist()) for name, texts in group.text.items()},
        group={relation: tuple(names[place] for place in row.tolist()) for relation, names in group.group.items()},
    )
