"""MQTT devices and pymodbus's own simulator: the ways into a gateway that its makers did not write themselves."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from core.quality import QualityClass, Reason, class_of, quality, reason_of
from core.sparkplug.sparkplug_b_pb2 import Payload
from gateway.config_file import parse_config
from gateway.mqtt import MqttConnection
from tests.integration.gateway.conftest import NODE, running
from tests.integration.gateway.harness import ModelHost, Stored, until

UP = "application/1/device/24e1/event/up"


def latest(host: ModelHost, metric: str) -> Stored | None:
    rows = [(key, item) for key, item in host.stored.items() if item.metric == metric]
    return max(rows, key=lambda row: row[0])[1] if rows else None


async def test_mqtt_devices_become_readings(host: ModelHost, tmp_path: Path) -> None:
    """A Tasmota plug and a LoRaWAN level sensor; rubbish in between is rejected and counted; offline is bad."""
    config = parse_config(
        f"""
group: {NODE.group}
node: {NODE.node}
broker: {{host: {host.address.host}, port: {host.address.port}}}
uplink: {{health_s: 0.5}}
spool: {{path: spool}}
adapters:
  - id: mqtt
    broker: {{host: {host.address.host}, port: {host.address.port}}}
    sources:
      - decoder: tasmota
        topic: tele/plug/SENSOR
        availability: tele/plug/LWT
        fields:
          ENERGY.Power: {{metric: pump/power, unit: W}}
      - decoder: chirpstack
        topic: {UP}
        fields:
          distance: {{metric: well/distance, unit: m, scale: 0.001}}
""",
        tmp_path,
    )
    device = MqttConnection(host.address, "device", on_message=lambda *_: None)
    async with host.online(), device, running(config):
        await until(lambda: len(host.births) >= 2)
        await until(lambda: host.node_metrics.get("Health/Mode") == "commit")
        power = json.dumps({"Time": "2026-05-01T08:00:00", "ENERGY": {"Power": 61}}).encode()

        async def publish_until(metric: str, topic: str, payload: bytes) -> Stored:
            device.publish(topic, payload, qos=1)
            await until(lambda: latest(host, metric) is not None)
            found = latest(host, metric)
            assert found is not None
            return found

        def heard() -> bool:
            device.publish("tele/plug/SENSOR", power, qos=1)  # again and again: the adapter may still be subscribing
            return latest(host, "pump/power") is not None

        await until(heard)
        device.publish("tele/plug/SENSOR", b"{{{", qos=1)
        event = {
            "time": "2026-05-01T00:00:00.123+00:00",
            "deviceInfo": {"deviceProfileName": "EM310-UDL"},
            "data": "AXVcA4JECAQAAQ==",
        }
        level = await publish_until("well/distance", UP, json.dumps(event).encode())
        assert (level.value, level.time_ms) == (2.116, 1_777_593_600_123)
        device.publish("tele/plug/LWT", b"Offline", qos=1)
        offline = quality(QualityClass.BAD, Reason.DEVICE_OFFLINE)
        await until(lambda: (item := latest(host, "pump/power")) is not None and item.quality == offline)
        await until(lambda: host.node_metrics.get("Health/Adapter rejected") == 1)
    assert {item.value for item in host.stored.values() if item.metric == "pump/power"} == {61.0, None}
    assert host.problems == []


async def test_announced_devices_and_foreign_nodes_become_readings(host: ModelHost, tmp_path: Path) -> None:
    """Home Assistant discovery: the announced topic is heard. A Sparkplug node born before is asked for its birth."""
    place = f"{{host: {host.address.host}, port: {host.address.port}}}"
    config = parse_config(
        f"""
group: {NODE.group}
node: {NODE.node}
broker: {place}
spool: {{path: spool.sqlite}}
adapters:
  - id: mqtt
    broker: {place}
    sources:
      - decoder: homeassistant
        topic: homeassistant/sensor/x/config
        fields: {{x_t: {{metric: hall/temperature, unit: Cel}}}}
      - decoder: sparkplug
        topic: spBv1.0/plant/+/line-1/#
        device: pump
        fields: {{Pressure: {{metric: pump/pressure, unit: kPa}}}}
