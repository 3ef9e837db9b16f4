"""Decoding: golden words from makers' documents and wire samples, never from an encoder of ours."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.places import Text
from core.quality import GOOD, QualityClass, Reason, quality
from gateway.decode import BlockDecoder, Decoded
from gateway.plan import plan
from gateway.profile import DataType, Encoding, Meaning, Order, Register
from gateway.profile_file import shipped

PROFILES = shipped()
OUT_OF_RANGE = quality(QualityClass.BAD, Reason.OUT_OF_RANGE)
NOT_IMPLEMENTED = quality(QualityClass.BAD, Reason.NOT_IMPLEMENTED)
NOT_A_NUMBER = quality(QualityClass.BAD, Reason.NOT_A_NUMBER)
WRONG_TYPE = quality(QualityClass.BAD, Reason.WRONG_TYPE)
SENSOR_ERROR = quality(QualityClass.BAD, Reason.SENSOR_ERROR)
NAMED = Meaning(text=Text(zh="有", en="named"))


def one(response: str, data_type: DataType, **options: Any) -> Decoded:
    data = bytes.fromhex(response)
    register = Register(name="x", function=3, address=0, type=data_type, **options)
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


@pytest.mark.parametrize(
    ("words", "count", "order", "expected"),
    [
        ("1234", 1, Order.ABCD, 1234),
        ("3412", 1, Order.BADC, 1234),
        ("0012 3456", 2, Order.ABCD, 123456),
        ("3456 0012", 2, Order.CDAB, 123456),
        ("0001 2345 6789", 3, Order.ABCD, 123456789),
        ("6789 2345 0001", 3, Order.CDAB, 123456789),
        ("0000 0000 0000 0000", 4, Order.ABCD, 0),
    ],
)
def test_binary_coded_decimals(words: str, count: int, order: Order, expected: int) -> None:
    """Each nibble is a digit, whatever the number of words and their order."""
    decoded = one(words, DataType.BCD, words=count, order=order)
    assert decoded.value.tolist() == [expected]
    assert decoded.quality.tolist() == [GOOD]


@pytest.mark.parametrize("words", ["123A", "FFFF", "A000", "00F0"])
def test_a_nibble_above_nine_is_never_a_number(words: str) -> None:
    """What is no digit makes no value, rather than a wrong one."""
    decoded = one(words, DataType.BCD, words=1)
    assert math.isnan(decoded.value[0])
    assert decoded.quality.tolist() == [NOT_A_NUMBER]


def test_sixteen_digits_keep_them_all() -> None:
    """A BCD counter beyond 2**53 travels as text, too."""
    assert one("9999 9999 9999 9999", DataType.BCD, words=4).text == {0: "9999999999999999"}
    assert one("9999 9999 9999 9999", DataType.BCD, words=4, scale=0.01).text == {}


def test_a_sentinel_in_bcd_is_not_implemented() -> None:
    """FFFF is no number, and the profile knows what it means."""
    assert one("FFFF", DataType.BCD, words=1, absent=(0xFFFF,)).quality.tolist() == [NOT_IMPLEMENTED]


@pytest.mark.parametrize(
    ("words", "options", "text", "code"),
    [
        ("4142 4344 0000", {}, "ABCD", GOOD),
        ("4241 4443 0000", {"order": Order.BADC}, "ABCD", GOOD),
        ("2041 4220 2020", {}, "AB", GOOD),
        ("4142 0043 4445", {}, "AB", GOOD),
        ("0000 0000 0000", {}, None, NOT_IMPLEMENTED),
        ("2020 2020 2020", {}, None, NOT_IMPLEMENTED),
        ("FFFF FFFF FFFF", {}, None, NOT_IMPLEMENTED),
        ("E794 B500 0000", {"encoding": Encoding.UTF8}, "电", GOOD),
        ("E794 B500 0000", {}, None, WRONG_TYPE),
        ("E794 0000 0000", {"encoding": Encoding.UTF8}, None, WRONG_TYPE),
        ("4107 4200 0000", {}, None, WRONG_TYPE),
    ],
)
def test_strings_travel_as_text(words: str, options: dict[str, Any], text: str | None, code: int) -> None:
    """Padding goes, emptiness is not implemented, and bytes that are no text are never shown as one."""
    decoded = one(words, DataType.STRING, words=3, **options)
    assert decoded.text.get(0) == text
    assert decoded.quality.tolist() == [code]
    assert math.isnan(decoded.value[0])


def test_strings_and_numbers_of_one_response() -> None:
    """A text beside numbers leaves them alone."""
    registers = [
        Register(name="n", function=3, address=0, type=DataType.U16, scale=0.1),
        Register(name="s", function=3, address=1, type=DataType.STRING, words=2),
        Register(name="m", function=3, address=3, type=DataType.U16, low=0, high=10),
    ]
    decoded = BlockDecoder(0, 4, registers, [None] * 3).decode(bytes.fromhex("00BA 4142 4300 000B"))
    np.testing.assert_array_equal(decoded.value, [18.6, np.nan, 11])
    assert decoded.quality.tolist() == [GOOD, GOOD, OUT_OF_RANGE]
    assert decoded.text == {1: "ABC"}


def test_enums_are_numbers_and_unnamed_ones_stay_good() -> None:
    """A fault code that nobody has named is still a fault code: a rule must see it."""
    states = {0: NAMED, 4: NAMED}
    assert one("0004", DataType.ENUM, states=states, bit_count=0).value.tolist() == [4]
    assert one("0007", DataType.ENUM, states=states, bit_count=0).quality.tolist() == [GOOD]


def test_a_closed_enum_refuses_what_it_does_not_name() -> None:
    """The value is shown and marked, per register: a neighbour's states do not count."""
    registers = [
        Register(name="a", function=3, address=0, type=DataType.ENUM, bit_count=0, states={1: NAMED}, closed=True),
        Register(name="b", function=3, address=1, type=DataType.ENUM, bit_count=0, states={2: NAMED}, closed=True),
        Register(name="c", function=3, address=2, type=DataType.ENUM, bit_count=0, states={3: NAMED}),
    ]
    decoder = BlockDecoder(0, 3, registers, [None] * 3)
    assert decoder.decode(bytes.fromhex("0001 0002 0009")).quality.tolist() == [GOOD] * 3
    decoded = decoder.decode(bytes.fromhex("0002 0001 0003"))
    assert decoded.quality.tolist() == [OUT_OF_RANGE, OUT_OF_RANGE, GOOD]
    assert decoded.value.tolist() == [2, 1, 3]


