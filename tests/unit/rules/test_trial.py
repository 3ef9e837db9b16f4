"""Scenarios: the shorthand means what the manual says, the engine plays it, and what differs is seen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.findings import Kind
from core.places import FacilityClass
from core.quality import GOOD, QualityClass, class_of
from registry.classbook import load_classes
from rules.language.findings import NO_PLACEHOLDER
from rules.language.load import load_rules
from rules.rule_set import RuleSet
from rules.trial import findings as kinds
from rules.trial import schema
from rules.trial.play import play
from rules.trial.scenario import FIELDS, Scenario, ScenarioFile, read_scenarios, unknown_rules
from rules.trial.series import MAX_READINGS, Sample, read_series, span_ms
from rules.trial.verdict import clock, differences

FOLDER = Path(__file__).parents[3] / "rules"
FILES = sorted((FOLDER / "scenarios").glob("*.yaml"))
CLASSES = {name: entry.facility_class for name, entry in load_classes().items()}
BOOK = load_rules({path.name: path.read_text(encoding="utf-8") for path in (FOLDER / "book").glob("*.yaml")}, CLASSES)
PUMP = CLASSES["sewage_pump"]
HEAD = "class: sewage_pump\ninterval: 10 s\nscenarios:\n"


def samples(text: str, interval_ms: int = 1000, stale_ms: int = 3500) -> tuple[list[Sample], list[Kind]]:
    """The samples of a series, and the kinds of what is wrong in it."""
    wrong: list[Kind] = []
    found = read_series(text, interval_ms, stale_ms, lambda at, kind, /, **values: wrong.append(kind))
    return list(found), wrong


def pump_rules() -> RuleSet:
    return RuleSet(BOOK.of_class("sewage_pump"), BOOK.units)


def read(text: str) -> ScenarioFile:
    return read_scenarios("s.yaml", text, CLASSES)


def one(text: str) -> Scenario:
    """The one sound scenario of a text."""
    found = read(HEAD + text)
    assert found.findings == ()
    return found.scenarios[0]


# --- the shorthand ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 2", [(0, 1), (1000, 2)]),
        ("0.2x3", [(0, 0.2), (1000, 0.2), (2000, 0.2)]),
        ("0.2+0.1x3", [(0, 0.2), (1000, 0.3), (2000, 0.4)]),
        ("5-2x3", [(0, 5), (1000, 3), (2000, 1)]),
        ("-1+1x2", [(0, -1), (1000, 0)]),
        ("1e-3 .5", [(0, 0.001), (1000, 0.5)]),
        ("1 _ 2", [(0, 1), (2000, 2)]),
        ("1 _x5 2", [(0, 1), (6000, 2)]),
        ("1 stale 2", [(0, 1), (5000, 2)]),
        ("1 @10s 2", [(0, 1), (10_000, 2)]),
        ("_x2", []),
        ("", []),
    ],
)
def test_a_series_stands_at_its_interval(text: str, expected: list[tuple[int, float]]) -> None:
    """Each item is one reading an interval after the one before; gaps hold none."""
    found, wrong = samples(text)
    assert wrong == []
    assert [sample.at_ms for sample in found] == [at_ms for at_ms, _ in expected]
    assert [sample.value for sample in found] == pytest.approx([value for _, value in expected])
    assert all(sample.quality == GOOD and sample.late_ms == 0 for sample in found)


def test_marks_and_late_arrival() -> None:
    """A mark gives the quality, a caret how much later the reading arrives, and both go with a count."""
    found, wrong = samples("1!bad 2^5min 3x2!uncertain^1.5h nan")
    assert wrong == []
    assert [class_of(sample.quality) for sample in found] == [
        QualityClass.BAD, QualityClass.GOOD, QualityClass.UNCERTAIN, QualityClass.UNCERTAIN, QualityClass.GOOD,
    ]  # fmt: skip
    assert [sample.late_ms for sample in found] == [0, 300_000, 5_400_000, 5_400_000, 0]
    assert math.isnan(found[-1].value)


def test_ten_steps_of_a_tenth_make_one() -> None:
    """Steps are counted, not summed up, so that the limit written in a rule is met exactly."""
    found, _ = samples("0+0.1x11")
    assert found[-1].value == 1.0
    assert found[3].value == 0.3


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1 abc", kinds.NO_SERIES),
        ("_+1x2", kinds.NO_SERIES),
        ("1x", kinds.NO_SERIES),
        ("1!good!bad", kinds.NO_SERIES),
        ("1!great", kinds.NO_MARK),
        ("1 2 @1s", kinds.BACKWARD),
        ("@soon", kinds.NO_SPAN),
        ("1^9999d", kinds.NO_SPAN),
        (f"1x{MAX_READINGS + 1}", kinds.TOO_MANY_READINGS),
    ],
)
def test_what_is_no_series_is_told(text: str, kind: Kind) -> None:
    """Each mistake has its kind, and the rest is still read."""
    assert kind in samples(text)[1]


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.sampled_from(["1", "x9", "+1", "!bad", "^5min", "_", "stale", "@", "nan", " ", "e", "h"])).map("".join)
)
def test_any_text_is_a_series_or_a_finding(text: str) -> None:
    """The reader of series ends with samples in the order of time, or says what it cannot read."""
    found, _ = samples(text)
    times = [sample.at_ms for sample in found]
    assert times == sorted(set(times))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 s", 30_000),
        ("5 min 30 s", 330_000),
        ("1h30min", 5_400_000),
        ("0", 0),
        ("1.5 s", 1500),
        ("5", None),
        ("", None),
    ],
)
def test_a_duration_is_read(text: str, expected: int | None) -> None:
    """Parts add up; a number without a unit is no duration, 0 excepted."""
    assert span_ms(text) == expected


@given(st.integers(0, 10**6))
def test_a_moment_is_shown_as_it_is_written(seconds: int) -> None:
    """What a verdict shows can be pasted into a scenario."""
    assert span_ms(clock(seconds * 1000).in_language("en")) == seconds * 1000


# --- the file -----------------------------------------------------------------------------------------------------


WRONG = """\
class: sewage_pmup
scenarios: []
"""
WRONG_SCENARIOS = """\
  - name: a
    series: {levl: 1x3, level: 1 y, pump_current: {interval: 0, values: 1}}
    stale_after: {level: soon}
    attributes: {start_level: nan}
    start: 2026-03-02
    expect:
      - {rule: pump-dry-run, start: 2 min, stop: 1 min, severity: hihg}
      - {rule: pump-dry-rnu, start: 1 min}
    moments:
      - {at: 1 min, pump-dry-run: of}
      - {pump-dry-run: normal}
  - name: a
    series: {level: _x3}
    expcet: []
