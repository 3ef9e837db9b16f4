"""The payloads of an edge node: births, deaths, data, and the parts of an NCMD (Sparkplug 3.0.0, chapters 5 and 6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError

from core.errors import Refused
from core.offsets import Settled
from core.quality import GOOD, sparkplug_quality
from core.sparkplug import sparkplug_b_pb2 as spb
from core.sparkplug.commit import Header, decode_committed, encode_header
from core.sparkplug.datatypes import (
    BDSEQ,
    COMMITTED,
    CONFIGURATION,
    ENG_UNIT,
    EPOCH,
    QUALITY,
    REASON,
    REBIRTH,
    SHOW_CONFIGURATION,
    SOURCE,
    TEST_ALARM,
    DataType,
)
from gateway.chunk import Chunk, as_historical, set_value
from gateway.points import Points
from gateway.spool_values import Metric

MAX_BIRTH_BYTES: Final = 256 * 1024
"""A Sparkplug device is born in one message, which has this limit (docs/wire.md)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeMetric:
    """One metric of the node itself; ``value`` is a number, a flag, a text or bytes."""

    name: str
    type: DataType
    value: float | str | bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What an NCMD asks or tells.

    Attributes:
        rebirth: send all births again.
        committed: (epoch, what is settled), None when it says nothing about it.
        configuration: a pushed configuration, empty when there is none.
        show: say which configuration runs.
        test_alarm: how a call for a test alarm stands (JSON), empty when it says nothing about one.
        sent_ms: the host's time when it was sent, 0 if it does not say.
        unknown: names of metrics that mean nothing here.
    """

    rebirth: bool = False
    committed: tuple[int, Settled] | None = None
    configuration: bytes = b""
    show: bool = False
    test_alarm: str = ""
    sent_ms: int = 0
    unknown: tuple[str, ...] = ()


def ndeath(bdseq: int, now_ms: int) -> bytes:
    """NDEATH, for the will and for the planned end: nothing but ``bdSeq``."""
    payload = spb.Payload(timestamp=now_ms)
    payload.metrics.add(name=BDSEQ, timestamp=now_ms, datatype=DataType.INT64, long_value=bdseq)
    return payload.SerializeToString()


def nbirth(*, bdseq: int, epoch: int, seq: int, now_ms: int, health: Iterable[NodeMetric]) -> bytes:
    """NBIRTH."""
    payload = spb.Payload(timestamp=now_ms, seq=seq)
    add = payload.metrics.add
    add(name=BDSEQ, timestamp=now_ms, datatype=DataType.INT64, long_value=bdseq)
    add(name=REBIRTH, timestamp=now_ms, datatype=DataType.BOOLEAN, boolean_value=False)
    add(name=EPOCH, timestamp=now_ms, datatype=DataType.UINT64, long_value=epoch)
    add(name=COMMITTED, timestamp=now_ms, datatype=DataType.BYTES, bytes_value=b"")
    _add_health(payload, now_ms, health, with_types=True)
    return payload.SerializeToString()


def dbirth(metrics: Sequence[Metric], points: Points, rows: dict[int, int], *, seq: int, now_ms: int) -> bytes:
    """DBIRTH: every metric with the value last read, or null, and with its source, unless that makes it too large.

    Args:
        metrics: the device's metrics, retired ones included.
        points: the last values.
        rows: alias to point number; retired metrics are missing.
        seq: sequence number.
        now_ms: the payload's time.
    """
    full = _dbirth(metrics, points, rows, seq=seq, now_ms=now_ms, sources=True)
    if len(full) <= MAX_BIRTH_BYTES:
        return full
    return _dbirth(metrics, points, rows, seq=seq, now_ms=now_ms, sources=False)


def _dbirth(
    metrics: Sequence[Metric], points: Points, rows: dict[int, int], *, seq: int, now_ms: int, sources: bool
) -> bytes:
    payload = spb.Payload(timestamp=now_ms, seq=seq)
    for metric in metrics:
        row = rows.get(metric.alias)
        seen_ms = int(points.time_ms[row]) if row is not None else 0
        entry = payload.metrics.add(
            name=metric.name, alias=metric.alias, timestamp=seen_ms or now_ms, datatype=metric.type
        )
        if row is None:
            entry.is_null = True
            _add_properties(entry, metric.unit, GOOD)
            continue
        code = int(points.quality[row])
        set_value(entry, metric.type, float(points.value[row]), points.text.get(row))
        _add_properties(entry, metric.unit, code, points.names[row].source if sources else "")
    return payload.SerializeToString()


def _add_properties(entry: spb.Payload.Metric, unit: str, code: int, source: str = "") -> None:
    properties = entry.properties
    if unit:
        properties.keys.append(ENG_UNIT)
        properties.values.add(type=DataType.STRING, string_value=unit)
    if source:
        properties.keys.append(SOURCE)
        properties.values.add(type=DataType.STRING, string_value=source)
    if code != GOOD:
        properties.keys.extend((QUALITY, REASON))
        properties.values.add(type=DataType.INT32, int_value=sparkplug_quality(code))
        properties.values.add(type=DataType.INT32, int_value=code)


def ddeath(seq: int, now_ms: int) -> bytes:
    """DDEATH: the bus or adapter is lost."""
    return spb.Payload(timestamp=now_ms, seq=seq).SerializeToString()


def ddata(chunk: Chunk, header: Header | None, *, seq: int, now_ms: int) -> bytes:
    """DDATA: a small head in front of the stored metrics. Without a header for hosts that know no commit."""
    head = spb.Payload(timestamp=now_ms, seq=seq)
    if header is not None:
        head.body = encode_header(header)
    late = header is not None and header.backlog
    return head.SerializeToString() + (as_historical(chunk.metrics) if late else chunk.metrics)


def gap(header: Header, *, seq: int, now_ms: int) -> bytes:
    """NDATA that carries a gap record."""
    return spb.Payload(timestamp=now_ms, seq=seq, body=encode_header(header)).SerializeToString()


def ndata(health: Iterable[NodeMetric], *, seq: int, now_ms: int) -> bytes:
    """NDATA with the node's own health."""
    payload = spb.Payload(timestamp=now_ms, seq=seq)
    _add_health(payload, now_ms, health, with_types=False)
    return payload.SerializeToString()


