"""From Sparkplug bytes to columns: the one place besides the drivers where Python loops over readings.

A message of our own gateways is almost always the same: aliases, timestamps and doubles, all good. Two facts make that
case cheap. Quality travels as a property whose name is in the message, so a message that does not contain the name
holds only good readings; and a metric whose ``double_value`` is not zero is a double. So the fast loop reads three
fields a metric, and the careful loop is taken for messages with anything else in them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from google.protobuf.message import DecodeError

from core.errors import Refused
from core.quality import GOOD, QualityClass, Reason, quality
from core.readings import Float64s, Int64s, UInt8s
from core.sparkplug import datatypes
from core.sparkplug.sparkplug_b_pb2 import Payload

MAX_MESSAGE_BYTES = 256 * 1024
MAX_METRICS = 4096
_MAX_NAME_BYTES = 256
_EXACT_INTEGER = 2**53
_QUALITY_MARK = datatypes.QUALITY.encode()
_NAN = math.nan
_STALE = quality(QualityClass.UNCERTAIN, Reason.STALE)
_BAD = quality(QualityClass.BAD, Reason.SENSOR_ERROR)
_NULL = quality(QualityClass.NOT_MEASURED, Reason.NOT_PUBLISHED)
_WRONG_TYPE = quality(QualityClass.BAD, Reason.WRONG_TYPE)
_NOT_A_NUMBER = quality(QualityClass.BAD, Reason.NOT_A_NUMBER)
_TIMES_2_63 = 2**63

_SIGNED_BITS = {
    datatypes.DataType.INT8: 8,
    datatypes.DataType.INT16: 16,
    datatypes.DataType.INT32: 32,
    datatypes.DataType.INT64: 64,
}


def parse_payload(data: bytes) -> Payload:
    """Parse a Sparkplug payload within the limits of ``docs/wire.md``.

    Raises:
        Refused: if it is no payload or breaks a limit; the text says which.
    """
    if len(data) > MAX_MESSAGE_BYTES:
        raise Refused(f"{len(data)} bytes are more than the {MAX_MESSAGE_BYTES} a message may have")
    try:
        payload = Payload.FromString(data)
    except DecodeError:
        raise Refused("the bytes are no Sparkplug B payload") from None
    if len(payload.metrics) > MAX_METRICS:
        raise Refused(f"{len(payload.metrics)} metrics are more than the {MAX_METRICS} a message may have")
    return payload


@dataclass(slots=True)
class ColumnBuilder:
    """Columns under construction: many messages are decoded into one builder, so that NumPy sees one long batch.

    ``alias`` is -1 where a metric came by name (foreign nodes); ``names`` then holds the name by row.
    """

    alias: list[int] = field(default_factory=list)
    time_ms: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    quality: dict[int, int] = field(default_factory=dict)
    text: dict[int, str] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """Rows so far."""
        return len(self.alias)

    def add(self, payload: Payload, data: bytes) -> int:
        """Append the metrics of one data message; returns how many.

        Args:
            payload: the parsed message.
            data: its bytes, searched for the name of the quality property.

        Raises:
            Refused: if a metric has no timestamp, neither alias nor name, or a name that is too long; the builder is
                then as it was before.
        """
        if _QUALITY_MARK in data:
            return self._add_carefully(payload)
        start = len(self.alias)
        alias, time_ms, value = self.alias.append, self.time_ms.append, self.value.append
        for metric in payload.metrics:
            number = metric.double_value
            if (number == 0.0 and metric.WhichOneof("value") != "double_value") or number - number != 0.0:
                self.truncate(start)
                return self._add_carefully(payload)
            alias(metric.alias)
            time_ms(metric.timestamp)
            value(number)
        return len(self.alias) - start

    def _add_carefully(self, payload: Payload) -> int:
        start = len(self.alias)
        try:
            for metric in payload.metrics:
                self._add_metric(metric)
        except Refused:
            self.truncate(start)
            raise
        return len(self.alias) - start

    def _add_metric(self, metric: Payload.Metric) -> None:
        row = len(self.alias)
        if not metric.HasField("timestamp"):
            raise Refused("a metric has no timestamp")
        if metric.HasField("alias"):
            self.alias.append(metric.alias)
        elif metric.name and len(metric.name) <= _MAX_NAME_BYTES:
            self.alias.append(-1)
            self.names[row] = metric.name
        else:
            raise Refused("a metric has neither an alias nor a name of reasonable length")
        self.time_ms.append(metric.timestamp)
        number, text, code = _value_of(metric)
        self.value.append(number)
        if text is not None:
            self.text[row] = text
        if code != GOOD:
            self.quality[row] = code

    def truncate(self, rows: int) -> None:
        """Forget all but the first ``rows`` rows."""
        del self.alias[rows:], self.time_ms[rows:], self.value[rows:]
        for sparse in (self.quality, self.text, self.names):
            for row in [row for row in sparse if row >= rows]:
                del sparse[row]

    def columns(self) -> tuple[Int64s, Int64s, Float64s, UInt8s]:
        """(alias, time_ms, value, quality) as arrays of length n; aliases and times beyond int64 become -1."""
        n = len(self.alias)
        codes = np.full(n, GOOD, np.uint8)
        if self.quality:
            codes[list(self.quality)] = list(self.quality.values())
        return _int64s(self.alias), _int64s(self.time_ms), np.array(self.value, np.float64), codes


def _int64s(values: list[int]) -> Int64s:
    try:
        return np.array(values, np.int64)
    except OverflowError:
        return np.array([value if value < _TIMES_2_63 else -1 for value in values], np.int64)


def _value_of(metric: Payload.Metric) -> tuple[float, str | None, int]:
    """(number or NaN, text or None, quality byte) of one metric."""
    code = _quality_of(metric)
    kind = metric.WhichOneof("value")
    if metric.is_null or kind is None:
        return _NAN, None, _NULL if code == GOOD else code
    if kind == "double_value":
        return _float(metric.double_value, code)
    if kind == "boolean_value":
        return float(metric.boolean_value), None, code
    if kind == "string_value":
        return _NAN, metric.string_value, code
    if kind == "float_value":
        return _float(metric.float_value, code)
    if kind in ("int_value", "long_value"):
        return _integer(metric.int_value if kind == "int_value" else metric.long_value, metric.datatype, code)
    return _NAN, None, _WRONG_TYPE


def _float(number: float, code: int) -> tuple[float, str | None, int]:
    if math.isfinite(number) or code != GOOD:
        return number, None, code
    return _NAN, None, _NOT_A_NUMBER


def _integer(raw: int, datatype: int, code: int) -> tuple[float, str | None, int]:
    """Signed values travel as two's complement in an unsigned field (Sparkplug 3.0.0, chapter 6.4.16)."""
    bits = _SIGNED_BITS.get(datatype, 0)  # type: ignore[call-overload]
    if bits:
        raw &= (1 << bits) - 1
        raw -= (raw >> (bits - 1)) << bits
    exact = -_EXACT_INTEGER <= raw <= _EXACT_INTEGER
    return float(raw), None if exact else str(raw), code


def _quality_of(metric: Payload.Metric) -> int:
    if not metric.HasField("properties"):
        return GOOD
    code = GOOD
    for key, item in zip(metric.properties.keys, metric.properties.values, strict=False):
        if key == datatypes.REASON:
            return item.int_value & 0xFF
        if key == datatypes.QUALITY:
            code = {192: GOOD, 500: _STALE}.get(item.int_value, _BAD)
    return code
