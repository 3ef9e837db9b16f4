"""What Home Assistant is told of a point: its configuration once, its value again and again. No clock, no I/O.

Names are data: they stand in JSON strings, never in topics and never in templates. Topics are made of codes, in which
every sign that is not ``[A-Za-z0-9_-]`` is ``_``, and end with the number of the point, which nothing else has.
Source: Home Assistant's documentation of MQTT discovery, sensor and binary sensor.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from core.places import PointKind
from core.quality import REASON_MASK, QualityClass, Reason, class_of
from dispatch.home_assistant.units import binary_class, device_class, sign, state_class

DISCOVERY: Final = "homeassistant"
STATES: Final = "twingrid"
SENSOR, BINARY = "sensor", "binary_sensor"
ON, OFF = "ON", "OFF"
ONLINE, OFFLINE = "online", "offline"
EXPIRY_SLACK_S: Final = 60
"""A value may be told that much later than it was read before it expires."""
STALE: Final = "stale"
_MOST_NAME, _MOST_STATE = 120, 255
_NO_ID = re.compile(r"[^A-Za-z0-9_-]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_VALUE: Final = "{{ value_json.value }}"
_ATTRIBUTES: Final = (
    "{{ {'quality': value_json.quality, 'reason': value_json.reason, 'measured_at': value_json.measured_at} | tojson }}"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownPoint:
    """A point as Home Assistant is to see it; names in the language of its people.

    Attributes:
        number: of the point; facility_number: of its facility.
        facility, community: code of the facility, name of its community.
        facility_name, class_name, name: what people read; name: of the measurement.
        yes_or_no: its values are 1 for yes and 0 for no.
        stale_after_ms: how long a value holds.
        link: where people read on; empty: nowhere.
    """

    number: int
    facility_number: int
    facility: str
    facility_name: str
    community: str
    class_name: str
    key: str
    name: str
    unit: str
    kind: PointKind
    yes_or_no: bool
    stale_after_ms: int
    link: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """The newest reading of a point."""

    time_ms: int
    value: float
    quality: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A retained message; an empty payload takes away what is retained."""

    topic: str
    payload: bytes


def slug(text: str) -> str:
    """A level of a topic: letters, digits, ``_`` and ``-``, at most 64."""
    return _NO_ID.sub("_", text)[:64] or "_"


def plain(text: str, most: int = _MOST_NAME) -> str:
    """A text on one line, without signs that turn or break it, cut to what fits."""
    return " ".join(_CONTROL.sub(" ", text).split())[:most] or "?"


def availability_topic(host: str) -> str:
    """Where it stands whether Twingrid tells anything now."""
    return f"{STATES}/{slug(host)}/availability"


def config_topic(host: str, point: ShownPoint) -> str:
    """Where the configuration of a point is retained."""
    component = BINARY if point.yes_or_no else SENSOR
    node = f"{slug(host)}_{slug(point.facility)}"
    return f"{DISCOVERY}/{component}/{node}/{slug(point.key)}_{point.number}/config"


def state_topic(host: str, point: ShownPoint) -> str:
    """Where the newest value of a point is retained."""
    return f"{STATES}/{slug(host)}/{slug(point.facility)}/{slug(point.key)}_{point.number}"


def configuration(host: str, point: ShownPoint, version: str) -> bytes:
    """The configuration of a point, JSON; ``version``: of Twingrid."""
    state = state_topic(host, point)
    said: dict[str, object] = {
        "name": plain(point.name),
        "unique_id": f"{slug(host)}_{point.number}",
        "state_topic": state,
        "value_template": _VALUE,
        "json_attributes_topic": state,
        "json_attributes_template": _ATTRIBUTES,
        "availability_topic": availability_topic(host),
        "payload_available": ONLINE,
        "payload_not_available": OFFLINE,
        "expire_after": math.ceil(point.stale_after_ms / 1000) + EXPIRY_SLACK_S,
        "qos": 1,
        **(_binary(point) if point.yes_or_no else _sensor(point)),
        "device": _device(host, point),
        "origin": {"name": "Twingrid", "sw_version": version},
    }
    return _json(said)


def _sensor(point: ShownPoint) -> dict[str, object]:
    said = {
        "unit_of_measurement": sign(point.unit),
        "device_class": device_class(point.key, point.unit, point.kind),
        "state_class": state_class(point.kind),
    }
    return {name: text for name, text in said.items() if text}


def _binary(point: ShownPoint) -> dict[str, object]:
    known = binary_class(point.key)
    return {"payload_on": ON, "payload_off": OFF, **({"device_class": known} if known else {})}


def _device(host: str, point: ShownPoint) -> dict[str, object]:
    said: dict[str, object] = {
        "identifiers": [f"{slug(host)}_facility_{point.facility_number}"],
        "name": plain(point.facility_name),
        "model": plain(point.class_name),
        "suggested_area": plain(point.community),
    }
    return {**said, "configuration_url": point.link} if point.link else said


def state(point: ShownPoint, one: Value, *, stale: bool) -> bytes:
    """The newest value of a point, JSON; ``null`` where it is not good or holds no longer (``stale``)."""
    good = class_of(one.quality) is QualityClass.GOOD and not stale
    said: Mapping[str, object] = {
        "value": _value(point, one) if good else None,
        "quality": STALE if stale else class_of(one.quality).name.lower(),
        "reason": _reason(one.quality),
        "measured_at": datetime.fromtimestamp(one.time_ms / 1000, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z"),
    }
    return _json(said)


def _value(point: ShownPoint, one: Value) -> object:
    if point.yes_or_no:
        return {1.0: ON, 0.0: OFF}.get(one.value)
    if one.text:
        return plain(one.text, _MOST_STATE)
    if not math.isfinite(one.value):
        return None
    counts = point.kind in (PointKind.STATE, PointKind.EVENT) and one.value.is_integer()
    return int(one.value) if counts else one.value


def _reason(quality: int) -> str:
    """As the HTTP interface names it: empty where there is none."""
    number = quality & REASON_MASK
    known = {int(one): one.name.lower() for one in Reason} | {0: ""}
    return known.get(number, f"reason_{number}")


def _json(said: Mapping[str, object]) -> bytes:
    return json.dumps(said, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
