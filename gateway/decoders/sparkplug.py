"""Any Sparkplug B edge node south of the gateway: births give names, data refer to them by alias.

A source listens to ``spBv1.0/<group>/+/<node>/#`` and takes the metrics of one device of the node, or of the node
itself. Metrics are fields by their name. Before a birth an alias means nothing, and after a gap in ``seq`` a birth may
have been missed and the alias mean something else: then nothing is believed, and the node is asked for its birth
(Rebirth), at most once in ten seconds. That is the one message that is ever sent. A reading is stamped by its metric's
own timestamp, else by the message's; ``is_historical`` is history; ``Quality`` other than good is stale or bad.

Source: Sparkplug 3.0.0, chapters 4 to 6.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from google.protobuf.message import DecodeError

from core.errors import Refused
from core.sparkplug import datatypes
from core.sparkplug.datatypes import DataType
from core.sparkplug.sparkplug_b_pb2 import Payload
from gateway import findings
from gateway.decoders.base import Decoder, Fields, Options, Outgoing, Value
from gateway.decoders.devicetime import TimeForm, time_ms

REBIRTH_S: Final = 10.0
_MAX_BYTES: Final = 256 * 1024
_MAX_METRICS: Final = 4096
_BITS: Final = {DataType.INT8: 8, DataType.INT16: 16, DataType.INT32: 32, DataType.INT64: 64}
_GOOD, _STALE = 192, 500
_KINDS: Final = frozenset({"NBIRTH", "NDEATH", "DBIRTH", "DDEATH", "NDATA", "DDATA"})


class SparkplugNode(Decoder):
    """One device of an edge node (``options.device``), or the node's own metrics if that is empty."""

    def __init__(self, options: Options) -> None:
        """Nothing is born yet.

        Raises:
            Refused: if the topic is not ``spBv1.0/<group>/+/<node>/#``.
        """
        parts = options.topic.split("/")
        if len(parts) != 5 or (parts[0], parts[2], parts[4]) != ("spBv1.0", "+", "#") or "+" in (parts[1], parts[3]):
            raise Refused(findings.NO_SPARKPLUG_TOPIC(topic=options.topic))
        self._device = options.device
        self._command_topic = f"spBv1.0/{parts[1]}/NCMD/{parts[3]}"
        self._names: dict[int, tuple[str, int]] = {}
        self._types: dict[str, int] = {}
        self._bd_seq: int | None = None
        self._seq: int | None = None
        self._born = False
        self._wants_birth = False
        self._asked_s = -math.inf

    def decode(self, topic: str, payload: bytes) -> Sequence[Fields]:
        """Fields by metric name, one ``Fields`` a moment, oldest first.

        Raises:
            Refused: if the bytes are no Sparkplug payload, or an alias is unknown.
        """
        parts = topic.split("/")
        kind, device = parts[2] if len(parts) > 3 else "", parts[4] if len(parts) > 4 else ""
        if kind not in _KINDS:
            return ()
        message = _parsed(payload)
        if kind == "NDEATH":
            return self._death(message)
        if not message.HasField("timestamp") or not message.HasField("seq"):
            raise Refused("a Sparkplug message other than a death has a timestamp and a seq")
        self._follow(kind, message)
        if device != self._device:
            return ()
        if kind == "DDEATH":
            self._forget()
            return (Fields(unavailable=True),)
        if kind in ("NBIRTH", "DBIRTH"):
            self._remember(message)
        return self._moments(message)

    def reconnected(self) -> None:
        """Births may have been missed."""
        self._forget()
        self._seq = None

    def _forget(self) -> None:
        self._names.clear()
        self._types.clear()
        self._born = False

    def _follow(self, kind: str, message: Payload) -> None:
        """Keep count of the session's messages; a birth of the node begins it, and devices are born anew after it."""
        if kind == "NBIRTH":
            self._bd_seq = _bd_seq(message)
            self._forget()
        elif self._seq is not None and message.seq != (self._seq + 1) % 256:
            self._forget()
        self._seq = message.seq

    def _death(self, message: Payload) -> Sequence[Fields]:
        """The node is gone, unless this is the will of a session before the present one."""
        number = _bd_seq(message)
        return () if None not in (number, self._bd_seq) and number != self._bd_seq else (Fields(unavailable=True),)

    def asks(self, now_s: float) -> Sequence[Outgoing]:
        """A Rebirth command, if data came that no birth explains."""
        if not self._wants_birth or self._born or now_s - self._asked_s < REBIRTH_S:
            return ()
        self._wants_birth, self._asked_s = False, now_s
        command = Payload()
        command.metrics.add(name="Node Control/Rebirth", datatype=int(DataType.BOOLEAN), boolean_value=True)
        return (Outgoing(self._command_topic, command.SerializeToString()),)

    def _remember(self, message: Payload) -> None:
        self._forget()
        self._born = True
        for metric in message.metrics:
            self._types[metric.name] = metric.datatype
            if metric.HasField("alias"):
                self._names[metric.alias] = (metric.name, metric.datatype)

    def _moments(self, message: Payload) -> Sequence[Fields]:
        moments: dict[tuple[int, bool], _Moment] = {}
        for metric in message.metrics:
            name, kind = self._named(metric)
            stamp = time_ms(metric.timestamp or message.timestamp, TimeForm.MS)
            moment = moments.setdefault((stamp, metric.is_historical), _Moment())
            moment.add(name, kind, metric)
        return [moment.fields(stamp, history) for (stamp, history), moment in sorted(moments.items())]

    def _named(self, metric: Payload.Metric) -> tuple[str, int]:
        if metric.name:
            return metric.name, metric.datatype or self._types.get(metric.name, 0)
        known = self._names.get(metric.alias)
        if known is None:
            self._wants_birth, self._born = True, False
            raise Refused(f"alias {metric.alias} is unknown; the node is asked for its birth")
        return known


