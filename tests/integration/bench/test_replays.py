"""The replays as a whole, on small recordings made here: files, rules, engine, counting, page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench import replays_bench
from bench.replay_files import DATA_VARIABLE, NoRecordings, data_folder
from bench.replay_results import BEGIN, END, PartResult, from_json, page, tables, to_json
from bench.replays_bench import played, told

TABLE = """
- id: made
  title: Rooms made for this test
  parts:
    - &room
      id: frozen room
      files: [frozen.csv]
      interval_s: 60
      tolerance_min: 60
      time: [at]
      facilities:
        - class: indoor_air
          points:
            air_temp: {column: T, unit: "[degF]"}
      labels: {column: fault, healthy: ["0"], kinds: {"1": no heating}}
    - <<: *room
      id: quiet room
      files: [quiet.csv]
"""
START = datetime(2024, 1, 8, tzinfo=UTC)


def write(path: Path, cold: range) -> None:
    """A day at one reading a minute: 68 to 70 °F with a wave, 32 °F in the minutes ``cold``, which are labelled."""
    lines = ["at,T,fault"]
    for minute in range(1440):
        at = (START + timedelta(minutes=minute)).strftime("%Y-%m-%d %H:%M:%S")
        wave = 69 + (minute % 240) / 240 + (0.1 if minute % 2 else 0.0)
        lines.append(f"{at},{32 if minute in cold else wave:.1f},{int(minute in cold)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def results(tmp_path: Path) -> tuple[PartResult, ...]:
    """The two rooms, played."""
    write(tmp_path / "frozen.csv", range(600, 840))
    write(tmp_path / "quiet.csv", range(0))
    return tuple(played(tmp_path, TABLE))


def test_a_known_fault_is_found_and_a_quiet_room_raises_nothing(results: tuple[PartResult, ...]) -> None:
    """Four hours at freezing point are one fault, found within the hour; the other room is quiet."""
    frozen, quiet = results
    assert (frozen.book.faults, frozen.book.found, frozen.book.false) == (1, 1, 0)
    assert frozen.book.delay_s is not None
    assert 0 < frozen.book.delay_s <= 3600
    assert "iaq-freeze" in {rule.rule for rule in frozen.rules}
    assert frozen.process.found == 1
    assert (quiet.book.alarms, quiet.book.faults, quiet.book.false_per_100_points) == (0, 0, 0)
    assert quiet.book.point_days == pytest.approx(1, abs=0.01)
    assert frozen.book.point_days == pytest.approx(19 / 24, abs=0.01)


def test_the_page_and_the_rows_say_what_was_found(results: tuple[PartResult, ...]) -> None:
    """The figures stand between their marks, the rest of the page is as it was, and they survive the file."""
    before = f"# Title\n\n{BEGIN}\nyesterday\n{END}\nafter\n"
    after = page(before, from_json(to_json(results)))
    assert after.startswith("# Title\n\n")
    assert after.endswith(f"{END}\nafter\n")
    assert "yesterday" not in after
    assert "| made: frozen room | no heating | 1 of 1 |" in after
    assert page(after, results) == after
    names = [row.name for one in results for row in told(one)]
    assert names == [
        "replay_made_frozen_room_false_per_100_points",
        "replay_made_frozen_room_found",
        "replay_made_quiet_room_false_per_100_points",
    ]
    with pytest.raises(ValueError, match="no place"):
        page("# Title\n", results)


def test_the_shipped_page_shows_the_kept_results() -> None:
    """docs/replays.md is what bench/replays.json says."""
    kept = from_json(replays_bench.RESULTS.read_text(encoding="utf-8"))
    assert kept
    assert tables(kept) in replays_bench.PAGE.read_text(encoding="utf-8")


def test_what_is_missing_or_wrong_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder, no file, no column, no number, a label nobody knows: each is named, with what to do."""
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(NoRecordings, match="--data DIR"):
        data_folder(None)
    assert data_folder(str(tmp_path)) == tmp_path
    with pytest.raises(NoRecordings, match=r"frozen\.csv: no such file"):
        list(played(tmp_path, TABLE))
    for text, problem in (
        ("at,T\n2024-01-01 00:00:00,70\n", "no column fault"),
        ("at,T,fault\n2024-01-01 00:00:00,warm,0\n", "warm"),
        ("at,T,fault\nyesterday,70,0\n", "yesterday"),
        ("at,T,fault\n2024-01-01 00:00:00,70,7\n", "says 7"),
        ("at,T,fault\n2024-01-01 00:00:00,70\n", "Expected 3 columns"),
    ):
        (tmp_path / "frozen.csv").write_text(text, encoding="utf-8")
        with pytest.raises(NoRecordings, match=problem):
            list(played(tmp_path, TABLE))
