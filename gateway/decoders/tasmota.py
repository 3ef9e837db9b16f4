"""Tasmota: ``tele/<t>/SENSOR`` and ``tele/<t>/LWT``.

``Time`` in the payload is local time without a zone, set by the user or not at all, so it is not used: the reading is
stamped when it arrives.
"""

from __future__ import annotations

from core.errors import Refused
from gateway.decoders.base import Fields, flatten, parse_json


def decode_tasmota(topic: str, payload: bytes) -> Fields:
    """Fields as ``ENERGY.Power``; two channels come as lists: ``ENERGY.Power.0``.

    Raises:
        Refused: if the payload is neither a SENSOR object nor a last-will text.
    """
    if topic.endswith("/LWT"):
        text = payload.decode("utf-8", "replace").strip()
        if text not in ("Online", "Offline"):
            raise Refused(f"the availability is {text[:40]!r}, neither Online nor Offline")
        return Fields(unavailable=text == "Offline")
    document = parse_json(payload)
    if not isinstance(document, dict):
        raise Refused("a Tasmota payload is a JSON object")
    values = flatten(document)
    values.pop("Time", None)
    return Fields(values=values)
