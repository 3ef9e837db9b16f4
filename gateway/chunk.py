"""Readings as the spool keeps them and the wire carries them.

A *chunk* is a run of offsets of one Sparkplug device, serialized once as the metrics of a payload. Because a protobuf
message may be concatenated from its parts, publishing it (again) is a small head with timestamp, ``seq`` and commit
header in front of the stored bytes; nothing is encoded twice. A chunk keeps its cut and its checksum for ever.

A chunk holds points of one worth only, and points that alarms hang on apart from the others. So a spool that is full
can give up whole chunks, and never has to cut one that the host may have seen already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from core.offsets import OffsetRange
from core.quality import GOOD, QualityClass, Reason, quality, sparkplug_quality
from core.readings import Float64s, Int64s, UInt8s
from core.sparkplug import sparkplug_b_pb2 as spb
from core.sparkplug.commit import checksum
from core.sparkplug.datatypes import QUALITY, REASON, DataType

_NO_TEXT: Mapping[int, str] = MappingProxyType({})
_INT64_LIMIT = 2**63


class Worth(IntEnum):
    """What a point's history is worth when the spool is full: the lowest goes first."""

    LOW = 0
    NORMAL = 1
    HIGH = 2


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

    def pick(self, mask: NDArray[np.bool_]) -> Batch:
        """The readings where ``mask`` (bool[n]) is true, in their order."""
        place = {int(old): new for new, old in enumerate(np.flatnonzero(mask))} if self.text else {}
        return Batch(
            device=self.device,
            alias=self.alias[mask],
            time_ms=self.time_ms[mask],
            value=self.value[mask],
            quality=self.quality[mask],
            text={place[row]: item for row, item in self.text.items() if row in place} or _NO_TEXT,
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
        worth: of its points.
        alarm: alarms hang on its points.
        boot: set while the times are milliseconds since this boot, because the clock had not been set; such a chunk
            never travels before it is dated.
    """

    device: str
    span: OffsetRange
    crc32: int
    from_ms: int
    to_ms: int
    metrics: bytes
    worth: Worth = Worth.NORMAL
    alarm: bool = False
    boot: str = ""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Traits:
    """What the points of a batch have in common, beside their device; see ``Chunk``."""

    worth: Worth = Worth.NORMAL
    alarm: bool = False
    boot: str = ""

    @property
    def code(self) -> int:
        """As a small number: 0 to 5."""
        return int(self.worth) + 3 * self.alarm


COMMON = Traits()
TRAITS = tuple(Traits(worth=worth, alarm=alarm) for alarm in (False, True) for worth in Worth)
"""By code."""


def sort_out(batch: Batch, codes: UInt8s, boot: str, set_ms: int) -> Iterator[tuple[Batch, Traits]]:
    """The same readings by traits, those that alarms hang on first; each part keeps its order.

    Args:
        batch: readings of one device.
        codes: uint8[m], code of the traits by alias; an alias beyond its end is common.
        boot: this boot, for readings whose clock had not been set; empty: all are taken as dated.
        set_ms: times below it are no dates.
    """
    alias = batch.alias
    if len(codes):
        code = np.where(alias < len(codes), codes[np.minimum(alias, len(codes) - 1)], np.uint8(COMMON.code))
    else:
        code = np.full(len(alias), COMMON.code, np.uint8)
    held = batch.time_ms < set_ms if boot else np.zeros(len(alias), np.bool_)
    key = code.astype(np.int64) * 2 + held
    kinds = np.unique(key)
    for kind in kinds[::-1].tolist():
        part = batch if len(kinds) == 1 else batch.pick(key == kind)
        traits = TRAITS[kind // 2]
        yield part, replace(traits, boot=boot) if kind % 2 else traits


def cut(batch: Batch, first: int, most: int, types: Mapping[int, DataType], traits: Traits = COMMON) -> Iterator[Chunk]:
    """Cut a batch into chunks of at most ``most`` readings, numbered from ``first``.

    Args:
        batch: readings of one device.
        first: offset of its first reading.
        most: readings in a chunk.
        types: Sparkplug datatype by alias; Double where it is missing.
        traits: what its points have in common.
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
            worth=traits.worth,
            alarm=traits.alarm,
            boot=traits.boot,
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


def dated(chunk: Chunk, add_ms: int, types: Mapping[int, DataType], *, certain: bool) -> Chunk:
    """A chunk whose times counted from a boot, with true times; it has never travelled, so its checksum may change.

    Args:
        chunk: as it was committed before the clock was set.
        add_ms: wall-clock time of the boot.
        types: Sparkplug datatype by alias.
        certain: the time is known now, so the doubt that was noted because of the clock is taken off again; otherwise
            the times stay a guess, and good readings are marked so.
    """
    payload = spb.Payload.FromString(chunk.metrics)
    columns: list[tuple[int, int, float, int]] = []
    texts: list[str] = []
    for metric in payload.metrics:
        metric.timestamp += add_ms
        code = _code_of(metric)
        if certain and code == CLOCK_DOUBT:
            metric.ClearField("properties")
        elif not certain and code == GOOD:
            metric.properties.CopyFrom(_PROPERTIES[CLOCK_DOUBT])
        value, text = _value_of(metric, types.get(metric.alias, DataType.DOUBLE))
        columns.append((metric.alias, metric.timestamp, value, _code_of(metric)))
        texts += [text] if text is not None else []
    alias, time_ms, value_of, codes = zip(*columns, strict=True)
    times = np.array(time_ms, np.int64)
    crc32 = checksum(np.array(alias, np.int64), times, np.array(value_of), np.array(codes, np.uint8), texts)
    return replace(
        chunk,
        boot="",
        from_ms=int(times.min()),
        to_ms=int(times.max()),
        crc32=crc32,
        metrics=payload.SerializeToString(),
    )


CLOCK_DOUBT = quality(QualityClass.UNCERTAIN, Reason.CLOCK_UNSYNCED)
_EXACT = 2**53


def aliases_and_times(metrics: bytes) -> tuple[list[int], list[int]]:
    """Alias and event time of every reading of a chunk."""
    parsed = spb.Payload.FromString(metrics).metrics
    return [metric.alias for metric in parsed], [metric.timestamp for metric in parsed]


def _code_of(metric: spb.Payload.Metric) -> int:
    for key, item in zip(metric.properties.keys, metric.properties.values, strict=True):
        if key == REASON:
            return int(item.int_value)
    return GOOD


def _value_of(metric: spb.Payload.Metric, data_type: DataType) -> tuple[float, str | None]:
    """What ``set_value`` was given: (value, text)."""
    kind = metric.WhichOneof("value")
    if kind == "double_value":
        return float(metric.double_value), None
    if kind == "boolean_value":
        return float(metric.boolean_value), None
    if kind == "long_value":
        number = int(metric.long_value)
        if data_type is DataType.INT64 and number >= _INT64_LIMIT:
            number -= 2 * _INT64_LIMIT
        return float(number), str(number) if abs(number) > _EXACT else None
    return float("nan"), str(metric.string_value) if kind == "string_value" else None
