"""Zigbee2MQTT: ``zigbee2mqtt/<name>`` with the device's state, ``…/availability`` with whether it is there.

The payload carries no time by default. ``last_seen`` exists when it is switched on, in a form of the user's choice: a
source may name it (``time: {path: last_seen, form: iso}``), else the reading is stamped when it arrives.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import Refused
from gateway.decoders.base import Decoder, Fields, Options, flatten, parse_json, parse_object
from gateway.decoders.devicetime import time_ms


class Zigbee2Mqtt(Decoder):
    """One Zigbee device."""

    def __init__(self, options: Options) -> None:
        """Use the device's time if ``options.time`` says where it is."""
        self._time = options.time

    def decode(self, topic: str, payload: bytes) -> Sequence[Fields]:
        """All scalars of the state, nested ones as ``update.state``.

        Raises:
            Refused: if the payload is neither a state object nor an availability.
        """
        if topic.endswith("/availability"):
            return (Fields(unavailable=_availability(payload) == "offline"),)
        values = flatten(parse_object(payload, "a Zigbee2MQTT state"))
        moment = time_ms(values.get(self._time.path), self._time.form, self._time.zone) if self._time else 0
        return (Fields(values=values, time_ms=moment),)


def _availability(payload: bytes) -> str:
    """``online`` or ``offline``: a bare word in older versions, ``{"state": …}`` since 1.31."""
    text = payload.decode("utf-8", "replace").strip()
    if text.startswith("{"):
        document = parse_json(payload)
        text = str(document.get("state")) if isinstance(document, dict) else ""
    if text not in ("online", "offline"):
        raise Refused(f"the availability is {text[:40]!r}, neither online nor offline")
    return text
