"""What the host knows of one edge node, and what it must do about it: values in, values out, no clock.

A node is *unknown* until its NBIRTH, *online* after it, *offline* after the NDEATH of the same ``bdSeq``. Sequence
numbers run 0…255; a number that is missing for ``REORDER_MS`` asks for a rebirth, at most one in ``REBIRTH_MS``.
Source: Sparkplug 3.0.0, ``tck-id-operational-behavior-host-reordering-*``, ``…-edge-node-termination-host-*``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from core.ports.nodes import Origin
from core.sparkplug import datatypes
from core.sparkplug.sparkplug_b_pb2 import Payload
from ingest.directory import MAX_ALIAS, Metric

REORDER_MS = 2_000
REBIRTH_MS = 10_000
_SEQ = 256
_MAX_MISSING = 128


class Link(StrEnum):
    """The three states of a node as the host sees it."""

    UNKNOWN = "unknown"
    ONLINE = "online"
    OFFLINE = "offline"


@dataclass(slots=True)
class NodeSession:
    """One edge node's session.

    Attributes:
        link: unknown, online or offline.
        bd_seq: ``bdSeq`` of the session, -1 before the first birth.
        commits: the node's births carry our epoch metric, so it keeps a spool and waits for acknowledgements.
        metrics: what each alias means, from all births of the session, by alias.
        named: metrics of nodes that use no aliases, by name.
        devices: devices that are alive, with the host time of their last birth.
        changed_ms: when ``link`` last changed (host time).
        seen_ms: when anything last arrived (host time).
        missing: sequence numbers that were jumped over, not yet arrived.
        origins: by metric name, where the births of the devices say that it is read from.
        born_ms: when the last birth came, of the node or of a device (host time).
    """

    link: Link = Link.UNKNOWN
    bd_seq: int = -1
    commits: bool = False
    metrics: dict[int, Metric] = field(default_factory=dict)
    named: dict[str, Metric] = field(default_factory=dict)
    devices: dict[str, int] = field(default_factory=dict)
    changed_ms: int = 0
    seen_ms: int = 0
    missing: set[int] = field(default_factory=set)
    origins: dict[str, Origin] = field(default_factory=dict)
    born_ms: int = 0
    _expected: int = -1
    _missing_since_ms: int = 0
    _rebirth_asked_ms: int = -REBIRTH_MS

    def node_birth(self, payload: Payload, now_ms: int) -> None:
        """NBIRTH: a new session, or the same one reborn."""
        self.link, self.changed_ms, self.seen_ms = Link.ONLINE, now_ms, now_ms
        self.commits = False
        self.metrics.clear()
        self.named.clear()
        self.devices.clear()
        self.missing.clear()
        self.origins = {}
        self.born_ms = now_ms
        self._expected = (payload.seq + 1) % _SEQ
        for metric in payload.metrics:
            if metric.name == datatypes.BDSEQ:
                self.bd_seq = metric.long_value
            elif metric.name == datatypes.EPOCH:
                self.commits = True
        self._learn(payload)

    def device_birth(self, device: str, payload: Payload, now_ms: int) -> None:
        """DBIRTH: what the device's metrics mean."""
        self.seen_ms = self.born_ms = now_ms
        self.devices[device] = now_ms
        self._learn(payload)
        found = {item.name: Origin(device, text_of(item, datatypes.SOURCE)) for item in payload.metrics if item.name}
        self.origins = self.origins | found  # never changed in place: others read it

    def device_death(self, device: str, now_ms: int) -> None:
        """DDEATH: the bus or adapter is lost."""
        self.seen_ms = now_ms
        self.devices.pop(device, None)

    def node_death(self, bd_seq: int, now_ms: int) -> bool:
        """NDEATH: ends the session it belongs to; the will of an older session is ignored.

        Returns:
            Whether the node went offline.
        """
        if self.link is Link.ONLINE and bd_seq != self.bd_seq:
            return False
        self.link, self.changed_ms = Link.OFFLINE, now_ms
        self.devices.clear()
        self.missing.clear()
        return True

    def follow(self, seq: int, now_ms: int) -> None:
        """Take notice of a message's sequence number."""
        self.seen_ms = now_ms
        if self._expected < 0 or seq == self._expected:
            self._expected = (seq + 1) % _SEQ
            return
        if seq in self.missing:
            self.missing.discard(seq)
            return
        ahead = (seq - self._expected) % _SEQ
        if ahead > _MAX_MISSING:
            return
        if not self.missing:
            self._missing_since_ms = now_ms
        self.missing.update((self._expected + step) % _SEQ for step in range(ahead))
        self._expected = (seq + 1) % _SEQ

    def wants_rebirth(self, now_ms: int, *, at_once: bool = False) -> bool:
        """Whether a rebirth must be asked for now; asking is remembered.

        Args:
            now_ms: host time.
            at_once: something arrived that cannot be understood without a birth.
        """
        overdue = bool(self.missing) and now_ms - self._missing_since_ms >= REORDER_MS
        if not (overdue or at_once) or now_ms - self._rebirth_asked_ms < REBIRTH_MS:
            return False
        self._rebirth_asked_ms = now_ms
        self.missing.clear()
        return True

    def was_reborn_as_asked(self, device: str) -> bool:
        """Whether the device's birth followed the last request: what is not understood now never will be."""
        return 0 <= self._rebirth_asked_ms <= self.devices.get(device, -1)

    def _learn(self, payload: Payload) -> None:
        for item in payload.metrics:
            if not item.name:
                continue
            metric = Metric(
                name=item.name,
                alias=item.alias if item.HasField("alias") else -1,
                datatype=item.datatype,
                unit=text_of(item, datatypes.ENG_UNIT),
            )
            if 0 <= metric.alias <= MAX_ALIAS:
                self.metrics[metric.alias] = metric
            elif metric.alias < 0:
                self.named[metric.name] = metric


def text_of(metric: Payload.Metric, name: str) -> str:
    """A property of a metric that is text; empty without one."""
    if not metric.HasField("properties"):
        return ""
    for key, item in zip(metric.properties.keys, metric.properties.values, strict=False):
        if key == name:
            return item.string_value
    return ""
