"""When an outage has become grave: by what cannot be seen because of it, for how long (``docs/alarms.md`` section 6).

Two ways: gas, fire-fighting or lifts stand behind a bus or gateway that is gone, so somebody has to watch them on site;
or more than half of a community's gateways are gone, whatever they have in common.
"""

from __future__ import annotations

import numpy as np

from rules.columns import NEVER_MS, Bools, Indices, Ints
from rules.folding import Level, Tree

SAFETY_MS = 1_800_000
MASS_MS = 600_000
"""How long the alarm has been on before it rises; proposals, no standard behind them."""
_FEW = 2
_HALF = 0.5


def safe_above(tree: Tree, points: Bools) -> Bools:
    """Units, buses and gateways with one of these points behind them, and the points themselves.

    Args:
        tree: the nodes, n.
        points: bool[p], of the first p nodes.
    """
    found = np.zeros(len(tree), np.bool_)
    found[: len(points)] = points
    for begin, end in tree.ranks:
        if tree.level[begin] < Level.GATEWAY:
            up = tree.parent[begin:end]
            found[up[found[begin:end] & (up >= 0)]] = True
    return found


def grave(tree: Tree, safety: Bools, out: Bools, top: Indices, begun_ms: Ints, now_ms: int) -> Indices:
    """Positions whose alarms say that an outage is grave, ascending.

    Args:
        tree: the nodes, n.
        safety: bool[n], carries points of gas, fire-fighting or lifts.
        out: bool[n], has failed.
        top: intp[>= n], what each node is, or is hidden by; -1: nothing.
        begun_ms: int64[>= n], start of the alarm of each position; ``NEVER_MS`` without one.
        now_ms: wall clock.
    """
    n = len(tree)
    told = out & (top[:n] >= 0)
    since_ms = np.where(told, begun_ms[top[:n]], NEVER_MS)
    carries = safety & (tree.level >= Level.BUS) & (tree.level <= Level.GATEWAY) & (since_ms <= now_ms - SAFETY_MS)
    found: Indices = np.unique(top[np.flatnonzero(carries | _many(tree, since_ms <= now_ms - MASS_MS))])
    return found


def _many(tree: Tree, gone: Bools) -> Bools:
    """Gateways that are gone, where more than half of their community's are, two at least."""
    n = len(tree)
    mine = np.flatnonzero((tree.level == Level.GATEWAY) & (tree.parent >= 0))
    site = tree.parent[mine]
    total = np.bincount(site, minlength=n)
    lost = np.bincount(site, weights=gone[mine], minlength=n)
    mass = (lost >= _FEW) & (lost > _HALF * total)
    found = np.zeros(n, np.bool_)
    found[mine] = gone[mine] & mass[site]
    return found
