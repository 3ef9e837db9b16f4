"""Any text at all: the reader of rules ends, in bounded time, with rules or with findings that say where."""

from __future__ import annotations

import string
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.alarms import ChangeKind
from core.places import ClassMembers
from core.readings import readings
from rules.bounds import MAX_CHARACTERS, MAX_FILE_CHARACTERS, MAX_NODES, MAX_WINDOWS, MAX_WORDS
from rules.engine.engine import Engine
from rules.engine.history import NoHistory
from rules.language.load import ReadRules, read_rules
from rules.language.parser import parse, parse_quantity
from rules.language.tokens import SyntaxFault
from rules.operators import ALL
from rules.rule_set import RuleSet
from tests.unit.rules.town import rule_text, town_class

UNITS = {"level": "m", "current": "A", "temp": "Cel", "run": "1"}
CLASSES = {"well": town_class(**UNITS)}
PIECES = [
    *UNITS, *(operator.word for operator in ALL), *string.punctuation, "over", "facility.limit", "2 A", "10 min", "1e9",
    "1e999", "0.2 m", "28 Cel", "[0 m, 1 m]", "(", ")", "not", "-", "µ", "（", "'", '"', "\\",
    "\t", "\n", "\x00", "\ud800",
]  # fmt: skip
CONDITIONS = st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join) | st.text(max_size=60)
FIELDS = ["id", "class", "when", "for", "clear", "severity", "say", "do", "source", "deadline", "from", "until", "lead"]
YAML_PIECES = [
    *(f"\n  {name}: " for name in FIELDS), "\n- ", "- ", "{", "}", "[", "]", ":", ",", "&a ", "*a", "!!str ", "!x ",
    "|\n", ">\n", "'", '"', '"\\ud800"', '"\\UFFFFFFFF"', '"\\x00"', "%YAML 9.9\n", "---\n", "...\n", "?", "#", "~",
    "well", "level > 2 m", "30 s", "1e999 s", "9" * 400 + " d", "zh: ", "en: ", "\t", "\x07", "\u2028", "\ufeff",
    "0001-01-01", "2026-13-01", "nan", "high", "construction",
]  # fmt: skip
FILES = st.lists(st.sampled_from(YAML_PIECES), max_size=40).map("".join) | st.text(max_size=200)
NOW_MS = 1_795_374_000_000
END_MS = NOW_MS + 1_000_000
QUICK_S = 4.0
NO_HEALTH = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


def read(text: str) -> ReadRules:
    """What a file holds, read within a bounded time of the processor."""
    begin = time.process_time()
    found = read_rules({"rules.yaml": text}, CLASSES)
    assert time.process_time() - begin < QUICK_S, text[:200]
    lines = text.splitlines() or [""]
    for finding in found.findings:
        assert finding.file == "rules.yaml"
        assert 1 <= finding.line <= text.count("\n") + len(lines) + 1, (finding, text)
        assert finding.column >= 1, (finding, text)
        for language in ("zh", "en"):
            assert finding.what_in(language)
            assert finding.fix_in(language)
    return found


def one_well() -> ClassMembers:
    """A well with its level alone."""
    return ClassMembers(
        class_id="well",
        facility=np.array([1], np.int32),
        code=("one",),
        point={"level": np.array([0], np.int32)},
        stale_after_ms={"level": np.array([60_000], np.int64)},
        unit=UNITS,
    )


@NO_HEALTH
@given(CONDITIONS)
def test_any_text_is_a_condition_or_a_fault_at_a_place(text: str) -> None:
    """The parser answers with a tree, or with a fault at an offset of the text."""
    for reads in (parse, parse_quantity):
        faults: list[SyntaxFault] = []
        try:
            reads(text)
        except SyntaxFault as fault:
            faults.append(fault)
        assert all(0 <= fault.at <= len(text) and fault.kind.at(**fault.values).what for fault in faults)


@NO_HEALTH
@given(CONDITIONS)
def test_any_text_as_a_condition_gives_a_rule_or_findings(text: str) -> None:
    """A rule whose condition is any text loads, or says where and why it does not."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\x00", "").replace("\n", " ")
    found = read(rule_text("r", quoted.encode("utf-8", "ignore").decode(), for_="30 s"))
    assert found.rules or found.findings


@NO_HEALTH
@given(FILES)
@example('- "\\UFFFFFFFF"')
@example('- {id: "\\ud800"}')
@example("- for: 1e999 s")
@example("- &a [*a]")
@example("\x00")
def test_any_text_is_a_file_of_rules_or_findings(text: str) -> None:
    """A file may hold anything: its reader ends, and whatever is wrong has a line and a column."""
    read(text)


@pytest.mark.parametrize(
    ("when", "why"),
    [
        (" and ".join(["level > 1 m"] * 75), "nodes"),
        (" and ".join(["level > 1 m"] * 400), "characters"),
        ("current > 1 A and " + " + ".join(["level"] * 300) + " > 1 m", "names, numbers and signs"),
        ("(" * 200 + "level > 1 m" + ")" * 200, "nested too deeply"),
        ("- " * 200 + "level > 1 m", "nested too deeply"),
        (" or ".join(f"mean(level) over {i + 1} min > 1 m" for i in range(MAX_WINDOWS + 1)), "windows"),
        ("level > 1e300 m", "too large"),
    ],
    ids=["nodes", "characters", "words", "parentheses", "signs", "windows", "number"],
)
def test_a_rule_over_a_bound_is_refused_with_the_numbers(when: str, why: str) -> None:
    """The finding names the bound, and what the rule has."""
    found = read(rule_text("r", when))
    assert not found.rules
    assert why in " ".join(finding.what for finding in found.findings)
    assert any(character.isdigit() for character in found.findings[0].what)


def test_the_largest_rule_is_read_and_judged() -> None:
    """A rule just within every bound loads and runs: the bounds refuse nothing that they allow, and allow no crash."""
    nodes = " or ".join(["level > 1 m"] * ((MAX_NODES + 1) // 4))
    assert len(nodes) <= MAX_CHARACTERS
    windows = " or ".join(f"mean(level) over {i + 1} min > 1 m" for i in range(MAX_WINDOWS))
    deep = "(" * 40 + "level > 1 m" + ")" * 40
    for when in (nodes, windows, deep):
        found = read(rule_text("r", when))
        assert found.findings == ()
        engine = Engine(RuleSet((found.rules[0].rule,), {"well": UNITS}), {"well": one_well()}, NoHistory())
        engine.ingest(
            readings(point=[0] * 90, time_ms=[NOW_MS + 10_000 * i for i in range(90)], value=[3.0] * 90), END_MS
        )
        assert [change.kind for change in engine.changes(END_MS)] == [ChangeKind.OPENED]
    assert MAX_WORDS >= MAX_NODES


@pytest.mark.parametrize("text", ["[" * 3_000, "- " * 3_000, "{a: " * 3_000, "x" * (MAX_FILE_CHARACTERS + 1)])
def test_a_hostile_file_is_one_finding(text: str) -> None:
    """Deep and endless files cost neither the stack nor the time."""
    found = read(text)
    assert len(found.findings) == 1
    assert found.findings[0].code in {"TG-0330", "TG-0301"}
