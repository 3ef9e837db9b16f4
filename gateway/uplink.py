"""The uplink: carries out what ``gateway.session`` decides, over MQTT, for as long as the gateway lives.

One session after the other: the birth/death number is made durable, the will is set, the connection made, the command
topic subscribed, all births sent, then data as the credit allows. Whatever ends a session, nothing is lost with it:
what the host has not acknowledged starts again from the spool.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from core import faultpoints
from core.clock import Clock
from core.errors import Refused, Unavailable
from core.offsets import OffsetRange, Settled
from core.sparkplug.commit import Header
from core.sparkplug.topics import MessageType, NodeId
from gateway import births
from gateway.births import NodeMetric
from gateway.chunk import Chunk
from gateway.config import Mode, UplinkConfig
from gateway.edge_node import EdgeNode
from gateway.mqtt import MqttConnection, Will
from gateway.points import Points
from gateway.session import Link, LinkEvent, Parcel, Proof, Window, next_link, reconnect_delay_s
from gateway.spool_values import Metric, SpoolState, Trim
from gateway.writer import SpoolThread

log = logging.getLogger(__name__)

STEADY_S = 10.0
"""A session that lasted so long was a good one: the next attempt comes at once."""
TRIM_S = 0.5
"""A settled chunk waits so long for a commit to be trimmed with, before it is trimmed alone."""
GAP_WAIT_S = 2.0
"""Gap records wait so long after a birth for the host's word, which may settle part of them."""
GAP_RETRY_S = 10.0
GAPS_AT_ONCE = 200


@dataclass(slots=True)
class UplinkCounters:
    """What the uplink did since the start."""

    sessions: int = 0
    rebirths: int = 0
    bad_commands: int = 0
    evicted: int = 0
    rollbacks: int = 0
    acknowledged: int = 0


