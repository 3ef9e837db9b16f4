"""Decoders that remember, batches and history: payloads from the makers' documents as golden cases."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from core.quality import GOOD, QualityClass, Reason, quality
from core.sparkplug.datatypes import QUALITY, DataType
from core.sparkplug.sparkplug_b_pb2 import Payload
from gateway.config import FieldConfig, SourceConfig
from gateway.deadband import Deadband, Report
from gateway.decoders import DECODERS, Decoder, Options
from gateway.decoders.devicetime import DeviceTime, TimeForm, time_ms
from gateway.decoders.milesight import MODELS, decode_milesight, model_of
from gateway.decoders.template import Template
from gateway.listeners import Listeners
from gateway.points import PointName, Points
from gateway.source import Source

NOW = 1_780_000_000_000


# --- Shelly ---------------------------------------------------------------------------------------------------------

SHELLY_HT = json.dumps(
    {
        "src": "shellyplusht-b8d61a8b17cc",
        "dst": "shellyplusht-b8d61a8b17cc/events",
        "method": "NotifyFullStatus",
        "params": {
            "ts": 1680962879.62,
            "ble": {},
            "cloud": {"connected": False},
            "devicepower:0": {"id": 0, "battery": {"V": 0.43, "percent": 0}, "external": {"present": True}},
            "humidity:0": {"id": 0, "rh": 42.2},
            "sys": {"mac": "B8D61A8B17CC", "time": None, "unixtime": None, "uptime": 3},
            "temperature:0": {"id": 0, "tC": 19.8, "tF": 67.6},
        },
    }
).encode()
"""A wire sample of a Shelly Plus H&T, published by its owner; shortened to the components that matter."""


def shelly() -> Decoder:
    return DECODERS["shelly"](Options(topic="x/events/rpc"))


def test_a_shelly_s_full_status() -> None:
    """Components become fields, ``ts`` in seconds becomes the event time, null is a quantity that failed."""
    (fields,) = shelly().decode("shellyplusht-b8d61a8b17cc/events/rpc", SHELLY_HT)
    assert fields.values["temperature:0.tC"] == 19.8
    assert fields.values["humidity:0.rh"] == 42.2
    assert fields.values["devicepower:0.external.present"] is True
    assert fields.time_ms == 1_680_962_879_620
    assert fields.bad == {"sys.time", "sys.unixtime"}


def test_a_shelly_s_partial_status_mentions_what_changed() -> None:
    """NotifyStatus is an overlay: one changed quantity is one field; an unset clock is no time."""
    message = {"src": "s", "method": "NotifyStatus", "params": {"ts": None, "em:0": {"id": 0, "a_act_power": 10.2}}}
    (fields,) = shelly().decode("s/events/rpc", json.dumps(message).encode())
    assert fields.values == {"em:0.id": 0, "em:0.a_act_power": 10.2}
    assert fields.time_ms == 0


def test_a_shelly_s_events_and_answers_are_no_readings() -> None:
    """A button press says nothing of a quantity; an answer to somebody's request is refused."""
    event = {"src": "s", "method": "NotifyEvent", "params": {"ts": 1.0, "events": [{"event": "single_push"}]}}
    (fields,) = shelly().decode("s/events/rpc", json.dumps(event).encode())
    assert not fields.values
    with pytest.raises(Refused, match="no Shelly notification"):
        shelly().decode("s/events/rpc", b'{"id":1,"result":{}}')


def test_a_shelly_s_component_and_online_topics() -> None:
    """A status topic names the component; ``online`` is true or false."""
    (fields,) = shelly().decode("s/status/switch:0", b'{"id":0,"output":true,"apower":8.9,"temperature":{"tC":53.3}}')
    assert (fields.values["switch:0.apower"], fields.values["switch:0.temperature.tC"]) == (8.9, 53.3)
    assert [shelly().decode("s/online", word)[0].unavailable for word in (b"true", b"false")] == [False, True]
    with pytest.raises(Refused):
        shelly().decode("s/online", b"yes")


# --- ThingsBoard ----------------------------------------------------------------------------------------------------

