"""Devices that publish: payloads as their makers' firmware or servers write them.

Each device says which client it lives in: a Tasmota plug is a client of its own with a last will, LoRaWAN sensors come
through one ChirpStack, Zigbee sensors through one Zigbee2MQTT.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar, Final, Protocol
from uuid import UUID

from firmware_sim.noise import derive_seed, uniform
from firmware_sim.signals.base import Signal

_LOCAL: Final = timezone(timedelta(hours=8))
_DAY_S: Final = 86_400.0

Reading = Callable[[str], float]
"""Value of a field now, faults included."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One MQTT message.

    Attributes:
        topic: where.
        payload: UTF-8 text.
        retain: kept by the broker for late subscribers.
    """

    topic: str
    payload: str
    retain: bool = False


@dataclass(frozen=True, kw_only=True)
class MqttProduct:
    """A product that publishes."""

    key: str
    maker: str
    model: str
    reference: str
    note: str = ""


class MqttDevice(Protocol):
    """A device that publishes."""

    PRODUCT: ClassVar[MqttProduct]

    @property
    def device_id(self) -> str:
        """Name in the city."""
        ...

    @property
    def interval_s(self) -> float:
        """Simulated seconds between two reports."""
        ...

    @property
    def client(self) -> str:
        """Which MQTT client it publishes through."""
        ...

    @property
    def topic(self) -> str:
        """Topic of its reports."""
        ...

    @property
    def last_will(self) -> Message | None:
        """What the broker publishes when that client dies."""
        ...

    @property
    def reported_at_once(self) -> tuple[str, ...]:
        """Fields whose change is reported at once, beside the interval."""
        ...

    def fields(self) -> Mapping[str, Signal]:
        """Signals by field name."""
        ...

    def birth(self) -> list[Message]:
        """Messages after each connect."""
        ...

    def report(self, time_ms: int, number: int, read: Reading) -> list[Message]:
        """Messages of one report.

        Args:
            time_ms: simulated time, ms since 1970 UTC.
            number: of the report, from 0.
            read: field values.
        """
        ...


def _json(body: object) -> str:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True, kw_only=True)
class TasmotaPlug:
    """Metering plug or relay with Tasmota firmware. `Time` is local without a zone, as the firmware writes it.

    Attributes:
        device_id: name in the city.
        name: the `%topic%` of the device, part of its topics.
        power: W; voltage: V; factor: power factor; energy: kWh, counted up.
        interval_s: TelePeriod; the firmware's default is 300 s, its least 10 s.
    """

    PRODUCT: ClassVar[MqttProduct] = MqttProduct(
        key="tasmota-energy",
        maker="Tasmota",
        model="energy monitoring plug",
        reference="Tasmota documentation, tele/SENSOR",
    )
    device_id: str
    name: str
    power: Signal
    voltage: Signal
    factor: Signal
    energy: Signal
    interval_s: float = 10.0

    @property
    def topic(self) -> str:
        """Topic of the telemetry."""
        return f"tele/{self.name}/SENSOR"

    @property
    def client(self) -> str:
        """A client of its own."""
        return f"DVES_{self.name}"

    @property
    def last_will(self) -> Message:
        """Offline, retained."""
        return Message(topic=f"tele/{self.name}/LWT", payload="Offline", retain=True)

    @property
    def reported_at_once(self) -> tuple[str, ...]:
        """Nothing: it keeps to its interval."""
        return ()

    def fields(self) -> Mapping[str, Signal]:
        """Signals by field name."""
        return {"Power": self.power, "Voltage": self.voltage, "Factor": self.factor, "Total": self.energy}

    def birth(self) -> list[Message]:
        """Online, retained."""
        return [Message(topic=f"tele/{self.name}/LWT", payload="Online", retain=True)]

    def report(self, time_ms: int, number: int, read: Reading) -> list[Message]:
        """One `tele/<topic>/SENSOR`."""
        moment = datetime.fromtimestamp(time_ms / 1000, _LOCAL)
        power, voltage, factor, total = read("Power"), read("Voltage"), read("Factor"), read("Total")
        apparent = power / factor if factor else 0.0
        midnight_s = moment.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
        energy = {
            "TotalStartTime": "2026-01-01T00:00:00",
            "Total": round(total, 3),
            "Yesterday": round(self.energy.value(midnight_s) - self.energy.value(midnight_s - _DAY_S), 3),
            "Today": round(total - self.energy.value(midnight_s), 3),
            "Period": round(power * self.interval_s / 3600),
            "Power": round(power),
            "ApparentPower": round(apparent),
            "ReactivePower": round(max(0.0, apparent**2 - power**2) ** 0.5),
            "Factor": round(factor, 2),
            "Voltage": round(voltage),
            "Current": round(apparent / voltage, 3) if voltage else 0.0,
        }
        body = {"Time": moment.strftime("%Y-%m-%dT%H:%M:%S"), "ENERGY": energy}
        return [Message(topic=self.topic, payload=_json(body))]


def udl_frame(battery_pct: int, distance_mm: int, *, tilted: bool) -> bytes:
    """The EM310-UDL uplink: battery (01 75), distance in mm (03 82), position (04 00), little-endian."""
    return struct.pack("<BBBBBHBBB", 0x01, 0x75, battery_pct, 0x03, 0x82, distance_mm, 0x04, 0x00, tilted)


@dataclass(frozen=True, kw_only=True)
class MilesightEm310Udl:
    """LoRaWAN ultrasonic distance sensor under a well cover, as ChirpStack v4 publishes its uplinks.

    Attributes:
        device_id: name in the city.
        application_id: ChirpStack application (UUID).
        dev_eui: 16 hexadecimal digits.
        distance: mm from the sensor to the water.
        battery: %.
        tilted: 0 or 1.
        interval_s: between uplinks; a real one reports every 10 minutes or so.
        seed: fixes radio values.
    """

    PRODUCT: ClassVar[MqttProduct] = MqttProduct(
        key="milesight-em310-udl",
        maker="Milesight",
        model="EM310-UDL",
        reference="ChirpStack v4 event/up; Milesight-IoT/SensorDecoders em-series/em310-udl",
    )
    device_id: str
    application_id: str
    dev_eui: str
    distance: Signal
    battery: Signal
    tilted: Signal
    interval_s: float = 600.0
    seed: int = 0

    @property
    def client(self) -> str:
        """The ChirpStack of this application."""
        return f"chirpstack-{self.application_id[:8]}"

    @property
    def last_will(self) -> None:
        """ChirpStack's integration has none."""
        return

    @property
    def topic(self) -> str:
        """Topic of the uplinks."""
        return f"application/{self.application_id}/device/{self.dev_eui}/event/up"

    @property
    def reported_at_once(self) -> tuple[str, ...]:
        """Nothing: it keeps to its interval."""
        return ()

    def fields(self) -> Mapping[str, Signal]:
        """Signals by field name."""
        return {"distance": self.distance, "battery": self.battery, "position": self.tilted}

    def birth(self) -> list[Message]:
        """Nothing."""
        return []

    def report(self, time_ms: int, number: int, read: Reading) -> list[Message]:
        """One uplink event."""
        battery = round(max(0.0, min(100.0, read("battery"))))
        distance = round(max(0.0, min(65535.0, read("distance"))))
        tilted = read("position") >= 0.5
        stamp = datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds")
        luck = uniform(derive_seed(self.seed, self.dev_eui), number)
        body = {
            "deduplicationId": str(UUID(int=derive_seed(self.seed, f"{self.dev_eui}/{number}") << 64 | number)),
            "time": stamp,
            "deviceInfo": {
                "tenantId": "52f14cd4-c6f1-4fbd-8f87-4025e1d49242",
                "applicationId": self.application_id,
                "deviceProfileName": "EM310-UDL",
                "deviceName": self.device_id,
                "devEui": self.dev_eui,
                "tags": {},
            },
            "devAddr": self.dev_eui[-8:],
            "adr": True,
            "dr": 5,
            "fCnt": number & 0xFFFF,
            "fPort": 85,
            "confirmed": False,
            "data": base64.b64encode(udl_frame(battery, distance, tilted=tilted)).decode(),
            "object": {"battery": battery, "distance": distance, "position": "tilt" if tilted else "normal"},
            "rxInfo": [{"gatewayId": "24e124fffef1a2b3", "rssi": -80 - round(25 * luck), "snr": round(9 - 10 * luck)}],
            "txInfo": {"frequency": 470_300_000},
        }
        return [Message(topic=self.topic, payload=_json(body))]


