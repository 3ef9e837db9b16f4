"""The Sparkplug edge node as it speaks in one session: topics, sequence numbers, births before data, deaths.

Whatever is published goes through ``_publish``, so ``seq`` runs over all messages, NBIRTH has 0, and data of a device
that was declared dead are preceded by its new birth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.clock import Clock
from core.sparkplug.commit import Header
from core.sparkplug.topics import MessageType, NodeId, Topic
from gateway import births
from gateway.births import NodeMetric
from gateway.chunk import Chunk
from gateway.mqtt import MqttConnection
from gateway.points import Points
from gateway.spool_values import Metric


class EdgeNode:
    """Speaks for the gateway while a connection is attached; without one it says nothing."""

    def __init__(self, node: NodeId, points: Points, metrics: Sequence[Metric], clock: Clock) -> None:
        """Prepare.

        Args:
            node: who speaks.
            points: last values, for births.
            metrics: every metric with an alias.
            clock: time of the payloads.
        """
        self.messages = 0
        self.bytes = 0
        self.on_change: Callable[[], None] = lambda: None
        self.changed = False
        self._born = False
        self._node = node
        self._clock = clock
        self.use(points, metrics)
        self._connection: MqttConnection | None = None
        self._seq = 0
        self._dead: set[str] = set()

    def use(self, points: Points, metrics: Sequence[Metric]) -> None:
        """Speak of these points from the next birth on, which is due now."""
        self._points = points
        self._rows = {int(alias): row for row, alias in enumerate(points.alias.tolist())}
        self._by_device: dict[str, list[Metric]] = {}
        for metric in metrics:
            self._by_device.setdefault(metric.device, []).append(metric)
        self.changed = True
        self.on_change()

    def topic(self, kind: MessageType, device: str = "") -> str:
        """A topic of this node."""
        return str(Topic(kind, self._node, device))

    def attach(self, connection: MqttConnection) -> None:
        """Speak over this connection from now on."""
        self._connection = connection

    def detach(self) -> None:
        """The connection is gone."""
        self._connection = None
        self._born = False
        self._dead.clear()

    @property
    def unsent(self) -> bool:
        """Whether messages wait for the socket, or there is none."""
        return self._connection is None or self._connection.unsent

    def _publish(self, kind: MessageType, payload: bytes, device: str = "") -> None:
        if self._connection is None:
            return
        self._connection.publish(self.topic(kind, device), payload)
        self.messages += 1
        self.bytes += len(payload)
        self._seq = (self._seq + 1) % 256

    def birth(self, bdseq: int, epoch: int, health: Sequence[NodeMetric]) -> None:
        """NBIRTH, then a DBIRTH for every device."""
        self.changed = False
        self._seq = 0
        now_ms = self._clock.now_ms()
        payload = births.nbirth(bdseq=bdseq, epoch=epoch, seq=self._seq, now_ms=now_ms, health=health)
        self._publish(MessageType.NBIRTH, payload)
        self._born = True
        for device in self._by_device:
            self._device_birth(device)

    def _device_birth(self, device: str) -> None:
        metrics = self._by_device[device]
        payload = births.dbirth(metrics, self._points, self._rows, seq=self._seq, now_ms=self._clock.now_ms())
        self._publish(MessageType.DBIRTH, payload, device)
        self._dead.discard(device)

    def device_death(self, device: str) -> None:
        """DDEATH, once."""
        if device not in self._dead and device in self._by_device:
            self._publish(MessageType.DDEATH, births.ddeath(self._seq, self._clock.now_ms()), device)
            self._dead.add(device)

    def data(self, chunk: Chunk, header: Header | None) -> None:
        """DDATA of one chunk."""
        if chunk.device in self._dead:
            self._device_birth(chunk.device)
        payload = births.ddata(chunk, header, seq=self._seq, now_ms=self._clock.now_ms())
        self._publish(MessageType.DDATA, payload, chunk.device)

    def gap(self, header: Header) -> None:
        """NDATA with a gap record."""
        self._publish(MessageType.NDATA, births.gap(header, seq=self._seq, now_ms=self._clock.now_ms()))

    def health(self, health: Sequence[NodeMetric]) -> None:
        """NDATA with metrics of the node itself."""
        self._publish(MessageType.NDATA, births.ndata(health, seq=self._seq, now_ms=self._clock.now_ms()))

    def tell(self, metrics: Sequence[NodeMetric]) -> None:
        """Something of the node itself, now; before the birth of a session nobody hears it, and that birth says it."""
        if self._born:
            self.health(metrics)

    def death(self, bdseq: int) -> None:
        """NDEATH of a planned end."""
        if self._connection is not None:
            payload = births.ndeath(bdseq, self._clock.now_ms())
            self._connection.publish(self.topic(MessageType.NDEATH), payload, qos=1)
