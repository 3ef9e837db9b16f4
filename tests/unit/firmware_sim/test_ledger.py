"""The ledger of served counters: it holds what was served, continues, and finds nothing that was not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.counters import CounterBank, device_address
from firmware_sim.encoding import DataType
from firmware_sim.ledger import (
    COUNTER_TYPES,
    LedgerError,
    LedgerHead,
    LedgerWriter,
    counter_limit,
    pack_record,
    read_ledger,
    shown_value,
)

HEAD = LedgerHead(data_type=DataType.F32, devices=3, values=25)


def test_columns_are_what_was_appended(tmp_path: Path) -> None:
    """Each record expands to one row per value, with the value that the register showed."""
    path = tmp_path / "ledger"
    with LedgerWriter(path, HEAD) as writer:
        writer.append(pack_record(1000, 0, 1, 0, 3, 0))
        writer.append(pack_record(1001, 7, 2, 10, 2, 0))
    columns = read_ledger(path).columns()
    assert columns.device.tolist() == [1, 1, 1, 2, 2]
    assert columns.index.tolist() == [0, 1, 2, 10, 11]
    assert columns.counter.tolist() == [0, 0, 0, 7, 7]
    assert columns.value.tolist() == [0.0, 1.0, 2.0, 185.0, 186.0]
    assert columns.served_at_ms.tolist() == [1000, 1000, 1000, 1001, 1001]


@given(
    st.sampled_from(COUNTER_TYPES),
    st.integers(1, 25),
    st.tuples(st.integers(1, 1000), st.integers(0, 24), st.integers(0, 10**5)),
    st.tuples(st.integers(1, 1000), st.integers(0, 24), st.integers(0, 10**5)),
)
def test_values_are_different(
    data_type: DataType, values: int, one: tuple[int, int, int], other: tuple[int, int, int]
) -> None:
    """Two different (device, index, counter) never show the same value in one device, nor anywhere with f64 and u64."""
    one, other = (one[0], one[1] % values, one[2]), (other[0], other[1] % values, other[2])
    same_device = one[0] == other[0]
    if one != other and (same_device or data_type in (DataType.F64, DataType.U64)):
        assert shown_value(data_type, values, *one) != shown_value(data_type, values, *other)


@pytest.mark.parametrize("data_type", COUNTER_TYPES)
def test_values_are_exact_up_to_the_limit(data_type: DataType) -> None:
    """The last counter before the limit is shown exactly by the register's type."""
    values = 25
    last = shown_value(data_type, values, 1000, values - 1, counter_limit(data_type, values) - 1)
    exact = {DataType.F32: int(np.float32(last)), DataType.F64: int(float(last)), DataType.U32: last & 0xFFFFFFFF}
    assert exact.get(data_type, last & (1 << 64) - 1) == last


@pytest.mark.parametrize("data_type", COUNTER_TYPES)
def test_columns_agree_with_the_scalar_formula(tmp_path: Path, data_type: DataType) -> None:
    """The vectorized value column equals the scalar definition."""
    head = LedgerHead(data_type=data_type, devices=1000, values=7)
    with LedgerWriter(tmp_path / "ledger", head) as writer:
        writer.append(b"".join(pack_record(0, c, d, 2, 4, 0) for c, d in ((0, 1), (99, 1000), (12345, 500))))
    columns = read_ledger(tmp_path / "ledger").columns()
    rows = zip(columns.device.tolist(), columns.index.tolist(), columns.counter.tolist(), strict=True)
    assert [int(v) for v in columns.value.tolist()] == [shown_value(data_type, 7, *row) for row in rows]


def test_a_reopened_ledger_goes_on_counting(tmp_path: Path) -> None:
    """A restarted farm continues after the last counter of each device, so no value is served twice."""
    path = tmp_path / "ledger"
    with LedgerWriter(path, HEAD) as writer:
        assert writer.first_counters == [0, 0, 0, 0]
        writer.append(pack_record(1, 0, 1, 0, 25, 0) + pack_record(2, 1, 1, 0, 25, 0) + pack_record(3, 0, 3, 0, 5, 0))
    with LedgerWriter(path, HEAD) as writer:
        assert writer.first_counters == [0, 2, 0, 1]


def test_a_torn_last_record_is_cut_off(tmp_path: Path) -> None:
    """Half a record at the end is ignored by the reader and removed before the next append."""
    path = tmp_path / "ledger"
    with LedgerWriter(path, HEAD) as writer:
        writer.append(pack_record(1, 0, 1, 0, 25, 0))
    with path.open("ab") as file:
        file.write(pack_record(2, 1, 1, 0, 25, 0)[:11])
    assert len(read_ledger(path).reads) == 1
    with LedgerWriter(path, HEAD) as writer:
        writer.append(pack_record(3, 1, 2, 0, 25, 0))
    assert read_ledger(path).reads["served_at_ms"].tolist() == [1, 3]


def test_another_farms_ledger_is_refused(tmp_path: Path) -> None:
    """A ledger of other counters, or a file that is none, is not written to."""
    path = tmp_path / "ledger"
    with LedgerWriter(path, HEAD):
        pass
    with pytest.raises(LedgerError, match="written for 3 devices x 25 f32 values, not 4 devices x 25 f32"):
        LedgerWriter(path, LedgerHead(data_type=DataType.F32, devices=4, values=25))
    path.write_text("something else " * 10)
    with pytest.raises(LedgerError, match="not a counter ledger"):
        LedgerWriter(path, HEAD)


@pytest.mark.parametrize(
    ("devices", "values", "data_type"),
    [(0, 25, "f32"), (1001, 1, "f32"), (1, 63, "f32"), (1, 32, "u64"), (1, 1, "s16")],
)
def test_impossible_banks_are_refused(devices: int, values: int, data_type: str) -> None:
    """A bank that does not fit a request or a number type is refused with the reason."""
    with pytest.raises(ValueError, match="must"):
        CounterBank(devices=devices, values=values, data_type=DataType(data_type))


def test_addresses_of_devices() -> None:
    """Device n has the loopback address n places after 127.0.1.0."""
    assert [device_address(n) for n in (1, 100, 255, 256)] == ["127.0.1.1", "127.0.1.100", "127.0.1.255", "127.0.2.0"]