class Uplink:
    """The edge node's sessions with its broker.

    Attributes:
        on_command: told of every command that was understood, after the uplink has done its part.
        birth_metrics: what NBIRTH holds besides the health.
        edge: speaks for the node.
        alarms: there are points that alarms hang on.
    """

    def __init__(
        self,
        config: UplinkConfig,
        node: NodeId,
        spool: SpoolThread,
        state: SpoolState,
        points: Points,
        metrics: Sequence[Metric],
        clock: Clock,
        health: Callable[[], Sequence[NodeMetric]],
        *,
        alarms: bool = False,
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            config: how to speak.
            node: who speaks.
            spool: what is to be carried.
            state: what the spool held when it was opened.
            points: last values, for births.
            metrics: every metric with an alias.
            clock: wall and monotonic time.
            health: the node's own metrics, as of now.
            alarms: there are points that alarms hang on.
        """
        self.alarms = alarms
        self.config = config
        self.counters = UplinkCounters()
        self.link = Link.DOWN
        self.window = self._new_window(state)
        self._spool = spool
        self._clock = clock
        self._health = health
        self.edge = EdgeNode(node, points, metrics, clock)
        self._client_id = f"{node.group}-{node.node}"
        self._fresh: dict[int, Chunk] = {}
        self._wake = asyncio.Event()
        self.edge.on_change = self._wake.set
        self._settled_version = 0
        self._trimmed_version = 0
        self._trim_since_s = 0.0
        self._rebirth_asked = False
        self._gap_due_s = 0.0
        self._gap_sent: OffsetRange | None = None
        self._health_due_s = 0.0
        self._gaps_waiting = state.gap_readings > 0
        self._deaths: list[str] = []
        self.on_command: Callable[[births.Command], None] = lambda _command: None
        self.birth_metrics: Callable[[], Sequence[NodeMetric]] = lambda: ()
        self._host_is_ahead: Settled | None = None
        self._proof = Proof()

    def _new_window(self, state: SpoolState) -> Window:
        return Window(
            epoch=state.epoch,
            credit_bytes=self.config.credit_bytes,
            settled=Settled(state.low),
            cursor=state.low,
            stop=state.next_offset,
            opened=state.next_offset,
            alarms=self.alarms,
            unproven=state.unclean and self.config.mode is Mode.COMMIT,
        )

    # --- downstream of the writer -------------------------------------------------------------------------------

    @property
    def chunk_readings(self) -> int:
        """Most readings a chunk is to have now: larger ones while they can only wait."""
        return self.config.chunk_readings if self.link is Link.ONLINE else self.config.backlog_readings

    def offer(self, chunks: Sequence[Chunk], evicted: int) -> None:
        """Take chunks that are safe on disk."""
        if evicted:
            self.counters.evicted += evicted
            self._gaps_waiting = True
        online = self.link is Link.ONLINE
        if online:
            self._fresh.update((chunk.span.first, chunk) for chunk in chunks)
        dropped = self.window.offer(Parcel(chunk.span, len(chunk.metrics), alarm=chunk.alarm) for chunk in chunks)
        if not online:
            self.window.lost()
        for span in dropped:
            self._fresh.pop(span.first, None)
        self._wake.set()

    def dated(self, next_offset: int) -> None:
        """Readings in the spool have got their dates and may travel now."""
        self.window.stop = max(self.window.stop, next_offset)
        self.window.rewind()
        self._wake.set()

    def settled_to_trim(self) -> Trim | None:
        """What may be trimmed."""
        if self._settled_version == self._trimmed_version:
            return None
        return Trim(epoch=self.window.epoch, settled=self.window.settled.copy(), version=self._settled_version)

    def trimmed(self, version: int) -> None:
        """The trim of ``version`` is durable."""
        self._trimmed_version = max(self._trimmed_version, version)

    def device_up(self, device: str, up: bool) -> None:
        """A device's bus or adapter came or went."""
        if not up and self.link is Link.ONLINE:
            self._deaths.append(device)
            self._wake.set()

    # --- sessions -----------------------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Hold sessions, one after the other, until ``stop`` is set; then say goodbye."""
        attempt = 0
        stopping = asyncio.create_task(stop.wait(), name="uplink-stop")
        try:
            while not stop.is_set():
                began_s = self._clock.monotonic_s()
                try:
                    await self._session(stop)
                except (Unavailable, Refused) as error:
                    if attempt == 0:
                        log.warning("uplink cannot connect", extra={"error": str(error)})
                finally:
                    self._offline(stop.is_set())
                # A broker that takes connections only to drop them is no better than none.
                attempt = 0 if self._clock.monotonic_s() - began_s >= STEADY_S else attempt + 1
                if not stop.is_set():
                    await asyncio.wait((stopping,), timeout=reconnect_delay_s(attempt, random.random()))
        finally:
            stopping.cancel()

    def _offline(self, stopping: bool) -> None:
        self.link = next_link(self.link, LinkEvent.STOP if stopping else LinkEvent.LOST)
        self.edge.detach()
        self.window.lost()
        self._fresh.clear()
        self._deaths.clear()

    async def _session(self, stop: asyncio.Event) -> None:
        self.link = next_link(self.link, LinkEvent.TRY)
        bdseq = await self._spool.run(lambda spool: spool.next_bdseq())
        will = Will(topic=self.edge.topic(MessageType.NDEATH), payload=births.ndeath(bdseq, self._clock.now_ms()))
        connection = MqttConnection(
            self.config.broker,
            self._client_id,
            on_message=self._received,
            will=will,
            keepalive_s=self.config.keepalive_s,
        )
        async with connection:
            self.link = next_link(self.link, LinkEvent.CONNECTED)
            self.edge.attach(connection)
            await connection.subscribe(self.edge.topic(MessageType.NCMD))
            self.link = next_link(self.link, LinkEvent.SUBSCRIBED)
            self.counters.sessions += 1
            self._proof = Proof()
            log.info("uplink is connected", extra={"session": self.counters.sessions})
            self._birth(bdseq)
            await self._carry(connection, bdseq, stop)
            if stop.is_set() and not connection.lost.is_set():
                self.edge.death(bdseq)
        if not stop.is_set():
            log.warning("uplink lost its connection", extra={"session": self.counters.sessions})

    async def _carry(self, connection: MqttConnection, bdseq: int, stop: asyncio.Event) -> None:
        """Publish until the connection is lost or the gateway stops."""
        ends = [
            asyncio.create_task(connection.lost.wait(), name="uplink-lost"),
            asyncio.create_task(stop.wait(), name="uplink-stopping"),
        ]
        try:
            while not any(end.done() for end in ends):
                self._wake.clear()
                if self._host_is_ahead is not None:
                    await self._begin_epoch(self._host_is_ahead)
                    self._rebirth_asked = True
                if self._rebirth_asked or self.edge.changed:
                    self._rebirth_asked = False
                    self.counters.rebirths += 1
                    self._birth(bdseq)
                    self.window.host_is_new()
                await self._pump()
                waking = asyncio.create_task(self._wake.wait(), name="uplink-wake")
                await asyncio.wait((*ends, waking), timeout=self._pause_s(), return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
        finally:
            for end in ends:
                end.cancel()

    async def _begin_epoch(self, settled: Settled) -> None:
        """The spool was set back: number what waits anew, so that no offset stands for two readings."""
        opened, now_ms = self.window.opened, self._clock.now_ms()
        state = await self._spool.run(lambda spool: spool.renumber(now_ms, settled, opened))
        self._host_is_ahead = None
        self.counters.rollbacks += 1
        self.window = self._new_window(state)
        self._fresh.clear()
        self._gaps_waiting = state.gap_readings > 0
        self._trimmed_version = self._settled_version

    def _pause_s(self) -> float:
        now_s = self._clock.monotonic_s()
        pauses = [self._health_due_s - now_s]
        retry_s = self.window.next_retry_s()
        if retry_s is not None:
            pauses.append(retry_s - now_s)
        if self.window.unproven:
            pauses.append(self._proof.due_s - now_s)
        elif self._gaps_waiting:
            pauses.append(self._gap_due_s - now_s)
        if self._settled_version != self._trimmed_version:
            pauses.append(self._trim_since_s + TRIM_S - now_s)
        return max(min(pauses), 0.001)

    # --- what is published --------------------------------------------------------------------------------------

    def _birth(self, bdseq: int) -> None:
        """All births."""
        self.edge.birth(bdseq, self.window.epoch, [*self._health(), *self.birth_metrics()])
        now_s = self._clock.monotonic_s()
        self._proof.asked(now_s)
        self._gap_due_s = now_s + GAP_WAIT_S
        self._health_due_s = now_s + self.config.health_s

    async def _pump(self) -> None:
        """Publish what is due: deaths, fresh data, what is overdue, backlog, gaps, health; then trim."""
        now_s = self._clock.monotonic_s()
        for device in self._deaths:
            self.edge.device_death(device)
        self._deaths.clear()
        if self.window.unproven:
            if self._proof.due(now_s):
                self._rebirth_asked = True
                self._wake.set()
        else:
            await self._send(now_s)
            if self._gaps_waiting and now_s >= self._gap_due_s:
                await self._gaps(now_s)
        if now_s >= self._health_due_s:
            self._health_due_s = now_s + self.config.health_s
            self.edge.health(self._health())
        if self.config.mode is Mode.FIRE_AND_FORGET:
            self._forget_sent()
        if self._settled_version != self._trimmed_version and now_s >= self._trim_since_s + TRIM_S:
            await self._trim()

    async def _send(self, now_s: float) -> None:
        for parcel in self.window.take_fresh(now_s):
            chunk = self._fresh.pop(parcel.span.first, None)
            if chunk is None:
                await self._again([parcel])
            else:
                self._data(chunk, backlog=False)
        await self._again(self.window.overdue(now_s))
        await self._backlog()

    def _data(self, chunk: Chunk, *, backlog: bool) -> None:
        header = None
        if self.config.mode is Mode.COMMIT:
            low = min(self.window.settled.low, chunk.span.first)
            header = Header(epoch=self.window.epoch, span=chunk.span, crc32=chunk.crc32, low=low, backlog=backlog)
        faultpoints.hit("uplink.before_publish")
        self.edge.data(chunk, header)
        faultpoints.hit("uplink.after_publish")

    async def _again(self, parcels: Iterable[Parcel]) -> None:
        """Publish chunks in flight once more, from disk."""
        for parcel in parcels:
            chunks, _ = await self._spool.run(lambda spool, span=parcel.span: spool.load(span, 1))  # type: ignore[misc]
            if not chunks:
                self.window.forget(parcel.span.first)
                self._gaps_waiting = True
            for chunk in chunks:
                self._data(chunk, backlog=parcel.backlog)

    async def _backlog(self) -> None:
        """Chunks from disk as the credit allows, those that alarms hang on first."""
        for alarms in (True, False):
            wanted = self.window.alarm_backlog() if alarms else self.window.backlog()
            if wanted is None:
                continue
            place = (*wanted, self.window.in_flight())
            chunks, reached = await self._spool.run(lambda spool, at=place, its=alarms: spool.load(*at, alarms=its))  # type: ignore[misc]
            found = {chunk.span.first: chunk for chunk in chunks}
            parcels = [Parcel(chunk.span, len(chunk.metrics), backlog=True) for chunk in chunks]
            now_s = self._clock.monotonic_s()
            for parcel in self.window.take_backlog(parcels, reached, now_s, alarms=alarms):
                self._data(found[parcel.span.first], backlog=True)
            self._wake.set()

    async def _gaps(self, now_s: float) -> None:
        records = await self._spool.run(lambda spool: spool.gaps())
        self._gaps_waiting = bool(records)
        # What is acknowledged is gone the next time, so the rest moves up; without an answer there is no hurry.
        progress = len(records) > GAPS_AT_ONCE and records[0].span != self._gap_sent
        self._gap_due_s = now_s + (GAP_WAIT_S / 4 if progress else GAP_RETRY_S)
        self._gap_sent = records[0].span if records else None
        for record in records[:GAPS_AT_ONCE]:
            low = min(self.window.settled.low, record.span.first)
            header = Header(epoch=self.window.epoch, span=record.span, crc32=0, low=low, gap=record.gap)
            self.window.declared(record.span)
            if self.config.mode is Mode.COMMIT:
                self.edge.gap(header)
            else:
                self._settle(Settled(0, [record.span]))

    async def _trim(self) -> None:
        pending = self.settled_to_trim()
        if pending is None:
            return
        await self._spool.run(lambda spool: spool.trim(pending))
        self.trimmed(pending.version)

    # --- what comes back ----------------------------------------------------------------------------------------

    def _received(self, topic: str, payload: bytes, retained: bool) -> None:
        if retained:
            return  # a command is for now; a retained one is a mistake of somebody's
        try:
            command = births.command(payload)
        except Refused as error:
            self.counters.bad_commands += 1
            log.warning("command is not understood", extra={"topic": topic, "error": str(error)})
            return
        if command.rebirth:
            self._rebirth_asked = True
            self._wake.set()
        if command.committed is not None and self.config.mode is Mode.COMMIT:
            epoch, settled = command.committed
            if epoch == self.window.epoch:
                self.counters.acknowledged += 1
                self._settle(settled)
            else:
                self.window.acknowledged(epoch, settled)
        self.on_command(command)

    def _settle(self, settled: Settled) -> None:
        if self._settled_version == self._trimmed_version:
            self._trim_since_s = self._clock.monotonic_s()
        before = self.window.settled.copy()
        self.window.acknowledged(self.window.epoch, settled)
        if self.window.ahead and self._host_is_ahead is None:
            self._host_is_ahead = settled
        if before != self.window.settled:
            self._settled_version += 1
        self._wake.set()

    def _forget_sent(self) -> None:
        """Fire and forget: what the socket has taken is settled."""
        if self.edge.unsent:
            return
        spans = self.window.flights()
        if spans:
            self.counters.acknowledged += 1
            self._settle(Settled(0, spans))
