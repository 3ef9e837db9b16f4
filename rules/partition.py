"""Which facilities may be judged apart, and who of several workers judges which.

Rules that reach across facilities (parents and groups) tie them: who is read and who reads belong to one worker.
A *block* is what is tied together, directly or through others; any partition that cuts no block gives the alarms of one
engine that judges all. Blocks are dealt to workers so that each has about as many facilities, and so that as few as
possible move when facilities or workers come and go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.places import ClassMembers, Relation
from rules.columns import Ints
from rules.engine.reach import cut_to
from rules.expression import OfParent, measured
from rules.rule_set import Rule, RuleSet

SLACK: Final = 0.1
"""A worker may have so much more than its even part before anything moves that need not."""


@dataclass(frozen=True, slots=True)
class Block:
    """Facilities that no partition may cut.

    Attributes:
        facilities: registry numbers, ascending.
        ties: the rules that tie them, with the number of facilities of the largest set each ties by itself; the
            strongest first. Empty for a facility alone.
    """

    facilities: tuple[int, ...]
    ties: tuple[tuple[str, int], ...] = ()

    def __len__(self) -> int:
        """Number of facilities."""
        return len(self.facilities)


def blocks(rules: RuleSet, members: Mapping[str, ClassMembers]) -> tuple[Block, ...]:
    """All facilities in the smallest sets that no partition may cut, in the order of their first facility.

    Args:
        rules: those in force; ``RuleSet.across`` names the ones that tie.
        members: the facilities by class, of all classes: a parent may be of one without rules.
    """
    every = np.unique(np.concatenate([np.empty(0, np.int32), *(one.facility for one in members.values())]))
    across = [rules.by_id[rule_id] for rule_id in sorted(rules.across())]
    labels = {rule.id: _tied([_knots(rule, members, every)], len(every)) for rule in across}
    whole = _tied([_knots(rule, members, every) for rule in across], len(every))
    order = np.argsort(whole, kind="stable")
    starts = np.flatnonzero(np.diff(whole[order], prepend=-1))
    ties = _ties(labels, whole)
    return tuple(
        Block(tuple(every[np.sort(rows)].tolist()), ties.get(int(whole[rows[0]]), ()))
        for rows in np.split(order, starts[1:])
        if len(rows)
    )


def deal(every: Sequence[Block], workers: int, before: Mapping[int, int] | None = None) -> dict[int, int]:
    """Facility number to worker, 0 to ``workers`` - 1.

    A block stays with the worker that had most of it; the others are dealt from the largest to who has least. Then
    blocks move from who has most to who has least, the largest that helps first, until nobody has more than
    ``SLACK`` above an even part, or no move makes it more even. The order of ``every`` does not matter.

    Args:
        every: all blocks.
        workers: how many there are, at least 1.
        before: who had which facility; what is no longer there, facility or worker, is ignored.
    """
    load = [0] * workers
    owned: list[set[Block]] = [set() for _ in range(workers)]
    homeless = []
    for block in sorted(every, key=lambda block: block.facilities):
        home = _home(block, workers, before or {})
        if home is None:
            homeless.append(block)
        else:
            owned[home].add(block)
            load[home] += len(block)
    for block in sorted(homeless, key=lambda block: (-len(block), block.facilities)):
        least = load.index(min(load))
        owned[least].add(block)
        load[least] += len(block)
    most = -(-sum(load) // workers) * (1 + SLACK)
    while (move := _move(owned, load, most)) is not None:
        block, source, target = move
        owned[source].remove(block)
        owned[target].add(block)
        load[source] -= len(block)
        load[target] += len(block)
    return {facility: worker for worker, mine in enumerate(owned) for block in mine for facility in block.facilities}


def share(members: Mapping[str, ClassMembers], dealt: Mapping[int, int], worker: int) -> dict[str, ClassMembers]:
    """The facilities of one worker, by class; classes of which it has none are left out."""
    mine = np.array([facility for facility, owner in dealt.items() if owner == worker], np.int64)
    rows = {class_id: np.flatnonzero(np.isin(one.facility, mine)) for class_id, one in members.items()}
    return {class_id: cut_to(members[class_id], row) for class_id, row in rows.items() if len(row)}


def oversized(every: Sequence[Block], workers: int) -> tuple[Block, ...]:
    """The blocks that are larger than an even part, the largest first: their ``ties`` say which rules to look at."""
    even = -(-sum(len(block) for block in every) // workers)
    large = [block for block in every if len(block) > even and block.ties]
    return tuple(sorted(large, key=lambda block: (-len(block), block.facilities)))


def _home(block: Block, workers: int, before: Mapping[int, int]) -> int | None:
    known = (before.get(facility, -1) for facility in block.facilities)
    had = Counter(worker for worker in known if 0 <= worker < workers)
    return min(had, key=lambda worker: (-had[worker], worker)) if had else None


def _move(owned: list[set[Block]], load: list[int], most: float) -> tuple[Block, int, int] | None:
    """The largest block whose move from who has most to who has least leaves the larger of both smaller."""
    source, target = load.index(max(load)), load.index(min(load))
    gap = load[source] - load[target]
    if load[source] <= most:
        return None
    fitting = [block for block in owned[source] if len(block) < gap]
    if not fitting:
        return None
    # Beyond half of the gap a move turns things around: of those the smallest, below it the largest helps most.
    best = min(fitting, key=lambda block: (abs(gap - 2 * len(block)), block.facilities))
    return best, source, target


# --- what ties --------------------------------------------------------------------------------------------------------


def _knots(rule: Rule, members: Mapping[str, ClassMembers], every: Ints) -> list[Ints]:
    """The sets a rule ties, as rows of ``every``."""
    group = members.get(rule.class_id)
    if group is None:
        return []
    own = np.searchsorted(every, group.facility)
    found = [own[rows] for relation in sorted(rule.relations) for rows in _groups(rule, group, relation)]
    parents = [operand for operand in rule.operands if isinstance(operand, OfParent)]
    if parents:
        keys = {key for operand in parents for key in measured(operand.operand)}
        found += [np.append(own[rows], parent) for parent, rows in _with_parents(group, members, every, keys)]
    return found


def _groups(rule: Rule, group: ClassMembers, relation: Relation) -> Iterator[Ints]:
    """Rows of the class that have a name of a relation in common, if the rule has a group of it."""
    if relation not in rule.grouped_by:
        return
    names = np.array(group.group.get(relation, ()), np.str_)
    _, number = np.unique(names, return_inverse=True)
    order = np.argsort(number, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(number[order])) + 1):
        if len(rows) > 1 and names[rows[0]]:
            yield rows


def _with_parents(
    group: ClassMembers, members: Mapping[str, ClassMembers], every: Ints, keys: set[str]
) -> Iterator[tuple[int, Ints]]:
    """Each parent that measures one of ``keys`` (a row of ``every``), and the rows of the class that hang on it."""
    place = {
        code: int(np.searchsorted(every, number))
        for one in members.values()
        for row, (code, number) in enumerate(zip(one.code, one.facility.tolist(), strict=True))
        if any(key in one.point and one.point[key][row] >= 0 for key in keys)
    }
    rows_of: dict[str, list[int]] = {}
    for row, code in enumerate(group.group.get(Relation.PARENT, ())):
        if code in place:
            rows_of.setdefault(code, []).append(row)
    for code, rows in rows_of.items():
        yield place[code], np.array(rows, np.int64)


def _tied(knots: Sequence[list[Ints]], count: int) -> Ints:
    """int64[count]: for each row the smallest row it is tied to, be it through others."""
    label: Ints = np.arange(count, dtype=np.int64)
    sets = [rows for of_rule in knots for rows in of_rule]
    if not sets:
        return label
    entry = np.concatenate(sets)
    first = np.cumsum([0, *(len(rows) for rows in sets)])[:-1]
    number = np.repeat(np.arange(len(sets)), [len(rows) for rows in sets])
    while True:
        before = label.copy()
        smallest = np.minimum.reduceat(label[entry], first)
        np.minimum.at(label, entry, smallest[number])
        label = label[label]
        if np.array_equal(label, before):
            return label


def _ties(labels: Mapping[str, Ints], whole: Ints) -> dict[int, tuple[tuple[str, int], ...]]:
    """Block (its smallest row) to the rules that tie it, each with its largest set, the strongest first."""
    found: dict[int, dict[str, int]] = {}
    for rule_id, label in labels.items():
        size = np.bincount(label, minlength=len(label))
        for row in np.flatnonzero(size > 1).tolist():
            of_block = found.setdefault(int(whole[row]), {})
            of_block[rule_id] = max(of_block.get(rule_id, 0), int(size[row]))
    return {row: tuple(sorted(ties.items(), key=lambda tie: (-tie[1], tie[0]))) for row, ties in found.items()}