def _add_health(payload: spb.Payload, now_ms: int, health: Iterable[NodeMetric], *, with_types: bool) -> None:
    for item in health:
        entry = payload.metrics.add(name=item.name, timestamp=now_ms)
        if with_types:
            entry.datatype = item.type
        if isinstance(item.value, str):
            entry.string_value = item.value
        elif isinstance(item.value, bytes):
            entry.bytes_value = item.value
        else:
            set_value(entry, item.type, float(item.value), None)


def command(payload: bytes) -> Command:
    """Read an NCMD.

    Raises:
        Refused: if it is no Sparkplug payload, or its acknowledgement is malformed.
    """
    try:
        message = spb.Payload.FromString(payload)
    except DecodeError:
        raise Refused("the command is no Sparkplug payload") from None
    rebirth = show = False
    committed: tuple[int, Settled] | None = None
    configuration = b""
    test_alarm = ""
    unknown: list[str] = []
    for metric in message.metrics:
        if metric.name == REBIRTH:
            rebirth = rebirth or metric.boolean_value
        elif metric.name == COMMITTED:
            committed = decode_committed(metric.bytes_value)
        elif metric.name == CONFIGURATION:
            configuration = metric.bytes_value
        elif metric.name == SHOW_CONFIGURATION:
            show = show or metric.boolean_value
        elif metric.name == TEST_ALARM:
            test_alarm = metric.string_value
        else:
            unknown.append(metric.name)
    return Command(
        rebirth=rebirth,
        committed=committed,
        configuration=configuration,
        show=show,
        test_alarm=test_alarm,
        sent_ms=message.timestamp,
        unknown=tuple(unknown),
    )
