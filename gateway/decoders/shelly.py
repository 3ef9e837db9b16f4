"""Shelly, second generation and later: RPC notifications, component status topics and the availability topic.

``<id>/events/rpc`` carries ``NotifyStatus`` (only what changed, to be laid over what is known) and
``NotifyFullStatus``; both have ``params.ts``, Unix time in seconds, which is null or small before the device has heard
of a time server. ``<id>/status/<component>`` carries one component without a time. ``<id>/online`` is ``true`` or
``false``. A quantity that is null is one the component has and cannot measure now.

Source: Shelly's Gen2+ documentation, Notifications, MQTT, and the components' pages.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import Refused
from gateway.decoders.base import Fields, Value, flatten, parse_object, word
from gateway.decoders.devicetime import TimeForm, time_ms

_STATUS = ("NotifyStatus", "NotifyFullStatus")


def decode_shelly(topic: str, payload: bytes) -> Fields:
    """Fields as ``em:0.a_act_power``, ``switch:0.aenergy.total``, whichever topic they came on.

    Raises:
        Refused: if the payload is none of a Shelly's.
    """
    if topic.endswith("/online"):
        return Fields(unavailable=not word(payload, "true", "false"))
    document = parse_object(payload, "a Shelly message")
    if "/status/" in topic:
        component = topic.rpartition("/status/")[2]
        return _fields({component: document}, None)
    method, params = document.get("method"), document.get("params")
    if not isinstance(method, str) or not isinstance(params, dict):
        raise Refused("the payload is no Shelly notification: method or params is missing")
    return _fields(params, params.get("ts")) if method in _STATUS else Fields()


def _fields(components: Mapping[str, object], moment: object) -> Fields:
    values: dict[str, Value] = {}
    bad: set[str] = set()
    for name, status in components.items():
        if isinstance(status, dict):
            values |= flatten(status, name)
            bad |= _nulls(status, name)
    return Fields(values=values, bad=frozenset(bad), time_ms=time_ms(moment, TimeForm.SECONDS))


def _nulls(status: Mapping[str, object], prefix: str) -> set[str]:
    """Paths of what is null."""
    found: set[str] = set()
    for key, value in status.items():
        if value is None:
            found.add(f"{prefix}.{key}")
        elif isinstance(value, dict):
            found |= _nulls(value, f"{prefix}.{key}")
    return found
