"""Recordings: their own values in their own units, their gaps, their seam, and their licences beside them."""

from __future__ import annotations

import csv
import math
from datetime import datetime
from pathlib import Path

import pytest

from firmware_sim.signals import recorded
from firmware_sim.signals.base import ConvertedSignal, ProvenanceKind
from firmware_sim.signals.recorded import DATA_SETS, RECORDINGS, WATER_FLOW, DataSet, RecordedSignal

START_S = 1_795_300_000.0


def rows(data_set: DataSet) -> list[tuple[float, float]]:
    with (RECORDINGS / data_set.file).open() as file:
        read = [(datetime.fromisoformat(r["time"]).timestamp(), float(r["value"])) for r in csv.DictReader(file)]
    return [(time_s - read[0][0], value) for time_s, value in read]


@pytest.mark.parametrize("data_set", DATA_SETS.values(), ids=lambda d: d.key)
def test_every_row_is_played_as_recorded(data_set: DataSet) -> None:
    """At the moment of each row the signal shows exactly its value, at any playback speed."""
    for speed in (1.0, 30.0):
        signal = RecordedSignal(data_set=data_set, start_s=0.0, playback_speed=speed)
        assert [signal.value((offset + 0.5) / speed) for offset, _ in rows(data_set)] == [v for _, v in rows(data_set)]


@pytest.mark.parametrize("data_set", DATA_SETS.values(), ids=lambda d: d.key)
def test_excerpts_are_small_and_carry_their_licence(data_set: DataSet) -> None:
    """Each excerpt is below 200 kB, allowed by a stated licence, and named in the notice."""
    assert (RECORDINGS / data_set.file).stat().st_size < 200_000
    assert data_set.licence in {"CC-BY-SA-4.0", "BSD-3-Clause", "MIT"}
    notice = (RECORDINGS / "NOTICE.md").read_text(encoding="utf-8")
    folder = Path(data_set.file).parent
    if data_set.licence == "CC-BY-SA-4.0":
        assert folder == Path("cc_by_sa_4")
        assert "Attribution-ShareAlike 4.0" in (RECORDINGS / folder / "LICENSE.txt").read_text(encoding="utf-8")
        assert Path(data_set.file).name.split("_")[0] in (RECORDINGS / folder / "NOTICE.md").read_text(encoding="utf-8")
    else:
        assert f"`{data_set.file}`" in notice


def test_no_file_lies_there_unnamed() -> None:
    """Every recording in the folder belongs to a data set; nothing was put there without its origin."""
    found = {str(p.relative_to(RECORDINGS)) for p in RECORDINGS.rglob("*.csv")}
    assert found == {d.file for d in DATA_SETS.values()}


def test_a_value_holds_until_the_next_and_not_over_long_gaps() -> None:
    """Between rows the last value holds; after `max_hold_s` there is none."""
    signal = RecordedSignal(data_set=WATER_FLOW, start_s=0.0, max_hold_s=3600.0)
    times = [offset for offset, _ in rows(WATER_FLOW)]
    gap = next(i for i in range(len(times) - 1) if times[i + 1] - times[i] > 3600)
    assert signal.value(times[gap] + 3599) == rows(WATER_FLOW)[gap][1]
    assert math.isnan(signal.value(times[gap] + 3601))


def test_the_seam_is_marked() -> None:
    """After the last row the recording begins again, and the position counts the rounds."""
    signal = RecordedSignal(data_set=WATER_FLOW, start_s=START_S, playback_speed=60.0)
    length_s = recorded.load(WATER_FLOW.file).length_s / 60.0
    assert signal.position(START_S + length_s - 0.1).round_number == 0
    assert signal.position(START_S + length_s + 0.1).round_number == 1
    assert signal.value(START_S + length_s + 0.1) == signal.value(START_S + 0.1)


def test_provenance_of_a_recording() -> None:
    """A recording says its data set, file, licence and playback speed, also through a conversion of the unit."""
    signal = RecordedSignal(data_set=WATER_FLOW, start_s=START_S, playback_speed=60.0)
    shown = ConvertedSignal(unit="m3/h", of=signal, factor=3.6, reason="exact").provenance
    assert shown.kind is ProvenanceKind.RECORDED
    assert (shown.licence, shown.file) == ("BSD-3-Clause", "water_flow.csv")
    assert "60 times as fast" in shown.detail
    assert "begins again every" in shown.detail
    assert "L/s to m3/h" in shown.detail


def test_rows_out_of_order_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An excerpt whose stamps do not grow is refused."""
    monkeypatch.setattr(recorded, "RECORDINGS", tmp_path)
    (tmp_path / "bad.csv").write_text("time,value\n2026-01-01T00:00:00+00:00,1\n2026-01-01T00:00:00+00:00,2\n")
    with pytest.raises(ValueError, match="in order of time"):
        recorded.load("bad.csv")
