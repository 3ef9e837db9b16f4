"""Every Sparkplug value becomes the right number, text and quality, by the fast way and by the careful one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from core.quality import GOOD, QualityClass, Reason, quality
from core.sparkplug.datatypes import DataType
from core.sparkplug.sparkplug_b_pb2 import Payload
from ingest.decode import MAX_MESSAGE_BYTES, MAX_METRICS, ColumnBuilder, parse_payload


def one(**fields: object) -> tuple[float, str | None, int]:
    """(value, text, quality) of a message with a single metric."""
    payload = Payload()
    payload.metrics.add(alias=1, timestamp=5, **fields)
    builder = ColumnBuilder()
    assert builder.add(payload, payload.SerializeToString()) == 1
    _, _, value, codes = builder.columns()
    return float(value[0]), builder.text.get(0), int(codes[0])


@pytest.mark.parametrize(
    ("fields", "value", "text"),
    [
        ({"double_value": -2.5}, -2.5, None),
        ({"double_value": 0.0}, 0.0, None),
        ({"float_value": 0.5}, 0.5, None),
        ({"boolean_value": True}, 1.0, None),
        ({"boolean_value": False}, 0.0, None),
        ({"int_value": 0xFFFF_CFC7, "datatype": DataType.INT32}, -12345.0, None),
        ({"int_value": 0xCFC7, "datatype": DataType.INT16}, -12345.0, None),
        ({"int_value": 0xFB, "datatype": DataType.INT8}, -5.0, None),
        ({"int_value": 0xFFFF_CFC7, "datatype": DataType.UINT32}, 4294954951.0, None),
        ({"long_value": 2**64 - 5, "datatype": DataType.INT64}, -5.0, None),
        ({"long_value": 2**53, "datatype": DataType.UINT64}, float(2**53), None),
        ({"long_value": 2**53 + 1, "datatype": DataType.UINT64}, float(2**53), "9007199254740993"),
    ],
)
def test_values(fields: dict[str, object], value: float, text: str | None) -> None:
    """Two's complement in unsigned fields, booleans, and integers beyond 2**53 with their exact text."""
    assert one(**fields) == (value, text, GOOD)


def test_text_travels_in_the_side_column() -> None:
    """A string has no number."""
    value, text, code = one(string_value="闸门 open")
    assert math.isnan(value)
    assert (text, code) == ("闸门 open", GOOD)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_bad(number: float) -> None:
    """NaN and infinity never reach a rule as numbers (R-25)."""
    value, _, code = one(double_value=number)
    assert math.isnan(value)
    assert code == quality(QualityClass.BAD, Reason.NOT_A_NUMBER)


def test_null_without_a_reason_is_not_measured() -> None:
    """A foreign node's null is no value and no zero."""
    value, _, code = one(is_null=True)
    assert math.isnan(value)
    assert code >> 6 == QualityClass.NOT_MEASURED


@given(st.integers(0, 255))
def test_our_own_quality_byte_arrives_unchanged(code: int) -> None:
    """Class and reason travel as one property."""
    payload = Payload()
    metric = payload.metrics.add(alias=1, timestamp=5, double_value=1.0)
    for key, value in (("Quality", 0), ("twingridQuality", code)):
        metric.properties.keys.append(key)
        metric.properties.values.add(int_value=value)
    builder = ColumnBuilder()
    builder.add(payload, payload.SerializeToString())
    assert builder.columns()[3].tolist() == [code]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_the_fast_way_and_the_careful_way_agree(numbers: list[float]) -> None:
    """A quality property elsewhere in the message changes the way, not the values."""
    plain, marked = Payload(), Payload()
    for payload in (plain, marked):
        for alias, number in enumerate(numbers):
            payload.metrics.add(alias=alias, timestamp=7, double_value=number)
    for metric in marked.metrics:
        metric.properties.keys.append("Quality")
        metric.properties.values.add(int_value=192)
    fast, careful = ColumnBuilder(), ColumnBuilder()
    fast.add(plain, plain.SerializeToString())
    careful.add(marked, marked.SerializeToString())
    for column in range(4):
        assert np.array_equal(fast.columns()[column], careful.columns()[column])


def test_a_refused_message_leaves_the_builder_as_it_was() -> None:
    """Half a message never stays behind."""
    good, bad = Payload(), Payload()
    good.metrics.add(alias=1, timestamp=5, double_value=0.0)
    bad.metrics.add(alias=2, timestamp=5, string_value="a")
    bad.metrics.add(alias=3, double_value=0.0)
    builder = ColumnBuilder()
    builder.add(good, good.SerializeToString())
    with pytest.raises(Refused, match="timestamp"):
        builder.add(bad, b"Quality")
    assert len(builder) == 1
    assert not builder.text


@pytest.mark.parametrize("data", [b"\xff\xff", b"\x0a\x05\x01", bytes(MAX_MESSAGE_BYTES + 1)])
def test_what_is_no_payload_is_refused(data: bytes) -> None:
    """Garbage and oversize messages get one clear reason."""
    with pytest.raises(Refused):
        parse_payload(data)


def test_too_many_metrics_are_refused() -> None:
    """A message cannot make the host work without bound."""
    payload = Payload()
    for _ in range(MAX_METRICS + 1):
        payload.metrics.add()
    with pytest.raises(Refused, match="metrics"):
        parse_payload(payload.SerializeToString())


@given(st.binary(max_size=200))
def test_random_bytes_never_raise_anything_but_a_refusal(data: bytes) -> None:
    """Fuzzing the way from bytes to columns (F-02)."""
    try:
        payload = parse_payload(data)
        ColumnBuilder().add(payload, data)
    except Refused:
        pass
