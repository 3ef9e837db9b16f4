"""Where the bytes of registers lie in a response, compiled to arrays of positions.

Each register becomes a row of byte positions, most significant first, so that every word and byte order is the same
gather: ``octets[positions]`` picks n values of k bytes, and a view turns them into numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.quality import QualityClass, Reason, quality
from core.readings import UInt8s
from gateway.profile import DataType, Order, Register

NOT_IMPLEMENTED = quality(QualityClass.BAD, Reason.NOT_IMPLEMENTED)
SENSOR_ERROR = quality(QualityClass.BAD, Reason.SENSOR_ERROR)
VIEWS: Mapping[DataType, str] = {
    DataType.U16: ">u2",
    DataType.S16: ">i2",
    DataType.U32: ">u4",
    DataType.S32: ">i4",
    DataType.U64: ">u8",
    DataType.S64: ">i8",
    DataType.F32: ">f4",
    DataType.F64: ">f8",
}
"""Types that are a view of their bytes."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sentinel:
    """One raw value per register that is no measurement.

    Attributes:
        applies: bool[n], the registers that have one at this level.
        raw: uint64[n], the value.
        code: the quality it means.
    """

    applies: NDArray[np.bool_]
    raw: NDArray[np.uint64]
    code: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Group:
    """Registers of one type and width.

    Attributes:
        type: how they are read.
        rows: intp[n], rows of the result they fill.
        positions: intp[n, bytes], most significant byte first.
        sentinels: raw values that are no measurement.
        shift, mask: uint64[n], for ``bits`` and ``enum``.
        known: sorted int64, register number * 2**32 + raw value of every closed state.
        closed: bool[n], the registers for which only known states are good.
        exact: whole numbers beyond 2**53 keep their digits as text.
    """

    type: DataType
    rows: NDArray[np.intp]
    positions: NDArray[np.intp]
    sentinels: tuple[Sentinel, ...] = ()
    shift: NDArray[np.uint64] | None = None
    mask: NDArray[np.uint64] | None = None
    known: NDArray[np.int64] | None = None
    closed: NDArray[np.bool_] | None = None
    exact: bool = False


def byte_positions(register: Register, start: int) -> list[int]:
    """Positions of a register's bytes in a response that begins at ``start``, most significant first."""
    words = list(range(register.address - start, register.stop - start))
    if register.order in (Order.CDAB, Order.DCBA):
        words.reverse()
    swapped = register.order in (Order.BADC, Order.DCBA)
    return [2 * word + byte for word in words for byte in ((1, 0) if swapped else (0, 1))]


def unsigned(picked: UInt8s) -> NDArray[np.uint64]:
    """uint8[n, k] with k up to 8, most significant first, as uint64[n]."""
    n, width = picked.shape
    if width in (2, 4, 8):
        return picked.view(f">u{width}")[:, 0].astype(np.uint64)
    wide = np.zeros((n, 8), np.uint8)
    wide[:, 8 - width :] = picked
    return wide.view(">u8")[:, 0].astype(np.uint64)


def binary_decimal(picked: UInt8s) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Binary coded decimals, uint8[n, k]: int64[n] and bool[n], true where a nibble is no digit."""
    high, low = picked >> 4, picked & 0x0F
    weights = 100 ** np.arange(picked.shape[1] - 1, -1, -1, dtype=np.int64)
    number = (high.astype(np.int64) * 10 + low) @ weights
    return number, np.any((high > 9) | (low > 9), axis=1)


def groups(start: int, registers: Sequence[Register]) -> list[Group]:
    """Compile the registers of a response that begins at ``start``; strings are left out."""
    by_key: dict[tuple[DataType, int, bool], list[int]] = {}
    for row, register in enumerate(registers):
        if register.type is not DataType.STRING:
            exact = not register.scaled and _may_pass_a_double(register)
            by_key.setdefault((register.type, register.width, exact), []).append(row)
    return [
        _group(start, [registers[row] for row in rows], rows, data_type, exact)
        for (data_type, _, exact), rows in by_key.items()
    ]


def _may_pass_a_double(register: Register) -> bool:
    return register.type.is_wide_integer or (register.type is DataType.BCD and register.width == 4)


def _group(start: int, members: list[Register], rows: list[int], data_type: DataType, exact: bool) -> Group:
    cut = data_type in (DataType.BITS, DataType.ENUM)
    closed = [bool(member.closed and member.states) for member in members]
    return Group(
        type=data_type,
        rows=np.array(rows, np.intp),
        positions=np.array([byte_positions(member, start) for member in members], np.intp),
        sentinels=(
            *_sentinels([member.absent for member in members], NOT_IMPLEMENTED),
            *_sentinels([member.sensor_error for member in members], SENSOR_ERROR),
        ),
        shift=np.array([member.bit for member in members], np.uint64) if cut else None,
        mask=np.array([_mask(member) for member in members], np.uint64) if cut else None,
        known=_known(members) if any(closed) else None,
        closed=np.array(closed, np.bool_) if any(closed) else None,
        exact=exact,
    )


def _mask(register: Register) -> int:
    bits = register.bit_count or 16 * register.width - register.bit
    return (1 << bits) - 1


def _sentinels(values: Sequence[Sequence[int]], code: int) -> list[Sentinel]:
    """One sentinel a level: the first of every register, the second, and so on."""
    return [
        Sentinel(
            applies=np.array([level < len(own) for own in values], np.bool_),
            raw=np.array([own[level] if level < len(own) else 0 for own in values], np.uint64),
            code=code,
        )
        for level in range(max(map(len, values)))
    ]


def _known(members: Sequence[Register]) -> NDArray[np.int64]:
    return np.array(sorted((i << 32) + raw for i, member in enumerate(members) for raw in member.states), np.int64)
