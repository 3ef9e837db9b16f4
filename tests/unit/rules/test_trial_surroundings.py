"""Scenarios with surroundings: calendar, attributes, a parent and the members of groups, in every order of arrival."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import replace

import jsonschema
import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.calendar import UNKNOWN
from core.places import FacilityClass
from rules.language.load import load_rules
from rules.rule_set import RuleSet
from rules.trial import findings as kinds
from rules.trial import schema
from rules.trial.play import Run, play
from rules.trial.scenario import Scenario, read_scenarios
from rules.trial.timeline import Played, PlayedCalendar, Timeline
from rules.trial.verdict import differences
from tests.unit.rules.town import measurement, rule_text, town_class

WELL = replace(town_class(), attributes={"limit": 2.0, "kind": "shallow"})
MAINS = FacilityClass(
    id="mains",
    name=town_class().name,
    measurements={"volt": measurement("volt"), "a": measurement("a")},
)
CLASSES: Mapping[str, FacilityClass] = {"well": WELL, "mains": MAINS}
HEAD = "class: well\ninterval: 1 s\n"


def book(*texts: str) -> RuleSet:
    """The rules of all texts."""
    return load_rules({"rules.yaml": "".join(texts)}, CLASSES)


def scenario(text: str, head: str = HEAD) -> Scenario:
    """The one sound scenario of a text; the schema accepts it too."""
    whole = f"{head}scenarios:\n{text}"
    jsonschema.validate(yaml.safe_load(whole), schema.schema())
    found = read_scenarios("s.yaml", whole, CLASSES)
    assert [str(finding) for finding in found.findings] == []
    return found.scenarios[0]


def raised(runs: tuple[Run, ...]) -> list[list[tuple[int, int | None]]]:
    """Start and stop of the alarms of each run, in seconds."""
    return [[(one.start_ms // 1000, one.stop_ms and one.stop_ms // 1000) for one in run.raised] for run in runs]


def everywhere(when: str, text: str, head: str = HEAD, **fields: str) -> list[tuple[int, int | None]]:
    """The alarms of one rule, the same in all six orders."""
    runs = play(scenario(text, head), book(rule_text("r", when, **fields)), CLASSES)
    assert len(runs) == 6
    first, *others = raised(runs)
    assert others == [first] * 5
    return first


@pytest.mark.parametrize(
    ("calendar", "expected"),
    [
        ("occupied: true", [(3, 9)]),
        ("occupied: false", []),
        ("occupied: unknown", []),
        ("night: true", []),
        ("occupied: false @5s true", [(5, 9)]),
        ("occupied: true @5s false @7s true", [(3, 5), (7, 9)]),
        ('occupied: "@5s true"', [(5, 9)]),
        ("occupied: true @5s unknown", [(3, 9)]),
    ],
)
def test_a_term_of_the_calendar_holds_as_written(calendar: str, expected: list[tuple[int, int]]) -> None:
    """Also between two readings; a term nobody names, or that is unknown, opens and ends nothing."""
    text = f"  - name: x\n    calendar: {{{calendar}}}\n    series: {{a: 0x3 5x6 0x3}}\n    expect: []\n"
    assert everywhere("a > 2 and occupied", text) == expected


def test_a_term_changes_between_two_readings() -> None:
    """The alarm begins when the site opens, not with the next reading."""
    text = """\
  - name: x
    calendar: {"season heating": "false @4500ms true"}
    series: {a: {interval: 5 s, values: 5x3}}
    expect: [{rule: r, since: 4500 ms, start: 6500 ms, late: false}]
    stale_after: {a: 20 s}
    moments: [{at: 4 s, r: normal}, {at: 5 s, r: pending}, {at: 7 s, r: "on"}]
