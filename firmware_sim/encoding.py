"""Registers on the wire: numbers to 16-bit words and bits to bytes, with `struct` and nothing of ours elsewhere.

Word order names follow the four bytes of a 32-bit value as they travel: ABCD is big-endian throughout, CDAB sends the
low word first, BADC and DCBA swap the bytes inside the words too. For 64 bits CDAB means the words are reversed.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from enum import StrEnum
from typing import Final


class DataType(StrEnum):
    """Type of a register's raw value."""

    BIT = "bit"
    U16 = "u16"
    S16 = "s16"
    U32 = "u32"
    S32 = "s32"
    U64 = "u64"
    S64 = "s64"
    F32 = "f32"
    F64 = "f64"


class WordOrder(StrEnum):
    """Order in which the bytes of a 32-bit value travel."""

    ABCD = "ABCD"
    CDAB = "CDAB"
    BADC = "BADC"
    DCBA = "DCBA"


_STRUCTS: Final = {
    DataType.U16: struct.Struct(">H"),
    DataType.S16: struct.Struct(">h"),
    DataType.U32: struct.Struct(">I"),
    DataType.S32: struct.Struct(">i"),
    DataType.U64: struct.Struct(">Q"),
    DataType.S64: struct.Struct(">q"),
    DataType.F32: struct.Struct(">f"),
    DataType.F64: struct.Struct(">d"),
}
_SPANS: Final = {
    DataType.U16: (0, (1 << 16) - 1),
    DataType.S16: (-(1 << 15), (1 << 15) - 1),
    DataType.U32: (0, (1 << 32) - 1),
    DataType.S32: (-(1 << 31), (1 << 31) - 1),
    DataType.U64: (0, (1 << 64) - 1),
    DataType.S64: (-(1 << 63), (1 << 63) - 1),
}
_F32_MAX: Final = 3.4028234663852886e38


def word_count(data_type: DataType) -> int:
    """How many 16-bit registers a value takes; a bit takes one address."""
    return 1 if data_type is DataType.BIT else _STRUCTS[data_type].size // 2


def to_raw(value: float, data_type: DataType, scale: float, invalid: int | None) -> int | float:
    """The raw register value for an engineering value.

    Integers are rounded and held at the ends of their range, as instruments do. NaN becomes the device's own "not
    available" code, or 0 when it has none.
    """
    if data_type in (DataType.F32, DataType.F64):
        raw = value / scale
        if data_type is DataType.F32 and math.isfinite(raw):
            return max(-_F32_MAX, min(_F32_MAX, raw))
        return raw
    if data_type is DataType.BIT:
        return 1 if value >= 0.5 else 0
    low, high = _SPANS[data_type]
    if math.isnan(value):
        return (invalid if invalid <= high else invalid - (high - low + 1)) if invalid is not None else 0
    return round(max(low, min(high, value / scale)))


def encode(raw: float, data_type: DataType, order: WordOrder = WordOrder.ABCD) -> bytes:
    """The bytes of one raw value in wire order.

    Raises:
        struct.error: `raw` does not fit the type.
    """
    packed = _STRUCTS[data_type].pack(raw)
    if order in (WordOrder.CDAB, WordOrder.DCBA):
        packed = b"".join(packed[i : i + 2] for i in range(len(packed) - 2, -1, -2))
    if order in (WordOrder.BADC, WordOrder.DCBA):
        packed = b"".join(bytes((packed[i + 1], packed[i])) for i in range(0, len(packed), 2))
    return packed


def pack_bits(bits: Sequence[int]) -> bytes:
    """Coils or discrete inputs as bytes: the first one is the lowest bit of the first byte."""
    packed = bytearray((len(bits) + 7) // 8)
    for i, bit in enumerate(bits):
        if bit:
            packed[i // 8] |= 1 << (i % 8)
    return bytes(packed)


def crc16(frame: bytes) -> int:
    """CRC-16/MODBUS of an RTU frame (polynomial 0xA001, start 0xFFFF); it travels low byte first."""
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc
