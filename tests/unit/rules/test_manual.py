"""The manual's table of every word of the language is true: each example loads, each test is there, all are named."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from core.errors import Invalid
from core.places import Relation
from registry.classbook import load_classes
from rules import expression
from rules.buckets import bucket
from rules.expression import Aged, Derived, Graded, Grouped, InForce, Measured, OfParent, OnCalendar, Operand
from rules.language.load import load_rules
from rules.operators import ALL
from rules.rule_set import Rule

FOLDER = Path(__file__).parent
MANUAL = FOLDER.parents[2] / "docs" / "rules.md"
CLASSES = {name: entry.facility_class for name, entry in load_classes().items()}
TEXT = """
- id: example
  class: {class_id}
  when: "{when}"
  severity: low
  lead: construction
  say: {{zh: 例, en: example}}
  do: {{zh: [看], en: [look]}}
  source: test
  evidence: proposal
"""


@dataclass(frozen=True)
class Example:
    """A row: what is asked for, of which class, how it is written, what proves it, and how it is computed."""

    asked: str
    class_id: str
    written: str
    test: str
    computed: str


def rows() -> Iterator[Example]:
    """The rows of the table."""
    text = MANUAL.read_text(encoding="utf-8").split("## Every word", 1)[1].split("\n## ", 1)[0]
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith("| asked"):
            asked, class_id, written, test, computed = (part.strip() for part in line.strip("|").split(" | "))
            yield Example(asked, class_id, written.strip("`"), test, computed)


ROWS = list(rows())
EACH = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.asked)


def loaded(class_id: str, when: str) -> Rule:
    """A condition as a rule of the class."""
    return load_rules({"example.yaml": TEXT.format(class_id=class_id, when=when)}, CLASSES).rules[0]


@cache
def functions_of(name: str) -> frozenset[str]:
    """The test functions of a file beside this one."""
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@EACH
def test_an_example_loads_and_is_computed_as_declared(row: Example) -> None:
    """A condition of that class, bucketed where its operands say so."""
    steps = [bucket(operand).step_ms for operand in loaded(row.class_id, row.written).operands]
    assert row.computed == ("bucketed" if any(steps) else "at once")


@EACH
def test_what_proves_it_is_there(row: Example) -> None:
    """The file and the function."""
    name, _, function = row.test.partition("::")
    assert function in functions_of(name), row.test


def test_every_word_stands_in_an_example() -> None:
    """No operator, relation, term of the calendar or kind of operand is missing from the table."""
    rules = [loaded(row.class_id, row.written) for row in ROWS]
    found = [repr(condition) for rule in rules for condition in rule.conditions]
    missing = [operator for operator in ALL if not any(repr(operator) in text for text in found)]
    assert not missing
    read: set[Operand] = set().union(*(rule.operands for rule in rules))
    assert {operand.relation for operand in read if isinstance(operand, Grouped)} == set(Relation)
    assert {"occupied", "workday", "weekend", "holiday", "night", "planned_work", "season heating"} <= {
        operand.term for operand in read if isinstance(operand, OnCalendar)
    }
    kinds = {Aged, Graded, Grouped, Measured, OfParent, OnCalendar, expression.Windowed, expression.WindowedOver}
    assert {type(operand) for operand in read} - {Derived, InForce} == kinds


@pytest.mark.parametrize("inside", ["age(level) > 5 min", "known(level)"])
def test_what_a_window_does_not_look_back_over_says_what_to_write(inside: str) -> None:
    """The finding names the word that does, in both languages, and what it names loads."""
    with pytest.raises(Invalid) as refused:
        loaded("sewage_pump", f"time({inside}) over 24 h > 2 h")
    (finding,) = refused.value.findings
    assert finding.code == "TG-0311"
    written = "missing(level) over 24 h > 10 %"
    assert written in finding.fix_in("zh")
    assert written in finding.fix_in("en")
    assert loaded("sewage_pump", f"level > 0 m and {written}").id == "example"
