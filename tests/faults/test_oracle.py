"""The oracle itself is tested: a planted loss, double and alteration are each found, and a clean run is clean."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.oracle import Excuse, Served, Stored, judge

DEVICES, VALUES, READS = 3, 4, 50


def world() -> tuple[Served, Stored]:
    """A clean run: three devices of four values, fifty reads each, all stored in the order of their spool."""
    device, counter, index = (
        column.ravel() for column in np.meshgrid(range(1, DEVICES + 1), range(READS), range(VALUES), indexing="ij")
    )
    key = (device << 48) | (index << 40) | counter
    value = (counter * VALUES + index).astype(np.float64)
    served = Served(key=key, value=value, device=device, served_ms=1000 + counter * 10)
    count = len(key)
    stored = Stored(
        key=key.copy(),
        value=value.copy(),
        epoch=np.full(count, 7),
        offset=np.arange(count),
        node=np.zeros(count, np.int64),
    )
    return served, stored


def without(stored: Stored, row: int) -> Stored:
    """The store with one reading gone."""
    columns = {name.name: np.delete(getattr(stored, name.name), row) for name in dataclasses.fields(stored)}
    return Stored(**columns)


def doubled(stored: Stored, row: int, offset: int) -> Stored:
    """The store with one reading once more, under another offset."""
    columns = {
        name.name: np.append(getattr(stored, name.name), getattr(stored, name.name)[row])
        for name in dataclasses.fields(stored)
    }
    columns["offset"][-1] = offset
    return Stored(**columns)


rows = st.integers(0, DEVICES * VALUES * READS - 1)


def test_a_clean_run_is_clean() -> None:
    """Nothing lost, nothing twice, nothing altered."""
    assert judge(*world()).clean


@given(rows)
def test_a_planted_loss_is_found(row: int) -> None:
    """One reading gone: a served value without a reading, and a hole unless it was the last offset."""
    served, stored = world()
    verdict = judge(served, without(stored, row))
    assert verdict.lost in (1, 2)
    assert (verdict.dup, verdict.altered) == (0, 0)


@given(rows, st.booleans())
def test_a_planted_double_is_found(row: int, same_offset: bool) -> None:
    """The same value twice, under the same offset or under a new one."""
    served, stored = world()
    offset = int(stored.offset[row]) if same_offset else len(stored.key)
    verdict = judge(served, doubled(stored, row, offset))
    assert verdict.dup == (2 if same_offset else 1)
    assert (verdict.lost, verdict.altered) == (0, 0)


@given(rows, st.floats(allow_nan=False))
def test_a_planted_alteration_is_found(row: int, value: float) -> None:
    """A value that was not served there, whatever it is, and then the true one is missing."""
    served, stored = world()
    changed = stored.value.copy()
    changed[row] = value if value != changed[row] else value + 1
    if changed[row] == stored.value[row]:
        return
    verdict = judge(served, dataclasses.replace(stored, value=changed))
    assert (verdict.altered, verdict.lost, verdict.dup) == (1, 1, 0)


def test_a_hole_in_the_offsets_is_a_loss_even_if_every_served_value_is_there() -> None:
    """An offset that reached the spool and ended nowhere was promised."""
    served, stored = world()
    verdict = judge(
        served, dataclasses.replace(stored, offset=np.where(stored.offset >= 9, stored.offset + 1, stored.offset))
    )
    assert verdict.lost == 1


def test_what_a_killed_gateway_held_is_excused_and_nothing_else() -> None:
    """Only its own devices, only the last moments."""
    served, stored = world()
    last = int(np.flatnonzero((served.device == 2) & (served.served_ms == 1490))[0])
    gone = Stored(
        **{f.name: getattr(stored, f.name)[served.key != served.key[last]] for f in dataclasses.fields(stored)}
    )
    gone = dataclasses.replace(gone, offset=np.arange(len(gone.key)))
    excuse = Excuse(from_ms=1400, to_ms=1490, devices=frozenset({2}))
    assert judge(served, gone, excuses=[excuse]).clean
    assert judge(served, gone, excuses=[dataclasses.replace(excuse, devices=frozenset({1}))]).lost == 1
    assert judge(served, gone, excuses=[dataclasses.replace(excuse, to_ms=1489)]).lost == 1


@pytest.mark.parametrize("as_gap", [True, False])
def test_declared_gaps_are_no_loss_of_offsets(as_gap: bool) -> None:
    """Offsets that ended in a gap record or in quarantine are accounted for."""
    served, stored = world()
    moved = dataclasses.replace(stored, offset=stored.offset + 5)
    verdict = judge(served, moved, settled={(0, 7): [(0, 5)]} if as_gap else {})
    assert verdict.lost == (0 if as_gap else 5)
