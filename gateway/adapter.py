"""One task per MQTT broker south of the gateway: hears its devices, and records when they fall silent."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Sequence

from core.clock import Clock
from core.errors import Refused, Unavailable
from core.quality import QualityClass, Reason, quality
from gateway.chunk import Batch
from gateway.config import AdapterConfig
from gateway.intake import Intake
from gateway.listeners import Listeners
from gateway.mqtt import MqttConnection
from gateway.session import reconnect_delay_s
from gateway.source import Source
from gateway.stamp import Stamper

log = logging.getLogger(__name__)

_LOST = quality(QualityClass.NOT_MEASURED, Reason.CONNECTION_LOST)
_SILENT = quality(QualityClass.NOT_MEASURED, Reason.NOT_PUBLISHED)
CHECK_S = 1.0
MOST_COMPLAINTS = 1000
"""Topics that are remembered as named in the log, so that each is named once."""


class Adapter:
    """Subscribes to the devices of one broker."""

    def __init__(
        self,
        config: AdapterConfig,
        sources: Sequence[Source],
        intake: Intake,
        clock: Clock,
        stamper: Stamper,
        client_id: str,
        on_link: Callable[[str, bool], None],
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            config: the broker and its devices.
            sources: the devices at run time.
            intake: where readings go.
            clock: wall and monotonic time.
            stamper: gives event times.
            client_id: MQTT client id.
            on_link: told when the connection comes (True) and goes.
        """
        self.config = config
        self.sources = tuple(sources)
        self.messages = 0
        self.rejected = 0
        self.connected = False
        self._listeners = Listeners(self.sources)
        self._intake = intake
        self._clock = clock
        self._stamper = stamper
        self._client_id = client_id
        self._on_link = on_link
        self._complained: set[str] = set()
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled."""
        attempt = 0
        while True:
            try:
                await self._session()
                attempt = 0
            except (Unavailable, Refused) as error:
                if attempt == 0:
                    log.warning("adapter cannot connect", extra={"adapter": self.config.id, "error": str(error)})
                attempt += 1
            await asyncio.sleep(reconnect_delay_s(attempt, random.random()))

    async def _session(self) -> None:
        connection = MqttConnection(self.config.broker, self._client_id, on_message=self._received)
        try:
            async with connection:
                for topic in self._listeners.filters:
                    await connection.subscribe(topic)
                self._link(True)
                await self._watch(connection)
        finally:
            if self.connected:
                self._link(False)
                self._record(self.sources, _LOST)
                for source in self.sources:
                    source.decoder.reconnected()

    async def _watch(self, connection: MqttConnection) -> None:
        """Until the connection is lost: listen to what is announced, ask what decoders ask, notice who is silent."""
        telling = asyncio.create_task(self._tell(connection.lost), name="adapter-lost")
        try:
            while not connection.lost.is_set():
                self._news.clear()
                await self._listen(connection)
                self._ask(connection)
                self._check_silence()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(CHECK_S):
                        await self._news.wait()
        finally:
            telling.cancel()

    async def _tell(self, lost: asyncio.Event) -> None:
        """A lost connection is news, too."""
        await lost.wait()
        self._news.set()

    async def _listen(self, connection: MqttConnection) -> None:
        """Subscribe to topics that were announced; a broker that denies one loses that one only."""
        for topic in self._listeners.refresh():
            try:
                await connection.subscribe(topic)
            except Refused as error:
                log.warning("announced topic is denied", extra={"topic": topic, "error": str(error)})

    def _ask(self, connection: MqttConnection) -> None:
        now_s = self._clock.monotonic_s()
        for source in self.sources:
            for message in source.decoder.asks(now_s):
                connection.publish(message.topic, message.payload)

    def _link(self, up: bool) -> None:
        self.connected = up
        log.info("adapter link changed", extra={"adapter": self.config.id, "connected": up})
        self._on_link(self.config.id, up)
        if up:
            now_s = self._clock.monotonic_s()
            for source in self.sources:
                source.heard_s = max(source.heard_s, now_s)

    def _check_silence(self) -> None:
        now_s = self._clock.monotonic_s()
        silent = [
            source
            for source in self.sources
            if source.config.silence_s and now_s - source.heard_s >= source.config.silence_s
        ]
        for source in silent:
            source.heard_s = now_s
        self._record(silent, _SILENT)

    def _record(self, sources: Sequence[Source], code: int) -> None:
        time_ms, _ = self._stamper.stamp(self._clock.now_ms(), self._clock.monotonic_s())
        for source in sources:
            self._put(source.absent(code, time_ms, self._clock.monotonic_s()))

    def _put(self, batch: Batch | None) -> None:
        if batch is not None:
            self._intake.put(batch)

    def _received(self, topic: str, payload: bytes, retained: bool) -> None:
        self.messages += 1
        now_s = self._clock.monotonic_s()
        stamp = self._stamper.stamp(self._clock.now_ms(), now_s)
        for source in self._listeners.of(topic):
            try:
                moments = source.decoder.decode(topic, payload)
            except Refused as error:
                self._rejected(topic, error)
                continue
            for fields in moments:
                self._put(source.read(fields, stamp, now_s, retained=retained))
        self._news.set()

    def _rejected(self, topic: str, error: Refused) -> None:
        self.rejected += 1
        if topic not in self._complained and len(self._complained) < MOST_COMPLAINTS:
            self._complained.add(topic)
            log.warning("payload is not understood", extra={"topic": topic, "error": str(error)})