"""


def test_everything_wrong_in_a_file_is_told_at_once_with_its_place() -> None:
    """A class, measurements, series, times, states and fields: each finding has line, column and a remedy."""
    found = read(HEAD + WRONG_SCENARIOS)
    told = [finding.kind for finding in found.findings]
    assert set(told) >= {
        kinds.NO_MEASUREMENT, kinds.NO_SERIES, kinds.NO_PACE, kinds.NO_SPAN, kinds.NO_NUMBER, kinds.NO_START,
        kinds.NO_INTERVAL, kinds.NO_CHOICE, kinds.TWICE, kinds.NOTHING_PLAYED,
    }  # fmt: skip
    assert all(finding.line and finding.column for finding in found.findings)
    assert {"did you mean 'level'?", "did you mean 'high'?", "did you mean 'on'?"} <= {f.fix for f in found.findings}
    strange = unknown_rules("s.yaml", found, pump_rules())
    assert [finding.fix for finding in strange] == ["did you mean 'pump-dry-run'?"]
    assert read(WRONG).findings[0].fix == "did you mean 'sewage_pump'?"


NASTY = [
    "", "~", "[]", "{}", "[a, [b]]", "{a: 1e999}", "9d", "1e9 s", "0", "-1 s", "0001-01-01T00:00+14:00", "&a [*a]",
    "9999-12-31T23:59-14:00", '"\\ud800"', "{level: 1x3}", "{level: {interval: 0.0001 ms, values: 1}}", "{level: 0}",
    "{level: 1!x^y}", "{level: stalex9999999}", "[{rule: pump-fault, start: 1 s, stop: 1 s}]", "[{at: 1 s, x: on}]",
    "[{at: [], pump-fault: normal}]", "{zh: 1}", "{start_level: nan}", "{? [a] : b}", "[{start: 1 s}]", "text",
]  # fmt: skip


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from([*FIELDS, "x"]), st.sampled_from(NASTY)), st.sampled_from([HEAD, "", "- "]))
def test_any_fields_are_scenarios_or_findings(fields: Mapping[str, str], head: str) -> None:
    """The reader of scenarios ends, and whatever is wrong has a line and a sentence in both languages."""
    lines = "".join(f"    {name}: {value}\n" for name, value in fields.items())
    found = read(f"{head}  -\n{lines}")
    for finding in (*found.findings, *unknown_rules("s.yaml", found, pump_rules())):
        assert finding.line >= 1
        assert finding.what_in("zh")
        assert finding.fix_in("en")


TEMPLATE = """\
  - name: full
    for_each:
      drain_well: {freeboard: {dry: 2, full: 0.1, start: 30 s}}
      sewage_pump:
        level: {dry: 1, full: 9, start: 1 min}
    say: {zh: "{name}过高", en: "{name} is too high"}
    only: ["{class}.{x}"]
    series: {"{x}": "{dry}x3 {full}x3"}
    expect:
      - {rule: "{class}.{x}", start: "{start}"}
