"""Payloads of devices that publish."""

from __future__ import annotations

import base64
import json

import pytest

from firmware_sim.devices.mqtt import MilesightEm310Udl, TasmotaPlug, ZigbeeWaterLeak, udl_frame
from firmware_sim.publisher import BrokerUrl
from firmware_sim.signals.base import ConstantSignal, ModelSignal

TIME_MS = 1_777_593_600_123  # 2026-05-01T00:00:00.123Z


def constant(value: float) -> ConstantSignal:
    return ConstantSignal(unit="1", constant=value)


def test_udl_bytes() -> None:
    """The uplink of the decoder's example: battery 92 %, 2116 mm, tilted."""
    assert udl_frame(92, 2116, tilted=True).hex(" ").upper() == "01 75 5C 03 82 44 08 04 00 01"


def test_chirpstack_event() -> None:
    """A ChirpStack v4 uplink carries the bytes, the decoded object, the device and the radio, with a UTC time."""
    sensor = MilesightEm310Udl(
        device_id="wtl-dw-02-udl",
        application_id="0f0f0f0f-5d2e-4c1f-9b3a-000000000001",
        dev_eui="24e1240000000001",
        distance=constant(2116),
        battery=constant(92),
        tilted=constant(0),
    )
    fields = sensor.fields()
    (message,) = sensor.report(TIME_MS, 70_000, lambda name: fields[name].value(0))
    body = json.loads(message.payload)
    topic = "application/0f0f0f0f-5d2e-4c1f-9b3a-000000000001/device/24e1240000000001/event/up"
    assert (message.topic, message.retain) == (topic, False)
    assert base64.b64decode(body["data"]) == udl_frame(92, 2116, tilted=False)
    assert body["object"] == {"battery": 92, "distance": 2116, "position": "normal"}
    assert body["time"] == "2026-05-01T00:00:00.123+00:00"
    assert body["deviceInfo"]["devEui"] == "24e1240000000001"
    assert body["fCnt"] == 70_000 & 0xFFFF
    assert -120 < body["rxInfo"][0]["rssi"] < -30
    assert sensor.birth() == []
    assert sensor.last_will is None


def test_tasmota_telemetry() -> None:
    """Tasmota writes local time without a zone, energy since midnight and yesterday, and its will is Offline."""
    plug = TasmotaPlug(
        device_id="p",
        name="wtl-ev-01",
        power=constant(61),
        voltage=constant(231),
        factor=constant(0.95),
        energy=ModelSignal(unit="kW.h", model="ramp", function=lambda t: t / 3600 * 0.1),
    )
    fields = plug.fields()
    (message,) = plug.report(TIME_MS, 0, lambda name: fields[name].value(TIME_MS / 1000))
    body = json.loads(message.payload)
    assert message.topic == "tele/wtl-ev-01/SENSOR"
    assert body["Time"] == "2026-05-01T08:00:00"
    energy = body["ENERGY"]
    assert (energy["Power"], energy["ApparentPower"], energy["Voltage"], energy["Current"]) == (61, 64, 231, 0.278)
    assert energy["Today"] == pytest.approx(0.8, abs=0.001)
    assert energy["Yesterday"] == pytest.approx(2.4, abs=0.001)
    assert plug.last_will is not None
    assert (plug.last_will.topic, plug.last_will.payload, plug.last_will.retain) == (
        "tele/wtl-ev-01/LWT",
        "Offline",
        True,
    )
    assert [m.payload for m in plug.birth()] == ["Online"]


def test_a_dead_plug_divides_by_nothing() -> None:
    """Without voltage and power factor the telemetry is zeros."""
    off = TasmotaPlug(
        device_id="p", name="n", power=constant(0), voltage=constant(0), factor=constant(0), energy=constant(1)
    )
    fields = off.fields()
    (message,) = off.report(TIME_MS, 0, lambda name: fields[name].value(0))
    assert json.loads(message.payload)["ENERGY"]["Current"] == 0


def test_zigbee_leak() -> None:
    """Zigbee2MQTT publishes booleans and no time, and availability retained."""
    sensor = ZigbeeWaterLeak(device_id="s", name="wtl-lk-01", bridge="wtl", leak=constant(1), battery=constant(12))
    fields = sensor.fields()
    (message,) = sensor.report(TIME_MS, 0, lambda name: fields[name].value(0))
    assert message.topic == "zigbee2mqtt/wtl-lk-01"
    assert json.loads(message.payload) == {
        "water_leak": True,
        "battery": 12,
        "battery_low": True,
        "tamper": False,
        "linkquality": 120,
    }
    assert sensor.reported_at_once == ("water_leak",)
    assert [(m.topic, m.payload, m.retain) for m in sensor.birth()] == [
        ("zigbee2mqtt/wtl-lk-01/availability", '{"state":"online"}', True)
    ]


def test_broker_urls() -> None:
    """A broker URL gives host, port, TLS and credentials; anything else is refused with an example."""
    assert BrokerUrl.parse("mqtt://127.0.0.1:21490") == BrokerUrl(host="127.0.0.1", port=21490)
    assert BrokerUrl.parse("mqtts://u:p%40@broker") == BrokerUrl(
        host="broker", port=8883, tls=True, user="u", password="p@"
    )
    for wrong in ("127.0.0.1:1883", "http://x", "mqtt://", "mqtt://host/path"):
        with pytest.raises(ValueError, match="mqtt://host:port"):
            BrokerUrl.parse(wrong)
