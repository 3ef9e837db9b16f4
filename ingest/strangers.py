"""What gateways say of themselves that nobody has enrolled: their births are kept, within bounds, so that they can be.

Anybody whom the broker lets in can be a stranger and say anything. Nodes, devices and metrics are counted and what is
too long is left out; when all places are taken a newcomer gets that of one that has been silent for a while, or none,
so that a flood of invented names cannot push out who speaks. Nothing that a stranger sends is stored as a reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.errors import Refused
from core.ports.enrolment import Announced, Stranger
from core.sparkplug import datatypes
from core.sparkplug.sparkplug_b_pb2 import Payload
from core.sparkplug.topics import MessageType, NodeId, Topic
from ingest.decode import parse_payload
from ingest.directory import TEXT_TYPES
from ingest.session import text_of

MAX_STRANGERS = 64
MAX_DEVICES = 64
MAX_METRICS = 2_000
LONGEST_ID = 255
LONGEST_NAME = 200
SILENT_MS = 10 * 60_000
ASK_MS = 60_000
RETELL_MS = 30_000


@dataclass(slots=True)
class _Heard:
    """One stranger in memory; metrics by device, and how many of each device were left out."""

    first_ms: int
    seen_ms: int
    devices: dict[str, tuple[Announced, ...]] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    asked_ms: int = -ASK_MS


class Strangers:
    """Nodes that are not enrolled; owned by the committer, no I/O and no clock."""

    def __init__(self) -> None:
        """Start with nobody."""
        self._heard: dict[NodeId, _Heard] = {}
        self._told_ms = -RETELL_MS
        self._is_news = False

    def hear(self, topic: Topic, payload: bytes, now_ms: int) -> bool:
        """Take notice of a message.

        Args:
            topic: of a node that is not enrolled.
            payload: as it arrived; one that cannot be read says nothing.
            now_ms: host time.

        Returns:
            Whether its births should be asked for: it speaks, and nobody has heard them.
        """
        heard = self._place(topic, now_ms)
        if heard is None:
            return False
        heard.seen_ms = now_ms
        if topic.kind is MessageType.NBIRTH:
            heard.devices.clear()
            heard.left_out.clear()
            heard.asked_ms = now_ms  # the births of its devices follow
        elif topic.kind is MessageType.DBIRTH:
            self._learn(heard, topic.device, payload)
        elif topic.kind is MessageType.DDATA and not heard.devices and now_ms - heard.asked_ms >= ASK_MS:
            heard.asked_ms = now_ms
            return True
        return False

    def forget(self, node: NodeId) -> bool:
        """It is enrolled now; whether it was a stranger before."""
        return self._heard.pop(node, None) is not None

    def nodes(self) -> tuple[NodeId, ...]:
        """All that are kept."""
        return tuple(self._heard)

    def news(self, now_ms: int) -> Sequence[Stranger]:
        """All strangers, when births have come since the last call or that was a while ago; else none."""
        if not self._heard or not (self._is_news or now_ms - self._told_ms >= RETELL_MS):
            return ()
        self._is_news, self._told_ms = False, now_ms
        return [
            Stranger(
                node=node,
                first_ms=heard.first_ms,
                seen_ms=heard.seen_ms,
                metrics=tuple(metric for device in sorted(heard.devices) for metric in heard.devices[device]),
                left_out=sum(heard.left_out.values()),
            )
            for node, heard in self._heard.items()
        ]

    def again(self) -> None:
        """What ``news`` said last was not kept; say it again."""
        self._is_news = True

    def _place(self, topic: Topic, now_ms: int) -> _Heard | None:
        """The stranger's place, a new one if there is room."""
        node = topic.node
        heard = self._heard.get(node)
        if heard is not None:
            return heard
        if topic.kind is MessageType.NDEATH or max(len(node.group), len(node.node)) > LONGEST_ID:
            return None  # a will speaks for nobody who is there
        if len(self._heard) >= MAX_STRANGERS:
            oldest = min(self._heard, key=lambda one: self._heard[one].seen_ms)
            if now_ms - self._heard[oldest].seen_ms < SILENT_MS:
                return None
            del self._heard[oldest]
        self._is_news = True
        self._heard[node] = _Heard(first_ms=now_ms, seen_ms=now_ms)
        return self._heard[node]

    def _learn(self, heard: _Heard, device: str, payload: bytes) -> None:
        if device not in heard.devices and (len(heard.devices) >= MAX_DEVICES or len(device) > LONGEST_ID):
            return
        try:
            found = _announced(device, parse_payload(payload))
        except Refused:
            return
        room = MAX_METRICS - sum(len(kept) for name, kept in heard.devices.items() if name != device)
        kept = tuple(metric for metric in found if len(metric.name) <= LONGEST_NAME)[:room]
        if heard.devices.get(device) != kept:
            self._is_news = True
        heard.devices[device] = kept
        heard.left_out[device] = len(found) - len(kept)


def _announced(device: str, payload: Payload) -> list[Announced]:
    """The metrics of a birth that are numbers; points hold nothing else."""
    return [
        Announced(metric.name, text_of(metric, datatypes.ENG_UNIT)[:LONGEST_NAME], device)
        for metric in payload.metrics
        if metric.name and metric.datatype not in TEXT_TYPES
    ]
