"""Requests and answers of products, without sockets."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.devices import climate, generic, meters, process
from firmware_sim.encoding import DataType, crc16
from firmware_sim.modbus.answer import RequestKind, answer_pdu, kind_of
from firmware_sim.modbus.register_map import Identification, Product, Register, Table

PRODUCTS = [
    meters.SDM630,
    climate.XY_MD02,
    climate.SENSEAIR_S8,
    climate.WB_MSW_V4,
    climate.BAC_002ALN,
    climate.SOKOL_M,
    process.QDY30A,
    process.GD200A,
    process.INCLINOMETER,
    process.TUF_2000M,
    generic.LIFT_STATUS,
    generic.ANALOG_INPUTS,
]


def read(function: int, address: int, count: int) -> bytes:
    return struct.pack(">BHH", function, address, count)


def values(**by_name: float) -> Callable[[Register], float]:
    return lambda register: by_name.get(register.name, 0.0)


def test_xy_md02_frame() -> None:
    """An XY-MD02 at -5.3 Cel and 65.5 % answers the frame worked out by hand, CRC included."""
    pdu = answer_pdu(climate.XY_MD02, read(4, 1, 2), values(temperature=-5.3, humidity=65.5))
    frame = b"\x01" + pdu
    assert (frame + crc16(frame).to_bytes(2, "little")).hex(" ").upper() == "01 04 04 FF CB 02 8F FA AA"


def test_sdm630_frame() -> None:
    """An SDM630 at 230.5 V answers the frame worked out by hand."""
    pdu = answer_pdu(meters.SDM630, read(4, 0, 2), values(voltage_l1=230.5))
    frame = b"\x01" + pdu
    assert (frame + crc16(frame).to_bytes(2, "little")).hex(" ").upper() == "01 04 04 43 66 80 00 6F DF"


def test_tuf_2000m_sends_the_low_word_first() -> None:
    """The flow of a TUF-2000M travels in CDAB order."""
    assert answer_pdu(process.TUF_2000M, read(3, 0, 2), values(flow=230.5)).hex() == "030480004366"


def test_inclinometer_is_signed() -> None:
    """A tilt of -12.345 degrees is an s32 of -12345."""
    assert answer_pdu(process.INCLINOMETER, read(3, 0, 2), values(angle_x=-12.345)).hex() == "0304ffffcfc7"


def test_wall_sensor_without_value_shows_its_code() -> None:
    """A value that is not available shows the product's code: 0x7FFF for temperature, 0xFFFF for CO2."""
    answer = answer_pdu(climate.WB_MSW_V4, read(4, 4, 2), values(temperature=math.nan, humidity=50.0))
    assert answer.hex() == "04047fff1388"
    assert answer_pdu(climate.WB_MSW_V4, read(4, 8, 1), values(co2=math.nan)).hex() == "0402ffff"


def test_lift_inputs_are_bits() -> None:
    """Discrete inputs answer packed bits."""
    shown = values(door_open=1, has_people=1, mains=1)
    assert answer_pdu(generic.LIFT_STATUS, read(2, 0, 7), shown).hex() == "020125"


@pytest.mark.parametrize(
    ("product", "request_pdu", "code"),
    [
        (meters.SDM630, read(4, 0x24, 2), 2),  # a hole between power factor and total power
        (meters.SDM630, read(4, 0x20, 10), 2),  # a request that runs into it
        (meters.SDM630, read(4, 0x01, 2), 2),  # begins inside a value
        (meters.SDM630, read(4, 0x00, 3), 2),  # ends inside a value
        (meters.SDM630, read(4, 0x00, 82), 3),  # more than the product takes
        (meters.SDM630, read(4, 0, 126), 3),
        (meters.SDM630, read(4, 0, 0), 3),
        (meters.SDM630, read(1, 0, 1), 1),  # no coils
        (meters.SDM630, read(4, 0xFFFF, 2), 2),
        (climate.XY_MD02, read(4, 0, 2), 2),  # address 0 does not exist
        (climate.XY_MD02, b"\x04\x00", 3),  # too short
        (climate.XY_MD02, b"\x2b\x0e\x01\x00", 1),  # does not know identification
        (generic.LIFT_STATUS, read(2, 0, 2001), 3),
        (generic.LIFT_STATUS, read(2, 6, 2), 2),
        (climate.XY_MD02, struct.pack(">BHH", 6, 0x0101, 7), 1),  # a write
        (climate.XY_MD02, bytes((0x41, 0, 0)), 1),
    ],
)
def test_refusals(product: Product, request_pdu: bytes, code: int) -> None:
    """Illegal functions, addresses and quantities get the exception code that the standard gives them."""
    assert answer_pdu(product, request_pdu, values()) == bytes((request_pdu[0] | 0x80, code))