"""
    one = scenario(text)
    runs = play(one, book(rule_text("r", "a > 2 and in season heating", for_="2 s")), CLASSES)
    assert differences(one, runs) == []


@pytest.mark.parametrize(
    ("when", "attributes", "expected"),
    [
        ("a > facility.limit", "{}", [(3, 9)]),
        ("a > facility.limit", "{limit: 7}", []),
        ("a > facility.depth", "{depth: 3}", [(3, 9)]),
        ("a > facility.depth", "{}", []),
        ("a > 2 and facility.kind == 'shallow'", "{}", [(3, 9)]),
        ("a > 2 and facility.kind == 'shallow'", "{kind: deep}", []),
        ("a > 2 and facility.kind != '7'", '{kind: "7"}', []),
    ],
)
def test_attributes_are_numbers_and_texts(when: str, attributes: str, expected: list[tuple[int, int]]) -> None:
    """Those of the class hold unless the scenario says otherwise, as in the registry; quotes make a text."""
    text = f"  - name: x\n    attributes: {attributes}\n    series: {{a: 0x3 5x6 0x3}}\n    expect: []\n"
    assert everywhere(when, text) == expected


def test_what_the_file_says_holds_for_all_its_scenarios() -> None:
    """Calendar and attributes at the top; a scenario changes them one by one."""
    head = HEAD + "attributes: {limit: 9, depth: 1}\ncalendar: {occupied: true, night: true}\n"
    text = (
        "  - name: x\n    attributes: {limit: 4}\n    calendar: {night: false}\n    series: {a: 5x3}\n    expect: []\n"
    )
    assert everywhere("a > facility.limit and a > facility.depth and occupied and not night", text, head) == [(0, None)]


@pytest.mark.parametrize(
    ("parent", "expected"),
    [
        ("{class: mains, series: {volt: 230x12}}", [(3, 9)]),
        ("{class: mains, series: {volt: 0x12}}", []),
        ("{class: mains, series: {volt: 230x5 0x7}}", [(3, 5)]),
        ("{class: mains, interval: 4 s, series: {volt: 0 230 0}}", [(4, 8)]),
        ("{class: mains, series: {a: 5x12}}", []),
        ("{class: mains, stale_after: {volt: 4 s}, series: {volt: '@4s 230'}}", [(4, 9)]),
    ],
)
def test_a_parent_plays_what_it_measures(parent: str, expected: list[tuple[int, int]]) -> None:
    """Of any class, at its own pace; what it does not measure is unknown."""
    text = f"  - name: x\n    series: {{a: 0x3 5x6 0x3}}\n    parent: {parent}\n    expect: []\n"
    assert everywhere("a > 2 and parent.volt > 100", text) == expected


def test_a_parent_of_the_same_class_is_another_facility() -> None:
    """Its own alarms are none of the facility under test, nor is it a member of its children's group."""
    text = "  - name: x\n    series: {a: 0x6}\n    parent: {class: well, series: {a: 5x6}}\n    expect: []\n"
    assert everywhere("a > 2", text) == []
    assert everywhere("a < 2 and parent.a > 2", text) == [(0, None)]
    assert everywhere("count(a > 2) of parent >= 1", text) == []


RELATIONS = ["cell.governance", "cell.construction", "community", "parent", "redundant_set", "gateway"]


@pytest.mark.parametrize("relation", RELATIONS)
def test_members_of_every_group_play(relation: str) -> None:
    """The facility itself is one of them; a relation nobody names is no group."""
    text = f"""\
  - name: x
    series: {{a: 5x6}}
    members:
      - {{name: second, group: {relation}, series: {{a: 0x2 5x4}}}}
      - {{name: third, group: [{relation}], series: {{a: 0x4 5x2}}}}
    expect: []
"""
    assert everywhere(f"count(a > 2) of {relation} >= 3", text) == [(4, None)]
    assert everywhere(f"share(a > 2) of {relation} >= 0.6", text) == [(2, None)]
    other = RELATIONS[RELATIONS.index(relation) - 1]
    assert everywhere(f"count(a > 2) of {other} >= 1", text) == []


def test_members_are_like_the_facility_unless_they_say_otherwise() -> None:
    """Attributes and how long readings hold; ``count`` makes several of a kind."""
    text = """\
  - name: x
    attributes: {limit: 4}
    stale_after: {a: 1 h}
    series: {a: 5x3}
    members:
      - {group: gateway, count: 4, series: {a: "5"}}
      - {group: gateway, attributes: {limit: 6}, series: {a: 5x3}}
      - {group: gateway, stale_after: {a: 2 s}, series: {a: "5"}}
    until: 10 s
    expect: []
"""
    assert everywhere("count(a > facility.limit) of gateway >= 6", text) == [(0, 2)]
    assert everywhere("count(a > facility.limit) of gateway >= 5", text) == [(0, None)]
    assert everywhere("abs(a - median(a) of gateway) < 1", text) == [(0, None)]


def test_a_member_that_drifts_is_found() -> None:
    """A redundant set: the facility is the odd one out of three."""
    text = """\
  - name: drifts
    series: {a: 5x3 5+0.5x9}
    members:
      - {name: b, group: redundant_set, series: {a: 5x12}}
      - {name: c, group: redundant_set, series: {a: 5.1x12}}
    expect:
      - {rule: r, since: 8 s, start: 10 s}
"""
    one = scenario(text)
    rules = book(rule_text("r", "abs(a - median(a) of redundant_set) > 2", for_="2 s"))
    assert differences(one, play(one, rules, CLASSES)) == []