THINGSBOARD = json.dumps(
    {
        "Device A": [
            {"ts": 1483228800000, "values": {"temperature": 42, "humidity": 80}},
            {"ts": 1483228801000, "values": {"temperature": 43, "humidity": 82}},
        ],
        "Device B": [{"ts": 1483228800000, "values": {"temperature": 42, "humidity": 80}}],
    }
).encode()
"""The example of ThingsBoard's MQTT gateway documentation."""


def test_thingsboard_telemetry_of_one_device_among_several() -> None:
    """Two moments in time order; all but the newest are history; other devices are not ours."""
    decoder = DECODERS["thingsboard"](Options(device="Device A"))
    first, second = decoder.decode("v1/gateway/telemetry", THINGSBOARD)
    assert (first.time_ms, first.values["temperature"], first.history) == (1483228800000, 42, True)
    assert (second.time_ms, second.values["temperature"], second.history) == (1483228801000, 43, False)
    assert DECODERS["thingsboard"](Options(device="Device C")).decode("v1/gateway/telemetry", THINGSBOARD) == []


def test_thingsboard_presence_and_device_telemetry() -> None:
    """Disconnect is offline, for that device; a device's own telemetry comes in three shapes."""
    decoder = DECODERS["thingsboard"](Options(device="Device A"))
    assert decoder.decode("v1/gateway/disconnect", b'{"device":"Device A"}')[0].unavailable is True
    assert decoder.decode("v1/gateway/connect", b'{"device":"Device A"}')[0].unavailable is False
    assert decoder.decode("v1/gateway/disconnect", b'{"device":"Device B"}') == ()
    own = "v1/devices/me/telemetry"
    assert decoder.decode(own, b'{"temperature": 42}')[0].time_ms == 0
    assert decoder.decode(own, b'{"ts": 1451649600512, "values": {"temperature": 42}}')[0].time_ms == 1451649600512
    many = b'[{"ts": 1451649601000, "values": {"t": 2}}, {"ts": 1451649600512, "values": {"t": 1}}]'
    assert [fields.values["t"] for fields in decoder.decode(own, many)] == [1, 2]


# --- Home Assistant -------------------------------------------------------------------------------------------------

ATC = {
    "device_class": "temperature",
    "state_topic": "tele/tasmota_ble/ATC264902",
    "name": "ATC_264902 Temperature",
    "uniq_id": "ATC_264902_temp",
    "unit_of_meas": "°C",
    "value_template": "{{ value_json.Temperature}}",
    "device": {"name": "ATC_264902", "identifiers": ["ATC_264902"]},
}
"""A published announcement of a flashed Mi sensor: full and abbreviated keys side by side."""


def announced(document: Mapping[str, object], topic: str, *paths: str) -> Decoder:
    decoder = DECODERS["homeassistant"](Options(topic=topic, paths=paths))
    assert decoder.decode(topic, json.dumps(document).encode()) == ()
    return decoder


def test_an_announced_sensor_is_read_by_its_template() -> None:
    """The announcement names topic and template; its unique id is the field."""
    decoder = announced(ATC, "homeassistant/sensor/ATC_264902_temp/config", "ATC_264902_temp")
    assert decoder.topics() == {"tele/tasmota_ble/ATC264902"}
    (fields,) = decoder.decode("tele/tasmota_ble/ATC264902", b'{"Temperature": 21.4, "Humidity": 40}')
    assert fields.values == {"ATC_264902_temp": 21.4}
    assert decoder.decode("tele/tasmota_ble/ATC264902", b'{"Humidity": 40}') == ()


def test_an_announced_device_with_components_and_availability() -> None:
    """The device form: a base topic, two components, one availability for all; offline concerns its components."""
    document = {
        "dev": {"ids": ["x"]},
        "o": {"name": "maker"},
        "~": "x/1",
        "avty": [{"t": "~/avail"}],
        "cmps": {
            "t": {"p": "sensor", "uniq_id": "x_t", "stat_t": "~/state", "val_tpl": "{{ value_json.t | float / 10 }}"},
            "door": {"p": "binary_sensor", "uniq_id": "x_door", "stat_t": "~/door", "pl_on": "OPEN", "pl_off": "SHUT"},
            "led": {"p": "light", "uniq_id": "x_led", "cmd_t": "~/led"},
        },
    }
    decoder = announced(document, "homeassistant/device/x/config", "x_t", "x_door")
    assert decoder.topics() == {"x/1/state", "x/1/door", "x/1/avail"}
    assert decoder.decode("x/1/state", b'{"t": "215"}')[0].values == {"x_t": 21.5}
    assert decoder.decode("x/1/door", b"OPEN")[0].values == {"x_door": True}
    assert decoder.decode("x/1/avail", b"offline")[0].offline == {"x_t", "x_door"}
    assert decoder.decode("x/1/avail", b"online") == ()