"""


def test_a_template_is_a_scenario_for_each_measurement() -> None:
    """Each is of its own class, with the words filled in in texts and keys; its name says which it is."""
    found = read(HEAD + TEMPLATE)
    assert found.findings == ()
    assert [(one.class_id, one.name) for one in found.scenarios] == [
        ("drain_well", "full.drain_well.freeboard"),
        ("sewage_pump", "full.sewage_pump.level"),
    ]
    well, pump = found.scenarios
    assert [sample.value for sample in well.own.series["freeboard"]] == [2, 2, 2, 0.1, 0.1, 0.1]
    assert [sample.value for sample in pump.own.series["level"]] == [1, 1, 1, 9, 9, 9]
    assert (well.only, well.expected[0].rule_id) == (("drain_well.freeboard",), "drain_well.freeboard")
    assert [one.expected[0].start_ms for one in found.scenarios] == [30_000, 60_000]
    assert (pump.say.zh, pump.say.en) == ("液位过高", "Level is too high")
    told = unknown_rules("s.yaml", found, BOOK)
    assert [finding.what for finding in told] == [
        "class 'drain_well' has no rule 'drain_well.freeboard'",
        "class 'sewage_pump' has no rule 'sewage_pump.level'",
    ]


@pytest.mark.parametrize(
    ("old", "new", "kind", "line", "column"),
    [
        ("sewage_pump:\n", "sewage_pmup:\n", kinds.NO_CLASS, 7, 7),
        ("        level:", "        levl:", kinds.NO_MEASUREMENT, 8, 9),
        ("{dry}x3 {full}x3", "{dry}x3 {fall}x3", NO_PLACEHOLDER, 11, 30),
        ("{dry}x3 {full}x3", "{dry}x3 oh {full}x3", kinds.NO_SERIES, 11, 30),
        ('start: "{start}"', 'start: "{full}"', kinds.NO_SPAN, 13, 39),
    ],
)
def test_a_fault_in_a_template_stands_where_it_was_written(
    old: str, new: str, kind: Kind, line: int, column: int
) -> None:
    """Behind what was filled in, too; and once, however many scenarios have it."""
    assert old in TEMPLATE
    told = [one for one in read(HEAD + TEMPLATE.replace(old, new)).findings if one.kind is kind]
    assert (told[0].line, told[0].column) == (line, column)
    assert len({(one.line, one.column, one.what) for one in told}) == len(told)


def test_a_fault_inside_a_series_stands_at_its_column() -> None:
    """The column is that of the item that cannot be read."""
    found = read(HEAD + "  - name: a\n    series:\n      level: 0.2x3 abc\n    expect: []\n")
    assert [(f.kind, f.line, f.column) for f in found.findings] == [(kinds.NO_SERIES, 6, 20)]


def test_the_schema_file_is_what_the_code_makes() -> None:
    """Editors complete by the same lists as the reader checks."""
    assert (FOLDER / "scenario.schema.json").read_text(encoding="utf-8") == schema.text()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_shipped_files_fit_the_schema(file: Path) -> None:
    """The schema refuses none of the files that come with Twingrid, and every misspelt field."""
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    jsonschema.validate(document, schema.schema())
    document["scenarios"][0]["expcet"] = []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema.schema())


# --- the engine ---------------------------------------------------------------------------------------------------


def shipped() -> list[Scenario]:
    return [
        scenario
        for file in FILES
        for scenario in read_scenarios(file.name, file.read_text(encoding="utf-8"), CLASSES).scenarios
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_shipped_files_are_sound(file: Path) -> None:
    """Each is of the class of its name, but for those on one subject, and names only rules that exist."""
    found = read_scenarios(file.name, file.read_text(encoding="utf-8"), CLASSES)
    assert found.findings == ()
    subjects = {"sensor_health": "indoor_air", "water_quality": "water_supply_pump"}
    assert found.class_id == subjects.get(file.stem, file.stem)
    assert unknown_rules(file.name, found, BOOK) == []


@pytest.mark.parametrize("scenario", shipped(), ids=lambda one: f"{one.class_id}-{one.name}")
def test_the_shipped_scenarios_pass(scenario: Scenario) -> None:
    """In every order of arrival the rule book raises what is expected, and nothing else."""
    rules = RuleSet(BOOK.of_class(scenario.class_id), BOOK.units)
    runs = play(scenario, rules, CLASSES)
    assert len(runs) == 6
    assert differences(scenario, runs) == []


DRY = """\
  - name: dry
    series: {level: 0.5x6 0.1x18 0.5x12, pump_current: 5x36}
    expect:
      - {rule: pump-dry-run, severity: high, since: 1 min, start: 1 min 30 s, stop: 4 min 30 s}
    moments: [{at: 2 min, pump-dry-run: "on"}]
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("since: 1 min", "since: 50 s"),
        ("start: 1 min 30 s", "start: 1 min 40 s"),
        ("stop: 4 min 30 s", "stop: 4 min 20 s"),
        (", stop: 4 min 30 s", ""),
        ("severity: high", "severity: low"),
        ("stop: 4 min 30 s", "stop: 4 min 30 s, late: true"),
        ('"on"', "pending"),
        ("0.1x18", "0.1x2"),
        ("0.5x12", "0.5x3 0.1x12 0.5x12"),
    ],
)
def test_a_wrong_expectation_fails(old: str, new: str) -> None:
    """Every field of an expectation is compared; an alarm that is missing or too many is a failure."""
    assert differences(one(DRY), play(one(DRY), pump_rules(), CLASSES)) == []
    assert old in DRY
    changed = one(DRY.replace(old, new))
    found = differences(changed, play(changed, pump_rules(), CLASSES))
    assert found
    for difference in found:
        for said in (*difference.expected, *difference.got):
            assert said.in_language("zh") != said.in_language("en")


