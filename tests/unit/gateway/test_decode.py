"""Decoding: golden words from makers' documents and wire samples, never from an encoder of ours."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.quality import GOOD, QualityClass, Reason, quality
from gateway.decode import BlockDecoder, Decoded
from gateway.plan import plan
from gateway.profile import DataType, Order, Register
from gateway.profile_file import shipped

PROFILES = shipped()
OUT_OF_RANGE = quality(QualityClass.BAD, Reason.OUT_OF_RANGE)
NOT_IMPLEMENTED = quality(QualityClass.BAD, Reason.NOT_IMPLEMENTED)
NOT_A_NUMBER = quality(QualityClass.BAD, Reason.NOT_A_NUMBER)


def one(words: str, data_type: DataType, **options: object) -> Decoded:
    data = bytes.fromhex(words)
    register = Register(name="x", function=3, address=0, type=data_type, **options)  # type: ignore[arg-type]
    return BlockDecoder(0, len(data) // 2, [register], [None]).decode(data)


def of_profile(key: str, names: list[str], words: str) -> Decoded:
    """Decode a response to the one request that reads these registers of a shipped profile."""
    profile = PROFILES[key]
    (request,) = plan(profile, [profile.registers[name] for name in names])
    assert [register.name for register in request.registers] == names
    exponents = [profile.registers.get(register.exponent_from) for register in request.registers]
    return BlockDecoder(request.address, request.count, request.registers, exponents).decode(bytes.fromhex(words))


@pytest.mark.parametrize(
    ("order", "f32", "s32"),
    [
        (Order.ABCD, "4366 8000", "FFFF CFC7"),
        (Order.CDAB, "8000 4366", "CFC7 FFFF"),
        (Order.BADC, "6643 0080", "FFFF C7CF"),
        (Order.DCBA, "0080 6643", "C7CF FFFF"),
    ],
)
def test_the_four_orders_of_a_32_bit_value(order: Order, f32: str, s32: str) -> None:
    """230.5 and -12345 are read from every word and byte order."""
    assert one(f32, DataType.F32, order=order).value.tolist() == [230.5]
    assert one(s32, DataType.S32, order=order).value.tolist() == [-12345]


def test_u32_in_both_word_orders() -> None:
    """70000 is 0001 1170 or 1170 0001."""
    assert one("0001 1170", DataType.U32).value.tolist() == [70000]
    assert one("1170 0001", DataType.U32, order=Order.CDAB).value.tolist() == [70000]


def test_64_bit_little_endian_words() -> None:
    """A MAP3E counts energy in a u64 with the low word first."""
    decoded = one("0007 0000 0000 0000", DataType.U64, order=Order.CDAB, scale=3.125e-6)
    assert decoded.value.tolist() == [7 * 3.125e-6]


def test_xy_md02_wire_sample() -> None:
    """FF CB 02 8F is -5.3 degrees and 65.5 percent."""
    decoded = of_profile("xy-md02", ["temperature", "humidity"], "FFCB 028F")
    assert decoded.value == pytest.approx([-5.3, 65.5])
    assert decoded.quality.tolist() == [GOOD, GOOD]


def test_pzem_016_wire_sample() -> None:
    """The frame quoted by esphome: 225.7 V, 0.108 A, 24.4 W, 38 Wh, 50.0 Hz, power factor 1."""
    names = ["voltage", "current", "power", "energy", "frequency", "power_factor", "alarm"]
    decoded = of_profile("pzem-016", names, "08D1 006C 0000 00F4 0000 0026 0000 01F4 0064 0000")
    assert decoded.value == pytest.approx([225.7, 0.108, 24.4, 38, 50.0, 1.0, 0])
    assert decoded.value[0] * decoded.value[1] == pytest.approx(decoded.value[2], abs=0.05)


def test_pzem_016_large_energy() -> None:
    """123,456 Wh travels as E240 0001."""
    assert of_profile("pzem-016", ["energy"], "E240 0001").value.tolist() == [123456]


def test_sdm630_voltage() -> None:
    """43 66 80 00 from an SDM630 is 230.5 V."""
    assert of_profile("eastron-sdm630", ["voltage_l1"], "4366 8000").value.tolist() == [230.5]


@pytest.mark.parametrize(("decimals", "expected"), [(0, 2116), (1, 211.6), (2, 21.16), (3, 2.116)])
def test_qdy30a_takes_its_decimal_places_from_another_register(decimals: int, expected: float) -> None:
    """Value = raw / 10^decimals, and the result is the nearest double, not one rounding away from it."""
    decoded = of_profile("qdy30a", ["value"], f"{decimals:04X} 0844")
    assert decoded.value.tolist() == [expected]


@pytest.mark.parametrize(
    ("scale", "words", "expected"), [(0.1, "00BA", 18.6), (0.01, "0742", 18.58), (0.001, "1CA1", 7.329)]
)
def test_decimal_scales_leave_no_tail(scale: float, words: str, expected: float) -> None:
    """A tenth, hundredth or thousandth of a whole number is the nearest double to what the display shows."""
    assert one(words, DataType.U16, scale=scale).value.tolist() == [expected]


def test_a_wild_number_of_decimal_places_is_no_value() -> None:
    """A decimals register that holds rubbish does not make a value."""
    decoded = of_profile("qdy30a", ["value"], "FFFF 0844")
    assert math.isnan(decoded.value[0])
    assert decoded.quality.tolist() == [NOT_IMPLEMENTED]


def test_sunspec_scale_factor_multiplies() -> None:
    """A SunSpec scale factor of -2 (FFFE) makes 23050 into 230.5."""
    factor = Register(name="sf", function=3, address=1, type=DataType.S16)
    value = Register(name="v", function=3, address=0, type=DataType.S16, exponent_from="sf", exponent_sign=1)
    assert BlockDecoder(0, 2, [value], [factor]).decode(bytes.fromhex("5A0A FFFE")).value.tolist() == [230.5]


@pytest.mark.parametrize(
    ("name", "words"),
    [("temperature", "7FFF"), ("co2", "FFFF"), ("illuminance", "FFFF FFFF")],
)
def test_msw_v4_sentinels_are_no_values(name: str, words: str) -> None:
    """The words with which a WB-MSW says that a sensor is missing never become numbers."""
    decoded = of_profile("wirenboard-msw-v4", [name], words)
    assert decoded.quality.tolist() == [NOT_IMPLEMENTED]
    assert math.isnan(decoded.value[0])


@pytest.mark.parametrize("words", ["7FC0 0000", "7F80 0000", "FF80 0000", "FFC0 0001", "7F81 0000"])
def test_nan_and_infinity_are_no_values(words: str) -> None:
    """NaN (quiet and signalling) and both infinities are bad, not a number."""
    decoded = one(words, DataType.F32)
    assert decoded.quality.tolist() == [NOT_A_NUMBER]
    assert math.isnan(decoded.value[0])


def test_out_of_range_keeps_the_value_and_says_so() -> None:
    """A humidity of 110 % is shown as bad, out of range, with its value."""
    decoded = of_profile("xy-md02", ["humidity"], "044C")
    assert decoded.value == pytest.approx([110])
    assert decoded.quality.tolist() == [OUT_OF_RANGE]


def test_counters_beyond_2_to_the_53_keep_their_digits() -> None:
    """An unscaled u64 travels as text when a double would lose digits."""
    decoded = one("0020 0000 0000 0001", DataType.U64)
    assert decoded.text == {0: "9007199254740993"}
    assert one("FFDF FFFF FFFF FFFF", DataType.S64).text == {0: "-9007199254740993"}
    assert one("0020 0000 0000 0000", DataType.U64).text == {}


def test_bits_of_a_word() -> None:
    """A field of bits is cut out of its word; a bool register is true when any bit is set."""
    assert one("0ABC", DataType.BITS, bit=4, bit_count=4).value.tolist() == [0xB]
    assert one("0010", DataType.BOOL).value.tolist() == [1.0]
    assert one("0000", DataType.BOOL).value.tolist() == [0.0]


def test_discrete_inputs_come_least_significant_bit_first() -> None:
    """The first input of a response is the lowest bit of its first byte."""
    profile = PROFILES["generic-lift-status"]
    chosen = [register for register in profile.registers.values() if register.function == 2]
    (request,) = plan(profile, chosen)
    decoded = BlockDecoder(request.address, request.count, request.registers, [None] * 7).decode(b"\x23")
    assert decoded.value.tolist() == [1, 1, 0, 0, 0, 1, 0]


def test_tuf_2000m_counts_from_one() -> None:
    """The manual's register 1 is protocol address 0, and its floats have the low word first."""
    profile = PROFILES["tuf-2000m"]
    assert profile.registers["flow"].address == 0
    assert profile.registers["positive_total"].address == 114
    assert of_profile("tuf-2000m", ["flow"], "8000 4366").value.tolist() == [230.5]


