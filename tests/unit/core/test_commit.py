"""The commit header and the acknowledgement survive the wire, and nothing malformed gets through."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from core.offsets import OffsetRange, Settled
from core.sparkplug.commit import (
    MAX_ISLANDS,
    Gap,
    GapReason,
    Header,
    checksum,
    decode_committed,
    decode_header,
    encode_committed,
    encode_header,
)

offsets = st.integers(0, 2**60)


@given(st.integers(1, 2**62), offsets, st.integers(1, 5000), st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_a_header_comes_back_as_it_was(
    epoch: int, first: int, count: int, crc32: int, is_gap: bool, backlog: bool
) -> None:
    """Encode and decode are inverse."""
    gap = Gap(reason=GapReason.SPOOL_FULL, from_ms=-5, to_ms=1_700_000_000_000) if is_gap else None
    header = Header(
        epoch=epoch, span=OffsetRange(first, first + count), crc32=crc32, low=first // 2, gap=gap, backlog=backlog
    )
    assert decode_header(encode_header(header)) == header


@given(st.binary(max_size=60))
def test_random_bytes_never_make_an_impossible_header(body: bytes) -> None:
    """Decoding gives a header that can be true, or a refusal."""
    try:
        header = decode_header(body)
    except Refused:
        return
    assert header.epoch > 0
    assert header.low <= header.span.first < header.span.stop


def test_a_low_mark_above_the_first_offset_is_refused() -> None:
    """A gateway cannot send what it no longer answers for."""
    body = encode_header(Header(epoch=1, span=OffsetRange(5, 6), crc32=0, low=9))
    with pytest.raises(Refused, match="low mark"):
        decode_header(body)


@given(st.integers(0, 1000), st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 9)), max_size=300))
def test_an_acknowledgement_never_says_more_than_is_settled(low: int, spans: list[tuple[int, int]]) -> None:
    """What is read back is settled, and complete up to the limit of ranges."""
    settled = Settled(low, [OffsetRange(first, first + count) for first, count in spans])
    epoch, got = decode_committed(encode_committed(7, settled))
    islands = list(settled.islands())
    assert epoch == 7
    assert got == Settled(settled.low, islands[:MAX_ISLANDS])


@pytest.mark.parametrize("body", [b"", b"\x09", b"\x09\x01\x00\x00\x00\x00\x00\x00\x00\x1a\x01\x05"])
def test_a_malformed_acknowledgement_is_refused(body: bytes) -> None:
    """No epoch, cut short, or ranges that do not pair up: a gateway trims nothing on it."""
    with pytest.raises(Refused):
        decode_committed(body)


def test_the_checksum_sees_every_column_and_only_one_nan() -> None:
    """Changing any cell changes the checksum; the bit pattern of a NaN does not."""
    alias, time_ms = np.array([1, 2]), np.array([10, 20])
    value, codes = np.array([1.5, np.nan]), np.array([0, 193], np.uint8)
    base = checksum(alias, time_ms, value, codes, ["a"])
    odd_nan = np.array([0x3FF8000000000000, 0x7FF80000DEADBEEF], np.uint64).view(np.float64)
    assert checksum(alias, time_ms, odd_nan, codes, ["a"]) == base
    assert base not in {
        checksum(alias + 1, time_ms, value, codes, ["a"]),
        checksum(alias, time_ms + 1, value, codes, ["a"]),
        checksum(alias, time_ms, np.array([1.6, np.nan]), codes, ["a"]),
        checksum(alias, time_ms, value, np.array([0, 194], np.uint8), ["a"]),
        checksum(alias, time_ms, value, codes, ["b"]),
    }
