"""The gateway's configuration from YAML: every mistake at once, each with its line and what to do.

Shape of the file::

    group: wtl                       # partition, given at enrolment
    node: gw-1
    broker: {host: 127.0.0.1, port: 1883, user: gw-1, password_file: /etc/twingrid/gw-1.secret}
    spool: {path: /var/lib/twingrid/gw-1.sqlite, budget_mb: 256}
    status_file: /run/twingrid/gw-1.json
    buses:
      - id: plant-room
        host: 127.0.0.1
        port: 502
        units:
          - name: meter
            unit: 1
            profile: eastron-sdm630
            interval_s: 10
            points:
              voltage_l1: wtl-pm-01/voltage_l1                  # register: facility/measurement
              power_total: {metric: wtl-pm-01/power, interval_s: 2, deadband: 50, scale: 0.001, unit: kW}
              frequency:                                        # one register may give several points
                - {metric: wtl-pm-01/freq}
    adapters:
      - id: mqtt
        broker: {host: 127.0.0.1, port: 1884}
        sources:
          - name: plug-7
            decoder: tasmota
            topic: tele/plug-7/SENSOR
            availability: tele/plug-7/LWT
            fields:
              ENERGY.Power: {metric: wtl-sl-07/power, unit: W}
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from core.errors import Invalid, Refused
from core.foreign import system_problem
from core.sparkplug.topics import NodeId, is_own_id
from core.units import UNITS
from gateway import document, findings, point_file, profile_file, quirks, record_file, remote_file, transport_file
from gateway.births import MAX_BIRTH_BYTES
from gateway.config import (
    AdapterConfig,
    BusConfig,
    FieldConfig,
    GatewayConfig,
    Mode,
    PointConfig,
    SourceConfig,
    SpoolConfig,
    UnitConfig,
    UplinkConfig,
)
from gateway.deadband import Report
from gateway.decoders import DECODERS
from gateway.device_part import check_part
from gateway.document import Document, Table
from gateway.mqtt import BrokerAddress
from gateway.prediction import predict
from gateway.profile import NO_PROFILE, DataType, Profile, Register
from gateway.transport import Framing, TransactionIds

MAX_METRICS = 4096
"""A Sparkplug device is born in one message, which has these limits (docs/wire.md)."""
BIRTH_OVERHEAD = 96
"""Bytes of a metric in a birth beside its name and unit, at most: alias, time, value, unit and quality properties."""
_METRIC = re.compile(r"[^\s/+#\0]{1,120}/[^\s/+#\0]{1,120}")
_SHORTEST_INTERVAL_S = 0.02
_NO_PROFILES: Mapping[str, Profile] = MappingProxyType({})
_SEVERAL_TOPICS = frozenset({"homeassistant", "shelly", "sparkplug", "thingsboard"})
"""Decoders that tell several topics apart; to the others a wildcard would make one device of many."""


def load_config(path: Path) -> GatewayConfig:
    """Read a gateway's configuration file.

    Relative paths in it are taken from the file's folder.

    Raises:
        Invalid: with everything that is wrong in it, each with line and remedy.
    """
    return _Reader(document.read(path), path.parent).gateway()


def parse_config(
    text: str,
    folder: Path,
    file: str = "gateway.yaml",
    pushed: str | None = None,
    instead: Mapping[str, Profile] = _NO_PROFILES,
) -> GatewayConfig:
    """The same from a text.

    Args:
        text: the gateway's file.
        folder: where relative paths begin.
        file: its name in findings.
        pushed: a device part to be taken instead of the file's own; its findings carry no file.
        instead: by key, profiles to be taken instead of those that lie in the gateway's folder, to see what would be.

    Raises:
        Invalid: with everything that is wrong in it.
    """
    if pushed is not None:
        check_part(pushed)
    part = None if pushed is None else Document(pushed or "{}", "")
    return _Reader(Document(text, file), folder, part, instead).gateway()


class _Reader:
    """Reads one configuration; findings collect in its document."""

    def __init__(
        self,
        source: Document,
        folder: Path,
        pushed: Document | None = None,
        instead: Mapping[str, Profile] = _NO_PROFILES,
    ) -> None:
        self._source = source
        self._instead = instead
        self._pushed = pushed
        self._brokers: dict[str, BrokerAddress] = {}
        self._folder = folder
        self._profiles = profile_file.shipped()
        self._metrics: dict[str, str] = {}
        self._births: dict[str, tuple[int, int]] = {}

    def gateway(self) -> GatewayConfig:
        top = self._source.top
        group, node = self._id(top, "group"), self._id(top, "node")
        profiles = self._own_profiles(top)
        broker = top.table("broker")
        uplink = top.table("uplink", required=False)
        spool = top.table("spool")
        status = top.text("status_file", "")
        read = top if self._pushed is None else self._device_part(top, self._pushed)
        config = GatewayConfig(
            node=NodeId(group, node),
            uplink=self._uplink(uplink, self._broker(broker) if broker else BrokerAddress(host="")),
            spool=self._spool(spool),
            status_file=self._path(status) if status else None,
            buses=tuple(self._bus(table) for table in read.tables("buses", required=False)),
            adapters=tuple(self._adapter(table) for table in read.tables("adapters", required=False)),
            own=remote_file.own(top),
            rollout=remote_file.rollout(top, self._path),
            profiles=profiles,
        )
        self._unique_ids(read, config)
        top.close()
        if self._pushed is not None:
            read.close()
            self._source.adopt(self._pushed.findings)
        self._source.finish()
        return config

    # --- the device part, when it was pushed --------------------------------------------------------------------

    def _device_part(self, top: Table, pushed: Document) -> Table:
        """What was pushed in the place of the file's own buses and adapters; brokers are known by the file alone."""
        top.skip("buses")
        for table in top.tables("adapters", required=False):
            broker = table.table("broker")
            if broker is not None:
                self._brokers[table.text("id")] = self._broker(broker)
        self._profiles |= remote_file.pushed_profiles(pushed)
        return pushed.top

    # --- small parts --------------------------------------------------------------------------------------------

    def _path(self, text: str) -> Path:
        return self._folder / Path(text).expanduser()

    def _id(self, table: Table, key: str, default: str | None = None) -> str:
        text = table.text(key, default)
        if (table.has(key) or default) and not is_own_id(text):
            table.note(key, findings.NO_ID, value=text)
        return text if is_own_id(text) else "invalid"

    def _own_profiles(self, top: Table) -> Path | None:
        text = top.text("profiles", "")
        folder = self._path(text) if text else None
        try:
            self._profiles |= profile_file.load_folder(folder, self._instead) if folder else {}
        except Invalid as error:
            self._source.adopt(error.findings)
        self._profiles |= self._instead
        return folder

    def _broker(self, table: Table) -> BrokerAddress:
        secret = table.text("password_file", "")
        password = table.text("password", "")
        if secret:
            try:
                password = self._path(secret).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                table.note("password_file", findings.SECRET_UNREADABLE, problem=system_problem(error))
        tls = table.flag("tls", False)
        address = BrokerAddress(
            host=table.text("host"),
            port=table.integer("port", 8883 if tls else 1883, low=1, high=65535),
            tls=tls,
            ca_file=self._file(table, "ca_file"),
            cert_file=self._file(table, "cert_file"),
            key_file=self._file(table, "key_file"),
            user=table.text("user", ""),
            password=password,
        )
        table.close()
        return address

    def _file(self, table: Table, key: str) -> str:
        text = table.text(key, "")
        if not text:
            return ""
        path = self._path(text)
        if not path.is_file():
            table.note(key, findings.NO_FILE, path=path)
        return str(path)

    def _uplink(self, table: Table | None, broker: BrokerAddress) -> UplinkConfig:
        if table is None:
            return UplinkConfig(broker=broker)
        config = UplinkConfig(
            broker=broker,
            mode=table.choice("mode", list(Mode), Mode.COMMIT),
            credit_bytes=table.integer("credit_kb", 128, low=16, high=65536) * 1024,
            chunk_readings=table.integer("chunk_readings", 200, low=1, high=1000),
            backlog_readings=table.integer("backlog_readings", 1000, low=1, high=1000),
            keepalive_s=table.integer("keepalive_s", 20, low=2, high=3600),
            health_s=table.number("health_s", 10.0, low=0.5, high=3600),
        )
        table.close()
        return config

    def _spool(self, table: Table | None) -> SpoolConfig:
        if table is None:
            return SpoolConfig(path=Path("spool"))
        config = SpoolConfig(
            path=self._path(table.text("path")),
            budget_bytes=int(table.number("budget_mb", 256, low=0.0625, high=1 << 20) * 1024 * 1024),
            linger_s=table.number("linger_ms", 200, low=1, high=250) / 1000,
        )
        table.close()
        return config

    def _metric(self, table: Table, key: str, metric: str, device: str) -> str:
        if not _METRIC.fullmatch(metric):
            table.note(key, findings.NO_METRIC, metric=metric)
        elif metric in self._metrics:
            table.note(key, findings.METRIC_TWICE, metric=metric, first=self._metrics[metric])
        else:
            self._metrics[metric] = table.path or key
        self._count(table, key, metric, device)
        return metric

    def _count(self, table: Table, key: str, metric: str, device: str) -> None:
        """Note the first metric with which a device's birth would no longer fit its message."""
        count, size = self._births.get(device, (0, 0))
        more = count + 1, size + len(metric.encode()) + BIRTH_OVERHEAD
        self._births[device] = more
        if not _fits(count, size) or _fits(*more):
            return
        table.note(key, findings.BIRTH_TOO_LARGE, device=device)

    def _unique_ids(self, top: Table, config: GatewayConfig) -> None:
        ids = [bus.id for bus in config.buses] + [adapter.id for adapter in config.adapters]
        ids += [remote_file.SELF_DEVICE] if config.own else []
        for name in {name for name in ids if ids.count(name) > 1}:
            top.note("buses", findings.ID_TWICE, value=name)
        for path in transport_file.shared_ports(config.buses):
            top.note("buses", findings.PORT_TWICE, path=path)

    # --- Modbus -------------------------------------------------------------------------------------------------

    def _bus(self, table: Table) -> BusConfig:
        bus_id = self._id(table, "id")
        device = self._id(table, "device", bus_id)
        defaults = _Defaults(
            table.number("interval_s", 10.0, low=_SHORTEST_INTERVAL_S), point_file.report(table, Report())
        )
        transport = transport_file.transport(table, self._file, self._path)
        config = BusConfig(
            id=bus_id,
            device=device,
            transport=transport,
            units=tuple(self._unit(unit, device, defaults, transport.framing) for unit in table.tables("units")),
            record=record_file.record(table, self._path),
        )
        numbers = [unit.unit for unit in config.units]
        for number in {number for number in numbers if numbers.count(number) > 1}:
            table.note("units", findings.UNIT_ID_TWICE, number=number)
        transport_file.check_units(table, config)
        _check_load(table, config)
        table.close()
        return config

    def _unit(self, table: Table, device: str, defaults: _Defaults, framing: Framing) -> UnitConfig:
        unit = table.integer("unit", low=1, high=255)
        key = table.text("profile")
        profile = self._profiles.get(key)
        if profile is None and key:
            table.note("profile", findings.NO_PROFILE, value=key, known=", ".join(sorted(self._profiles)))
        defaults = _Defaults(
            table.number("interval_s", defaults.interval_s, low=_SHORTEST_INTERVAL_S),
            point_file.report(table, defaults.report),
        )
        timeout_s = table.number("timeout_s", profile.timeout_s if profile else 1.0, low=0.01, high=60)
        name = table.text("name", f"unit-{unit}")
        usual = quirks.transaction_ids(profile, framing)
        ids = table.choice("transaction_ids", list(TransactionIds), usual)
        rows = table.table("points")
        points = self._points(rows, profile, device, defaults) if rows and profile else ()
        table.close()
        return UnitConfig(
            name=name,
            unit=unit,
            profile=profile or NO_PROFILE,
            timeout_s=timeout_s,
            points=points,
            transaction_ids=ids,
        )

    def _points(self, rows: Table, profile: Profile, device: str, defaults: _Defaults) -> tuple[PointConfig, ...]:
        points = []
        for key in rows.names():
            register = profile.registers.get(key)
            if register is None:
                rows.note(key, findings.NO_REGISTER, profile=profile.key, known=", ".join(profile.registers))
                rows.skip(key)
                continue
            points += [self._detailed(table, register, device, defaults) for table in rows.one_or_more(key)]
            if not rows.is_table(key) and not rows.is_list(key):
                points.append(self._short(rows, key, register, device, defaults))
        return tuple(points)

    def _short(self, rows: Table, key: str, register: Register, device: str, defaults: _Defaults) -> PointConfig:
        metric = self._metric(rows, key, rows.text(key), device)
        return PointConfig(
            metric=metric, register=register, interval_ms=round(defaults.interval_s * 1000), report=defaults.report
        )

    def _detailed(self, table: Table, register: Register, device: str, defaults: _Defaults) -> PointConfig:
        config = PointConfig(
            metric=self._metric(table, "metric", table.text("metric"), device),
            register=register,
            interval_ms=round(table.number("interval_s", defaults.interval_s, low=_SHORTEST_INTERVAL_S) * 1000),
            report=point_file.report(table, defaults.report),
            site=point_file.site(table),
            traits=point_file.traits(table),
        )
        if register.type is DataType.STRING and config.site.changes_values:
            table.note("metric", findings.TEXT_CHANGED)
        table.close()
        return config

    # --- MQTT ---------------------------------------------------------------------------------------------------

    def _adapter(self, table: Table) -> AdapterConfig:
        adapter_id = self._id(table, "id")
        config = AdapterConfig(
            id=adapter_id,
            broker=self._broker_of(table, adapter_id),
            sources=tuple(self._source_of(source, adapter_id) for source in table.tables("sources")),
        )
        table.close()
        return config

    def _broker_of(self, table: Table, adapter_id: str) -> BrokerAddress:
        if self._pushed is None:
            broker = table.table("broker")
            return self._broker(broker) if broker else BrokerAddress(host="")
        known = self._brokers.get(adapter_id)
        if known is None and table.has("id"):
            table.note("id", findings.NO_OWN_BROKER, value=adapter_id, known=", ".join(self._brokers) or "-")
        return known or BrokerAddress(host="")

    def _source_of(self, table: Table, device: str) -> SourceConfig:
        topic = table.text("topic")
        decoder = table.choice("decoder", sorted(DECODERS), "json")
        if not point_file.is_filter(topic) or (("+" in topic or "#" in topic) and decoder not in _SEVERAL_TOPICS):
            table.note("topic", findings.NO_TOPIC, value=topic)
        rows = table.table("fields")
        config = SourceConfig(
            name=table.text("name", topic),
            topic=topic,
            availability=table.text("availability", ""),
            decoder=decoder,
            silence_s=table.number("silence_s", 0.0, low=0),
            fields=tuple(
                self._field(row, key, device)
                for key in (rows.names() if rows else ())
                for row in (rows.one_or_more(key, required=True) if rows else ())
            ),
            device=table.text("device", ""),
            time=point_file.device_time(table),
            missing=frozenset(table.texts("missing")),
        )
        table.close()
        if table.raw("decoder") in (config.decoder, ""):
            try:
                DECODERS[config.decoder](config.options)
            except Refused as error:
                table.note("decoder", findings.DECODER_REFUSES, problem=error.args[0])
        return config

    def _field(self, table: Table, key: str, device: str) -> FieldConfig:
        unit = table.text("unit", "1")
        if unit not in UNITS:
            table.note("unit", findings.UNKNOWN_UNIT, unit=unit)
        states = table.table("states", required=False)
        values: Mapping[str, float] = {state: states.number(state) for state in states.names()} if states else {}
        config = FieldConfig(
            metric=self._metric(table, "metric", table.text("metric"), device),
            path=key,
            unit=unit,
            scale=table.number("scale", 1.0),
            offset=table.number("offset", 0.0),
            states=values,
            report=point_file.report(table, Report()),
            traits=point_file.traits(table),
        )
        table.close()
        return config


@dataclasses.dataclass(frozen=True, slots=True)
class _Defaults:
    """What a point takes from its unit, and a unit from its bus."""

    interval_s: float
    report: Report


def _check_load(table: Table, config: BusConfig) -> None:
    """Note a bus that can never keep up with what is asked of it."""
    load = predict(config)
    if load.fits:
        return
    most = max(load.units, key=lambda unit: unit.percent)
    table.note("units", findings.BUS_OVERLOADED, percent=load.percent, unit=most.name, share=most.percent)


def _fits(count: int, size: int) -> bool:
    return count <= MAX_METRICS and size <= MAX_BIRTH_BYTES
