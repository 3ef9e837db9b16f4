"""A model of an edge node that speaks ``docs/wire.md``: what a real gateway would publish, as bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.offsets import OffsetRange
from core.places import ClassMembers, PointBinding
from core.sparkplug import datatypes
from core.sparkplug.commit import Gap, GapReason, Header, checksum, encode_header
from core.sparkplug.sparkplug_b_pb2 import Payload
from core.sparkplug.topics import MessageType, NodeId, Topic
from ingest.assemble import Message

NOW_MS = 1_790_000_000_000
NODE = NodeId("g1", "gw1")
METRICS = ("pump-01/current", "pump-01/level", "pump-01/running")
BINDINGS = {
    "pump-01/current": PointBinding(point=10, unit="A", low=0, high=200),
    "pump-01/level": PointBinding(point=11, unit="m", low=-1, high=10),
    "pump-01/running": PointBinding(point=12, unit="1", low=0, high=1),
}
UNITS = {name: binding.unit for name, binding in BINDINGS.items()}


@dataclass
class FakeDirectory:
    """A registry of a few metrics."""

    known: Mapping[str, PointBinding] = field(default_factory=lambda: dict(BINDINGS))
    nodes: frozenset[NodeId] = frozenset({NODE})
    version: int = 1

    def knows(self, node: NodeId) -> bool:
        """Enrolled nodes only."""
        return node in self.nodes

    def bindings(self, node: NodeId, metrics: Sequence[str]) -> Sequence[PointBinding | None]:
        """By name."""
        return [self.known.get(name) for name in metrics]

    def members(self) -> Mapping[str, ClassMembers]:
        """No rules here."""
        return {}


@dataclass
class Edge:
    """One edge node: births, chunks, gaps."""

    node: NodeId = NODE
    epoch: int = 77
    seq: int = 0
    metrics: tuple[str, ...] = METRICS
    units: Mapping[str, str] = field(default_factory=lambda: dict(UNITS))

    def births(self, *, bd_seq: int = 0) -> list[Message]:
        """NBIRTH and one DBIRTH with aliases 0, 1, 2, …"""
        self.seq = 0
        node = Payload(timestamp=NOW_MS, seq=self._next())
        node.metrics.add(name=datatypes.BDSEQ, long_value=bd_seq, datatype=datatypes.DataType.INT64)
        node.metrics.add(name=datatypes.EPOCH, long_value=self.epoch, datatype=datatypes.DataType.UINT64)
        device = Payload(timestamp=NOW_MS, seq=self._next())
        for alias, name in enumerate(self.metrics):
            metric = device.metrics.add(
                name=name, alias=alias, datatype=datatypes.DataType.DOUBLE, timestamp=NOW_MS, is_null=True
            )
            metric.properties.keys.append(datatypes.ENG_UNIT)
            metric.properties.values.add(type=datatypes.DataType.STRING, string_value=self.units.get(name, ""))
        return [
            self._message(MessageType.NBIRTH, node),
            self._message(MessageType.DBIRTH, device, "bus1"),
        ]

    def death(self, *, bd_seq: int = 0) -> Message:
        """The will."""
        payload = Payload()
        payload.metrics.add(name=datatypes.BDSEQ, long_value=bd_seq, datatype=datatypes.DataType.INT64)
        return self._message(MessageType.NDEATH, payload)

    def chunk(
        self,
        first: int,
        rows: Sequence[tuple[int, int, float]],
        *,
        low: int = 0,
        codes: Mapping[int, int] | None = None,
        spoil_crc: bool = False,
    ) -> Message:
        """A data message: rows of (alias, time, value); ``codes`` gives the rows that are not good."""
        quality = codes or {}
        payload = Payload(timestamp=NOW_MS, seq=self._next())
        for row, (alias, time_ms, value) in enumerate(rows):
            metric = payload.metrics.add(alias=alias, timestamp=time_ms)
            if value == value:
                metric.double_value = value
            else:
                metric.is_null = True
            if row in quality:
                metric.properties.keys.append(datatypes.QUALITY)
                metric.properties.values.add(type=datatypes.DataType.INT32, int_value=0)
                metric.properties.keys.append(datatypes.REASON)
                metric.properties.values.add(type=datatypes.DataType.INT32, int_value=quality[row])
        crc = checksum(
            np.array([row[0] for row in rows], np.int64),
            np.array([row[1] for row in rows], np.int64),
            np.array([row[2] for row in rows], np.float64),
            np.array([quality.get(row, 0) for row in range(len(rows))], np.uint8),
        )
        span = OffsetRange(first, first + len(rows))
        payload.body = encode_header(Header(epoch=self.epoch, span=span, crc32=crc ^ spoil_crc, low=low))
        return self._message(MessageType.DDATA, payload, "bus1")

    def gap(self, span: OffsetRange, *, low: int = 0) -> Message:
        """An eviction record."""
        gap = Gap(reason=GapReason.SPOOL_FULL, from_ms=NOW_MS - 9000, to_ms=NOW_MS - 8000)
        payload = Payload(timestamp=NOW_MS, seq=self._next())
        payload.body = encode_header(Header(epoch=self.epoch, span=span, crc32=0, low=low, gap=gap))
        return self._message(MessageType.NDATA, payload)

    def _next(self) -> int:
        seq, self.seq = self.seq, (self.seq + 1) % 256
        return seq

    def _message(self, kind: MessageType, payload: Payload, device: str = "") -> Message:
        return Message(str(Topic(kind, self.node, device)), payload.SerializeToString(), NOW_MS)
