"""All edge nodes of this host: their sessions, and what their aliases mean in the registry's words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.places import PointBinding
from core.ports.directory import PointDirectory
from core.sparkplug.sparkplug_b_pb2 import Payload
from core.sparkplug.topics import NodeId
from ingest.decode import ColumnBuilder
from ingest.directory import UNKNOWN_ALIAS, AliasTable, Metric, Stretch, meaning
from ingest.session import Link, NodeSession

_REBUILD_FACTOR = 4


class Nodes:
    """Sessions by node, and the alias table they share."""

    def __init__(self, directory: PointDirectory) -> None:
        """Start with no session; the directory answers from memory."""
        self._directory = directory
        self._version = directory.version
        self._sessions: dict[NodeId, NodeSession] = {}
        self._stretches: dict[NodeId, Stretch] = {}
        self._names: dict[NodeId, dict[int, str]] = {}
        self._row_of_name: dict[NodeId, dict[str, int]] = {}
        self._known: dict[NodeId, bool] = {}
        self.table = AliasTable()

    def refresh(self) -> None:
        """Take over a changed registry and throw out dead rows; only while nothing is staged, for bases change."""
        if self._directory.version == self._version:
            self._compact()
            return
        self._version = self._directory.version
        self._known.clear()
        self._stretches.clear()
        self.table = AliasTable()

    def knows(self, node: NodeId) -> bool:
        """Whether the registry has enrolled this node."""
        known = self._known.get(node)
        if known is None:
            known = self._directory.knows(node)
            if len(self._known) < 100_000:
                self._known[node] = known
        return known

    def session(self, node: NodeId) -> NodeSession:
        """The node's session; an unknown one starts now."""
        return self._sessions.setdefault(node, NodeSession())

    def sessions(self) -> Iterator[tuple[NodeId, NodeSession]]:
        """All sessions."""
        return iter(self._sessions.items())

    def is_born(self, node: NodeId) -> bool:
        """Whether a birth has told what this node's metrics mean."""
        session = self._sessions.get(node)
        return session is not None and session.link is Link.ONLINE

    def born(self, node: NodeId, payload: Payload, now_ms: int) -> None:
        """NBIRTH."""
        self.session(node).node_birth(payload, now_ms)
        self._stretches.pop(node, None)

    def device_born(self, node: NodeId, device: str, payload: Payload, now_ms: int) -> None:
        """DBIRTH."""
        self.session(node).device_birth(device, payload, now_ms)
        self._stretches.pop(node, None)

    def device_died(self, node: NodeId, device: str, now_ms: int) -> None:
        """DDEATH."""
        self.session(node).device_death(device, now_ms)

    def died(self, node: NodeId, bd_seq: int, now_ms: int) -> None:
        """NDEATH."""
        self.session(node).node_death(bd_seq, now_ms)

    def follow(self, node: NodeId, seq: int, now_ms: int) -> None:
        """Take notice of a sequence number."""
        self.session(node).follow(seq, now_ms)

    def overdue(self, now_ms: int) -> Iterator[NodeId]:
        """Nodes whose missing messages have waited long enough for a rebirth."""
        for node, session in self._sessions.items():
            if session.missing and session.wants_rebirth(now_ms):
                yield node

    def stretch(self, node: NodeId) -> Stretch:
        """Where the node's aliases stand in the table."""
        stretch = self._stretches.get(node)
        return self._bind(node) if stretch is None else stretch

    def explains(self, stretch: Stretch, aliases: list[int]) -> bool:
        """Whether a birth has announced every one of these aliases."""
        if min(aliases, default=0) < 0 or max(aliases, default=0) >= stretch.length:
            return False
        rows = np.array(aliases, np.int64) + stretch.base
        return not (self.table.points(rows) == UNKNOWN_ALIAS).any()

    def name(self, node: NodeId, alias: int) -> str:
        """The metric name behind an alias (or behind the row of a name), empty if unknown."""
        return self._names.get(node, {}).get(alias, "")

    def translate_names(self, node: NodeId, columns: ColumnBuilder, start: int) -> None:
        """Give metrics that came by name the row number their name has in the table."""
        rows = self._row_of_name.get(node, {})
        for row in [row for row in columns.names if row >= start]:
            columns.alias[row] = rows.get(columns.names.pop(row), -1)

    def _bind(self, node: NodeId) -> Stretch:
        session = self.session(node)
        by_alias = dict(session.metrics)
        after = max(by_alias, default=-1) + 1
        self._row_of_name[node] = {}
        for row, metric in enumerate(_by_name(session), start=after):
            by_alias[row] = metric
            self._row_of_name[node][metric.name] = row
        found = self._directory.bindings(node, [metric.name for metric in by_alias.values()])
        bindings: dict[int, tuple[int, PointBinding | None]] = {
            alias: (meaning(metric, binding), binding)
            for (alias, metric), binding in zip(by_alias.items(), found, strict=True)
        }
        self._names[node] = {alias: metric.name for alias, metric in by_alias.items()}
        stretch = self.table.append(bindings)
        self._stretches[node] = stretch
        return stretch

    def _compact(self) -> None:
        """Start the table anew when most of it belongs to births of the past."""
        live = sum(stretch.length for stretch in self._stretches.values())
        if len(self.table) > 10_000 and len(self.table) > _REBUILD_FACTOR * live:
            nodes = list(self._stretches)
            self._stretches.clear()
            self.table = AliasTable()
            for node in nodes:
                self._bind(node)


def _by_name(session: NodeSession) -> list[Metric]:
    """Metrics that need a row of their own; a node that commits sends its readings by alias alone."""
    return [] if session.commits else list(session.named.values())