""",
        tmp_path,
    )
    asked: list[str] = []
    births = [foreign("NBIRTH", 0), foreign("DBIRTH", 1, name="Pressure", alias=7, datatype=10, double_value=400.0)]

    def commanded(topic: str, _payload: bytes, _retained: bool) -> None:
        asked.append(topic)
        for kind, payload in zip(("NBIRTH/line-1", "DBIRTH/line-1/pump"), births, strict=True):
            device.publish(f"spBv1.0/plant/{kind}", payload)

    device = MqttConnection(host.address, "device", on_message=commanded)
    async with host.online(), device, running(config):
        await device.subscribe("spBv1.0/plant/NCMD/line-1")
        device.publish("homeassistant/sensor/x/config", ANNOUNCEMENT, qos=1)

        def heard() -> bool:
            device.publish("x/state", b'{"t": 21.5}', qos=1)
            device.publish("homeassistant/sensor/x/config", ANNOUNCEMENT, qos=1)
            device.publish("spBv1.0/plant/DDATA/line-1/pump", foreign("DDATA", 2, alias=7, double_value=410.0))
            return latest(host, "hall/temperature") is not None and latest(host, "pump/pressure") is not None

        await until(heard)
    assert asked[0] == "spBv1.0/plant/NCMD/line-1"
    # None: not measured, when the gateway was stopped.
    assert {item.value for item in host.stored.values() if item.metric == "hall/temperature"} - {None} == {21.5}
    assert {item.value for item in host.stored.values() if item.metric == "pump/pressure"} <= {400.0, 410.0, None}
    assert host.problems == []


ANNOUNCEMENT = b'{"uniq_id":"x_t","stat_t":"x/state","unit_of_meas":"\xc2\xb0C","val_tpl":"{{ value_json.t }}"}'


def foreign(kind: str, seq: int, **metric: float | str) -> bytes:
    """A message of a Sparkplug node that is not ours."""
    message = Payload(timestamp=1_780_000_000_000, seq=seq)
    if kind == "NBIRTH":
        message.metrics.add(name="bdSeq", datatype=4, long_value=0)
    if metric:
        message.metrics.add(**metric)
    return message.SerializeToString()


@contextlib.asynccontextmanager
async def simulator(port: int, devices: list[SimDevice]) -> AsyncIterator[None]:
    server = ModbusTcpServer(devices, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    try:
        yield
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]


async def test_products_on_pymodbus_s_simulator(host: ModelHost, free_port: int, tmp_path: Path) -> None:
    """An SDM630 and an XY-MD02 with the words of their makers; an address that is not served is said to be illegal."""
    words = [0x4366, 0x8000]
    meter = SimDevice(id=1, simdata=[SimData(0, values=words, datatype=DataType.REGISTERS)])
    climate = SimDevice(id=2, simdata=[SimData(1, values=[0xFFCB, 0x028F], datatype=DataType.REGISTERS)])
    config = parse_config(
        f"""
group: {NODE.group}
node: {NODE.node}
broker: {{host: {host.address.host}, port: {host.address.port}}}
spool: {{path: spool}}
buses:
  - id: line
    host: 127.0.0.1
    port: {free_port}
    interval_s: 0.2
    units:
      - {{unit: 1, profile: eastron-sdm630, points: {{voltage_l1: pm/voltage, frequency: pm/frequency}}}}
      - {{unit: 2, profile: xy-md02, points: {{temperature: hall/temperature, humidity: hall/humidity}}}}
""",
        tmp_path,
    )
    async with simulator(free_port, [meter, climate]), host.online(), running(config):
        await until(lambda: all(latest(host, m) for m in ("pm/voltage", "pm/frequency", "hall/temperature")))
    voltage, temperature, humidity = (latest(host, m) for m in ("pm/voltage", "hall/temperature", "hall/humidity"))
    assert voltage is not None
    assert temperature is not None
    assert humidity is not None
    assert (voltage.value, voltage.quality) == (230.5, 0)
    assert temperature.value is not None
    assert abs(temperature.value + 5.3) < 1e-9
    assert humidity.value is not None
    assert abs(humidity.value - 65.5) < 1e-9
    frequency = latest(host, "pm/frequency")
    assert frequency is not None
    assert (class_of(frequency.quality), frequency.value) == (QualityClass.NOT_MEASURED, None)
    assert reason_of(frequency.quality) is Reason.ILLEGAL_ADDRESS
    assert host.problems == []
