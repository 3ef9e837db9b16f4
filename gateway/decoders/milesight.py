"""Milesight's LoRaWAN bytes: channel, type, value (little-endian), one after the other, as a table per model.

A pair of channel and type means different things in different models (0x04 0x00 is the position of an EM310-UDL, 0x05
0x00 the leak of an EM300-SLD and the motion of an AM307), so the model chooses the table; ChirpStack says it by its
device profile's name. ``20 CE`` is history: records with a time of their own, sent after the link was lost.

Source: the README tables of Milesight-IoT/SensorDecoders, one folder a model; EM310-TILT from its decoder there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from core.errors import Refused
from gateway.decoders.base import Fields, Value
from gateway.decoders.devicetime import TimeForm, time_ms


@dataclass(frozen=True, slots=True)
class Item:
    """One value: its name, bytes, divisor, sign, and raw values that mean a failed sensor."""

    name: str
    length: int = 1
    divisor: float = 1.0
    signed: bool = False
    failed: tuple[int, ...] = ()


Layout = tuple[Item, ...]

_BATTERY: Final = Item("battery")
_TEMPERATURE: Final = Item("temperature", 2, 10, signed=True, failed=(0xFFFD, 0xFFFF))
_HUMIDITY: Final = Item("humidity", 1, 2, failed=(0xFF,))
_DISTANCE: Final = Item("distance", 2, failed=(0xFFFD, 0xFFFF))
_TIME: Final = Item("", 4)
HISTORY: Final = (0x20, 0xCE)

# What every model may send about itself: no measurement, so it is passed over.
_SELF: Final[Mapping[tuple[int, int], Layout]] = {
    (0xFF, 0x01): (Item("", 1),),
    (0xFF, 0x0B): (Item("", 1),),
    (0xFF, 0x16): (Item("", 8),),
    (0xFF, 0x09): (Item("", 2),),
    (0xFF, 0x0A): (Item("", 2),),
    (0xFF, 0x0F): (Item("", 1),),
    (0xFF, 0xFE): (Item("", 1),),
    (0xFF, 0xFF): (Item("", 2),),
}


def _current(channel: int) -> Item:
    return Item(f"current_chn{channel}", 2, 10, failed=(0xFFFF,))


def _current_alarm(channel: int) -> Layout:
    ends = (Item(f"current_chn{channel}_max", 2, 10), Item(f"current_chn{channel}_min", 2, 10))
    return (*ends, Item(f"current_chn{channel}", 2, 10, failed=(0xFFFF,)), Item(f"current_chn{channel}_alarm"))


MODELS: Final[Mapping[str, Mapping[tuple[int, int], Layout]]] = MappingProxyType({
    "EM310-UDL": {
        (0x01, 0x75): (_BATTERY,),
        (0x03, 0x82): (_DISTANCE,),
        (0x04, 0x00): (Item("position"),),
    },
    "EM310-TILT": {
        (0x01, 0x75): (_BATTERY,),
        (0x03, 0xCF): (
            Item("angle_x", 2, 100, signed=True), Item("angle_y", 2, 100, signed=True),
            Item("angle_z", 2, 100, signed=True), Item("threshold"),
        ),
    },
    "EM300-SLD": {
        (0x01, 0x75): (_BATTERY,),
        (0x03, 0x67): (_TEMPERATURE,),
        (0x04, 0x68): (_HUMIDITY,),
        (0x05, 0x00): (Item("leakage_status"),),
        HISTORY: (_TIME, _TEMPERATURE, _HUMIDITY, Item("leakage_status")),
    },
    "EM300-MCS": {
        (0x01, 0x75): (_BATTERY,),
        (0x03, 0x67): (_TEMPERATURE,),
        (0x04, 0x68): (_HUMIDITY,),
        (0x06, 0x00): (Item("magnet_status"),),
        HISTORY: (_TIME, _TEMPERATURE, _HUMIDITY, Item("magnet_status")),
    },
    "EM500-PP": {
        (0x01, 0x75): (_BATTERY,),
        (0x03, 0x7B): (Item("pressure", 2),),
    },
    "EM500-SWL": {
        (0x01, 0x75): (_BATTERY,),
        (0x03, 0x77): (Item("water_level", 2, failed=(0xFFFF,)),),
        HISTORY: (_TIME, Item("water_level", 2, failed=(0xFFFF,))),
    },
    "EM410-RDL": {
        (0x01, 0x75): (_BATTERY,),
        (0x03, 0x67): (_TEMPERATURE,),
        (0x04, 0x82): (Item("distance", 2, signed=True),),
        (0x05, 0x00): (Item("position"),),
        (0x84, 0x82): (Item("distance", 2, signed=True), Item("distance_alarm")),
        (0x94, 0x82): (Item("distance", 2, signed=True), Item("distance_mutation", 2), Item("distance_alarm")),
        (0xB4, 0x82): (Item("", 2), Item("distance_exception")),
        HISTORY: (_TIME, Item("distance", 2, signed=True), _TEMPERATURE, Item("distance_mutation", 2), Item("event")),
    },
    "GS101": {
        (0x03, 0x67): (_TEMPERATURE,),
        (0x04, 0x68): (_HUMIDITY,),
        (0x05, 0x8E): (Item("gas_status"),),
        (0x06, 0x01): (Item("valve"),),
        (0x07, 0x01): (Item("relay"),),
        (0x08, 0x90): (Item("life_remain", 4),),
        (0xFF, 0x3F): (Item("alarm"),),
    },
    "CT305": {
        (0x03, 0x97): (Item("current_chn1_total", 4, 100),),
        (0x04, 0x99): (_current(1),),
        (0x05, 0x97): (Item("current_chn2_total", 4, 100),),
        (0x06, 0x99): (_current(2),),
        (0x07, 0x97): (Item("current_chn3_total", 4, 100),),
        (0x08, 0x99): (_current(3),),
        (0x09, 0x67): (_TEMPERATURE,),
        (0x84, 0x99): _current_alarm(1),
        (0x86, 0x99): _current_alarm(2),
        (0x88, 0x99): _current_alarm(3),
        (0x89, 0x67): (_TEMPERATURE, Item("temperature_alarm")),
    },
    "AM307": {
        (0x01, 0x75): (_BATTERY,),
        (0x03, 0x67): (_TEMPERATURE,),
        (0x04, 0x68): (_HUMIDITY,),
        (0x05, 0x00): (Item("pir"),),
        (0x06, 0xCB): (Item("light_level"),),
        (0x07, 0x7D): (Item("co2", 2),),
        (0x08, 0x7D): (Item("tvoc", 2),),
        (0x09, 0x73): (Item("pressure", 2, 10),),
        (0x0A, 0x7D): (Item("hcho", 2, 100),),
        (0x0B, 0x7D): (Item("pm2_5", 2),),
        (0x0C, 0x7D): (Item("pm10", 2),),
        (0x0D, 0x7D): (Item("o3", 2, 100),),
        (0x0E, 0x01): (Item("beep"),),
        HISTORY: (
            _TIME, _TEMPERATURE, _HUMIDITY, Item("pir"), Item("light_level"), Item("co2", 2), Item("tvoc", 2),
            Item("pressure", 2, 10),
        ),
    },
})  # fmt: skip
"""Layout by model, then by channel and type."""
_ALIKE: Final[Mapping[str, str]] = {"EM300-ZLD": "EM300-SLD", "CT303": "CT305", "CT310": "CT305", "AM319": "AM307"}
"""Models with the table of another one; the history of an AM319 is longer and is refused."""
_BY_NAME: Final = (*MODELS, *_ALIKE)


def model_of(name: str) -> str:
    """The model whose name stands in a device profile's name; empty if none does (``EM310`` is the EM310-UDL)."""
    text = name.upper().replace("_", "-").replace(" ", "-")
    found = next((model for model in _BY_NAME if model in text), "EM310-UDL" if "EM310" in text else "")
    return _ALIKE.get(found, found)


