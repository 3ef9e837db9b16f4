"""The ledger: what self-identifying counters were served, written before the answer leaves.

Append-only binary file: a header of 64 bytes, then one record of 24 bytes per answered read (little-endian):

    served_at_ms int64 | counter uint64 | device uint16 | first uint16 | count uint16 | reserved uint16

A record stands for `count` values, those with index `first` to `first + count - 1` of that device. Every record is
handed to the kernel with one `write` before the answer is sent, so the death of any process, this one included,
leaves a ledger that holds at least everything anybody received. Only the death of the machine can lose its end. A
torn last record is ignored by the reader.

Values. One read of a device takes the next counter c of that device. What a register then shows is, by data type
(V = values per device, i = index of the value, d = device):

    f32, u32   c * V + i                 exact up to 2^24 (f32) and 2^32 (u32); unique within the device
    f64        d * 2^43 + i * 2^35 + c   exact below 2^53; unique in the farm
    u64        d * 2^48 + i * 2^40 + c   unique in the farm
"""

from __future__ import annotations

import os
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware_sim.encoding import DataType

_MAGIC: Final = b"TGLEDGR1"
_HEADER: Final = struct.Struct("<8s4sIIq36x")
_RECORD: Final = struct.Struct("<qQHHHH")
_RECORD_DTYPE: Final = np.dtype(
    [
        ("served_at_ms", "<i8"),
        ("counter", "<u8"),
        ("device", "<u2"),
        ("first", "<u2"),
        ("count", "<u2"),
        ("reserved", "<u2"),
    ]
)
COUNTER_TYPES: Final = (DataType.F32, DataType.U32, DataType.F64, DataType.U64)


class LedgerError(Exception):
    """The file is not a ledger, or not one of these counters."""


def counter_limit(data_type: DataType, values: int) -> int:
    """Counters below this limit are shown exactly and unambiguously."""
    limits = {
        DataType.F32: (1 << 24) // values,
        DataType.U32: (1 << 32) // values,
        DataType.F64: 1 << 35,
        DataType.U64: 1 << 40,
    }
    return limits[data_type]


def shown_value(data_type: DataType, values: int, device: int, index: int, counter: int) -> int:
    """What the register of value `index` of `device` shows for `counter`."""
    if data_type is DataType.F64:
        return device << 43 | index << 35 | counter
    if data_type is DataType.U64:
        return device << 48 | index << 40 | counter
    return counter * values + index


@dataclass(frozen=True, kw_only=True)
class LedgerHead:
    """Which farm a ledger belongs to.

    Attributes:
        data_type: f32, u32, f64 or u64.
        devices: number of devices, numbered from 1.
        values: values per device, numbered from 0.
    """

    data_type: DataType
    devices: int
    values: int

    def packed(self) -> bytes:
        """The file's header."""
        return _HEADER.pack(_MAGIC, self.data_type.encode(), self.devices, self.values, time.time_ns() // 1_000_000)

    @classmethod
    def unpacked(cls, raw: bytes, path: Path) -> LedgerHead:
        """The header read from `path`.

        Raises:
            LedgerError: these bytes are no ledger header.
        """
        if len(raw) < _HEADER.size or not raw.startswith(_MAGIC):
            raise LedgerError(f"{path}: not a counter ledger (its first bytes are wrong); name another file")
        _, data_type, devices, values, _ = _HEADER.unpack(raw[: _HEADER.size])
        return cls(data_type=DataType(data_type.rstrip(b"\0").decode()), devices=devices, values=values)


@dataclass(frozen=True, kw_only=True)
class ServedColumns:
    """Every value ever served, one row each, in the order served.

    Attributes:
        device: int32[n], from 1.
        index: int32[n], value index inside the device, from 0.
        counter: int64[n].
        value: float64[n] for f32, u32 and f64 (exact), uint64[n] for u64: what the register showed.
        served_at_ms: int64[n], UTC.
    """

    device: NDArray[np.int32]
    index: NDArray[np.int32]
    counter: NDArray[np.int64]
    value: NDArray[Any]
    served_at_ms: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """A ledger as read from its file."""

    head: LedgerHead
    reads: NDArray[np.void]

    def columns(self) -> ServedColumns:
        """One row per value served."""
        count = self.reads["count"].astype(np.int64)
        starts = np.repeat(np.cumsum(count) - count, count)
        index = np.arange(int(count.sum())) - starts + np.repeat(self.reads["first"].astype(np.int64), count)
        device = np.repeat(self.reads["device"].astype(np.int64), count)
        counter = np.repeat(self.reads["counter"].astype(np.int64), count)
        return ServedColumns(
            device=device.astype(np.int32),
            index=index.astype(np.int32),
            counter=counter,
            value=self._values(device, index, counter),
            served_at_ms=np.repeat(self.reads["served_at_ms"], count),
        )

    def _values(self, device: NDArray[np.int64], index: NDArray[np.int64], counter: NDArray[np.int64]) -> NDArray[Any]:
        if self.head.data_type is DataType.U64:
            return ((device << 48) | (index << 40) | counter).astype(np.uint64)
        if self.head.data_type is DataType.F64:
            return ((device << 43) | (index << 35) | counter).astype(np.float64)
        return (counter * self.head.values + index).astype(np.float64)

    def next_counters(self) -> NDArray[np.int64]:
        """int64[devices + 1]: the counter each device serves next (entry 0 is unused)."""
        following = np.zeros(self.head.devices + 1, dtype=np.int64)
        np.maximum.at(following, self.reads["device"].astype(np.intp), self.reads["counter"].astype(np.int64) + 1)
        return following


def read_ledger(path: Path) -> Ledger:
    """Reads a ledger, also while it is being written; a torn last record is left out.

    Raises:
        LedgerError: the file is not a ledger.
        OSError: it cannot be read.
    """
    raw = path.read_bytes()
    head = LedgerHead.unpacked(raw, path)
    whole = (len(raw) - _HEADER.size) // _RECORD.size
    return Ledger(head=head, reads=np.frombuffer(raw, dtype=_RECORD_DTYPE, count=whole, offset=_HEADER.size))


class LedgerWriter:
    """Appends to a ledger; continues an existing one, so that no value is ever served twice.

    Raises:
        LedgerError: the file is no ledger or belongs to another farm.
        OSError: it cannot be written.
    """

    def __init__(self, path: Path, head: LedgerHead) -> None:
        self._first_counters = np.zeros(head.devices + 1, dtype=np.int64)
        if path.exists() and path.stat().st_size > 0:
            self._first_counters = _continue(path, head)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        if os.fstat(self._file).st_size == 0:
            os.write(self._file, head.packed())

    @property
    def first_counters(self) -> list[int]:
        """The counter each device serves first (entry 0 is unused)."""
        return [int(c) for c in self._first_counters]

    def append(self, records: bytes) -> None:
        """Hands packed records to the kernel; must return before their answers are sent."""
        os.write(self._file, records)

    def __enter__(self) -> LedgerWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)


def _continue(path: Path, head: LedgerHead) -> NDArray[np.int64]:
    ledger = read_ledger(path)
    if ledger.head != head:
        raise LedgerError(
            f"{path}: written for {ledger.head.devices} devices x {ledger.head.values} {ledger.head.data_type} values, "
            f"not {head.devices} devices x {head.values} {head.data_type}; name another file"
        )
    torn = (path.stat().st_size - _HEADER.size) % _RECORD.size
    if torn:
        os.truncate(path, path.stat().st_size - torn)
    return ledger.next_counters()


pack_record = _RECORD.pack
"""(served_at_ms, counter, device, first, count, 0) -> bytes."""