def test_age_and_quality_are_played() -> None:
    """A reading that is marked, and one that has grown old."""
    text = "  - name: x\n    series: {a: 5x3, b: 1x3 1x3!uncertain 1x6}\n    until: 15 s\n    expect: []\n"
    assert everywhere("uncertain(b)", text) == [(3, 6)]
    assert everywhere("b < 2 and age(a) > 4 s", text) == [(6, None)]
    assert everywhere("b < 2 and not known(b)", text) == []


def test_the_states_of_levels_are_those_of_the_furthest() -> None:
    """A rule of several severities is on while any of its levels is."""
    rule = rule_text("r", "a > 1").replace('  when: "a > 1"\n  severity: high\n', "") + (
        "  levels:\n    - {severity: low, when: a > 1}\n    - {severity: high, when: a > 4, for: 5 s}\n"
    )
    one = scenario(
        "  - name: x\n    series: {a: 0x2 2x2 5x10}\n    expect: [{rule: r, start: 2 s}]\n"
        '    moments: [{at: 1 s, r: normal}, {at: 3 s, r: "on"}, {at: 6 s, r: "on"}]\n'
    )
    assert differences(one, play(one, book(rule), CLASSES)) == []


# --- what is wrong ------------------------------------------------------------------------------------------------

WRONG = """\
class: well
attributes: {x: inf, y: ""}
calendar: {ocupied: true}
scenarios:
  - name: x
    series: {a: 1x3}
    calendar: {occupied: maybe, night: true false, holiday: true @2s false @1s true, "season 9": true, workday: ""}
    parent: {class: main, series: {}}
    members:
      - {group: gatway, series: {aa: 1}, count: 0}
      - {series: {a: 1}}
    expect: []
  - name: y
    series: {}
    parent: {series: {volt: 1}}
    members: 5
    expect: []
  - name: z
    series: {a: 1}
    parent: {class: mains, series: {vlot: 1}, attributes: {}}
    calendar: 7
    expect: []
"""


def test_everything_wrong_with_surroundings_is_told_at_once() -> None:
    """Each with its line and column and a remedy, in both languages; what stands at the top is told once."""
    found = read_scenarios("s.yaml", WRONG, CLASSES)
    told = [(finding.kind, finding.line) for finding in found.findings]
    for expected in [
        (kinds.NO_NUMBER, 2), (kinds.NO_TERM, 3), (kinds.NO_TRUTH, 7), (kinds.NO_MOMENT, 7),
        (kinds.CALENDAR_BACKWARD, 7), (kinds.NO_TERM, 7), (kinds.NO_CLASS, 8), (kinds.NO_CHOICE, 10),
        (kinds.NO_MEASUREMENT, 10), (kinds.NO_COUNT, 10), (kinds.NOTHING_PLAYED, 14), (kinds.NO_MEASUREMENT, 20),
    ]:  # fmt: skip
        assert expected in told, (expected, told)
    assert told.count((kinds.NO_TERM, 3)) == 1
    assert all(finding.line and finding.column for finding in found.findings)
    assert all(finding.what_in("zh") != finding.what_in("en") for finding in found.findings)
    assert {"did you mean 'occupied'?", "did you mean 'gateway'?", "did you mean 'mains'?", "did you mean 'volt'?"} <= {
        finding.fix for finding in found.findings
    }


NASTY = [
    "", "~", "[]", "{}", "true", "@", "@1s", "true @", "{occupied: [true]}", "{occupied: true @9999d false}",
    "{class: well}", "{class: [well], series: {a: 1}}", "{class: well, series: 5}", "[{group: []}]", "[{count: -1}]",
    "[{group: [gateway, [x]], series: {a: 1x3}}]", "[5]", "{? [x] : y}", "[{group: parent, series: {a: nan}}]",
    "{limit: PE}", "{limit: {}}", "{a: 1x2}",
]  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(st.sampled_from(["calendar", "parent", "members", "attributes", "series"]), st.sampled_from(NASTY)),
    st.sampled_from([HEAD, "class: well\ncalendar: 5\n", "class: well\nattributes: []\n"]),
)
def test_any_surroundings_are_read_or_told(fields: Mapping[str, str], head: str) -> None:
    """The reader ends; whatever is wrong has a line and a sentence in both languages; the sound ones are played."""
    lines = "".join(f"    {name}: {value}\n" for name, value in fields.items())
    found = read_scenarios("s.yaml", f"{head}scenarios:\n  - name: x\n    expect: []\n{lines}", CLASSES)
    for finding in found.findings:
        assert finding.line >= 1
        assert finding.what_in("zh")
        assert finding.fix_in("en")
    for one in found.scenarios if not found.findings else ():
        assert len(play(one, book(rule_text("r", "a > 2 and parent.a > 2 and occupied")), CLASSES)) == 6


