"""``twingrid rule check``: findings under their lines, the cost of each rule, and how it exits; in both languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli import run
from app.exits import Exit
from app.source_view import excerpt
from rules import bounds
from rules.language import findings as kinds

BOOK = Path(__file__).parents[3] / "rules" / "book"
REST = """  severity: {severity}
  lead: construction
  say: {{zh: 液位, en: Level}}
  do: {{zh: [看], en: [look]}}
  source: S
  evidence: proposal
"""


def rule(name: str, when: str, rest: str = "", severity: str = "high") -> str:
    """One rule for a sewage pump."""
    return f"- id: {name}\n  class: sewage_pump\n  when: {when}\n{rest}" + REST.format(severity=severity)


WRONG = rule("one", "levl > 2 m adn pump_current > 2", "  for: 30 sec\n", "hihg") + rule(
    "two", "average(level) over 10 min > 1 m"
)
ODD = rule("three", "level > 12 m")
GOOD = rule("four", "mean(level) over 10 min > 2 m and pump_current - 1 A > 2 A", "  clear: level < 1 m\n")


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wide terminal, in English."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TWINGRID_LANG", "en")


def written(folder: Path, **texts: str) -> list[str]:
    """The files' paths."""
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return [str(folder / f"{name}.yaml") for name in texts]


def test_every_error_of_every_file_is_shown_under_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two files, five errors, one run: place, line, mark, what is wrong, what to do."""
    files = written(tmp_path, a=WRONG, b="- id: [\n")
    assert run(["rule", "check", *files]) == Exit.FINDING
    told = capsys.readouterr().err
    assert f"{files[0]}:3:9 TG-0311 class 'sewage_pump' has no measurement 'levl'" in told
    assert "      when: levl > 2 m adn pump_current > 2\n            ^^^^\n    fix: did you mean 'level'?" in told
    for near in ("'and'", "'s'", "'high'", "'mean'"):
        assert f"did you mean {near}?" in told
    assert f"{files[1]}:2:1 TG-0301" in told
    assert "6 wrong, 0 odd" in told


def test_what_is_odd_is_a_finding_only_where_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Warnings leave the exit code at 0, with --strict they do not."""
    (file,) = written(tmp_path, a=ODD)
    assert run(["rule", "check", file]) == Exit.OK
    told = capsys.readouterr().err
    assert "TG-0332 odd: there is neither" in told
    assert "TG-0333 odd: 12 m lies outside" in told
    assert run(["rule", "check", "--strict", file]) == Exit.FINDING
    assert run(["rule", "check", "--lang", "zh", file]) == Exit.OK
    assert "疑点: 没有回差" in capsys.readouterr().err


def test_the_shipped_book_has_nothing_odd(capsys: pytest.CaptureFixture[str]) -> None:
    """What the check finds odd in other people's rules it does not find in its own."""
    assert run(["rule", "check", "--strict", str(BOOK)]) == Exit.OK, capsys.readouterr().err
    assert capsys.readouterr().err == ""


def test_the_cost_of_each_rule_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nodes, operands, windows with slots, bytes, and when it is evaluated."""
    assert run(["rule", "check", *written(tmp_path, a=GOOD)]) == Exit.OK
    out = capsys.readouterr().out
    row = next(line.split() for line in out.splitlines() if line.startswith("four "))
    assert row[1:7] == ["12", "3", "1", "(60)", "42", str(72 * 3 + 448 + 60 * 20)]
    assert row[7:] == ["each", "reading:", "pump_current"]
    assert "nothing wrong: 1 files, 1 rules" in out


def test_programs_get_findings_costs_and_bounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON holds every finding with its place, every sound rule with its cost, and what is allowed."""
    files = written(tmp_path, a=WRONG + GOOD, b=ODD)
    assert run(["rule", "check", "--json", *files, str(tmp_path / "none.yaml")]) == Exit.FINDING
    told = json.loads(capsys.readouterr().out)
    assert {(one["code"], one["line"]) for one in told["errors"]} >= {("TG-0310", 3), ("TG-0312", 4), ("TG-0010", 0)}
    assert [one["code"] for one in told["warnings"]] == ["TG-0332", "TG-0333"]
    assert [one["id"] for one in told["rules"]] == ["four", "three"]
    cost = told["rules"][0]["cost"]
    assert cost["windows"] == [{"window_ms": 600_000, "slots": 60, "state_bytes": 72 + 448 + 1200}]
    assert cost["evaluated_at_every_reading_of"] == ["pump_current"]
    assert told["bounds"]["nodes"] == bounds.MAX_NODES


def test_the_shipped_book_is_checked_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no settings name a folder, the book that came with Twingrid is looked at, and it is sound."""
    monkeypatch.chdir(tmp_path)
    assert run(["rule", "check"]) == Exit.OK


def test_the_book_of_the_settings_is_checked_against_its_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder named in the settings is checked; an empty one is a finding."""
    (tmp_path / "book").mkdir()
    (tmp_path / "twingrid.yaml").write_text("rules: {book: book}\n")
    monkeypatch.chdir(tmp_path)
    assert run(["rule", "check"]) == Exit.CONFIG
    assert "it holds no *.yaml file" in capsys.readouterr().err
    written(tmp_path / "book", a=GOOD)
    assert run(["rule", "check"]) == Exit.OK


@pytest.mark.parametrize(
    ("line", "column", "mark"),
    [
        ("  when: levl > 2 m", 9, "        ^^^^"),
        ("  say: {zh: 液位, en: 2}", 13, "            ^^^^"),
        ("  zh: 液位 xx", 10, "           ^^"),
        ("\twhen: 30 sec", 8, "\t      ^^^^^^"),
        ("abc", 9, "   ^"),
    ],
)
def test_the_mark_stands_under_the_word(line: str, column: int, mark: str) -> None:
    """Wide characters and tabs take the room in the mark's line that they take in the text's."""
    finding = kinds.NO_TEXT.at("a.yaml", 1, column)
    assert excerpt(finding, {"a.yaml": [line]}) == (line, mark)