def test_an_empty_announcement_takes_the_component_back() -> None:
    """Home Assistant's way of removing a device."""
    topic = "homeassistant/sensor/ATC_264902_temp/config"
    decoder = announced(ATC, topic, "ATC_264902_temp")
    decoder.decode(topic, b"")
    assert decoder.topics() == frozenset()


def test_a_template_beyond_the_grammar_costs_only_its_component() -> None:
    """One announced value with a loop in its template is left out; its neighbour is read."""
    document = {
        "cmps": {
            "a": {
                "p": "sensor",
                "uniq_id": "a",
                "stat_t": "s",
                "val_tpl": "{% for i in value_json %}1{% endfor %}",
            },
            "b": {"p": "sensor", "uniq_id": "b", "stat_t": "s", "val_tpl": "{{ value_json.b }}"},
        }
    }
    decoder = announced(document, "homeassistant/device/x/config", "a", "b")
    assert decoder.decode("s", b'{"b": 3}')[0].values == {"b": 3}


# --- templates ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "document", "expected"),
    [
        ("{{ value_json.t }}", {"t": 21.5}, 21.5),
        ("{{value_json['a']['b'][1]}}", {"a": {"b": [1, 2]}}, 2),
        ("{{ (value_json.t | float * 1.8 + 32) | round(1) }}", {"t": "21.5"}, 70.7),
        ("{{ 'ON' if value_json.p > 5 else 'OFF' }}", {"p": 6}, "ON"),
        ("{{ value_json.x | default(7) }}", {}, 7),
        ("{{ value_json.x | int(0) }}", {"x": "abc"}, 0),
        ("{{ value_json.x is defined }}", {}, False),
        ("{{ not value_json.ok and value_json.n >= 2 }}", {"ok": False, "n": 2}, True),
        ("{{ -value_json.n // 2 }}", {"n": 5}, -3),
        ("{{ value_json.t }}", {}, None),
        ("{{ 1 / value_json.n }}", {"n": 0}, None),
        ("{{ value_json.t + 1 }}", {"t": "x"}, None),
    ],
)
def test_templates_come_to_what_home_assistant_would_show(text: str, document: object, expected: object) -> None:
    """Members, filters, arithmetic, choices; what is missing or no number has no value."""
    assert Template(text).value(document) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{{ value_json.__class__() }}",
        "{% set x = 1 %}{{ x }}",
        "{{ range(10**9) }}",
        "{{ states('sensor.x') }}",
        "{{ value_json | tojson }}",
        "{{ 'a' * 10 ** 9 }}",
        "{{ value_json.t ",
        "plain text",
        "{{ value }} and {{ value }}",
        "{{ x }}",
        "{{ " + "(" * 300 + "1" + ")" * 300 + " }}",
    ],
)
def test_templates_that_could_do_more_are_refused_when_they_are_read(text: str) -> None:
    """No calls, no globals, no loops, no powers, one expression: refused with the part that is not allowed."""
    with pytest.raises(Refused):
        Template(text)


def test_a_member_with_underscores_is_a_member_only() -> None:
    """``__class__`` of a payload is a key like any other: templates never touch Python objects."""
    assert Template("{{ value_json.__class__ }}").value({}) is None
    assert Template("{{ value_json.__class__ }}").value({"__class__": 3}) == 3


@given(st.text(max_size=60))
def test_any_text_is_a_template_or_refused(text: str) -> None:
    """Whatever a device announces: a template that gives a value or none, or Refused."""
    for candidate in (text, "{{ " + text + " }}", "{{ value_json." + text + " }}"):
        try:
            Template(candidate).value({"a": 1}, "1")
        except Refused:
            continue


