"""What is odd in a sound rule is said, where it stands; what is not odd is not."""

from __future__ import annotations

import pytest

from core.findings import Kind
from core.places import FacilityClass, Measurement, PointKind, Text
from rules.language import warning_findings as kinds
from rules.language.load import read_rules
from rules.language.warnings import warnings
from tests.unit.rules.town import rule_text

LEVEL = Measurement(
    key="level", unit="m", low=0, high=10, interval_s=30, kind=PointKind.GAUGE, name=Text(zh="液位", en="Level")
)
FAULT = Measurement(
    key="fault", unit="1", low=0, high=1, interval_s=60, kind=PointKind.STATE, name=Text(zh="故障", en="Fault")
)
CLASSES = {
    "well": FacilityClass(id="well", name=Text(zh="井", en="Well"), measurements={"level": LEVEL, "fault": FAULT})
}
CLEAR = {"clear": "level < 1 m"}


def said(*texts: str, carried: frozenset[str] | None = None) -> list[tuple[Kind, int, int]]:
    """Kind, line and column of each warning; the rules must be sound."""
    read = read_rules({"rules.yaml": "".join(texts)}, CLASSES)
    assert read.findings == ()
    found = warnings(read.rules, CLASSES, None if carried is None else {"well": carried})
    for finding in found:
        assert finding.what_in("zh") != finding.what_in("en")
        assert finding.fix_in("zh")
    return [(finding.kind, finding.line, finding.column) for finding in found]


@pytest.mark.parametrize(
    ("text", "kind", "column"),
    [
        (rule_text("r", "level > 2 m", for_="10 s", **CLEAR), kinds.SHORTER_THAN_PACE, 9),
        (rule_text("r", "level > 2 m"), kinds.NO_HYSTERESIS, 10),
        (rule_text("r", "2 m < level", clear="level <= 200 cm"), kinds.NO_HYSTERESIS, 10),
        (rule_text("r", "level > 2 m", clear="level > 1 m"), kinds.CLEARS_WHILE_RAISED, 11),
        (rule_text("r", "level > 1100 cm", **CLEAR), kinds.BEYOND_RANGE, 18),
        (rule_text("r", "level >= 0 m and level > 10 m", **CLEAR), kinds.BEYOND_RANGE, 35),
        (rule_text("r", "mean(level) over 45 s > 2 m", **CLEAR), kinds.SHORT_WINDOW, 27),
    ],
    ids=["pace", "hysteresis", "same limit", "direction", "range", "end of range", "window"],
)
def test_an_odd_rule_is_warned_of_where_it_is_odd(text: str, kind: Kind, column: int) -> None:
    """One warning, of its kind, at the column of what is odd."""
    found = said(text)
    assert [one[0] for one in found] == [kind]
    assert found[0][2] == column


@pytest.mark.parametrize(
    "text",
    [
        rule_text("r", "level > 2 m", for_="30 s", **CLEAR),
        rule_text("r", "level > 2 m", clear_for="1 min"),
        rule_text("r", "fault == 1", for_="10 s"),
        rule_text("r", "level >= 10 m", **CLEAR),
        rule_text("r", "level > 0 m", clear_for="1 min"),
        rule_text("r", "mean(level) over 1 min > 2 m", **CLEAR),
        rule_text("r", "range(level) over 45 s > 2 m or range(level) over 1 min > 3 m"),
        rule_text("r", "level > facility.limit m and fault == 0"),
    ],
)
def test_a_sensible_rule_is_not_warned_of(text: str) -> None:
    """States need no pace, a time to clear is a hysteresis, and the ends of the range are reached."""
    assert said(text) == []


def test_two_rules_with_one_condition_are_warned_of() -> None:
    """The second one is named, with the place of the first."""
    texts = rule_text("a", "level > 2 m", **CLEAR), rule_text("b", "level > 200 cm", **CLEAR)
    assert [kind for kind, _, _ in said(*texts)] == [kinds.SAME_CONDITION]


def test_a_rule_behind_another_is_warned_of() -> None:
    """A limit further out that is no more severe and of the same family says nothing new; a more severe one does."""
    near, far = rule_text("near", "level > 2 m", **CLEAR), rule_text("far", "level > 3 m", **CLEAR)
    assert [kind for kind, _, _ in said(near, far)] == [kinds.SHADOWED]
    assert said(near, far.replace("high", "critical")) == []
    assert said(near, far + "  family: other\n") == []
    assert said(rule_text("near", "level > 2 m", for_="1 h", **CLEAR), far) == []


def test_a_misspelt_attribute_is_warned_of() -> None:
    """Against what the facilities carry where that is known, else against the other rules of the class."""
    good = [rule_text(name, f"level > facility.start_level m + {name[1]} m", **CLEAR) for name in ("r1", "r2")]
    bad = rule_text("r3", "level > facility.start_levle m", **CLEAR)
    assert [kind for kind, _, _ in said(*good, bad)] == [kinds.STRANGE_ATTRIBUTE]
    assert [kind for kind, _, _ in said(*good, bad, carried=frozenset({"start_level"}))] == [kinds.UNKNOWN_ATTRIBUTE]
    assert said(*good, carried=frozenset({"start_level"})) == []