def test_a_response_of_another_length_is_refused() -> None:
    """Bytes that were not asked for are never decoded."""
    with pytest.raises(ValueError, match="4 data bytes were asked for"):
        BlockDecoder(0, 2, [], []).decode(b"\0" * 6)


FORMATS = {
    DataType.U16: "H",
    DataType.S16: "h",
    DataType.U32: "I",
    DataType.S32: "i",
    DataType.U64: "Q",
    DataType.S64: "q",
    DataType.F32: "f",
    DataType.F64: "d",
}


def scalar_twin(data: bytes, register: Register) -> float:
    """One value the slow way: words, order, struct."""
    words = [data[2 * i : 2 * i + 2] for i in range(register.address, register.stop)]
    if register.order in (Order.CDAB, Order.DCBA):
        words.reverse()
    if register.order in (Order.BADC, Order.DCBA):
        words = [word[::-1] for word in words]
    (raw,) = struct.unpack(">" + FORMATS[register.type], b"".join(words))
    number = float(raw)
    value = (number / 10 if register.scale == 0.1 else number * register.scale) + register.offset
    return value if math.isfinite(value) else math.nan


@st.composite
def blocks(draw: st.DrawFn) -> tuple[bytes, list[Register]]:
    registers = []
    for index in range(draw(st.integers(1, 12))):
        data_type = draw(st.sampled_from(list(FORMATS)))
        registers.append(
            Register(
                name=f"r{index}",
                function=3,
                address=draw(st.integers(0, 20)),
                type=data_type,
                order=draw(st.sampled_from(list(Order))),
                scale=draw(st.sampled_from([1.0, 0.1, -2.5])),
                offset=draw(st.sampled_from([0.0, 7.0])),
            )
        )
    return draw(st.binary(min_size=48, max_size=48)), registers


@given(blocks())
def test_columns_agree_with_the_scalar_twin(case: tuple[bytes, list[Register]]) -> None:
    """Whatever the types and orders, the gather gives what word-by-word unpacking gives."""
    data, registers = case
    decoded = BlockDecoder(0, 24, registers, [None] * len(registers)).decode(data)
    np.testing.assert_array_equal(decoded.value, [scalar_twin(data, register) for register in registers])
