"""The arithmetic of a serial bus, against numbers worked out by hand and in the specification."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import wiretime
from gateway.lines import framer
from gateway.lines.pdu import identify_query, read_query
from gateway.transport import Framing, Parity, SerialTransport, TcpTransport
from tests.unit.gateway.mutations import wrapped


@pytest.mark.parametrize(
    ("baud", "parity", "stop_bits", "t1_5_us", "t3_5_us"),
    [
        (9600, Parity.EVEN, 1, 1719, 4010),
        (9600, Parity.NONE, 1, 1562, 3646),
        (19200, Parity.EVEN, 1, 859, 2005),
        (38400, Parity.EVEN, 1, 750, 1750),
        (115200, Parity.NONE, 2, 750, 1750),
        (2400, Parity.ODD, 2, 7500, 17500),
    ],
)
def test_silences(baud: int, parity: Parity, stop_bits: int, t1_5_us: float, t3_5_us: float) -> None:
    """1.5 and 3.5 characters of 10 to 12 bits; 750 µs and 1.75 ms above 19,200 baud (Serial Line V1.02, 2.5.1.1)."""
    port = SerialTransport(path="p", baud=baud, parity=parity, stop_bits=stop_bits)
    assert wiretime.t1_5_s(port) * 1e6 == pytest.approx(t1_5_us, abs=1)
    assert wiretime.t3_5_s(port) * 1e6 == pytest.approx(t3_5_us, abs=1)


@given(
    framing=st.sampled_from(Framing),
    function=st.sampled_from((1, 2, 3, 4)),
    address=st.integers(0, 60_000),
    count=st.integers(1, 125),
)
def test_lengths_are_those_of_real_frames(framing: Framing, function: int, address: int, count: int) -> None:
    """Request, answer, exception and identification have exactly the lengths of frames that are built."""
    query = read_query(1, function, address, count)
    assert len(framer(framing).begin(query)) == wiretime.request_length(framing, function)
    assert len(framer(framing).begin(identify_query(1, 1, 0))) == wiretime.request_length(framing, 43)
    answer = wrapped(framing, 1, bytes((function, query.size)) + bytes(query.size), 1)
    assert len(answer) == wiretime.response_length(framing, function, count)
    assert len(wrapped(framing, 1, bytes((function | 0x80, 2)), 1)) == wiretime.exception_length(framing)


def test_a_request_at_9600_baud() -> None:
    """50 registers at 8N1: 8 + 105 characters of 10 bits, 20 ms of turnaround, 3.5 characters of silence."""
    port = SerialTransport(path="p", baud=9600)
    expected_s = (8 + 105 + 3.5) * 10 / 9600 + 0.02
    assert wiretime.request_s(port, 3, 50, 0.02) == pytest.approx(expected_s)
    assert wiretime.silent_s(port, 3, 0.5) == pytest.approx((8 + 3.5) * 10 / 9600 + 0.5)


def test_ascii_takes_twice_the_characters_and_guard_time_counts() -> None:
    """17 + 211 characters for the same request, and 5 ms more of silence."""
    port = SerialTransport(path="p", baud=19200, parity=Parity.EVEN, data_bits=7, framing=Framing.ASCII, guard_s=0.005)
    assert wiretime.character_bits(port.parity, port.data_bits, port.stop_bits) == 10
    assert wiretime.request_s(port, 3, 50, 0.0) == pytest.approx((17 + 211 + 3.5) * 10 / 19200 + 0.005)


def test_on_tcp_only_the_turnaround_is_known() -> None:
    """Nothing is known of the wire behind a bridge."""
    assert wiretime.request_s(TcpTransport(host="h"), 3, 125, 0.03) == 0.03
    assert wiretime.silent_s(TcpTransport(host="h", guard_s=0.01), 3, 1.0) == 1.01
