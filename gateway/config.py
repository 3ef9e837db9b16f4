"""What a gateway is told, as frozen values: once loaded, it is complete and it is valid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from core.sparkplug.topics import NodeId
from gateway.chunk import COMMON, Traits
from gateway.deadband import ALWAYS, Report
from gateway.decoders.base import Options
from gateway.decoders.devicetime import DeviceTime
from gateway.mqtt import BrokerAddress
from gateway.profile import Profile, Register
from gateway.rollout import DEFAULT_PROBATION_S
from gateway.site import AS_IT_IS, SiteValue
from gateway.transport import TransactionIds, Transport


class Mode(StrEnum):
    """How the host north of the gateway is served (docs/wire.md)."""

    COMMIT = "commit"
    FIRE_AND_FORGET = "fire-and-forget"


@dataclass(frozen=True, kw_only=True, slots=True)
class PointConfig:
    """One register of one unit, read as one metric.

    Attributes:
        metric: ``facility/measurement``.
        register: what is read.
        interval_ms: how often.
        report: when it is reported.
        site: what the register's value means at this site.
        traits: what its history is worth, and whether alarms hang on it.
    """

    metric: str
    register: Register
    interval_ms: int
    report: Report = ALWAYS
    site: SiteValue = AS_IT_IS
    traits: Traits = COMMON

    @property
    def unit(self) -> str:
        """UCUM code of the point's values."""
        return self.site.unit or self.register.unit


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitConfig:
    """One device on a bus.

    Attributes:
        name: for logs and health.
        unit: unit id.
        profile: its product.
        timeout_s: longest time to an answer.
        points: what is read from it.
        transaction_ids: those of its answers on Modbus TCP.
    """

    name: str
    unit: int
    profile: Profile
    timeout_s: float
    points: tuple[PointConfig, ...]
    transaction_ids: TransactionIds = TransactionIds.SAME


@dataclass(frozen=True, kw_only=True, slots=True)
class BusConfig:
    """One connection or serial port with the units behind it.

    Attributes:
        id: name of the bus.
        device: Sparkplug device its metrics belong to; several buses may share one, and then share messages.
        transport: how it is reached.
        units: what hangs on it.
        record: the signed as-built record that it is held against, None without one.
    """

    id: str
    device: str
    transport: Transport
    units: tuple[UnitConfig, ...]
    record: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldConfig:
    """One field of an MQTT payload, taken as one metric.

    Attributes:
        metric: ``facility/measurement``.
        path: name the decoder gives; for ``json`` a JSON pointer (RFC 6901) or a template.
        unit: UCUM code of the values after scaling.
        scale, offset: value = number * scale + offset.
        states: texts that stand for numbers (``{"ON": 1}``).
        report: when it is reported.
        traits: what its history is worth, and whether alarms hang on it.
    """

    metric: str
    path: str
    unit: str
    scale: float = 1.0
    offset: float = 0.0
    states: Mapping[str, float] = field(default_factory=dict)
    report: Report = ALWAYS
    traits: Traits = COMMON


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceConfig:
    """One MQTT device.

    Attributes:
        name: for logs and health.
        topic: topic of its data; may hold wildcards where the format needs them.
        availability: topic of its availability; empty: none.
        decoder: how its payload is read.
        device: which device of a message that carries several, or the model, as the decoder takes it; empty: none.
        time: where the payload carries the device's own time; None: where its format says.
        missing: texts that stand in the place of a value that could not be read (a serial server's padding).
        silence_s: without a message for so long it counts as not measured; 0: never.
        fields: what is taken from it.
    """

    name: str
    topic: str
    availability: str
    decoder: str
    silence_s: float
    fields: tuple[FieldConfig, ...]
    device: str = ""
    time: DeviceTime | None = None
    missing: frozenset[str] = frozenset()

    @property
    def options(self) -> Options:
        """What its decoder is told."""
        paths = tuple(dict.fromkeys(field.path for field in self.fields))
        return Options(topic=self.topic, paths=paths, device=self.device, time=self.time)


@dataclass(frozen=True, kw_only=True, slots=True)
class AdapterConfig:
    """One MQTT broker south of the gateway, with the devices that publish there.

    Attributes:
        id: name, and Sparkplug device.
        broker: where it is.
        sources: the devices.
    """

    id: str
    broker: BrokerAddress
    sources: tuple[SourceConfig, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SpoolConfig:
    """Where readings are kept until they are settled.

    Attributes:
        path: its folder.
        budget_bytes: most bytes on the disk.
        linger_s: longest time a reading waits for company before it is committed.
    """

    path: Path
    budget_bytes: int = 256 * 1024 * 1024
    linger_s: float = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class UplinkConfig:
    """How the gateway speaks to its host.

    Attributes:
        broker: where.
        mode: commit or fire-and-forget.
        credit_bytes: most bytes published and not settled.
        chunk_readings: most readings in a message while the link is up.
        backlog_readings: most readings in a message that was cut while the link was down.
        keepalive_s: MQTT keep-alive.
        health_s: time between two health messages.
    """

    broker: BrokerAddress
    mode: Mode = Mode.COMMIT
    credit_bytes: int = 128 * 1024
    chunk_readings: int = 200
    backlog_readings: int = 1000
    keepalive_s: int = 20
    health_s: float = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RolloutConfig:
    """How pushed configurations are tried.

    Attributes:
        folder: where they are kept; None: beside the configuration file.
        probation_s: how long one has to show that it works.
    """

    folder: Path | None = None
    probation_s: float = DEFAULT_PROBATION_S


@dataclass(frozen=True, kw_only=True, slots=True)
class SelfConfig:
    """The gateway as a facility of its own.

    Attributes:
        facility: code of the facility (``wtl-gw-01``).
        interval_s: how often it says how it is.
    """

    facility: str
    interval_s: float = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewayConfig:
    """A gateway.

    Attributes:
        node: its group and node id.
        uplink, spool: see there.
        status_file: where a small JSON status is kept; empty: nowhere.
        buses: Modbus connections.
        adapters: MQTT brokers south of it.
        own: what it reports of itself, None: nothing.
        rollout: how pushed configurations are tried.
        profiles: folder of its own profiles, None: it has none.
    """

    node: NodeId
    uplink: UplinkConfig
    spool: SpoolConfig
    status_file: Path | None = None
    buses: tuple[BusConfig, ...] = ()
    adapters: tuple[AdapterConfig, ...] = ()
    own: SelfConfig | None = None
    rollout: RolloutConfig = RolloutConfig()
    profiles: Path | None = None