# --- Sparkplug ------------------------------------------------------------------------------------------------------

FILTER = "spBv1.0/plant/+/line-1/#"


def birth(seq: int, *metrics: tuple[str, int, float], bd_seq: int | None = None) -> bytes:
    message = Payload(timestamp=NOW, seq=seq)
    if bd_seq is not None:
        message.metrics.add(name="bdSeq", datatype=int(DataType.INT64), long_value=bd_seq)
    for name, alias, value in metrics:
        message.metrics.add(name=name, alias=alias, datatype=int(DataType.DOUBLE), timestamp=NOW, double_value=value)
    return message.SerializeToString()


def data(seq: int, alias: int, value: float, **more: int) -> bytes:
    message = Payload(timestamp=NOW + 1, seq=seq)
    message.metrics.add(alias=alias, double_value=value, **more)
    return message.SerializeToString()


def node(device: str = "pump") -> Decoder:
    return DECODERS["sparkplug"](Options(topic=FILTER, device=device))


def born() -> Decoder:
    decoder = node()
    decoder.decode("spBv1.0/plant/NBIRTH/line-1", birth(0, bd_seq=3))
    decoder.decode("spBv1.0/plant/DBIRTH/line-1/pump", birth(1, ("Pressure/Value", 7, 0.4)))
    return decoder


def test_a_sparkplug_device_by_names_and_aliases() -> None:
    """The birth's values are readings; data by alias get the birth's name and the message's time."""
    decoder = node()
    assert decoder.decode("spBv1.0/plant/NBIRTH/line-1", birth(0, bd_seq=3)) == ()
    (fields,) = decoder.decode("spBv1.0/plant/DBIRTH/line-1/pump", birth(1, ("Pressure/Value", 7, 0.4)))
    assert (fields.values, fields.time_ms) == ({"Pressure/Value": 0.4}, NOW)
    (fields,) = decoder.decode("spBv1.0/plant/DDATA/line-1/pump", data(2, 7, 0.5, timestamp=NOW + 500))
    assert (fields.values, fields.time_ms) == ({"Pressure/Value": 0.5}, NOW + 500)
    assert decoder.asks(100.0) == ()


def test_an_alias_nobody_announced_asks_for_a_birth_at_most_every_ten_seconds() -> None:
    """Data before a birth are refused, and the node is asked once."""
    decoder = node()
    with pytest.raises(Refused, match="alias 7 is unknown"):
        decoder.decode("spBv1.0/plant/DDATA/line-1/pump", data(2, 7, 0.5))
    (asked,) = decoder.asks(100.0)
    assert asked.topic == "spBv1.0/plant/NCMD/line-1"
    assert Payload.FromString(asked.payload).metrics[0].name == "Node Control/Rebirth"
    with pytest.raises(Refused):
        decoder.decode("spBv1.0/plant/DDATA/line-1/pump", data(3, 7, 0.5))
    assert decoder.asks(105.0) == ()
    assert len(decoder.asks(110.5)) == 1


def test_a_gap_in_seq_may_hide_a_birth_that_gave_the_alias_another_meaning() -> None:
    """After a lost message nothing is believed by alias until the next birth."""
    decoder = born()
    with pytest.raises(Refused):
        decoder.decode("spBv1.0/plant/DDATA/line-1/pump", data(4, 7, 0.5))
    assert len(decoder.asks(0.0)) == 1
    decoder.decode("spBv1.0/plant/NBIRTH/line-1", birth(0, bd_seq=3))
    decoder.decode("spBv1.0/plant/DBIRTH/line-1/pump", birth(1, ("Level/Value", 7, 1.2)))
    assert decoder.decode("spBv1.0/plant/DDATA/line-1/pump", data(2, 7, 1.3))[0].values == {"Level/Value": 1.3}


def test_a_lost_connection_makes_aliases_doubtful() -> None:
    """What was announced while nobody listened is unknown."""
    decoder = born()
    decoder.reconnected()
    with pytest.raises(Refused):
        decoder.decode("spBv1.0/plant/DDATA/line-1/pump", data(2, 7, 0.5))


