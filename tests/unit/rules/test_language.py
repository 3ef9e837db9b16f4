"""The rule language: what it accepts, what it computes, and that every fault is told with its place and remedy."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from core.alarms import AlarmKind, Severity
from core.errors import Invalid
from core.places import FacilityClass, Grid, Measurement, PointKind, Text
from rules.expression import form
from rules.language.load import load_rules
from rules.language.parser import parse
from rules.language.tokens import SyntaxFault
from rules.rule_set import RuleSet
from tests.unit.rules.town import rule_set, rule_text, town_class

UNITS = {
    "level": "m",
    "current": "A",
    "temp": "Cel",
    "room": "Cel",
    "running": "1",
    "fill": "%",
    "co2": "[ppm]",
    "counter": "m3",
}


def when(text: str, **fields: str) -> str:
    """The checked form of a condition."""
    loaded = rule_set(rule_text("r", text, **fields), **UNITS)
    return form(loaded.rules[0].when)


def faults(*texts: str) -> list[str]:
    """Every finding of some rules, as text."""
    with pytest.raises(Invalid) as caught:
        rule_set(*texts, **UNITS)
    return [str(finding) for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("level < 20 cm", "(level<0.2)"),
        ("level > 10 [ft_i] and level < 1 m + 10 [in_i]", "(and (level>3.048) (level<(+ 1.0 0.254)))"),
        ("current > 2000 mA and level < 0.2 m", "(and (current>2.0) (level<0.2))"),
        ("not level > 1 m or current > 1 A and fill > 50 %", "(or (not (level>1.0)) (and (current>1.0) (fill>50.0)))"),
        ("level > 1 m + 20 cm", "(level>(+ 1.0 0.2))"),
        ("temp - room > 5 K", "((- scale(temp,1.0,273.15) scale(room,1.0,273.15))>5.0)"),
        ("temp > room + 5 K", "(temp>(+ room 5.0))"),
        ("temp > 77 [degF]", "(temp>25.0)"),
        ("level > facility.top - 0.5 m", "(level>(- facility.top 0.5))"),
        ("level > facility.top cm", "(level>scale(facility.top,0.01,0.0))"),
        ("level * 2 > 1 m", "((* level 2.0)>1.0)"),
        ("level * 50 % > 1 m", "((* level 0.5)>1.0)"),
        ("level / facility.top m > 0.9", "((/ level facility.top)>0.9)"),
        ("mean(level) over 10 min > 1 m", "(mean(level,600000)>1.0)"),
        ("avg(level) over 10 min > 1 m", "(mean(level,600000)>1.0)"),
        ("mean(level) over 30 d > 1 m", "(mean(level,2592000000)>1.0)"),
        ("range(temp) over 1 h > 2 K", "(range(temp,3600000)>2.0)"),
        ("stddev(level) over 1 h > 1 cm", "(stddev(level,3600000)>0.01)"),
        ("spike(temp) over 10 min > 2 K", "(spike(temp,600000)>2.0)"),
        ("travel(level) over 1 h > 50 cm", "(travel(level,3600000)>0.5)"),
        ("missing(level) over 1 h > 20 %", "(missing(level,3600000)>0.2)"),
        ("delta(level) over 15 min >= 0 m", "(delta(level,900000)>=0.0)"),
        ("slope(level) over 10 min > 3.6 m/h", "(slope(level,600000)>0.001)"),
        ("slope(temp) over 10 min > 6 Cel/min", "(slope(temp,600000)>0.1)"),
        ("slope(temp) over 10 min > 6 K/min", "(slope(temp,600000)>0.1)"),
        ("slope(fill) over 1 h > 36 %/h", "(slope(fill,3600000)>0.01)"),
        ("increase(counter) over 2 h > 60 m3", "(increase(counter,7200000)>60.0)"),
        ("rate(counter) over 1 h > 3600 L/h", "(rate(counter,3600000)>0.001)"),
        ("rate(counter) over 1 h > 3.6 m3/h", "(rate(counter,3600000)>0.001)"),
        ("changes(running) over 1 h > 6", "(changes(running,3600000)>6.0)"),
        ("stuck(level) over 6 h", "(stuck(level,21600000)==1.0)"),
        ("time(current > 2 A) over 7 d > 100 h", "(time((current>2.0),604800000)>360000.0)"),
        ("share(current > 2 A) over 1 h > 20 %", "(share((current>2.0),3600000)>0.2)"),
        (
            "count(running == 1 and level > 20 cm) over 1 h > 6",
            "(count((and (running==1.0) (level>0.2)),3600000)>6.0)",
        ),
        ("mean(temp - room) over 1 h > 5 K", "(mean((- scale(temp,1.0,273.15) scale(room,1.0,273.15)),3600000)>5.0)"),
        (
            "at least 2 of (level > 1 m, current > 1 A, fill > 5 %)",
            "(at least 2 of (level>1.0) (current>1.0) (fill>5.0))",
        ),
        (
            "reaches(level, 80 cm) within 30 min",
            "(or (level>=0.8) ((+ level scale(slope(level,1800000),1800.0,0.0))>=0.8))",
        ),
        (
            "falls_to(level, facility.low m) within 1 h over 10 min",
            "(or (level<=facility.low) ((+ level scale(slope(level,600000),3600.0,0.0))<=facility.low))",
        ),
        ("max(level, 30 cm) in [0.2 m, 0.4 m]", "((max level 0.3) in [0.2,0.4])"),
        ("-level < -1 m", "(scale(level,-1.0,0.0)<-1.0)"),
        ("co2 > 1000 [ppm]", "(co2>1000.0)"),
        ("running == 1", "(running==1.0)"),
        ("1 m < level", "(1.0<level)"),
    ],
)
def test_a_condition_is_understood(text: str, expected: str) -> None:
    """Precedence, units and functions end in the form a person means."""
    assert when(text) == expected


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("level > 2", 7, "2 has no unit, the other side is in m; write 2 m"),
        ("curent > 2 A", 1, "did you mean 'current'?"),
        ("current > 2 m", 9, "m measures length, A measures current"),
        ("current > 2 Amp", 13, "unknown unit 'Amp'"),
        ("temp > 20 C", 11, "did you mean 'Cel'?"),
        ("level > 5 ft", 11, "did you mean '[ft_i]'?"),
        ("level > 5 psi", 11, "did you mean '[psi]'?"),
        ("0 m < level < 2 m", 13, "comparisons do not chain"),
        ("level = 2 m", 7, "write == for 'is equal to'"),
        ("level > 2 m and", 16, "ends too early"),
        ("(level > 2 m", 13, "')' was expected"),
        ("level", 1, "a number is no condition"),
        ("mean(level) > 2 m", 1, "needs a window"),
        ("mode(level) over 1 h > 2 m", 1, "there is no function 'mode'"),
        ("mean(level) over 10 > 2 m", 18, "a duration needs a unit"),
        ("mean(level) over 31 d > 2 m", 18, "a window is 1 s to 30 d long"),
        ("mean(level, level) over 1 h > 2 m", 1, "a window aggregates one quantity"),
        ("mean(level > 2 m) over 1 h > 2 m", 12, "a condition is no number"),
        ("mean(level) over fill > 2 m", 18, "a duration belongs behind 'over'"),
        ("time(level) over 1 h > 1 h", 6, "'time' is about a condition"),
        ("share(facility.top m > 2 m or level > 1 m) over 1 h > 50 %", 22, "no measurement takes part in this part"),
        ("mean(facility.top m * 2) over 1 h > 1 m", 21, "no measurement takes part in this part"),
        ("max(mean(level) over 1 h) over 1 d > 1 m", 5, "a window cannot look back over another window"),
        ("increase(level) over 1 h > 1 m", 1, "'increase' is for measurements that are counters"),
        ("rate(counter * 2) over 1 h > 1 m3/h", 1, "'rate' is for measurements that are counters"),
        ("slope(level) over 1 h > 1 m", 23, "m measures length, m/s measures speed"),
        ("slope(temp) over 1 h > 1 K", 22, "K measures temperature, K/s measures temperature per time"),
        ("range(temp) over 1 h > 2 Cel", 22, "2 Cel is a temperature on a scale; write the difference in K"),
        ("abs(temp - room) > 2 Cel", 18, "2 Cel is a temperature on a scale; write the difference in K"),
        ("stuck(level)", 1, "'stuck' needs a window"),
        ("stuck(level) over 1 h > 1", 1, "a condition is no number"),
        ("reaches(level, 1 m)", 20, "'reaches' needs to know how far to look ahead"),
        ("reaches(level) within 1 h", 1, "'reaches' takes a measurement and a limit"),
        ("reaches(facility.top m, 1 m) within 1 h", 1, "'reaches' takes a measurement and a limit"),
        ("at least 3 of (level > 1 m, fill > 1 %)", 1, "of 2 condition(s) there are never 'at least 3'"),
        ("at least 1.5 of (level > 1 m, fill > 1 %)", 1, "of 2 condition(s) there are never 'at least 1.5'"),
        ("at least two of (level > 1 m)", 1, "a number and 'of' were expected"),
        ("at least 1 of level > 1 m", 15, "put the conditions into parentheses"),
        ("abs(temp) > 2 Cel", 1, "has no meaning"),
        ("temp + room > 2 Cel", 6, "cannot be added"),
        ("level * current > 2 m", 7, "has no unit here"),
        ("abs(level, level) > 2 m", 1, "takes no 2 operand(s)"),
        ("level in [3 m, 1 m]", 7, "the range runs backwards"),
        ("1 > 2", 3, "takes part in this comparison"),
        ("facility.top > 2", 1, "no measurement takes part"),
        ("level > 2 m & current > 2 A", 13, "write 'and'"),
        ("level ≥ 2 m", 7, "write >="),
    ],
)
def test_a_fault_is_told_with_place_and_remedy(text: str, column: int, said: str) -> None:
    """One finding, at the character that is to blame, with what to write instead."""
    (found,) = faults(rule_text("r", text))
    assert said in found
    assert found.startswith(f"rules.yaml:4:{column + 9}: ")


def test_all_faults_of_a_file_are_told_at_once() -> None:
    """Twenty rules with twenty different faults give twenty findings, in order, each with its line."""
    wrong = [
        *("level > 2", "curent > 2 A", "current > 2 m", "current > 2 Amp", "0 m < level < 2 m", "level = 2 m"),
        *("level > 2 m and", "(level > 2 m", "level", "mean(level) > 2 m", "median(level) over 1 h > 2 m"),
    ]
    texts = [rule_text(f"r{number}", text) for number, text in enumerate(wrong)]
    good = "level > 2 m"
    texts += [
        rule_text("r20", good).replace("severity: high", "severity: hihg"),
        rule_text("r21", good).replace("lead: construction", "lead: police"),
        rule_text("r22", good, for_="soon"),
        rule_text("r23", good, untill="2026-01-01"),
        rule_text("r24", good, **{"from": "yesterday"}),
        rule_text("r25", good).replace("zh: 坏了, ", ""),
        rule_text("r26", good).replace("[look]", "[look, again]"),
        rule_text("r27", good).replace("class: well", "class: wall"),
        rule_text("R 28", good),
        rule_text("r0", good),
    ]
    found = faults(*texts)
    lines = [int(told.split(":")[1]) for told in found]
    assert len(found) >= 20
    assert lines == sorted(lines)
    assert len(set(lines)) >= 20


def test_faults_inside_folded_text_are_placed_exactly() -> None:
    """The line and column of a fault are those of the file, also when the condition is folded over lines."""
    text = rule_text("r", "X").replace('when: "X"', "when: >-\n    level > 2 m and\n    curent > 2 A")
    (found,) = faults(text)
    assert found.startswith("rules.yaml:6:5: ")


@pytest.mark.parametrize("text", ["- [", "a: b", "- 5", "\t- x", "- !!python/object:os.system {}"])
def test_what_is_no_rule_file_is_refused(text: str) -> None:
    """Broken or foreign YAML is an Invalid with a place, never another exception."""
    with pytest.raises(Invalid) as caught:
        load_rules({"x.yaml": text}, {"well": town_class()})
    assert caught.value.findings[0].file == "x.yaml"


def test_random_text_never_breaks_the_parser() -> None:
    """Whatever the text, the parser answers with a tree or a SyntaxFault, also when it is nested a thousandfold."""
    rng = random.Random(5)
    pieces = [
        "level",
        "2 m",
        "(",
        ")",
        "and",
        "or",
        "not",
        ">",
        "<",
        "[",
        "]",
        ",",
        "mean",
        "over",
        "within",
        "at",
        "least",
        "2",
        "of",
        "time",
        "stuck",
        "reaches",
        "-",
        "%",
        "in",
        "'",
        "§",
    ]
    places: list[tuple[int, int]] = []
    for _ in range(3_000):
        text = " ".join(rng.choice(pieces) for _ in range(rng.randint(0, 9)))
        try:
            parse(text)
        except SyntaxFault as fault:
            places.append((fault.at, len(text)))
    assert all(0 <= at <= length for at, length in places)
    with pytest.raises(SyntaxFault, match="nested too deeply"):
        parse("(" * 1_000 + "level > 2 m" + ")" * 1_000)


def test_fields_mean_what_the_manual_says() -> None:
    """Defaults and given fields arrive in the rule as dispatch needs them."""
    text = rule_text("r", "level > 2 m", for_="30 s", clear="level < 1 m", clear_for="2 min", latching="true")
    text += "  deadline: {hours: 0.5, clock: continuous, what: arrive}\n"
    rule = rule_set(text, **UNITS).by_id["r"]
    assert (rule.for_ms, rule.clear_for_ms) == (30_000, 120_000)
    assert (rule.info.severity, rule.info.lead, rule.info.support) == (
        Severity.HIGH,
        Grid.CONSTRUCTION,
        Grid.GOVERNANCE,
    )
    assert (rule.info.family, rule.info.latching, rule.info.measurements) == ("well", True, ("level",))
    assert rule.info.deadline is not None
    assert rule.info.deadline.hours == 0.5


def test_the_fingerprint_follows_what_decides_and_nothing_else() -> None:
    """New words keep a rule's state; a new limit does not."""
    old = rule_set(rule_text("r", "level > 2 m"), **UNITS).rules[0]
    words = rule_set(rule_text("r", "level  >  200 cm").replace("Broken", "Bust"), **UNITS).rules[0]
    limit = rule_set(rule_text("r", "level > 3 m"), **UNITS).rules[0]
    assert old.fingerprint == words.fingerprint
    assert old.fingerprint != limit.fingerprint


