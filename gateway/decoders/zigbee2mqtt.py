"""Zigbee2MQTT: ``zigbee2mqtt/<name>`` with the device's state, ``…/availability`` with whether it is there.

The payload carries no time by default (``last_seen`` exists when it is switched on, in a form of the user's choice), so
the reading is stamped when it arrives.
"""

from __future__ import annotations

from core.errors import Refused
from gateway.decoders.base import Fields, flatten, parse_json


def decode_zigbee2mqtt(topic: str, payload: bytes) -> Fields:
    """All scalars of the state, nested ones as ``update.state``.

    Raises:
        Refused: if the payload is neither a state object nor an availability.
    """
    if topic.endswith("/availability"):
        return Fields(unavailable=_availability(payload) == "offline")
    document = parse_json(payload)
    if not isinstance(document, dict):
        raise Refused("a Zigbee2MQTT state is a JSON object")
    return Fields(values=flatten(document))


def _availability(payload: bytes) -> str:
    """``online`` or ``offline``: a bare word in older versions, ``{"state": …}`` since 1.31."""
    text = payload.decode("utf-8", "replace").strip()
    if text.startswith("{"):
        document = parse_json(payload)
        text = str(document.get("state")) if isinstance(document, dict) else ""
    if text not in ("online", "offline"):
        raise Refused(f"the availability is {text[:40]!r}, neither online nor offline")
    return text