def test_bits_of_wide_words_and_packed_enums() -> None:
    """Bit 20 of a 32-bit status word, in either word order, and an enum of three bits."""
    assert one("0010 0000", DataType.BITS, words=2, bit=20).value.tolist() == [1]
    assert one("0000 0010", DataType.BITS, words=2, bit=20, order=Order.CDAB).value.tolist() == [1]
    assert one("0010 0000", DataType.BITS, words=2, bit=4).value.tolist() == [0]
    assert one("00A0", DataType.ENUM, bit=5, bit_count=3, states={5: NAMED}, closed=True).quality.tolist() == [GOOD]
    assert one("8000 0000 0000 0001", DataType.BITS, words=4, bit=63).value.tolist() == [1]


def test_a_bit_of_an_absent_word_is_no_bit() -> None:
    """The sentinel is the whole word, not the cut bits."""
    assert one("FFFF", DataType.BITS, bit=3, absent=(0xFFFF,)).quality.tolist() == [NOT_IMPLEMENTED]
    assert one("0008", DataType.BITS, bit=3, absent=(1,)).quality.tolist() == [GOOD]


def test_a_failed_sensor_is_told_from_a_missing_one() -> None:
    """``sensor_error`` and ``absent`` have their own quality, and neither leaves a value."""
    for words, code in (("7FFF", NOT_IMPLEMENTED), ("8000", SENSOR_ERROR)):
        decoded = one(words, DataType.S16, absent=(0x7FFF,), sensor_error=(0x8000,))
        assert decoded.quality.tolist() == [code]
        assert math.isnan(decoded.value[0])


def test_divisor_exponent_and_offset_apply_in_this_order() -> None:
    """Raw * scale / divisor * 10**exponent + offset: an offset is in the unit, not in raw steps."""
    factor = Register(name="sf", function=3, address=1, type=DataType.S16)
    value = Register(name="v", function=3, address=0, type=DataType.S16, divisor=4, offset=-40, exponent_from="sf")
    assert BlockDecoder(0, 2, [value], [factor]).decode(bytes.fromhex("03E8 FFFF")).value.tolist() == [-15.0]
    assert one("C800", DataType.U16, divisor=512).value.tolist() == [100.0]


def test_a_negative_zero_is_not_the_absent_zero() -> None:
    """Sentinels are compared as raw words: 8000 0000 is -0.0, and 0000 0000 is absent."""
    assert one("0000 0000", DataType.F32, absent=(0,)).quality.tolist() == [NOT_IMPLEMENTED]
    assert one("8000 0000", DataType.F32, absent=(0,)).quality.tolist() == [GOOD]


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
    if register.type is DataType.BCD:
        digits = b"".join(words).hex()
        raw = int(digits) if digits.isdecimal() else math.nan
    else:
        (raw,) = struct.unpack(">" + FORMATS[register.type], b"".join(words))
    number = float(raw)
    value = (number / 10 if register.scale == 0.1 else number * register.scale) / register.divisor + register.offset
    return value if math.isfinite(value) else math.nan


@st.composite
def blocks(draw: st.DrawFn) -> tuple[bytes, list[Register]]:
    registers = []
    for index in range(draw(st.integers(1, 12))):
        data_type = draw(st.sampled_from([*FORMATS, DataType.BCD]))
        registers.append(
            Register(
                name=f"r{index}",
                function=3,
                address=draw(st.integers(0, 20)),
                type=data_type,
                order=draw(st.sampled_from(list(Order))),
                scale=draw(st.sampled_from([1.0, 0.1, -2.5])),
                divisor=draw(st.sampled_from([1.0, 32.0])),
                offset=draw(st.sampled_from([0.0, 7.0])),
                words=draw(st.integers(1, 4)) if data_type is DataType.BCD else 0,
            )
        )
    decimal = st.lists(st.sampled_from([0x00, 0x09, 0x10, 0x42, 0x99, 0x9A]), min_size=48, max_size=48).map(bytes)
    return draw(st.binary(min_size=48, max_size=48) | decimal), registers


@given(blocks())
def test_columns_agree_with_the_scalar_twin(case: tuple[bytes, list[Register]]) -> None:
    """Whatever the types and orders, the gather gives what word-by-word unpacking gives."""
    data, registers = case
    decoded = BlockDecoder(0, 24, registers, [None] * len(registers)).decode(data)
    np.testing.assert_array_equal(decoded.value, [scalar_twin(data, register) for register in registers])