class _Moment:
    """Metrics of one moment while they are gathered."""

    def __init__(self) -> None:
        self._values: dict[str, Value] = {}
        self._bad: set[str] = set()
        self._stale: set[str] = set()

    def add(self, name: str, kind: int, metric: Payload.Metric) -> None:
        """Take a metric with its quality."""
        quality = _quality(metric)
        value = None if metric.is_null else _value(kind, metric)
        if value is None or quality not in (_GOOD, _STALE):
            self._bad.add(name)
            return
        self._values[name] = value
        if quality == _STALE:
            self._stale.add(name)

    def fields(self, stamp_ms: int, history: bool) -> Fields:
        """All of them."""
        stale, bad = frozenset(self._stale), frozenset(self._bad)
        return Fields(values=self._values, time_ms=stamp_ms, bad=bad, stale=stale, history=history)


def _parsed(payload: bytes) -> Payload:
    if len(payload) > _MAX_BYTES:
        raise Refused(f"{len(payload)} bytes are more than the {_MAX_BYTES} a message may have")
    try:
        message = Payload.FromString(payload)
    except DecodeError:
        raise Refused("the bytes are no Sparkplug B payload") from None
    if len(message.metrics) > _MAX_METRICS:
        raise Refused(f"{len(message.metrics)} metrics are more than the {_MAX_METRICS} a message may have")
    return message


def _bd_seq(message: Payload) -> int | None:
    return next((metric.long_value for metric in message.metrics if metric.name == "bdSeq"), None)


def _quality(metric: Payload.Metric) -> int:
    if not metric.HasField("properties"):
        return _GOOD
    properties = zip(metric.properties.keys, metric.properties.values, strict=False)
    return next((value.int_value for key, value in properties if key == datatypes.QUALITY), _GOOD)


def _value(kind: int, metric: Payload.Metric) -> Value | None:
    """A metric's value; None for datasets, templates, files and what is not finite."""
    match metric.WhichOneof("value"):
        case "int_value" | "long_value" as held:
            return float(_signed(kind, getattr(metric, held)))
        case "float_value" | "double_value" as held:
            number = float(getattr(metric, held))
            return number if math.isfinite(number) else None
        case "boolean_value":
            return metric.boolean_value
        case "string_value":
            return metric.string_value
    return None


def _signed(kind: int, number: int) -> int:
    """Negative integers travel as two's complement in an unsigned field, of 32 bits for the smaller types."""
    bits = _BITS.get(DataType(kind)) if kind in set(DataType) else None
    if bits is None:
        return number
    width = 64 if bits == 64 else 32
    return number - (1 << width) if number >> (width - 1) & 1 else number
