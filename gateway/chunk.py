"""Readings as the spool keeps them and the wire carries them.

A *chunk* is a run of offsets of one Sparkplug device, serialized once as the metrics of a payload. Because a protobuf
message may be concatenated from its parts, publishing it (again) is a small head with timestamp, ``seq`` and commit
header in front of the stored bytes; nothing is encoded twice. A chunk keeps its cut and its checksum for ever.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from core.offsets import OffsetRange
from core.quality import GOOD, sparkplug_quality
from core.readings import Float64s, Int64s, UInt8s
from core.sparkplug import sparkplug_b_pb2 as spb
from core.sparkplug.commit import checksum
from core.sparkplug.datatypes import QUALITY, REASON, DataType

_NO_TEXT: Mapping[int, str] = MappingProxyType({})
_INT64_LIMIT = 2**63


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Batch:
    """Readings of one Sparkplug device on their way into the spool.

    Attributes:
        device: Sparkplug device id.
        alias: int64[n].
        time_ms: int64[n], event time.
        value: float64[n], NaN where there is none.
        quality: uint8[n].
        text: row to text: textual values, and integers beyond 2**53 in decimal.
    """

    device: str
    alias: Int64s
    time_ms: Int64s
    value: Float64s
    quality: UInt8s
    text: Mapping[int, str] = field(default_factory=lambda: _NO_TEXT)

    def __len__(self) -> int:
        """Number of readings."""
        return len(self.alias)

    def rows(self, start: int, stop: int) -> Batch:
        """The readings ``start`` to ``stop - 1``."""
        text = {row - start: item for row, item in self.text.items() if start <= row < stop} if self.text else _NO_TEXT
        return Batch(
            device=self.device,
            alias=self.alias[start:stop],
            time_ms=self.time_ms[start:stop],
            value=self.value[start:stop],
            quality=self.quality[start:stop],
            text=text,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """A cut run of the spool.

    Attributes:
        device: Sparkplug device id.
        span: its offsets.
        crc32: checksum of the columns (docs/wire.md).
        from_ms, to_ms: oldest and newest event time.
        metrics: serialized ``Payload`` that holds nothing but the metrics.
    """

    device: str
    span: OffsetRange
    crc32: int
    from_ms: int
    to_ms: int
    metrics: bytes

    def record_crc(self) -> int:
        """CRC-32 over the whole record: finds a bit that fell over on disk."""
        head = f"{self.device}\0{self.span.first}\0{self.span.stop}\0{self.crc32}\0{self.from_ms}\0{self.to_ms}\0"
        return zlib.crc32(self.metrics, zlib.crc32(head.encode()))


def join(batches: Iterable[Batch]) -> Batch:
    """Several batches of one device as one, in time order (stable, so that readings of one moment keep their order)."""
    parts = list(batches)
    if len(parts) == 1:
        return _in_time_order(parts[0])
    text: dict[int, str] = {}
    start = 0
    for part in parts:
        text.update({start + row: item for row, item in part.text.items()})
        start += len(part)
    return _in_time_order(
        Batch(
            device=parts[0].device,
            alias=np.concatenate([part.alias for part in parts]),
            time_ms=np.concatenate([part.time_ms for part in parts]),
            value=np.concatenate([part.value for part in parts]),
            quality=np.concatenate([part.quality for part in parts]),
            text=text or _NO_TEXT,
        )
    )


def _in_time_order(batch: Batch) -> Batch:
    if len(batch) < 2 or (np.diff(batch.time_ms) >= 0).all():
        return batch
    order = np.argsort(batch.time_ms, kind="stable")
    place = {old: new for new, old in enumerate(order.tolist())}
    return Batch(
        device=batch.device,
        alias=batch.alias[order],
        time_ms=batch.time_ms[order],
        value=batch.value[order],
        quality=batch.quality[order],
        text={place[row]: item for row, item in batch.text.items()},
    )


def cut(batch: Batch, first: int, most: int, types: Mapping[int, DataType]) -> Iterator[Chunk]:
    """Cut a batch into chunks of at most ``most`` readings, numbered from ``first``.

    Args:
        batch: readings of one device.
        first: offset of its first reading.
        most: readings in a chunk.
        types: Sparkplug datatype by alias; Double where it is missing.
    """
    for start in range(0, len(batch), most):
        part = batch.rows(start, min(start + most, len(batch)))
        yield Chunk(
            device=batch.device,
            span=OffsetRange(first + start, first + start + len(part)),
            crc32=checksum(part.alias, part.time_ms, part.value, part.quality, _texts(part)),
            from_ms=int(part.time_ms.min()),
            to_ms=int(part.time_ms.max()),
            metrics=encode_metrics(part, types),
        )


def _texts(batch: Batch) -> list[str]:
    return [batch.text[row] for row in sorted(batch.text)]


def _property_sets() -> list[spb.Payload.PropertySet]:
    sets = []
    for code in range(256):
        properties = spb.Payload.PropertySet()
        properties.keys.extend((QUALITY, REASON))
        properties.values.add(type=DataType.INT32, int_value=sparkplug_quality(code))
        properties.values.add(type=DataType.INT32, int_value=code)
        sets.append(properties)
    return sets


_PROPERTIES = _property_sets()


def encode_metrics(batch: Batch, types: Mapping[int, DataType]) -> bytes:
    """The metrics of a batch as the bytes of a ``Payload`` without anything else."""
    payload = spb.Payload()
    add = payload.metrics.add
    columns = (batch.alias.tolist(), batch.time_ms.tolist(), batch.value.tolist(), batch.quality.tolist())
    special = {alias for alias in set(columns[0]) if types.get(alias, DataType.DOUBLE) is not DataType.DOUBLE}
    text = batch.text
    for row, (alias, time_ms, value, code) in enumerate(zip(*columns, strict=True)):
        if code == GOOD and value == value and alias not in special and row not in text:
            add(alias=alias, timestamp=time_ms, double_value=value)
            continue
        metric = add(alias=alias, timestamp=time_ms)
        if code != GOOD:
            metric.properties.CopyFrom(_PROPERTIES[code])
        set_value(metric, types.get(alias, DataType.DOUBLE), value, text.get(row))
    return payload.SerializeToString()


def set_value(metric: spb.Payload.Metric, data_type: DataType, value: float, text: str | None) -> None:
    """Give a metric its value in the field of its datatype; nothing to show is ``is_null``."""
    if data_type is DataType.STRING and text is not None:
        metric.string_value = text
    elif value != value and text is None:
        metric.is_null = True
    elif data_type is DataType.BOOLEAN:
        metric.boolean_value = bool(value)
    elif data_type in (DataType.INT64, DataType.UINT64):
        number = int(text) if text is not None else int(value)
        # negative Int64 travels as two's complement in the unsigned field
        metric.long_value = number & (2 * _INT64_LIMIT - 1)
    else:
        metric.double_value = value


def as_historical(metrics: bytes) -> bytes:
    """The same metrics marked as stored and forwarded late (``is_historical``)."""
    payload = spb.Payload.FromString(metrics)
    for metric in payload.metrics:
        metric.is_historical = True
    return payload.SerializeToString()
