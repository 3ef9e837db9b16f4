"""A naive reading of what is announced (``docs/alarms.md`` section 6): one node after the other, by recursion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

from rules.folding import COMMON_CAUSE_MS, Level, Tree


@dataclass(frozen=True, eq=False)
class Naive:
    """The tree and what has failed, node by node."""

    tree: Tree
    failed: list[bool]
    well: list[bool]
    since_ms: list[int]
    kept: list[bool]

    def parent(self, node: int) -> int | None:
        """The node above."""
        up = int(self.tree.parent[node])
        return up if up >= 0 else None

    def supply(self, node: int) -> int | None:
        """The supply of all that it serves."""
        up = int(self.tree.supply[node])
        return up if up >= 0 else None

    @cached_property
    def nodes(self) -> range:
        """All nodes."""
        return range(len(self.tree))

    def supplies(self, node: int) -> list[int]:
        """The supplies above, the nearest first."""
        up = self.supply(node)
        return [] if up is None else [up, *self.supplies(up)]

    @cache  # noqa: B019
    def explained(self, node: int) -> bool:
        """A supply above has failed by itself."""
        return any(self.failed[one] for one in self.supplies(node))

    @cache  # noqa: B019
    def gateways(self, node: int) -> list[int]:
        """Every gateway beneath a supply or community."""
        return [
            one
            for one in self.nodes
            if self.tree.level[one] == Level.GATEWAY and node in (self.parent(one), *self.supplies(one))
        ]

    @cache  # noqa: B019
    def lost_gateways(self, node: int) -> bool:
        """All its gateways are down, and some of them went together and unexplained."""
        every = self.gateways(node)
        if len(every) < 2 or not all(self.failed[one] for one in every) or self.well[node]:
            return False
        last = max(self.since_ms[one] for one in every)
        together = [one for one in every if self.since_ms[one] >= last - COMMON_CAUSE_MS and not self.explained(one)]
        return (self.kept[node] or len(together) >= 2) and not all(self.said(node, one) for one in every)

    def said(self, supply: int, gateway: int) -> bool:
        """The gateway's community is lost, and stands neither above nor below the supply."""
        site = self.parent(gateway)
        if self.tree.level[supply] != Level.SUPPLY or site is None or self.parent(supply) == site:
            return False
        return supply > site and supply not in self.supplies(site) and self.lost_gateways(site)

    @cache  # noqa: B019
    def children(self, node: int) -> list[int]:
        """Those that all must have failed."""
        return [one for one in self.nodes if self.tree.counts[one] and self.parent(one) == node]

    @cache  # noqa: B019
    def out(self, node: int) -> bool:
        """Has failed, by itself or with all below."""
        if self.failed[node]:
            return True
        if self.tree.level[node] >= Level.SUPPLY:
            return self.lost_gateways(node)
        if self.tree.level[node] in (Level.BUS, Level.GATEWAY):
            below = self.children(node)
            return bool(below) and all(self.out(one) for one in below)
        return False

    @cache  # noqa: B019
    def named(self, node: int) -> bool:
        """Can be announced."""
        if self.failed[node]:
            return True
        if self.tree.level[node] >= Level.SUPPLY:
            return self.lost_gateways(node)
        return self.out(node) and sum(not self.explained(one) for one in self.children(node)) >= 2

    @cache  # noqa: B019
    def top(self, node: int) -> int:
        """What the node is hidden by, itself if it is to be announced, or -1."""
        for up in (self.parent(node), self.supply(node)):
            if up is not None and self.gone(up) and self.top(up) >= 0:
                return self.top(up)
        return node if self.named(node) else -1

    @cache  # noqa: B019
    def gone(self, node: int) -> bool:
        """Has failed, or lies behind a gateway, bus or unit that has."""
        up = self.parent(node) if self.tree.level[node] < Level.GATEWAY else None
        return self.out(node) or (up is not None and self.gone(up))