def test_seq_counts_over_all_messages_of_the_node() -> None:
    """Messages of other devices count, and 0 follows 255."""
    decoder = born()
    for seq in range(2, 256):
        decoder.decode("spBv1.0/plant/DDATA/line-1/other", data(seq, 1, 0.0))
    assert decoder.decode("spBv1.0/plant/DDATA/line-1/pump", data(0, 7, 0.5))[0].values == {"Pressure/Value": 0.5}


def test_quality_null_and_history_of_a_sparkplug_metric() -> None:
    """Quality 500 is stale, 0 bad, null bad; is_historical is history at its own time."""
    decoder = born()
    message = Payload(timestamp=NOW, seq=2)
    old = message.metrics.add(alias=7, timestamp=NOW - 60_000, double_value=0.3, is_historical=True)
    assert old.is_historical
    message.metrics.add(alias=7, timestamp=NOW, double_value=0.5)
    message.metrics[1].properties.keys.append(QUALITY)
    message.metrics[1].properties.values.add(type=3, int_value=500)
    past, now = decoder.decode("spBv1.0/plant/DDATA/line-1/pump", message.SerializeToString())
    assert (past.history, past.time_ms, past.values) == (True, NOW - 60_000, {"Pressure/Value": 0.3})
    assert not now.history
    assert now.stale == {"Pressure/Value"}
    null = Payload(timestamp=NOW, seq=3)
    null.metrics.add(alias=7, is_null=True)
    (fields,) = decoder.decode("spBv1.0/plant/DDATA/line-1/pump", null.SerializeToString())
    assert fields.bad == {"Pressure/Value"}


@pytest.mark.parametrize(
    ("kind", "field", "raw", "expected"),
    [
        (DataType.INT16, "int_value", 0xFFFF_CFC7, -12345),
        (DataType.INT8, "int_value", 0xFFFF_FFFF, -1),
        (DataType.UINT32, "int_value", 0xFFFF_FFFF, 4294967295),
        (DataType.INT64, "long_value", 2**64 - 5, -5),
        (DataType.BOOLEAN, "boolean_value", True, True),
        (DataType.STRING, "string_value", "run", "run"),
    ],
)
def test_datatypes_of_a_foreign_node(kind: DataType, field: str, raw: object, expected: object) -> None:
    """Negative integers travel as two's complement in unsigned fields."""
    message = Payload(timestamp=NOW, seq=1)
    message.metrics.add(name="m", datatype=int(kind), **{field: raw})
    (fields,) = node().decode("spBv1.0/plant/DBIRTH/line-1/pump", message.SerializeToString())
    assert fields.values == {"m": expected}


def test_death_of_this_session_and_of_an_older_one() -> None:
    """NDEATH with another bdSeq is the will of a session that is over; DDEATH takes the device."""
    decoder = born()
    assert decoder.decode("spBv1.0/plant/NDEATH/line-1", birth(0, bd_seq=2)) == ()
    assert decoder.decode("spBv1.0/plant/NDEATH/line-1", birth(0, bd_seq=3))[0].unavailable is True
    decoder = born()
    assert decoder.decode("spBv1.0/plant/DDEATH/line-1/pump", birth(2))[0].unavailable is True


@pytest.mark.parametrize("topic", ["", "spBv1.0/plant/DDATA/line-1/#", "spBv1.0/+/+/line-1/#", "a/b/+/c/#"])
def test_a_sparkplug_source_listens_to_one_whole_node(topic: str) -> None:
    """Anything else could not follow births and seq."""
    with pytest.raises(Refused, match="topic of a Sparkplug source"):
        DECODERS["sparkplug"](Options(topic=topic))