def test_a_timeline_is_a_schedule() -> None:
    """Asked in blocks, it gives each step once, whatever the blocks."""
    played = Played(Timeline(((-(2**62), 1.0), (1000, 0.0), (5000, math.nan))), 10_000)
    whole = played.steps(0, 20_000)
    assert (whole.begin, whole.time_ms.tolist()) == (1.0, [11_000, 15_000])
    for cut in range(0, 20_000, 500):
        left, right = played.steps(0, cut), played.steps(cut, 20_000)
        assert [*left.time_ms.tolist(), *right.time_ms.tolist()] == [11_000, 15_000]
        assert (right.begin == 1.0) == (cut < 11_000)
    assert PlayedCalendar({}, 0).timetable("night", np.array([1, 2], np.int32)).schedules == (UNKNOWN,)


# --- any order ----------------------------------------------------------------------------------------------------

CONDITIONS = [
    "a > 2 and occupied",
    "a > 2 and not night",
    "count(a > 2) of gateway >= 2",
    "sum(a) of gateway > 6 and occupied",
    "abs(a - median(a) of redundant_set) > 1",
    "a > 1 and parent.volt > 100",
    "mean(a) over 10 s > 2 and parent.volt > 100 and not night",
    "max(parent.volt) over 10 s < 100 and occupied",
    "age(b) > 4 s and occupied",
    "share(a > 2) of gateway > 50 % or parent.volt < 50",
    "known(b) and uncertain(a)",
    "stuck(a) over 5 s and occupied",
    "a > facility.limit and facility.kind == 'shallow' and not holiday",
]
timelines = st.lists(st.sampled_from(["true", "false", "unknown"]), min_size=1, max_size=4).map(
    lambda words: " ".join([words[0], *(f"@{4500 * (place + 1)}ms {word}" for place, word in enumerate(words[1:]))])
)
items = st.tuples(
    st.sampled_from(["0", "1", "2", "3", "5", "nan"]),
    st.sampled_from(["", "x2", "x5"]),
    st.sampled_from(["", "", "!bad", "!uncertain"]),
    st.sampled_from(["", "", "^4s", "^12s"]),
).map("".join)
series = st.lists(items | st.sampled_from(["_", "_x4", "stale"]), min_size=1, max_size=8).map(" ".join)
volts = st.lists(st.sampled_from(["230x3", "0x3", "230x2^5s", "_x3", "stale", "0!bad"]), min_size=1, max_size=5)
members = st.fixed_dictionaries(
    {"group": st.sampled_from(["gateway", "redundant_set", "[gateway, redundant_set]"]), "a": series}
)


@settings(
    max_examples=int(os.environ.get("TWINGRID_ORDER_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=3, unique=True),
    st.sampled_from(["", "2 s", "6 s"]),
    st.dictionaries(st.sampled_from(["occupied", "night", "holiday"]), timelines),
    series,
    series,
    volts.map(" ".join),
    st.lists(members, max_size=3),
)
def test_every_order_of_arrival_raises_the_same_with_surroundings(
    conditions: list[str],
    hold: str,
    calendar: Mapping[str, str],
    a: str,
    b: str,
    volt: str,
    others: list[Mapping[str, str]],
) -> None:
    """Whatever the calendar, the parent and the members do, the five other orders end in the alarms of the first."""
    terms = ", ".join(f"{term}: '{timeline}'" for term, timeline in calendar.items())
    around = "".join(f"      - {{group: {one['group']}, series: {{a: '{one['a']}'}}}}\n" for one in others)
    text = (
        f"{HEAD}scenarios:\n  - name: x\n    until: 1 min\n    calendar: {{{terms}}}\n"
        f"    series: {{a: '{a}', b: '{b}'}}\n    parent: {{class: mains, series: {{volt: '{volt}'}}}}\n"
        + (f"    members:\n{around}" if around else "")
        + "    expect: []\n"
    )
    found = read_scenarios("s.yaml", text, CLASSES)
    if found.findings:  # series of gaps alone
        assert {finding.kind for finding in found.findings} == {kinds.NOTHING_PLAYED}
        return
    fields = {"for_": hold} if hold else {}
    rules = book(*(rule_text(f"r{number}", when, **fields) for number, when in enumerate(conditions)))
    runs = play(found.scenarios[0], rules, CLASSES)
    first = [replace(one, late=False) for one in runs[0].raised]
    for run in runs[1:]:
        assert [replace(one, late=False) for one in run.raised] == first, run.order.en
