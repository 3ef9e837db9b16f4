"""``twingrid rule test``: the verdict on the terminal and as JSON, in both languages, and how it exits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli import run
from app.exits import Exit

RULE = """\
- id: wet
  class: sewage_pump
  when: level > 2 m
  clear: level < 1.5 m
  for: 1 min
  severity: high
  lead: construction
  say: {zh: 液位, en: Level}
  do: {zh: [看], en: [look]}
  source: S
  evidence: proposal
"""
SCENARIOS = """\
class: sewage_pump
interval: 10 s
rules: [rules.yaml]
scenarios:
  - name: rises
    say: {zh: 上涨, en: It rises}
    series: {level: 1x6 3x12 1x6}
    expect:
      - {rule: wet, since: 1 min, start: 2 min, stop: 3 min}
  - name: stays
    series: {level: 1x6}
    expect: []
"""


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wide terminal, in English."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TWINGRID_LANG", "en")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of scenarios beside its rules."""
    (tmp_path / "rules.yaml").write_text(RULE, encoding="utf-8")
    (tmp_path / "scenarios.yaml").write_text(SCENARIOS, encoding="utf-8")
    return tmp_path / "scenarios.yaml"


def test_scenarios_that_pass_exit_well(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each has its line; the last one counts them."""
    assert run(["rule", "test", str(file)]) == Exit.OK
    out = capsys.readouterr().out
    assert "pass scenarios.yaml:5 rises: It rises" in out
    assert "all pass: 2 scenarios, each in 6 orders of arrival" in out
    assert run(["rule", "test", "--only", "stays", str(file)]) == Exit.OK
    assert "1 scenarios" in capsys.readouterr().out


def test_what_fails_is_shown_on_a_line_of_time(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Expected and got stand under each other, as text and drawn; Chinese where asked."""
    file.write_text(SCENARIOS.replace("start: 2 min", "start: 150 s"), encoding="utf-8")
    assert run(["rule", "test", str(file)]) == Exit.FINDING
    told = capsys.readouterr()
    assert "rule wet (in every order of arrival)" in told.out
    assert "expected  any severity, since 1 min, start 2 min 30 s, stop 3 min\n" in told.out
    assert "got       high, since 1 min, start 2 min, stop 3 min\n" in told.out
    assert "·" * 15 + "░" * 15 + "█" * 15 in told.out
    assert "1 of 2 scenarios failed" in told.err
    assert run(["rule", "test", "--lang", "zh", str(file)]) == Exit.FINDING
    assert "实为  严重，自 1 分钟，2 分钟 开始，3 分钟 结束" in capsys.readouterr().out


def test_other_rules_can_be_tried_on_the_same_scenarios(file: Path, tmp_path: Path) -> None:
    """--book puts a changed rule in the place of the one the file names."""
    (tmp_path / "other.yaml").write_text(RULE.replace("for: 1 min", "for: 30 s"), encoding="utf-8")
    assert run(["rule", "test", "--book", str(tmp_path / "other.yaml"), str(file)]) == Exit.FINDING
    assert run(["rule", "test", "--book", str(tmp_path / "rules.yaml"), str(file)]) == Exit.OK


def test_programs_get_what_was_raised(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON holds each scenario with its verdict and the alarms raised."""
    assert run(["rule", "test", "--json", str(file)]) == Exit.OK
    told = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["passed"], one["orders"]) for one in told["scenarios"]] == [
        ("rises", True, 6),
        ("stays", True, 6),
    ]
    assert told["scenarios"][0]["raised"] == [
        {"rule": "wet", "severity": "high", "since_ms": 60_000, "start_ms": 120_000, "stop_ms": 180_000, "late": False}
    ]


def test_wrong_files_are_findings(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule that does not exist, rules that do not load, a file that is not there: each says so."""
    file.write_text(SCENARIOS.replace("rule: wet", "rule: wte"), encoding="utf-8")
    assert run(["rule", "test", str(file)]) == Exit.FINDING
    assert "did you mean 'wet'?" in capsys.readouterr().err
    (file.parent / "rules.yaml").write_text(RULE.replace("2 m", "2 A"), encoding="utf-8")
    assert run(["rule", "test", str(file), str(file.parent / "none.yaml")]) == Exit.FINDING
    told = capsys.readouterr().err
    assert "rules.yaml:3:15 TG-0311" in told
    assert "none.yaml TG-0010" in told


def test_the_shipped_scenarios_are_played_without_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no settings name a book, those that came with Twingrid are played."""
    monkeypatch.chdir(tmp_path)
    assert run(["rule", "test", "--only", "dry"]) == Exit.OK
    assert "sewage_pump.yaml:6 dry-run" in capsys.readouterr().out


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """It is JSON, for editors."""
    assert run(["rule", "schema"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["title"] == "Twingrid rule scenarios"