def decode_milesight(data: bytes, model: str, moment_ms: int) -> Sequence[Fields]:
    """Fields of an uplink, and one for each history record, oldest first.

    Args:
        data: the device's bytes.
        model: key of ``MODELS``.
        moment_ms: when the network heard it.

    Raises:
        Refused: at a channel that the model does not have, whose length nobody knows, or a value that is cut off.
    """
    layouts = {**_SELF, **MODELS[model]}
    values: dict[str, Value] = {}
    bad: set[str] = set()
    past: list[Fields] = []
    at = 0
    while at < len(data):
        key = (data[at], data[at + 1]) if at + 1 < len(data) else (data[at], -1)
        layout = layouts.get(key)
        if layout is None:
            raise Refused(f"unknown Milesight channel {data[at : at + 2].hex()} for {model}")
        at += 2
        size = sum(item.length for item in layout)
        if at + size > len(data):
            raise Refused(f"the Milesight value of channel {key[0]:02x} {key[1]:02x} is cut off")
        if key == HISTORY:
            past.append(_record(data[at : at + size], layout))
        else:
            found, failed = _items(data[at : at + size], layout)
            values |= found
            bad |= failed
        at += size
    now = Fields(values=values, bad=frozenset(bad), time_ms=moment_ms)
    return [*sorted(past, key=lambda one: one.time_ms), *([now] if values or bad else [])]


def _record(data: bytes, layout: Layout) -> Fields:
    """A history record: its own time, then values. One without a time that can be true is refused."""
    moment = time_ms(int.from_bytes(data[:4], "little"), TimeForm.SECONDS)
    if not moment:
        raise Refused("a Milesight history record has no time that can be true")
    values, bad = _items(data[4:], layout[1:])
    return Fields(values=values, bad=frozenset(bad), time_ms=moment, history=True)


def _items(data: bytes, layout: Layout) -> tuple[dict[str, Value], set[str]]:
    values: dict[str, Value] = {}
    bad: set[str] = set()
    at = 0
    for item in layout:
        raw = data[at : at + item.length]
        at += item.length
        if not item.name:
            continue
        if int.from_bytes(raw, "little") in item.failed:
            bad.add(item.name)
        else:
            values[item.name] = int.from_bytes(raw, "little", signed=item.signed) / item.divisor
    return values, bad