def book() -> RuleSet:
    """The rule book as it is shipped, checked against classes that have every measurement it names."""
    import yaml

    classes = {}
    root = Path(__file__).parents[3]
    for path in sorted((root / "registry" / "classes").glob("*.yaml")):
        entry = yaml.safe_load(path.read_text(encoding="utf-8"))
        measurements = {
            row["key"]: Measurement(
                key=row["key"],
                unit=str(row["unit"]),
                low=row["range"][0],
                high=row["range"][1],
                interval_s=row["interval_s"],
                kind=PointKind(row["kind"]),
                name=Text(**row["name"]),
            )
            for row in entry["measurements"]
        }
        classes[entry["id"]] = FacilityClass(id=entry["id"], name=Text(**entry["name"]), measurements=measurements)
    files = sorted((root / "rules" / "book").glob("*.yaml"))
    return load_rules({path.name: path.read_text(encoding="utf-8") for path in files}, classes)


def test_the_book_is_sound() -> None:
    """Every rule of the book is checked, has its limit's source, both languages and steps; life safety latches."""
    loaded = book()
    assert len(loaded) >= 25
    for rule in loaded.rules:
        assert rule.info.do
        assert rule.source.document.zh
        assert rule.source.document.en
        assert rule.info.say.zh != rule.info.say.en
    assert loaded.by_id["lift-trapped"].info.latching
    assert loaded.by_id["gas-level-1"].info.severity is Severity.CRITICAL