@dataclass(frozen=True, kw_only=True)
class ZigbeeWaterLeak:
    """Zigbee water leak sensor as Zigbee2MQTT publishes it; no time stamp, by its default.

    Attributes:
        device_id: name in the city.
        name: friendly name; the topic is `zigbee2mqtt/<name>`.
        bridge: which Zigbee2MQTT.
        leak: 0 or 1.
        battery: %.
        interval_s: between reports; a real one reports on change and about hourly.
    """

    PRODUCT: ClassVar[MqttProduct] = MqttProduct(
        key="zigbee2mqtt-water-leak",
        maker="Aqara",
        model="SJCGQ11LM",
        reference="Zigbee2MQTT documentation of the device",
    )
    device_id: str
    name: str
    bridge: str
    leak: Signal
    battery: Signal
    interval_s: float = 3600.0

    @property
    def topic(self) -> str:
        """Topic of the state."""
        return f"zigbee2mqtt/{self.name}"

    @property
    def client(self) -> str:
        """The Zigbee2MQTT bridge."""
        return f"zigbee2mqtt-{self.bridge}"

    @property
    def last_will(self) -> None:
        """The bridge's own state topic is not simulated."""
        return

    @property
    def reported_at_once(self) -> tuple[str, ...]:
        """Water."""
        return ("water_leak",)

    def fields(self) -> Mapping[str, Signal]:
        """Signals by field name."""
        return {"water_leak": self.leak, "battery": self.battery}

    def birth(self) -> list[Message]:
        """Available, retained."""
        return [Message(topic=f"{self.topic}/availability", payload='{"state":"online"}', retain=True)]

    def report(self, time_ms: int, number: int, read: Reading) -> list[Message]:
        """One state message."""
        battery = round(max(0.0, min(100.0, read("battery"))))
        body = {
            "water_leak": read("water_leak") >= 0.5,
            "battery": battery,
            "battery_low": battery < 15,
            "tamper": False,
            "linkquality": 120,
        }
        return [Message(topic=self.topic, payload=_json(body))]
