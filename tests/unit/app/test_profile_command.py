"""``twingrid profile``: what it prints, in both languages and as JSON, and how it exits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli import run
from app.exits import Exit

ODD = """maker: m
model: m
source: ""
registers:
  a: {address: 0, type: u32}
  b: {address: 1, type: u16, low: 0, high: 5}
"""
WRONG = """maker: m
model: m
source: s
registers:
  a: {address: 0, type: u24}
  b: {address: 1, type: u16, unit: volts}
"""


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wide terminal, in English."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TWINGRID_LANG", "en")


def test_list_names_every_product(capsys: pytest.CaptureFixture[str]) -> None:
    """All shipped profiles, or those of one kind; the JSON says which maps are verified."""
    assert run(["profile", "list"]) == Exit.OK
    assert "eastron-sdm630" in capsys.readouterr().out
    assert run(["profile", "list", "--kind", "drive", "--json"]) == Exit.OK
    rows = json.loads(capsys.readouterr().out)
    assert [row["key"] for row in rows] == ["danfoss-fc51", "delta-vfd-el", "invt-gd200a", "vacon-10", "veda-vf51"]
    assert [row["verified"] for row in rows] == [True, False, False, True, True]
    assert run(["profile", "list", "--kind", "toaster"]) == Exit.USAGE


def test_show_speaks_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    """The table has both addresses; bits and states have their texts."""
    assert run(["profile", "show", "danfoss-fc51", "--lang", "zh"]) == Exit.OK
    shown = capsys.readouterr().out
    assert "16130" in shown
    assert "3:16129" in shown
    assert "[3] status.trip: 故障跳闸 (严重)" in shown
    assert "每次只能读一个量" in shown
    assert run(["profile", "show", "danfoss-fc51"]) == Exit.OK
    assert "[3] status.trip: tripped (high)" in capsys.readouterr().out


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_map_fits_a_terminal_of_eighty_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    """Type, unit and range were cut off where names made the lines too long."""
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["profile", "show", "eastron-sdm120", "--lang", language]) == Exit.OK
    lines = capsys.readouterr().out.splitlines()
    row = next(line for line in lines if line.startswith("import_energy"))
    assert row.split() == ["import_energy", "0x0048", "4:72", "f32", "kW.h", "0…1000000000"]
    assert lines[lines.index(row) + 1].strip() == {"zh": "正向有功总电能", "en": "imported active energy"}[language]


def test_show_as_json_is_complete(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get what the table shows, with null for what is unbounded or unknown."""
    assert run(["profile", "show", "eliwell-idplus", "--json"]) == Exit.OK
    shown = json.loads(capsys.readouterr().out)
    assert shown["max_registers"] == 15
    assert shown["factory"]["unit"] is None
    (first, *_) = shown["registers"]
    assert (first["name"], first["address"], first["sensor_error"]) == ("probe_1", 295, [0x8000])


def test_an_unknown_key_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt key is wrong usage, and the nearest keys are named."""
    assert run(["profile", "show", "sdm630"]) == Exit.USAGE
    assert "eastron-sdm630" in capsys.readouterr().err


def test_check_accepts_everything_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    """No error and no warning in any profile that comes with Twingrid."""
    assert run(["profile", "check", "--strict", "--json"]) == Exit.OK
    results = json.loads(capsys.readouterr().out)
    assert len(results) >= 40
    assert all(not result["errors"] and not result["warnings"] for result in results)


def test_check_lists_every_mistake_with_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All errors of all files at once, each with file, line, column and remedy."""
    wrong, odd = tmp_path / "wrong.yaml", tmp_path / "odd.yaml"
    wrong.write_text(WRONG)
    odd.write_text(ODD)
    assert run(["profile", "check", str(wrong), str(odd)]) == Exit.FINDING
    said = capsys.readouterr().err
    assert f"{wrong}:5:25" in said
    assert f"{wrong}:6:36" in said
    assert "unknown unit 'volts'" in said
    assert "shares addresses with 'a'" in said
    assert "a bound without a unit" in said
    assert "source is empty" in said


def test_what_is_odd_is_wrong_only_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Warnings alone exit with 0, with ``--strict`` with 1; a folder stands for its files."""
    (tmp_path / "odd.yaml").write_text(ODD)
    assert run(["profile", "check", str(tmp_path)]) == Exit.OK
    assert run(["profile", "check", "--strict", str(tmp_path)]) == Exit.FINDING
    assert "0 wrong, 4 odd" in capsys.readouterr().err


def test_new_writes_a_profile_that_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The beginning passes the check, whatever signs are on the label, and is never overwritten."""
    for language in ("zh", "en"):
        path = tmp_path / f"{language}.yaml"
        wanted = [
            "profile",
            "new",
            "--maker",
            'A"B: #1',
            "--model",
            "T-1 电",
            "--source",
            "manual p. 3",
            "--kind",
            "air",
        ]
        assert run([*wanted, "--output", str(path), "--lang", language]) == Exit.OK
        assert run(["profile", "check", "--strict", str(path)]) == Exit.OK
        before = path.read_text(encoding="utf-8")
        assert run([*wanted, "--output", str(path)]) == Exit.FINDING
        assert path.read_text(encoding="utf-8") == before
        capsys.readouterr()
        assert run(["profile", "show", str(path), "--json"]) == Exit.OK
        shown = json.loads(capsys.readouterr().out)
        assert (shown["maker"], shown["model"], shown["kind"]) == (
            {"zh": 'A"B: #1', "en": 'A"B: #1'},
            {"zh": "T-1 电", "en": "T-1 电"},
            "air",
        )


def test_every_line_of_the_beginning_is_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What stands there as a comment loads as well when the sign of the comment goes."""
    path = tmp_path / "new.yaml"
    assert run(["profile", "new", "--maker", "M", "--model", "1", "--source", "s", "--output", str(path)]) == Exit.OK
    first, second, *lines = path.read_text(encoding="utf-8").splitlines()
    bare = [line.replace("# ", "", 1) if line.lstrip().startswith("# ") else line for line in lines]
    assert bare != lines
    path.write_text("\n".join([first, second, *bare]) + "\n", encoding="utf-8")
    assert run(["profile", "check", "--strict", str(path)]) == Exit.OK, capsys.readouterr().err


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Byte for byte the one that ships."""
    assert run(["profile", "schema"]) == Exit.OK
    stored = Path(__file__).resolve().parents[3] / "gateway" / "profile.schema.json"
    assert capsys.readouterr().out == stored.read_text(encoding="utf-8")