def test_kinds_of_functions() -> None:
    """Reads and identification are allowed, writes are writes, anything else is foreign."""
    assert {f for f in range(128) if kind_of(f) is RequestKind.ALLOWED} == {1, 2, 3, 4, 43}
    assert {f for f in range(128) if kind_of(f) is RequestKind.WRITE} == {5, 6, 15, 16, 21, 22, 23}


def test_identification_basic() -> None:
    """Function 43/14 lists vendor, product code and revision."""
    answer = answer_pdu(process.GD200A, b"\x2b\x0e\x01\x00", values())
    assert answer == b"\x2b\x0e\x01\x82\x00\x00\x03\x00\x04INVT\x01\x06GD200A\x02\x031.0"


def test_identification_of_one_object() -> None:
    """One object can be asked for, and one that is not there is exception 2."""
    assert answer_pdu(process.GD200A, b"\x2b\x0e\x04\x01", values()) == b"\x2b\x0e\x04\x82\x00\x00\x01\x01\x06GD200A"
    assert answer_pdu(process.GD200A, b"\x2b\x0e\x04\x63", values()) == b"\xab\x02"
    assert answer_pdu(process.GD200A, b"\x2b\x0e\x07\x00", values()) == b"\xab\x03"


def test_long_identification_comes_in_pieces() -> None:
    """What does not fit one answer is continued from the object that the answer names."""
    long = Identification(vendor="v" * 120, product_code="p" * 120, revision="r", product_name="n" * 100)
    product = Product(key="long", maker="", model="", registers=(), reference="", identification=long)
    first = answer_pdu(product, b"\x2b\x0e\x02\x00", values())
    more, following, count = first[4], first[5], first[6]
    assert (more, count) == (0xFF, 2)
    assert len(first) <= 253
    second = answer_pdu(product, bytes((0x2B, 0x0E, 0x02, following)), values())
    assert second[4] == 0
    assert second[7] == following == 2


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda p: p.key)
def test_every_register_can_be_read_alone(product: Product) -> None:
    """Each register of each map answers a read of exactly its width."""
    for register in product.registers:
        answer = answer_pdu(product, read(int(register.table), register.address, register.width), values())
        width = 1 if register.data_type is DataType.BIT else 2 * register.width
        assert answer[0] == int(register.table)
        assert len(answer) == 2 + width


@given(st.sampled_from(PRODUCTS), st.binary(min_size=1, max_size=252))
def test_no_request_breaks_a_product(product: Product, pdu: bytes) -> None:
    """Any bytes get an answer of at most 253 bytes: data or an exception of the same function."""
    answer = answer_pdu(product, pdu, values())
    assert 2 <= len(answer) <= 253
    assert answer[0] in (pdu[0], pdu[0] & 0x7F | 0x80)


@given(st.sampled_from(PRODUCTS), st.integers(0, 0x3100), st.integers(1, 125))
def test_block_reads_are_the_concatenation_of_single_reads(product: Product, address: int, count: int) -> None:
    """A block that is answered holds exactly what its registers answer alone; a block with a hole is refused."""
    shown = values(**{r.name: i * 1.5 for i, r in enumerate(product.registers)})
    covered = {
        a: r
        for r in product.registers
        if r.table is Table.HOLDING_REGISTERS
        for a in range(r.address, r.address + r.width)
    }
    if not covered:
        return
    answer = answer_pdu(product, read(3, address, count), shown)
    if answer[0] == 3:
        assert all(a in covered for a in range(address, address + count))
        assert len(answer) == 2 + 2 * count
    elif count <= product.max_registers and not product.whole_values:
        assert answer == b"\x83\x02"
        assert any(a not in covered for a in range(address, address + count))


def test_overlapping_registers_are_refused() -> None:
    """A map in which two registers share an address does not come into being."""
    a = Register(name="a", table=Table.HOLDING_REGISTERS, address=0, data_type=DataType.F32)
    b = Register(name="b", table=Table.HOLDING_REGISTERS, address=1, data_type=DataType.U16)
    with pytest.raises(ValueError, match="b overlaps another register at 0x1"):
        Product(key="k", maker="", model="", registers=(a, b), reference="")