def test_an_alarm_nobody_expected_fails() -> None:
    """Silence is expected of every rule of the class that is not named."""
    silent = replace(one(DRY), expected=())
    found = differences(silent, play(silent, pump_rules(), CLASSES))
    assert {difference.rule_id for difference in found} == {"pump-dry-run"}
    assert len(found) == 6
    assert found[0].lines[0] == "·" * 60
    assert found[0].lines[1] == "·" * 10 + "░" * 5 + "█" * 30 + "·" * 15
    other = replace(silent, only=("pump-fault",))
    assert differences(other, play(other, pump_rules(), CLASSES)) == []


def scenario_texts() -> st.SearchStrategy[Mapping[str, str]]:
    item = st.tuples(
        st.sampled_from(["0.1", "0.3", "0.5", "1", "3", "nan"]),
        st.sampled_from(["", "x2", "x5"]),
        st.sampled_from(["", "!bad"]),
        st.sampled_from(["", "^40s", "^5min"]),
    ).map("".join)
    series = st.lists(item | st.sampled_from(["_", "_x4", "stale"]), min_size=1, max_size=12).map(" ".join)
    return st.fixed_dictionaries({"level": series, "pump_current": series, "pump1_running": series})


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenario_texts())
def test_every_order_of_arrival_raises_the_same(series: Mapping[str, str]) -> None:
    """Whatever the series, the five orders that hand over the same readings end in the same alarms as the first."""
    lines = "".join(f"      {key}: {text}\n" for key, text in series.items())
    found = read(HEAD + f"  - name: x\n    until: 20 min\n    series:\n{lines}    expect: []\n")
    if found.findings:  # a series of gaps alone
        assert {finding.kind for finding in found.findings} == {kinds.NOTHING_PLAYED}
        return
    runs = play(found.scenarios[0], pump_rules(), CLASSES)
    first = [replace(raised, late=False) for raised in runs[0].raised]
    for run in runs[1:]:
        assert [replace(raised, late=False) for raised in run.raised] == first, run.order.en


def test_a_class_is_needed() -> None:
    """The class of a scenario gives it its measurements, their units and intervals."""
    facility_class: FacilityClass = PUMP
    scenario = one("  - name: a\n    series: {level: 1x2}\n    expect: []\n")
    assert scenario.own.stale_ms["level"] == round(3000 * facility_class.measurements["level"].interval_s)
    assert scenario.until_ms == 20_000