# --- Milesight ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "data", "expected"),
    [
        ("EM310-UDL", "01755C03824408040001", {"battery": 92, "distance": 2116, "position": 1}),
        ("EM300-SLD", "01755C03673401046865050000",
         {"battery": 92, "temperature": 30.8, "humidity": 50.5, "leakage_status": 0}),
        ("EM300-MCS", "01755C03673401046865060001",
         {"battery": 92, "temperature": 30.8, "humidity": 50.5, "magnet_status": 1}),
        ("EM500-PP", "017564037B0A00", {"battery": 100, "pressure": 10}),
        ("EM500-SWL", "01756403770200", {"battery": 100, "water_level": 2}),
        ("AM307", "0367EE0004687C05000106CB02077DA803087D25000973662 70A7D04000B7D20000C7D3000".replace(" ", ""),
         {"temperature": 23.8, "humidity": 62, "pir": 1, "light_level": 2, "co2": 936, "tvoc": 37, "pressure": 1008.6,
          "hcho": 0.04, "pm2_5": 32, "pm10": 48}),
        ("CT305", "039710270000", {"current_chn1_total": 100}),
        ("CT305", "8499B80BD007C40905",
         {"current_chn1_max": 300, "current_chn1_min": 200, "current_chn1": 250, "current_chn1_alarm": 5}),
        ("CT305", "FF0BFFFF0101FF166746D38802580000FF090100FF0A0101FF0F00FFFF0101", {}),
    ],
)  # fmt: skip
def test_milesight_samples_of_the_maker(model: str, data: str, expected: dict[str, float]) -> None:
    """The sample payloads of the maker's decoder repository (currents there in another scale: its table says /10)."""
    found = decode_milesight(bytes.fromhex(data), model, NOW)
    assert {key: value for fields in found for key, value in fields.values.items()} == pytest.approx(expected)


def test_milesight_history_keeps_its_own_time() -> None:
    """20 CE 9E744663 1001 5D 01: 27.2 °C, 46.5 %, a leak, at 1665561758, sent later."""
    (record,) = decode_milesight(bytes.fromhex("20CE9E74466310015D01"), "EM300-SLD", NOW)
    assert (record.time_ms, record.history) == (1_665_561_758_000, True)
    assert record.values == {"temperature": 27.2, "humidity": 46.5, "leakage_status": 1}


def test_a_failed_current_transformer_is_no_current() -> None:
    """04 99 FFFF is "read failed" in the maker's sample."""
    (fields,) = decode_milesight(bytes.fromhex("0499FFFF"), "CT305", NOW)
    assert fields.values == {}
    assert fields.bad == {"current_chn1"}


@pytest.mark.parametrize(
    ("name", "model"),
    [("EM310", "EM310-UDL"), ("milesight EM300_ZLD", "EM300-SLD"), ("em310-tilt v2", "EM310-TILT"), ("x", "")],
)
def test_the_device_profile_s_name_tells_the_model(name: str, model: str) -> None:
    """However the network server's operator spells it."""
    assert model_of(name) == model


@given(st.sampled_from(sorted(MODELS)), st.binary(max_size=60))
def test_any_bytes_are_values_or_refused(model: str, data: bytes) -> None:
    """Never another error, never a value of bytes that are not there."""
    try:
        decode_milesight(data, model, NOW)
    except Refused:
        return


# --- generic JSON ---------------------------------------------------------------------------------------------------


def test_pointers_templates_and_device_time_of_a_neuron_group() -> None:
    """EMQX Neuron's tag list: an element by its name, its error as a missing value, the group's time in ms."""
    payload = (
        b'{"timestamp":1714521600000,"node":"n","group":"g",'
        b'"tags":[{"name":"u","value":230.1},{"name":"i","error":3002}]}'
    )
    paths = ("/tags/[name=u]/value", "/tags/[name=i]/value", "{{ value_json.tags[0].value / 10 }}")
    options = Options(paths=paths, time=DeviceTime(path="/timestamp", form=TimeForm.MS))
    (fields,) = DECODERS["json"](options).decode("/neuron/n/d/g", payload)
    assert fields.values == {paths[0]: 230.1, paths[2]: pytest.approx(23.01)}
    assert fields.time_ms == 1_714_521_600_000


@pytest.mark.parametrize(
    ("value", "form", "zone", "expected"),
    [
        (1714521600, TimeForm.SECONDS, "", 1_714_521_600_000),
        ("1714521600.5", TimeForm.SECONDS, "", 1_714_521_600_500),
        ("2026-05-01T08:00:00", TimeForm.ISO, "Asia/Shanghai", 1_777_593_600_000),
        ("2026-05-01T08:00:00", TimeForm.ISO, "", 0),
        ("2026-05-01T00:00:00Z", TimeForm.ISO, "", 1_777_593_600_000),
        ("1970-01-01T00:00:10Z", TimeForm.ISO, "", 0),
        (1e300, TimeForm.MS, "", 0),
        (1e306, TimeForm.SECONDS, "", 0),
        pytest.param(10**400, TimeForm.MS, "", 0, id="a time of four hundred digits"),
        (True, TimeForm.MS, "", 0),
        (None, TimeForm.ISO, "", 0),
    ],
)
def test_device_times(value: object, form: TimeForm, zone: str, expected: int) -> None:
    """Seconds, milliseconds, ISO with an offset or a known zone; what cannot be true is no time."""
    assert time_ms(value, form, zone) == expected


