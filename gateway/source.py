"""One MQTT device: from the fields of a message to readings. No I/O.

A field's value may be a number, a flag, a number written as text, or a word that the configuration translates
(``states``). Anything else is *bad, wrong type*. What a message does not mention is not a reading: devices send parts.
A retained message is the broker's memory, not news: its values are *uncertain* until the device speaks. History
(records of the past that are sent now) is reported whole; it neither replaces the newest value nor moves the deadband.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from core.quality import GOOD, QualityClass, Reason, quality
from core.readings import Float64s, Int64s, UInt8s
from gateway.chunk import Batch
from gateway.config import FieldConfig, SourceConfig
from gateway.deadband import Deadband
from gateway.decoders import DECODERS
from gateway.decoders.base import Fields, Value
from gateway.decoders.devicetime import EARLIEST_MS
from gateway.points import Points

_RETAINED = quality(QualityClass.UNCERTAIN, Reason.RETAINED)
_DOUBTFUL = quality(QualityClass.UNCERTAIN, Reason.CLOCK_UNSYNCED)
_STALE = quality(QualityClass.UNCERTAIN, Reason.STALE)
_OFFLINE = quality(QualityClass.BAD, Reason.DEVICE_OFFLINE)
_WRONG_TYPE = quality(QualityClass.BAD, Reason.WRONG_TYPE)
_SENSOR_ERROR = quality(QualityClass.BAD, Reason.SENSOR_ERROR)
_NOT_A_NUMBER = quality(QualityClass.BAD, Reason.NOT_A_NUMBER)
LATEST_AHEAD_MS = 600_000


class Source:
    """One MQTT device and its points."""

    def __init__(self, config: SourceConfig, device: str, points: Points, first: int) -> None:
        """Take the points ``first`` … of ``points``, one per field.

        Args:
            config: the device.
            device: Sparkplug device.
            points: all points of the gateway.
            first: number of its first point there.

        Raises:
            Refused: if the decoder does not take the source's options (the loader of the configuration has checked it).
        """
        self.config = config
        self.decoder = DECODERS[config.decoder](config.options)
        self.heard_s = -math.inf
        self.spoke_s = -math.inf
        self.duplicates = 0
        self._device = device
        self._points = points
        self._first = first
        self._deadband = Deadband([field.report for field in config.fields])
        self._last_ms = np.zeros(len(config.fields), np.int64)
        self._stamped_ms = 0

    def read(self, fields: Fields, stamp: tuple[int, bool], monotonic_s: float, *, retained: bool) -> Batch | None:
        """The readings of one message; None when it says nothing new.

        Args:
            fields: what the decoder found.
            stamp: event time of the arrival, and whether the clock is to be doubted.
            monotonic_s: time of the arrival.
            retained: the broker kept the message from before.
        """
        self.heard_s = self.spoke_s = monotonic_s
        if fields.unavailable:
            return self.absent(_OFFLINE, stamp[0], monotonic_s)
        mentioned = [
            (row, *found) for row, field in enumerate(self.config.fields) if (found := self._of(fields, field))
        ]
        if not mentioned:
            return None
        rows, values, codes = (list(column) for column in zip(*mentioned, strict=True))
        time_ms, own_time = self._event_time(fields, stamp[0])
        if own_time and (self._last_ms[rows] == time_ms).all():
            self.duplicates += 1
            return None
        quality_of = np.array(codes, np.uint8)
        if retained or (stamp[1] and not own_time):
            quality_of[quality_of == GOOD] = _RETAINED if retained else _DOUBTFUL
        if fields.history and own_time:
            return self._batch(np.array(rows, np.intp) + self._first, time_ms, np.array(values), quality_of)
        return self._report(np.array(rows, np.intp), time_ms, monotonic_s, np.array(values), quality_of)

    def _of(self, fields: Fields, field: FieldConfig) -> tuple[float, int] | None:
        """What a message says of one field: value and quality byte; None if it does not mention it."""
        if field.path in fields.offline:
            return math.nan, _OFFLINE
        if field.path in fields.bad:
            return math.nan, _SENSOR_ERROR
        value = fields.values.get(field.path)
        if value is None:
            return None
        if isinstance(value, str) and value in self.config.missing:
            return math.nan, _SENSOR_ERROR
        figure, code = number(value, field)
        return figure, _STALE if code == GOOD and field.path in fields.stale else code

    def absent(self, code: int, time_ms: int, monotonic_s: float) -> Batch | None:
        """A reading without a value for every field."""
        n = len(self.config.fields)
        time_ms = max(time_ms, self._stamped_ms + 1)
        self._stamped_ms = time_ms
        return self._report(np.arange(n), time_ms, monotonic_s, np.full(n, np.nan), np.full(n, code, np.uint8))

    def _event_time(self, fields: Fields, now_ms: int) -> tuple[int, bool]:
        """The device's own time if it can be true, else the time of arrival; times of arrival keep increasing."""
        if EARLIEST_MS <= fields.time_ms <= now_ms + LATEST_AHEAD_MS:
            return fields.time_ms, True
        self._stamped_ms = max(now_ms, self._stamped_ms + 1)
        return self._stamped_ms, False

    def _report(
        self, rows: NDArray[np.intp], time_ms: int, monotonic_s: float, value: Float64s, codes: UInt8s
    ) -> Batch | None:
        self._last_ms[rows] = time_ms
        numbers = rows + self._first
        self._points.saw(numbers, time_ms, value, codes, {})
        chosen = self._deadband.select(rows, monotonic_s * 1000, value, codes)
        if chosen is not None:
            if not chosen.any():
                return None
            numbers, value, codes = numbers[chosen], value[chosen], codes[chosen]
        return self._batch(numbers, time_ms, value, codes)

    def _batch(self, numbers: NDArray[np.intp], time_ms: int, value: Float64s, codes: UInt8s) -> Batch:
        times: Int64s = np.full(len(numbers), time_ms, np.int64)
        return Batch(device=self._device, alias=self._points.alias[numbers], time_ms=times, value=value, quality=codes)


def number(value: Value, field: FieldConfig) -> tuple[float, int]:
    """A field's value as a number in its unit, with its quality byte."""
    if isinstance(value, str) and value in field.states:
        return field.states[value], GOOD
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return math.nan, _WRONG_TYPE
    scaled = float(value) * field.scale + field.offset
    return (scaled, GOOD) if math.isfinite(scaled) else (math.nan, _NOT_A_NUMBER)
