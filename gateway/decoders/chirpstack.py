"""ChirpStack v4 uplinks: ``application/<id>/device/<devEUI>/event/up``, with Milesight's byte format.

If the network server runs a codec, its ``object`` holds named fields. Without one, ``data`` holds the device's bytes:
for Milesight devices a sequence of channel, type, value (little-endian), the same over the product range.
``time`` is when the network's gateway received the frame: that is the event time.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.errors import Refused
from gateway.decoders.base import Fields, Value, flatten, parse_json


@dataclass(frozen=True, slots=True)
class _Item:
    """One channel of the Milesight format: name, bytes, scale, raw values that mean a failed sensor."""

    name: str
    length: int
    scale: float = 1.0
    failed: tuple[int, ...] = ()


# Source: Milesight-IoT/SensorDecoders, em310-udl and em500-pp.
MILESIGHT: Mapping[tuple[int, int], _Item] = {
    (0x01, 0x75): _Item("battery", 1),
    (0x03, 0x82): _Item("distance", 2, failed=(0xFFFD, 0xFFFF)),
    (0x04, 0x00): _Item("position", 1),
    (0x03, 0x7B): _Item("pressure", 2),
}


def decode_chirpstack(topic: str, payload: bytes) -> Fields:
    """Fields of the codec's ``object`` (or of the Milesight bytes), and ``rssi``, ``snr`` of the first gateway.

    Raises:
        Refused: if the payload is no uplink event.
    """
    document = parse_json(payload)
    if not topic.endswith("/event/up"):
        return Fields()
    if not isinstance(document, dict) or "deviceInfo" not in document:
        raise Refused("the payload is no ChirpStack v4 uplink: deviceInfo is missing")
    values: dict[str, Value] = {}
    bad: frozenset[str] = frozenset()
    decoded = document.get("object")
    data = document.get("data")
    if isinstance(decoded, dict) and decoded:
        values |= flatten(decoded)
    elif isinstance(data, str) and data:
        measured, bad = decode_milesight(_bytes(data))
        values |= measured
    receptions = document.get("rxInfo")
    if isinstance(receptions, list) and receptions and isinstance(receptions[0], dict):
        heard = flatten({key: receptions[0].get(key) for key in ("rssi", "snr")})
        values |= {key: value for key, value in heard.items() if key not in values}
    return Fields(values=values, time_ms=_time_ms(document.get("time")), bad=bad)


def decode_milesight(data: bytes) -> tuple[dict[str, Value], frozenset[str]]:
    """Named values of Milesight's channel-type-value bytes, and the names whose sensor failed.

    Raises:
        Refused: at an unknown channel, whose length nobody knows, or a value that is cut off.
    """
    values: dict[str, Value] = {}
    bad: set[str] = set()
    at = 0
    while at < len(data):
        item = MILESIGHT.get((data[at], data[at + 1])) if at + 1 < len(data) else None
        if item is None:
            raise Refused(f"unknown Milesight channel {data[at : at + 2].hex()}")
        raw = data[at + 2 : at + 2 + item.length]
        if len(raw) < item.length:
            raise Refused(f"the Milesight value {item.name!r} is cut off")
        number = int.from_bytes(raw, "little")
        if number in item.failed:
            bad.add(item.name)
        else:
            values[item.name] = number * item.scale
        at += 2 + item.length
    return values, frozenset(bad)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("data is not base64") from None


def _time_ms(value: object) -> int:
    if not isinstance(value, str):
        return 0
    try:
        moment = datetime.fromisoformat(value)
        return int(moment.timestamp() * 1000) if moment.tzinfo else 0
    except (ValueError, OverflowError):
        return 0
