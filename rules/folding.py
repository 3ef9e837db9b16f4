"""Folding: of everything that has failed, what is announced. A tree as columns, two passes a tick, no loop over nodes.

The nodes of a ``Tree`` stand from the bottom to the top: points, units, buses, gateways, supplies (those that hang on
another one first), communities, and the supplies that feed several communities. ``fold`` goes up once (has failed by
itself, or because what is below has) and down once (is hidden by what has failed above). ``docs/alarms.md`` section 6
is the specification.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from rules.columns import BEGINNING_MS, Bools, Indices, Ints

COMMON_CAUSE_MS = 300_000
"""Gateways that went within so long of the last one went together."""
_FEW = 2
"""So many must have failed, unexplained, before what they have in common is named."""


class Level(IntEnum):
    """Where a node stands, from the bottom to the top."""

    POINT = 0
    UNIT = 1
    BUS = 2
    GATEWAY = 3
    SUPPLY = 4
    SITE = 5


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Tree:
    """n nodes as columns; a node stands behind everything that is below it.

    Attributes:
        level: int64[n], a ``Level``.
        parent: intp[n], the node above; -1 where there is none.
        supply: intp[n], the supply of all that the node serves (of a gateway, of itself); -1 without one.
        counts: bool[n], whether the node is one of those that all must have failed for its parent to.
        ranks: (begin, end) of stretches of nodes of one level, from the bottom to the top; of supplies and communities
            no node of a stretch is above another one of it.
        gateway, above: intp[k], pairs of a gateway and a supply or community that is above it.
        beside: bool[k], that supply stands neither above nor below the gateway's community.
    """

    level: Ints
    parent: Indices
    supply: Indices
    counts: Bools
    ranks: tuple[tuple[int, int], ...]
    gateway: Indices
    above: Indices
    beside: Bools

    def __len__(self) -> int:
        """Number of nodes."""
        return len(self.level)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Folded:
    """What has become of the nodes.

    Attributes:
        out: bool[n], has failed, by itself or with all below.
        gone: bool[n], has failed, or lies behind a gateway, bus or unit that has.
        named: bool[n], can be announced: it failed by itself, or it is what several that failed have in common.
        top: intp[n], the highest named node that the node is, or is hidden by; -1 where nothing has failed.
    """

    out: Bools
    gone: Bools
    named: Bools
    top: Indices


def fold(tree: Tree, failed: Bools, well: Bools, since_ms: Ints, kept: Bools) -> Folded:
    """Find what is announced.

    Args:
        tree: the nodes.
        failed: bool[n], has failed by itself.
        well: bool[n], shows itself that it has not, whatever is missing behind it (supplies and communities).
        since_ms: int64[n], when a gateway went.
        kept: bool[n], was announced before: a common cause is not doubted again.
    """
    explained = _explained(tree, failed)
    out, named = failed.copy(), failed.copy()
    _from_gateways(tree, explained, well, since_ms, kept, out, named)
    for level in (Level.BUS, Level.GATEWAY):
        _from_children(tree, level, explained, out, named)
    gone = _behind(tree, out)
    return Folded(out=out, gone=gone, named=named, top=_hidden(tree, gone, named))


def _explained(tree: Tree, failed: Bools) -> Bools:
    """Nodes whose supply, or a supply of that, has failed by itself."""
    cut = failed & (tree.level == Level.SUPPLY)
    for begin, end in reversed(tree.ranks):
        if tree.level[begin] == Level.SUPPLY:
            supply = tree.supply[begin:end]
            cut[begin:end] |= (supply >= 0) & cut[supply]
    found: Bools = (tree.supply >= 0) & cut[tree.supply]
    return found


def _from_gateways(
    tree: Tree, explained: Bools, well: Bools, since_ms: Ints, kept: Bools, out: Bools, named: Bools
) -> None:
    """Supplies and communities: all gateways beneath are down, and some of them went together."""
    n, gateway, above = len(tree), tree.gateway, tree.above
    gone = out[gateway]
    total = np.bincount(above, minlength=n)
    newest = np.full(n, BEGINNING_MS)
    np.maximum.at(newest, above[gone], since_ms[gateway[gone]])
    together = gone & ~explained[gateway] & (since_ms[gateway] >= newest[above] - COMMON_CAUSE_MS)
    several = np.bincount(above, weights=together, minlength=n) >= _FEW
    lost = (total >= _FEW) & (np.bincount(above, weights=gone, minlength=n) == total) & (several | kept) & ~well
    # Where communities that are lost already have all its gateways, a supply that reaches into them says nothing new.
    said = tree.beside & lost[tree.parent[gateway]]
    lost &= np.bincount(above, weights=~said, minlength=n) > 0
    out |= lost
    named |= lost


def _from_children(tree: Tree, level: Level, explained: Bools, out: Bools, named: Bools) -> None:
    """Buses and gateways: all that counts below has failed; one alone is no common cause."""
    n = len(tree)
    child = np.flatnonzero(tree.counts & (tree.level < level) & (tree.parent >= 0))
    child = child[tree.level[tree.parent[child]] == level]
    parent = tree.parent[child]
    gone = out[child]
    total = np.bincount(parent, minlength=n)
    lost = (total > 0) & (np.bincount(parent, weights=gone, minlength=n) == total)
    out |= lost
    named |= lost & (np.bincount(parent, weights=gone & ~explained[child], minlength=n) >= _FEW)


def _behind(tree: Tree, out: Bools) -> Bools:
    gone = out.copy()
    for begin, end in reversed(tree.ranks):
        if tree.level[begin] < Level.GATEWAY:
            parent = tree.parent[begin:end]
            gone[begin:end] |= (parent >= 0) & gone[parent]
    return gone


def _hidden(tree: Tree, gone: Bools, named: Bools) -> Indices:
    top: Indices = np.where(named, np.arange(len(tree)), -1)
    for begin, end in reversed(tree.ranks):
        for above in (tree.supply[begin:end], tree.parent[begin:end]):
            by = np.where((above >= 0) & gone[above], top[above], -1)
            top[begin:end] = np.where(by >= 0, by, top[begin:end])
    return top
