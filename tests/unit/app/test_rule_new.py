"""``twingrid rule new``: flags or questions, files that pass, and nothing written where something is wrong."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import run
from app.exits import Exit
from tests.architecture.sources import ROOT

LEVEL = ["rule", "new", "--class", "sewage_pump", "--measurement", "level", "--limit", "> 2 m", "--for", "2 min"]


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A wide terminal, in English, in an empty folder."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TWINGRID_LANG", "en")
    monkeypatch.chdir(tmp_path)


def test_what_is_written_passes_check_and_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rule is sound and not odd, its scenarios pass, and both files are named."""
    assert run(LEVEL) == Exit.OK
    assert "wrote sewage-pump-level.yaml\nwrote scenarios/sewage-pump-level.yaml\n" in capsys.readouterr().out
    assert run(["rule", "check", "--strict", "sewage-pump-level.yaml"]) == Exit.OK
    assert run(["rule", "test", "scenarios"]) == Exit.OK
    assert "all pass: 3 scenarios" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.rglob("*.yaml")) == ["sewage-pump-level.yaml"] * 2


def test_flags_say_the_rest(tmp_path: Path) -> None:
    """Id, clear, severity, grid, texts, source and file."""
    more = [
        "--id",
        "wet",
        "--clear",
        "1",
        "--severity",
        "critical",
        "--lead",
        "governance",
        "--zh",
        "水高",
        "--en",
        "Wet",
    ]
    assert run([*LEVEL, *more, "--source", "GB 50014", "--output", "own/wet.yaml"]) == Exit.OK
    text = (tmp_path / "own" / "wet.yaml").read_text(encoding="utf-8")
    for part in ("id: wet", "level < 1 m", "critical", "governance", '"水高"', '"Wet"', '"GB 50014"', "arrive"):
        assert part in text
    assert run(["rule", "test", "own/scenarios/wet.yaml"]) == Exit.OK


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"--class": "sewage_pmup"}, "--class: there is no sewage_pmup; known: sewage_pump"),
        ({"--measurement": "levl"}, "--measurement: there is no levl; known: level"),
        ({"--limit": "> 2 A"}, "--limit:1:7 TG-0311 A measures current, m measures length"),
        ({"--limit": "> 2 mm mm"}, "--limit:1:14 TG-0310"),
        ({"--limit": ""}, "--limit is missing"),
        ({"--limit": "> 20 m"}, "the range is 0 to 10 (m)"),
        ({"--for": "soon"}, "soon is no duration"),
        ({"--clear": "low"}, "low is no number"),
        ({"--severity": "hihg"}, "--severity: there is no hihg; known: high"),
        ({"--id": "No Id"}, "'No Id' is no rule id"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_written(
    changes: dict[str, str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each mistake names what is wrong and what is known."""
    flags = {"--class": "sewage_pump", "--measurement": "level", "--limit": "> 2 m", "--for": "2 min"} | changes
    assert run(["rule", "new", *(word for pair in flags.items() for word in pair)]) == Exit.FINDING
    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the rule nor the scenarios; and then the other one is not written."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "sewage-pump-level.yaml").write_text("mine")
    assert run(LEVEL) == Exit.FINDING
    assert "exists and is not overwritten" in capsys.readouterr().err
    assert not (tmp_path / "sewage-pump-level.yaml").exists()


def test_on_a_terminal_it_asks(tmp_path: Path) -> None:
    """What no flag says is asked for, in the reader's language, with defaults."""
    ours, theirs = pty.openpty()
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "TERM": "dumb"}
    command = [sys.executable, "-m", "app", "rule", "new", "--lang", "zh"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=env, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    os.close(theirs)
    try:
        os.write(ours, b"sewage_pump\nlevel\n> 2 m\n1 min\n\nwet\n")
        out, err = process.communicate(timeout=60)
    finally:
        os.close(ours)
    assert process.returncode == 0, err
    assert "设施类别" in err
    assert "已写入 wet.yaml" in out
    assert "severity: medium" in (tmp_path / "wet.yaml").read_text(encoding="utf-8")
