"""MQTT devices: makers' payloads, and payloads that no maker would send."""

from __future__ import annotations

import base64
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from core.quality import GOOD, QualityClass, Reason, quality
from core.sparkplug.datatypes import DataType
from gateway.config import FieldConfig, SourceConfig
from gateway.decoders import DECODERS, Decoder, Fields, Options
from gateway.decoders.milesight import decode_milesight
from gateway.points import PointName, Points
from gateway.source import Source, number

NOW = 1_780_000_000_000
UP = "application/1/device/24e124/event/up"
FILTERS = {"sparkplug": "spBv1.0/plant/+/line-1/#"}
HEARD = {"sparkplug": "spBv1.0/plant/NDATA/line-1", "homeassistant": "homeassistant/sensor/x/config"}


def decoder(name: str, **options: str) -> Decoder:
    return DECODERS[name](Options(topic=FILTERS.get(name, UP), **options))  # type: ignore[arg-type]


def decoded(name: str, topic: str, payload: bytes, **options: str) -> Fields:
    """What a decoder that has heard nothing before makes of one message of one moment."""
    (fields,) = decoder(name, **options).decode(topic, payload)
    return fields


def test_tasmota_sensor() -> None:
    """The documented SENSOR payload; its local time without a zone is not used."""
    payload = (
        b'{"Time":"2026-05-01T08:00:00","ENERGY":{"TotalStartTime":"2026-01-01T00:00:00","Total":12.3,"Yesterday":1.1,'
        b'"Today":0.4,"Period":5,"Power":61,"ApparentPower":64,"ReactivePower":9,"Factor":0.95,"Voltage":231,"Current":0.276}}'
    )
    fields = decoded("tasmota", "tele/plug/SENSOR", payload)
    assert fields.values["ENERGY.Power"] == 61
    assert fields.values["ENERGY.Current"] == 0.276
    assert fields.time_ms == 0
    assert "Time" not in fields.values


def test_tasmota_two_channels_are_a_list() -> None:
    """Two channels: the second power is ENERGY.Power.1."""
    assert decoded("tasmota", "tele/p/SENSOR", b'{"ENERGY":{"Power":[61,0]}}').values["ENERGY.Power.1"] == 0


def test_tasmota_last_will() -> None:
    """Online and Offline, and nothing else."""
    assert decoded("tasmota", "tele/p/LWT", b"Offline").unavailable is True
    assert decoded("tasmota", "tele/p/LWT", b"Online").unavailable is False
    with pytest.raises(Refused, match="neither Online nor Offline"):
        decoded("tasmota", "tele/p/LWT", b"Perhaps")


def chirpstack(**changes: object) -> bytes:
    event: dict[str, object] = {
        "deduplicationId": "x",
        "time": "2026-05-01T00:00:00.123+00:00",
        "deviceInfo": {"deviceProfileName": "EM310-UDL", "deviceName": "well-7", "devEui": "24e1"},
        "fPort": 85,
        "data": "AXVcA4JECAQAAQ==",
        "rxInfo": [{"gatewayId": "g", "rssi": -97, "snr": 7.2}],
    }
    return json.dumps(event | changes).encode()


def test_chirpstack_uplink_of_an_em310_udl() -> None:
    """01 75 5C, 03 82 44 08, 04 00 01: battery 92 %, 2116 mm, tilted; the time is the network's."""
    fields = decoded("chirpstack", UP, chirpstack())
    assert fields.values == {"battery": 92, "distance": 2116, "position": 1, "rssi": -97, "snr": 7.2}
    assert fields.time_ms == 1_777_593_600_123


def test_chirpstack_prefers_the_codec_s_object() -> None:
    """A network server that decodes already is believed."""
    fields = decoded("chirpstack", UP, chirpstack(object={"distance": 1500, "position": "normal"}))
    assert fields.values["distance"] == 1500
    assert fields.values["position"] == "normal"
    assert "battery" not in fields.values


