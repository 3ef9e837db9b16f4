"""Numbers to wire bytes, against vectors worked out by hand and against a foreign decoder."""

from __future__ import annotations

import math
import struct
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.client.mixin import ModbusClientMixin

from firmware_sim.encoding import DataType, WordOrder, crc16, encode, pack_bits, to_raw, word_count

PYMODBUS_TYPES = {
    DataType.U16: ModbusClientMixin.DATATYPE.UINT16,
    DataType.S16: ModbusClientMixin.DATATYPE.INT16,
    DataType.U32: ModbusClientMixin.DATATYPE.UINT32,
    DataType.S32: ModbusClientMixin.DATATYPE.INT32,
    DataType.U64: ModbusClientMixin.DATATYPE.UINT64,
    DataType.S64: ModbusClientMixin.DATATYPE.INT64,
    DataType.F32: ModbusClientMixin.DATATYPE.FLOAT32,
    DataType.F64: ModbusClientMixin.DATATYPE.FLOAT64,
}
RANGES = {
    DataType.U16: (0, 2**16 - 1),
    DataType.S16: (-(2**15), 2**15 - 1),
    DataType.U32: (0, 2**32 - 1),
    DataType.S32: (-(2**31), 2**31 - 1),
    DataType.U64: (0, 2**64 - 1),
    DataType.S64: (-(2**63), 2**63 - 1),
}


@pytest.mark.parametrize(
    ("raw", "data_type", "order", "words"),
    [
        (230.5, DataType.F32, "ABCD", "43668000"),
        (230.5, DataType.F32, "CDAB", "80004366"),
        (230.5, DataType.F32, "BADC", "66430080"),
        (230.5, DataType.F32, "DCBA", "00806643"),
        (-12345, DataType.S32, "ABCD", "FFFFCFC7"),
        (-12345, DataType.S32, "CDAB", "CFC7FFFF"),
        (-12345, DataType.S32, "BADC", "FFFFC7CF"),
        (-12345, DataType.S32, "DCBA", "C7CFFFFF"),
        (70000, DataType.U32, "ABCD", "00011170"),
        (70000, DataType.U32, "CDAB", "11700001"),
        (123_456, DataType.U32, "CDAB", "E2400001"),
    ],
)
def test_known_vectors(raw: float, data_type: DataType, order: str, words: str) -> None:
    """Every word order gives the bytes that were worked out by hand."""
    assert encode(raw, data_type, WordOrder(order)).hex().upper() == words


def test_words_of_64_bits_are_reversed_as_words() -> None:
    """CDAB of a 64-bit value sends its four words last first."""
    assert encode(0x0011223344556677, DataType.U64, WordOrder.CDAB).hex() == "6677445522330011"


@pytest.mark.parametrize(
    ("frame", "crc"),
    [
        ("010400000002", "71CB"),
        ("01040443668000", "6FDF"),
        ("010400010002", "200B"),
        ("010404FFCB028F", "FAAA"),
        ("01041408D1006C000000F4000000260000 01F400640000", "5134"),
    ],
)
def test_crc_of_known_frames(frame: str, crc: str) -> None:
    """The CRC of real serial frames, low byte first."""
    assert crc16(bytes.fromhex(frame)).to_bytes(2, "little").hex().upper() == crc


def test_pzem_sample_frame() -> None:
    """The PZEM-016 sample frame decodes to 225.7 V, 0.108 A, 24.4 W, 38 Wh with the low word first."""
    values = [(2257, DataType.U16), (108, DataType.U32), (244, DataType.U32), (38, DataType.U32), (500, DataType.U16)]
    words = b"".join(encode(raw, data_type, WordOrder.CDAB) for raw, data_type in values)
    assert words.hex().upper() == "08D1006C000000F400000026000001F4"


@given(st.sampled_from(sorted(RANGES)), st.booleans(), st.data())
def test_integers_decode_in_a_foreign_library(data_type: DataType, low_word_first: bool, data: st.DataObject) -> None:
    """What we encode, pymodbus decodes to the same integer."""
    raw = data.draw(st.integers(*RANGES[data_type]))
    encoded = encode(raw, data_type, WordOrder.CDAB if low_word_first else WordOrder.ABCD)
    registers = list(struct.unpack(f">{len(encoded) // 2}H", encoded))
    order: Literal["little", "big"] = "little" if low_word_first else "big"
    assert ModbusClientMixin.convert_from_registers(registers, PYMODBUS_TYPES[data_type], word_order=order) == raw


@given(st.floats(width=32, allow_nan=False), st.booleans())
def test_floats_decode_in_a_foreign_library(value: float, low_word_first: bool) -> None:
    """What we encode as f32, pymodbus decodes to the same number."""
    encoded = encode(value, DataType.F32, WordOrder.CDAB if low_word_first else WordOrder.ABCD)
    registers = list(struct.unpack(">2H", encoded))
    order: Literal["little", "big"] = "little" if low_word_first else "big"
    assert ModbusClientMixin.convert_from_registers(registers, PYMODBUS_TYPES[DataType.F32], word_order=order) == value


@given(
    st.sampled_from(sorted(RANGES)),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([1.0, 0.1, 0.01, 10.0]),
)
def test_any_value_becomes_a_raw_value_in_range(data_type: DataType, value: float, scale: float) -> None:
    """No engineering value, NaN and infinity included, leaves the range of its register."""
    low, high = RANGES[data_type]
    assert low <= to_raw(value, data_type, scale, None) <= high


def test_saturation_and_rounding() -> None:
    """Values are rounded to the register's step and held at its ends."""
    assert to_raw(-5.3, DataType.S16, 0.1, None) == -53
    assert to_raw(5000.0, DataType.S16, 0.1, None) == 32767
    assert to_raw(-1.0, DataType.U16, 1.0, None) == 0
    assert to_raw(1e300, DataType.F32, 1.0, None) == pytest.approx(3.4028234e38)


@pytest.mark.parametrize(
    ("data_type", "invalid", "wire"),
    [
        (DataType.S16, 0x7FFF, "7fff"),
        (DataType.U16, 0xFFFF, "ffff"),
        (DataType.S16, 0x8000, "8000"),
        (DataType.U16, None, "0000"),
    ],
)
def test_not_available_codes(data_type: DataType, invalid: int | None, wire: str) -> None:
    """NaN becomes the product's own code for "not available", also where it is negative in a signed register."""
    assert encode(to_raw(math.nan, data_type, 0.1, invalid), data_type).hex() == wire


def test_nan_travels_in_floats() -> None:
    """A float register shows NaN as NaN."""
    assert math.isnan(struct.unpack(">f", encode(to_raw(math.nan, DataType.F32, 1.0, None), DataType.F32))[0])


def test_bits_fill_bytes_from_the_lowest() -> None:
    """The first input is the lowest bit of the first byte, and the last byte is padded with zeros."""
    assert pack_bits([1, 0, 1, 1, 0, 0, 1, 1, 1, 1]) == bytes((0b11001101, 0b00000011))


def test_word_counts() -> None:
    """A bit takes one address, 32 bits two registers, 64 bits four."""
    assert [word_count(t) for t in (DataType.BIT, DataType.U16, DataType.F32, DataType.U64)] == [1, 1, 2, 4]