# --- from fields to readings ----------------------------------------------------------------------------------------


def source(decoder: str, *paths: str, missing: frozenset[str] = frozenset(), device: str = "") -> tuple[Source, Points]:
    fields = tuple(FieldConfig(metric=f"f/{index}", path=path, unit="1") for index, path in enumerate(paths))
    points = Points([PointName(device="m", metric=f.metric, type=DataType.DOUBLE, unit="1") for f in fields])
    config = SourceConfig(
        name="s",
        topic="t",
        availability="",
        decoder=decoder,
        silence_s=0,
        fields=fields,
        missing=missing,
        device=device,
    )
    return Source(config, "m", points, 0), points


def test_history_neither_replaces_the_newest_value_nor_moves_the_deadband() -> None:
    """A record of the past is a reading at its time; what the birth shows stays the newest."""
    it, points = source("thingsboard", "t", device="A")
    (now,) = it.decoder.decode("v1/gateway/telemetry", b'{"A":[{"ts":1780000000000,"values":{"t":2}}]}')
    assert it.read(now, (NOW, False), 0.0, retained=False) is not None
    late = b'{"A":[{"ts":1779999000000,"values":{"t":1}},{"ts":1780000000000,"values":{"t":2}}]}'
    past, again = it.decoder.decode("v1/gateway/telemetry", late)
    batch = it.read(past, (NOW + 5, False), 0.0, retained=False)
    assert batch is not None
    assert (batch.value.tolist(), batch.time_ms.tolist()) == ([1], [1_779_999_000_000])
    assert points.value[0] == 2
    assert it.read(again, (NOW + 5, False), 0.0, retained=False) is None


def test_a_serial_server_s_padding_is_a_failed_sensor() -> None:
    """USR-M100 writes a text of the user's choice where a read failed."""
    it, _ = source("json", "/p", missing=frozenset({"ERR"}))
    (fields,) = it.decoder.decode("t", b'{"p":"ERR"}')
    batch = it.read(fields, (NOW, False), 0.0, retained=False)
    assert batch is not None
    assert batch.quality.tolist() == [quality(QualityClass.BAD, Reason.SENSOR_ERROR)]


def test_filters_lead_to_their_sources_once() -> None:
    """Wildcards match as MQTT says; a source with two matching filters hears a message once; announced topics join."""
    first, _ = source("json", "/p")
    heard = announced(ATC, "homeassistant/sensor/x/config", "ATC_264902_temp")
    second, _ = source("homeassistant", "ATC_264902_temp")
    listeners = Listeners([first, second])
    assert listeners.of("t") == [first, second]
    assert listeners.of("u") == []
    second.decoder = heard
    assert listeners.refresh() == ("tele/tasmota_ble/ATC264902",)
    assert listeners.refresh() == ()
    assert listeners.of("tele/tasmota_ble/ATC264902") == [second]


def test_a_watched_bit_that_flips_is_reported_at_once_and_others_are_not() -> None:
    """Bit-wise on events: bits 0 and 4 are watched, bit 1 may flip unseen until the longest silence."""
    deadband = Deadband([Report(bits=0b10001, max_silence_s=60)])
    rows, good = np.array([0]), np.array([GOOD], np.uint8)
    values = [0.0, 2.0, 3.0, 3.0, 16.0 + 1.0, float("nan")]
    seen = [deadband.select(rows, index * 1000.0, np.array([value]), good) for index, value in enumerate(values)]
    assert [bool(mask[0]) for mask in seen if mask is not None] == [True, False, True, False, True, True]
    late = deadband.select(rows, 70_000.0, np.array([float("nan")]), good)
    assert late is not None
    assert bool(late[0])