def test_milesight_em500_pp() -> None:
    """01 75 64, 03 7B 0A 00: battery 100 %, 10 kPa."""
    (fields,) = decode_milesight(bytes.fromhex("017564037B0A00"), "EM500-PP", NOW)
    assert fields.values == {"battery": 100, "pressure": 10}


def test_milesight_failed_sensor_is_no_value() -> None:
    """FFFF as a distance is a failed sensor."""
    (fields,) = decode_milesight(bytes.fromhex("0382FFFF"), "EM310-UDL", NOW)
    assert (fields.values, fields.bad) == ({}, frozenset({"distance"}))


@pytest.mark.parametrize("data", ["0382", "038244", "FF", "0999010203"])
def test_milesight_rubbish_is_refused(data: str) -> None:
    """Unknown channels and cut off values are refused whole, not guessed."""
    with pytest.raises(Refused):
        decode_milesight(bytes.fromhex(data), "EM310-UDL", NOW)


def test_zigbee2mqtt_state_and_availability() -> None:
    """A leak sensor's state; availability as a word or as an object."""
    payload = b'{"water_leak":false,"battery":100,"battery_low":false,"tamper":false,"linkquality":120}'
    fields = decoded("zigbee2mqtt", "zigbee2mqtt/leak", payload)
    assert fields.values["water_leak"] is False
    assert fields.values["battery"] == 100
    assert decoded("zigbee2mqtt", "zigbee2mqtt/leak/availability", b'{"state":"offline"}').unavailable is True
    assert decoded("zigbee2mqtt", "zigbee2mqtt/leak/availability", b"online").unavailable is False


def test_json_pointers() -> None:
    """A Shelly's partial status by pointer, signs of the pointer language escaped."""
    payload = b'{"params":{"ts":1736603810.49,"em:0":{"a_act_power":10.2}},"a/b":1,"m~n":2}'
    values = decoded("json", "x/events/rpc", payload).values
    assert values["/params/em:0/a_act_power"] == 10.2
    assert (values["/a~1b"], values["/m~0n"]) == (1, 2)
    assert decoded("json", "t", b"21.5").values == {"": 21.5}


BAD = [
    b"",
    b"{",
    b"nan",
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b"[" * 5_000,
    b'{"a":' * 40 + b"1" + b"}" * 40,
    b"\xff\xfe\x00",
    b"x" * 70_000,
    b'{"a": ' + b"9" * 5_000 + b"}",
]


@pytest.mark.parametrize("name", sorted(DECODERS))
@pytest.mark.parametrize("payload", BAD, ids=range(len(BAD)))
def test_payloads_of_no_maker_are_refused(name: str, payload: bytes) -> None:
    """Broken, deep, huge, NaN, not UTF-8: refused with a reason, never another error."""
    with pytest.raises(Refused):
        decoder(name).decode(HEARD.get(name, UP), payload or b"{")


@given(st.sampled_from(sorted(DECODERS)), st.one_of(st.binary(max_size=200), st.text(max_size=60).map(str.encode)))
def test_random_bytes_raise_nothing_but_refused(name: str, payload: bytes) -> None:
    """Whatever arrives: fields, or Refused."""
    for topic in (UP, "tele/x/LWT", "z/availability", "x/online", "v1/gateway/telemetry", HEARD.get(name, UP)):
        try:
            assert all(isinstance(fields, Fields) for fields in decoder(name).decode(topic, payload))
        except Refused:
            continue


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.sampled_from(sorted(DECODERS)), json_values)
def test_random_json_raises_nothing_but_refused(name: str, value: object) -> None:
    """Any JSON shape, also where an uplink should be."""
    wrapped = {"deviceInfo": {}, "object": value, "data": value, "rxInfo": value, "time": value}
    for document in (value, wrapped):
        try:
            decoder(name).decode(HEARD.get(name, UP), json.dumps(document).encode())
        except Refused:
            continue


# --- from fields to readings ----------------------------------------------------------------------------------------

FIELDS = (
    FieldConfig(metric="dl/distance", path="distance", unit="m", scale=0.001),
    FieldConfig(metric="dl/tilted", path="position", unit="1", states={"tilt": 1, "normal": 0}),
)