@pytest.mark.parametrize(
    ("source", "zh", "en"),
    [("GB 5749-2022", "GB 5749-2022", "GB 5749-2022"), ("{zh: 建议值, en: proposal}", "建议值", "proposal")],
)
def test_a_source_is_one_text_or_one_in_each_language(source: str, zh: str, en: str) -> None:
    """What is the same in both languages is written once."""
    loaded = rule_set(rule_text("r", "level > 1 m").replace("DESIGN", source), **UNITS)
    assert loaded.rules[0].source.document == Text(zh=zh, en=en)


@pytest.mark.parametrize("source", ["{zh: 建议值}", "{zh: 建议值, en: ''}", "''", "[a]", "{zh: a, en: b, fr: c}"])
def test_a_source_that_lacks_a_language_is_refused(source: str) -> None:
    """Half a source is a finding, like every other text."""
    assert faults(rule_text("r", "level > 1 m").replace("DESIGN", source))


def test_a_rule_says_of_which_kind_its_alarms_are() -> None:
    """Without a word a condition; of the installation if it says so; anything else is a finding."""
    plain = rule_set(rule_text("r", "level > 2 m"), **UNITS).by_id["r"].info
    assert plain.kind is AlarmKind.CONDITION
    own = rule_set(rule_text("r", "level > 2 m", kind="commissioning"), **UNITS).by_id["r"].info
    assert own.kind is AlarmKind.COMMISSIONING
    with pytest.raises(Invalid):
        rule_set(rule_text("r", "level > 2 m", kind="test"), **UNITS)
