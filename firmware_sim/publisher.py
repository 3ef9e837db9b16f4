"""The MQTT side: devices publish through the clients they live in, at their own intervals.

Everything goes out at QoS 0, as these devices do. While a client has no broker its reports are lost, not queued: that
is what the real ones do, and a gateway must cope. The clients reconnect by themselves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from firmware_sim.clock import Clock
from firmware_sim.devices.mqtt import Message, MqttDevice
from firmware_sim.faults import FaultPlan
from firmware_sim.noise import derive_seed, uniform

logger = logging.getLogger(__name__)

_TICK_S: Final = 0.1
_RECONNECT_S: Final = 0.5
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, kw_only=True)
class BrokerUrl:
    """Where the broker is: `mqtt://[user:password@]host[:port]`, or `mqtts://` with TLS."""

    host: str
    port: int
    tls: bool = False
    user: str | None = None
    password: str | None = None

    @classmethod
    def parse(cls, url: str) -> BrokerUrl:
        """Reads a URL.

        Raises:
            ValueError: not such a URL.
        """
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError(f"{url!r} is not a broker URL; write mqtt://host:port")
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            tls=parts.scheme == "mqtts",
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )


@dataclass(kw_only=True)
class PublisherStats:
    """What was published."""

    published: int = 0
    lost_without_broker: int = 0


class MqttPublisher:
    """Publishes the reports of all devices; an async context manager that owns its clients and its task.

    Args:
        devices: what publishes.
        broker: where to.
        clock: simulated time.
        faults: what goes wrong.
        seed: fixes the moments of the first reports.
    """

    def __init__(
        self,
        devices: Sequence[MqttDevice],
        broker: BrokerUrl,
        clock: Clock,
        *,
        faults: FaultPlan | None = None,
        seed: int = 0,
    ) -> None:
        self.stats = PublisherStats()
        self._devices = tuple(devices)
        self._broker = broker
        self._clock = clock
        self._faults = faults or FaultPlan()
        self._seed = seed
        self._clients: dict[str, mqtt.Client] = {}
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> MqttPublisher:
        for device in self._devices:
            if device.client not in self._clients:
                members = [d for d in self._devices if d.client == device.client]
                self._clients[device.client] = self._connect(device.client, members)
        self._task = asyncio.create_task(self._publish_reports(), name="mqtt devices")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        for device in self._devices:
            if device.last_will is not None and self._clients[device.client].is_connected():
                self._publish(self._clients[device.client], device.last_will)
        await asyncio.gather(*(asyncio.to_thread(_disconnect, client) for client in self._clients.values()))

    async def run(self) -> None:
        """Waits for the publishing task, so that its failure ends the service; never returns otherwise."""
        assert self._task is not None
        await asyncio.shield(self._task)

    def _connect(self, client_id: str, members: Sequence[MqttDevice]) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
        if self._broker.user is not None:
            client.username_pw_set(self._broker.user, self._broker.password)
        if self._broker.tls:
            client.tls_set()
        for device in members:
            if device.last_will is not None:
                client.will_set(device.last_will.topic, device.last_will.payload, retain=device.last_will.retain)
        # paho sleeps this wait out even when told to stop; fractions work although its annotation says int
        client.reconnect_delay_set(_RECONNECT_S, _RECONNECT_S)  # type: ignore[arg-type]

        def connected(_c: mqtt.Client, _u: object, _f: object, reason: ReasonCode, _p: object) -> None:
            if reason.is_failure:
                logger.error("broker refused a device", extra={"client": client_id, "reason": str(reason)})
                return
            logger.info("mqtt client connected", extra={"client": client_id})
            for device in members:
                for message in device.birth():
                    self._publish(client, message)

        client.on_connect = connected
        client.connect_async(self._broker.host, self._broker.port, keepalive=30)
        client.loop_start()
        return client

    def _publish(self, client: mqtt.Client, message: Message) -> None:
        client.publish(message.topic, message.payload, qos=0, retain=message.retain)
        self.stats.published += 1

    async def _publish_reports(self) -> None:
        """Reports come at multiples of the interval, each device at its own seeded phase, and on some changes.

        Reports that were missed are skipped, as real devices do.
        """
        phases = [uniform(derive_seed(self._seed, d.device_id), 0) for d in self._devices]
        slots = [-1] * len(self._devices)
        numbers = [0] * len(self._devices)
        shown: list[tuple[float, ...]] = [()] * len(self._devices)
        while True:
            now_ms = self._clock.now_ms()
            elapsed_s = (now_ms - self._clock.start_ms) / 1000
            for i, device in enumerate(self._devices):
                slot = int(elapsed_s / device.interval_s + phases[i])
                watched = tuple(self._value(device, name, now_ms / 1000) for name in device.reported_at_once)
                if slot > slots[i] or watched != shown[i]:
                    self._report(device, numbers[i], now_ms)
                    slots[i], shown[i] = slot, watched
                    numbers[i] += 1
            await asyncio.sleep(_TICK_S)

    def _value(self, device: MqttDevice, name: str, time_s: float) -> float:
        return self._faults.value(device.device_id, name, device.fields()[name], time_s)

    def _report(self, device: MqttDevice, number: int, time_ms: int) -> None:
        time_s = time_ms / 1000
        if self._faults.answer(device.device_id, time_s).drop:
            return
        client = self._clients[device.client]
        if not client.is_connected():
            self.stats.lost_without_broker += 1
            return
        for message in device.report(time_ms, number, lambda name: self._value(device, name, time_s)):
            self._publish(client, message)


def _disconnect(client: mqtt.Client) -> None:
    client.disconnect()
    client.loop_stop()