def source() -> tuple[Source, Points]:
    points = Points([PointName(device="lora", metric=f.metric, type=DataType.DOUBLE, unit=f.unit) for f in FIELDS])
    points.alias[:] = (11, 12)
    config = SourceConfig(name="well", topic=UP, availability="", decoder="chirpstack", silence_s=0, fields=FIELDS)
    return Source(config, "lora", points, 0), points


def test_a_message_becomes_readings_of_what_it_mentions() -> None:
    """Scaled values at the network's time; fields that the message does not mention make no reading."""
    it, points = source()
    batch = it.read(Fields(values={"distance": 2116.0}, time_ms=NOW - 500), (NOW, False), 0.0, retained=False)
    assert batch is not None
    assert (batch.alias.tolist(), batch.value.tolist(), batch.time_ms.tolist()) == ([11], [2.116], [NOW - 500])
    assert points.value[0] == 2.116
    assert math.isnan(points.value[1])


def test_the_same_message_twice_is_one_reading() -> None:
    """MQTT delivers at least once: the same own time again is a duplicate."""
    it, _ = source()
    fields = Fields(values={"distance": 1.0, "position": "tilt"}, time_ms=NOW)
    assert it.read(fields, (NOW, False), 0.0, retained=False) is not None
    assert it.read(fields, (NOW + 9, False), 1.0, retained=False) is None
    assert it.duplicates == 1


@pytest.mark.parametrize("own", [0, 5, NOW + 3_600_000])
def test_an_impossible_own_time_is_replaced_by_the_arrival(own: int) -> None:
    """No time, 1970 and an hour ahead: the reading is stamped when it arrives."""
    it, _ = source()
    batch = it.read(Fields(values={"distance": 1.0}, time_ms=own), (NOW, False), 0.0, retained=False)
    assert batch is not None
    assert batch.time_ms.tolist() == [NOW]


def test_a_retained_message_is_the_broker_s_memory() -> None:
    """Its values are uncertain until the device speaks."""
    it, _ = source()
    batch = it.read(Fields(values={"distance": 1.0}), (NOW, False), 0.0, retained=True)
    assert batch is not None
    assert batch.quality.tolist() == [quality(QualityClass.UNCERTAIN, Reason.RETAINED)]


def test_offline_and_failed_sensors_are_bad_without_a_value() -> None:
    """Offline: every field. A failed sensor: that field."""
    it, _ = source()
    offline = it.read(Fields(unavailable=True), (NOW, False), 0.0, retained=False)
    assert offline is not None
    assert offline.quality.tolist() == [quality(QualityClass.BAD, Reason.DEVICE_OFFLINE)] * 2
    failed = it.read(Fields(bad=frozenset({"distance"})), (NOW + 1, False), 0.0, retained=False)
    assert failed is not None
    assert failed.quality.tolist() == [quality(QualityClass.BAD, Reason.SENSOR_ERROR)]
    assert np.isnan(failed.value).all()


@pytest.mark.parametrize(
    ("value", "expected", "code"),
    [
        ("tilt", 1.0, GOOD),
        ("21.5", 21.5, GOOD),
        (True, 1.0, GOOD),
        ("--", math.nan, quality(QualityClass.BAD, Reason.WRONG_TYPE)),
        ("nan", math.nan, quality(QualityClass.BAD, Reason.NOT_A_NUMBER)),
    ],
)
def test_words_and_numbers_as_text(value: str | bool, expected: float, code: int) -> None:
    """Configured words, numbers in quotes (USR-M100), its padding for a failed read, and NaN in disguise."""
    got, quality_of = number(value, FIELDS[1])
    assert got == expected or (math.isnan(got) and math.isnan(expected))
    assert quality_of == code


def test_base64_that_is_none_is_refused() -> None:
    """Bytes that cannot be decoded are no uplink."""
    assert base64.b64decode("AXVcA4JECAQAAQ==")
    with pytest.raises(Refused, match="base64"):
        decoded("chirpstack", UP, chirpstack(data="***"))
