"""Tasmota: ``tele/<t>/SENSOR`` and ``tele/<t>/LWT``.

``Time`` in the payload is local time without a zone, set by the user or not at all, so the reading is stamped when it
arrives, unless the source says in which zone that time is (``time: {path: Time, form: iso, zone: Asia/Shanghai}``).
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.decoders.base import Decoder, Fields, Options, flatten, parse_object, word
from gateway.decoders.devicetime import time_ms


class Tasmota(Decoder):
    """One Tasmota device."""

    def __init__(self, options: Options) -> None:
        """Use the device's time if ``options.time`` says where it is."""
        self._time = options.time

    def decode(self, topic: str, payload: bytes) -> Sequence[Fields]:
        """Fields as ``ENERGY.Power``; two channels come as lists: ``ENERGY.Power.0``.

        Raises:
            Refused: if the payload is neither a SENSOR object nor a last-will text.
        """
        if topic.endswith("/LWT"):
            return (Fields(unavailable=not word(payload, "Online", "Offline")),)
        values = flatten(parse_object(payload, "a Tasmota payload"))
        moment = time_ms(values.get(self._time.path), self._time.form, self._time.zone) if self._time else 0
        values.pop("Time", None)
        return (Fields(values=values, time_ms=moment),)
