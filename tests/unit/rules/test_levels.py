"""Rules with levels: a severity that rises and falls with the value, in one alarm."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, event, given, settings, target
from hypothesis import strategies as st

from core.alarms import AnnouncedAlarm, ChangeKind, Interval, Severity, SeverityStep
from core.errors import Invalid
from core.places import Grid, Text
from core.readings import readings
from rules.damping import FLAPS, HOLD_MS, damp
from rules.differences import compare
from rules.engine.engine import Engine, EngineSettings
from rules.engine.history import NoHistory
from rules.engine.levels import Damp, folded
from rules.rule_set import Evidence, Rule
from tests.unit.rules.test_order import (
    Plan,
    calendars,
    check,
    condition,
    delivery_of,
    duration,
    hasty_damping,
    needs_readings,
    plans,
    run,
)
from tests.unit.rules.town import TownCalendar, members, rule_set, rule_text

BASE_MS = 1_700_000_000_000
SECOND_MS = 1_000
HOUR_MS = 3_600_000
LOW, MEDIUM, HIGH = Severity.LOW, Severity.MEDIUM, Severity.HIGH

HEAD = """
- id: {id}
  class: well
  lead: construction
  say: {{zh: 水位高, en: Level is high}}
  do: {{zh: [去看], en: [look]}}
  source: DESIGN
  evidence: proposal
  levels:
"""
THREE = (
    '{severity: low, when: "a > 6", for: "10 s"}',
    '{severity: medium, when: "a > 8"}',
    '{severity: high, when: "a > 10", clear: "a < 9", say: {zh: 将溢流, en: About to overflow}}',
)


def levelled(*levels: str, rule_id: str = "r", **fields: str) -> str:
    """One rule with levels as a file would say it."""
    lines = "".join(f"    - {level}\n" for level in levels)
    return HEAD.format(id=rule_id) + lines + "".join(f'  {name}: "{value}"\n' for name, value in fields.items())


def play(engine: Engine, *values: float, every_ms: int = SECOND_MS, from_ms: int = BASE_MS) -> list[ChangeKind]:
    """Readings of one well's ``a``, one after the other; the kinds of the changes."""
    kinds = []
    for number, value in enumerate(values):
        at_ms = from_ms + number * every_ms
        engine.ingest(readings(point=[0], time_ms=[at_ms], value=[value]), at_ms)
        engine.advance(at_ms)
        kinds += [change.kind for change in engine.changes(at_ms)]
    return kinds


def engine_of(*texts: str) -> Engine:
    """An engine over one well."""
    return Engine(rule_set(*texts), {"well": members(1)}, NoHistory())


def steps_of(interval: Interval) -> list[tuple[float, Severity]]:
    """The steps in seconds after the beginning."""
    return [((step.at_ms - BASE_MS) / SECOND_MS, step.severity) for step in interval.steps]


# --- the engine -----------------------------------------------------------------------------------------------------


def test_the_severity_rises_and_falls_with_the_value_in_one_alarm() -> None:
    """Each level starts by its own limit and time and stops by its own; the highest that is on is the severity."""
    engine = engine_of(levelled(*THREE, clear="a < 5"))
    found = []
    for second, value in enumerate([7.0] * 12 + [8.5, 11.0, 9.5, 8.5, 7.0, 5.5, 4.0]):
        at_ms = BASE_MS + second * SECOND_MS
        engine.ingest(readings(point=[0], time_ms=[at_ms], value=[value]), at_ms)
        engine.advance(at_ms)
        found += engine.changes(at_ms)
    rise_and_fall = [ChangeKind.OPENED, *[ChangeKind.SEVERITY] * 4, ChangeKind.CLOSED]
    assert [change.kind for change in found] == rise_and_fall
    assert [change.severity for change in found] == [LOW, MEDIUM, HIGH, MEDIUM, LOW, HIGH]
    assert len({change.alarm_id for change in found}) == 1
    assert steps_of(found[-1].interval) == [(10, LOW), (12, MEDIUM), (13, HIGH), (15, MEDIUM), (16, LOW)]
    assert found[-1].interval.stop_ms == BASE_MS + 18 * SECOND_MS


def test_a_level_that_is_reached_at_once_opens_the_alarm_there() -> None:
    """A jump over all limits opens one alarm of the highest severity; the lowest joins in silence."""
    engine = engine_of(levelled(*THREE))
    assert play(engine, 1.0, 11.0, *[11.0] * 12) == [ChangeKind.OPENED]
    assert play(engine, 7.0, from_ms=BASE_MS + 14 * SECOND_MS) == [ChangeKind.SEVERITY]
    assert play(engine, 1.0, from_ms=BASE_MS + 15 * SECOND_MS) == [ChangeKind.CLOSED]


def test_a_late_reading_corrects_the_severity_of_the_past() -> None:
    """A peak that arrives late becomes steps of the alarm, whose ends are as they were."""
    engine = engine_of(levelled(*THREE))
    assert play(engine, *[7.0] * 20) == [ChangeKind.OPENED]
    now_ms = BASE_MS + 20 * SECOND_MS
    engine.ingest(readings(point=[0], time_ms=[BASE_MS + 15_500], value=[11.0]), now_ms)
    engine.settle(now_ms)
    (change,) = engine.changes(now_ms)
    assert (change.kind, change.severity) == (ChangeKind.SEVERITY, LOW)
    assert steps_of(change.interval) == [(10, LOW), (15.5, HIGH), (16, LOW)]
    assert engine.changes(now_ms) == []


def test_what_was_forgotten_stays_as_it_was_announced() -> None:
    """An alarm that is on for longer than states are kept keeps its start and its steps, in bounded memory."""
    tuned = EngineSettings(save_every_ms=60_000, reach_ms=2 * HOUR_MS)
    engine = Engine(rule_set(levelled(*THREE, clear="a < 5")), {"well": members(1)}, NoHistory(), tuned)
    kinds = play(engine, *[7.0] * 11)
    start_ms = BASE_MS + 10 * SECOND_MS
    begin_ms, count = BASE_MS + 20_000, 6_000
    peak = [11.0, *[7.0] * 39]  # every 200 s: too seldom for flapping
    kinds += play(engine, *peak * (count // 40), every_ms=5_000, from_ms=begin_ms)
    assert set(kinds[1:]) == {ChangeKind.SEVERITY}
    assert kinds[0] is ChangeKind.OPENED
    held = [len(engine.book.of(machine)) for machine in range(3)]
    # Two hours and what came since the last hour: 3 h of peaks, not the 8 h of the alarm.
    assert held[0] == 1
    assert max(held) <= 3 * 18 + 10
    end_ms = begin_ms + count * 5_000
    engine.ingest(readings(point=[0], time_ms=[end_ms], value=[4.0]), end_ms)
    engine.advance(end_ms)
    (change,) = engine.changes(end_ms)
    assert (change.kind, change.interval.start_ms) == (ChangeKind.CLOSED, start_ms)
    assert len(change.interval.steps) == 2 * (count // 40) + 1
    assert change.interval.steps[0] == (start_ms, LOW)


def test_a_level_that_flaps_while_a_lower_one_stays_on_stays_up() -> None:
    """Four peaks are four rises and falls; the fifth stays until the level has been quiet, and the alarm is one."""
    engine = engine_of(levelled(*THREE, clear="a < 5"))
    kinds = play(engine, *[7.0] * 11, *[11.0, 7.0] * 300)
    assert kinds == [ChangeKind.OPENED, *[ChangeKind.SEVERITY] * (2 * FLAPS - 1)]
    over_ms = BASE_MS + (11 + 599) * SECOND_MS + HOLD_MS
    assert play(engine, 7.0, from_ms=over_ms - 1) == []
    assert play(engine, 7.0, from_ms=over_ms) == [ChangeKind.SEVERITY]
    (one,) = engine.levels.intervals(0, engine.book, BASE_MS, as_it_is(over_ms))
    assert steps_of(one)[-2:] == [(11 + 2 * (FLAPS - 1), HIGH), ((over_ms - BASE_MS) / SECOND_MS, LOW)]
    assert one.flaps == 0, "the alarm itself has not flapped"
    assert play(engine, 4.0, from_ms=over_ms + SECOND_MS) == [ChangeKind.CLOSED]


def test_levels_that_flap_for_days_are_kept_in_a_few_pieces() -> None:
    """Low stays on, medium and high flap: neither the pieces nor the steps grow with the peaks."""
    tuned = EngineSettings(save_every_ms=60_000, reach_ms=2 * HOUR_MS)
    engine = Engine(rule_set(levelled(*THREE, clear="a < 5")), {"well": members(1)}, NoHistory(), tuned)
    kinds = play(engine, *[7.0] * 11)
    kinds += play(engine, *[11.0, 7.0] * 3_000, every_ms=5_000, from_ms=BASE_MS + 20_000)
    assert len(kinds) == 2 * FLAPS
    assert max(len(engine.book.of(machine)) for machine in range(3)) <= 60, "of 3,000 peaks"
    data = engine.snapshot()
    assert len(data) < 20_000
    now_ms = BASE_MS + 20_000 + 6_000 * 5_000
    (known,) = engine.levels.intervals(0, engine.book, BASE_MS, as_it_is(now_ms))
    again = Engine.restore(data, engine.rules, {"well": members(1)}, NoHistory(), tuned)
    again.announce([AnnouncedAlarm(alarm_id="x", rule_id="r", facility=100, interval=known, severity=HIGH)])
    assert again.changes(now_ms) == []
    assert play(again, 7.0, 7.0, 7.0, every_ms=HOLD_MS, from_ms=now_ms) == [ChangeKind.SEVERITY]


@pytest.mark.parametrize("text", [levelled(*THREE, clear="a < 5"), rule_text("r", "a > 10", clear="a < 5")])
def test_the_journal_is_believed_of_what_flaps(text: str) -> None:
    """Where nothing is remembered an alarm that flaps goes on to, and one that is over ended when it was told to."""
    source = engine_of(text)
    play(source, *[11.0, 4.0] * 20)
    now_ms = BASE_MS + 40 * SECOND_MS
    told = source.levels.intervals(0, source.book, BASE_MS, as_it_is(now_ms))
    assert [one.flaps for one in told] == [0] * (FLAPS - 1) + [20]
    over = source.levels.intervals(0, source.book, BASE_MS, as_it_is(now_ms + HOLD_MS))
    for known in (told, over):
        engine = engine_of(text)
        engine.announce(
            AnnouncedAlarm(alarm_id=f"x{place}", rule_id="r", facility=100, interval=one, severity=HIGH)
            for place, one in enumerate(known)
        )
        later_ms = now_ms + 2 * HOLD_MS
        assert engine.changes(later_ms) == []
        kinds = play(engine, *[4.0] * 4, every_ms=HOLD_MS // 2, from_ms=later_ms)
        assert kinds == ([ChangeKind.CLOSED] if known is told else [])


def as_it_is(horizon_ms: int) -> Damp:
    """Damped up to a moment."""
    return lambda _machine, pieces, _from_ms: damp(pieces, horizon_ms)


def test_an_alarm_carried_from_level_to_level_keeps_its_beginning() -> None:
    """The first level has cleared long ago, another one carries the alarm on: it began when the first one did."""
    tuned = EngineSettings(save_every_ms=60_000, reach_ms=HOUR_MS)
    text = levelled('{severity: low, when: "a > 6"}', '{severity: high, when: "b > 6"}')
    engine = Engine(rule_set(text), {"well": members(1)}, NoHistory(), tuned)
    kinds = []
    for number in range(3_000):
        at_ms = BASE_MS + number * 5_000
        value = [7.0 if number < 20 else 1.0, 7.0 if number > 10 else 1.0]
        engine.ingest(readings(point=[0, 1], time_ms=[at_ms] * 2, value=value), at_ms)
        engine.advance(at_ms)
        kinds += [change.kind for change in engine.changes(at_ms)]
    assert kinds == [ChangeKind.OPENED, ChangeKind.SEVERITY]
    (known,) = engine.levels.intervals(0, engine.book, BASE_MS + 10 * HOUR_MS, as_it_is(BASE_MS + 10 * HOUR_MS))
    assert known.start_ms == BASE_MS
    again = Engine.restore(engine.snapshot(), rule_set(text), {"well": members(1)}, NoHistory(), tuned)
    told = AnnouncedAlarm(alarm_id="x", rule_id="r", facility=100, interval=known, severity=known.severity(LOW))
    again.announce([told])
    again.advance(BASE_MS + 15_120_000)
    assert again.changes(BASE_MS + 15_120_000) == []
    later_ms = BASE_MS + 10 * HOUR_MS
    assert again.levels.intervals(0, again.book, later_ms, as_it_is(later_ms))[0].start_ms == BASE_MS


@pytest.mark.parametrize(
    ("shown", "steps", "expected"),
    [
        (HIGH, ((0, LOW), (5, HIGH)), [LOW, MEDIUM, HIGH]),
        (LOW, ((0, HIGH), (5, LOW)), [LOW]),
        (MEDIUM, (), [LOW, MEDIUM]),
    ],
)
def test_the_journal_is_believed_level_by_level(
    shown: Severity, steps: tuple[tuple[int, Severity], ...], expected: list[Severity]
) -> None:
    """Where nothing is remembered an alarm that is on goes on at the severity it had, and falls by its rule."""
    engine = engine_of(levelled(*THREE, clear="a < 5"))
    marks = tuple(SeverityStep(BASE_MS + second * SECOND_MS, severity) for second, severity in steps)
    interval = Interval(start_ms=BASE_MS, stop_ms=None, since_ms=BASE_MS, steps=marks)
    engine.announce([AnnouncedAlarm(alarm_id="x", rule_id="r", facility=100, interval=interval, severity=shown)])
    now_ms = BASE_MS + 10 * SECOND_MS
    engine.changes(now_ms)
    on = [plan.rule.info.severity for place, plan in enumerate(engine.layout.classes[0].rules) if engine.book.of(place)]
    live = engine.live.machines.on.astype(bool)
    assert [severity for severity, is_on in zip((LOW, MEDIUM, HIGH), live, strict=True) if is_on] == expected
    assert set(expected) <= set(on)
    # Between the limits of high (9 to 10) high goes on if it was on, and is not entered if it was not.
    assert play(engine, 9.5, from_ms=now_ms) == ([] if shown is HIGH else [ChangeKind.SEVERITY] * (shown is LOW))
    assert play(engine, 4.0, from_ms=now_ms + SECOND_MS) == [ChangeKind.CLOSED]


def test_a_changed_level_forgets_all_of_its_rule_and_nothing_else() -> None:
    """Levels are remembered together: their rule's fingerprint is in each of theirs."""
    old = rule_set(levelled(*THREE)).rules[0]
    same = rule_set(levelled(*THREE).replace("About to overflow", "Nearly full")).rules[0]
    other = rule_set(levelled(*THREE).replace("a > 10", "a > 11")).rules[0]
    assert [part.fingerprint for part in same.parts] == [part.fingerprint for part in old.parts]
    assert not {part.fingerprint for part in other.parts} & {part.fingerprint for part in old.parts}
    assert len({part.fingerprint for part in old.parts}) == 3


def test_rules_without_levels_are_judged_as_before() -> None:
    """No steps, no folding: a rule is its only part."""
    rule = rule_set(rule_text("r", "a > 6")).rules[0]
    assert rule.parts == (rule,)
    engine = engine_of(rule_text("r", "a > 6"))
    engine.ingest(readings(point=[0], time_ms=[BASE_MS], value=[7.0]), BASE_MS)
    engine.advance(BASE_MS)
    (change,) = engine.changes(BASE_MS)
    assert (change.interval.steps, change.severity) == ((), HIGH)


# --- any order ------------------------------------------------------------------------------------------------------


@st.composite
def levelled_rules(draw: st.DrawFn) -> list[str]:
    """One or two random rules with levels, perhaps beside one without; conditions of levels need not be nested."""
    texts = []
    for number in range(draw(st.integers(1, 2))):
        severities = sorted(draw(st.sets(st.sampled_from(Severity), min_size=2, max_size=4)))
        levels = [draw(level(severity)) for severity in severities]
        texts.append(levelled(*levels, rule_id=f"r{number}"))
    if draw(st.booleans()):
        texts.append(rule_text("plain", draw(condition.filter(needs_readings)), for_=draw(duration)))
    return texts


@st.composite
def level(draw: st.DrawFn, severity: Severity) -> str:
    """One level: mostly of one quantity with a limit that grows with the severity, as people write them."""
    nested = f"a > {severity / 2}"
    when = draw(st.sampled_from([nested, nested, nested, ""])) or draw(condition.filter(needs_readings))
    # A condition of ``or`` keeps the check of ascending limits out of it: any two conditions may be levels.
    text = f'severity: {severity.name.lower()}, when: "({when}) or a > 100", for: "{draw(duration)}"'
    if draw(st.booleans()):
        text += f', clear: "{draw(condition)}"'
    return f'{{{text}, clear_for: "{draw(duration)}"}}'


@settings(
    max_examples=int(os.environ.get("TWINGRID_ORDER_EXAMPLES", "150")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(
    levelled_rules(),
    plans,
    calendars(),
    st.sampled_from([10, 10_000]),
    st.sampled_from([2_000, 10_000]),
    st.sampled_from([-1, 3, 12]),
    st.booleans(),
)
def test_any_order_gives_the_severities_of_the_set(
    texts: list[str], plan: Plan, calendar: TownCalendar, limit: int, save_every_ms: int, restart_at: int, hasty: bool
) -> None:
    """Any chunking, repetition, arrival order and restart end in the alarms and steps that the naive reading gives."""
    delivery = delivery_of(plan)
    with hasty_damping() if hasty else nullcontext():
        engine, journal = run(rule_set(*texts), delivery, limit, save_every_ms, calendar, restart_at)
        incidents = check(engine, journal, delivery.everything, calendar)
    event(f"flapping: {min(sum(one.interval.flaps > 0 for one in journal.alarms.values()), 3)}")
    steps = sum(len(alarm.interval.steps) for alarm in journal.alarms.values())
    event(f"re-evaluations: {min(engine.stats.reevaluations, 3)}")
    event(f"steps beyond the first: {min(steps - incidents, 5)}")
    target(float(steps), label="steps")
    assert len(journal.alarms) == incidents


@st.composite
def level_intervals(draw: st.DrawFn) -> list[Interval]:
    """Intervals of one level that do not touch, the last perhaps on."""
    ends = sorted(draw(st.sets(st.integers(0, 30), max_size=7)))
    pairs: list[tuple[int, int | None]] = [(ends[i], ends[i + 1]) for i in range(0, len(ends) - 1, 2)]
    if len(ends) % 2:
        pairs.append((ends[-1], None))
    return [Interval(start_ms=start, stop_ms=stop, since_ms=start) for start, stop in pairs]


@given(st.lists(level_intervals(), min_size=2, max_size=4))
def test_at_every_moment_the_highest_level_that_is_on_is_the_severity(of: list[list[Interval]]) -> None:
    """Folded intervals, asked at every millisecond, say what the levels say; they neither touch nor repeat a step."""
    levels = list(zip(Severity, of, strict=False))
    found = folded(levels)
    for from_ms in range(32):
        assert folded(levels, folded([(severity, until(one, from_ms)) for severity, one in levels]), from_ms) == found
    for moment in range(32):
        on = [severity for severity, intervals in levels for one in intervals if holds(one, moment)]
        mine = [one for one in found if holds(one, moment)]
        assert len(mine) == bool(on)
        if on:
            assert [step.severity for step in mine[0].steps if step.at_ms <= moment][-1] is max(on)
    for one, other in pairwise(found):
        assert one.stop_ms is not None
        assert one.stop_ms < other.start_ms
    for one in found:
        severities = [step.severity for step in one.steps]
        assert all(a is not b for a, b in pairwise(severities))


def until(intervals: list[Interval], at_ms: int) -> list[Interval]:
    """Intervals as they may have been known when nothing was certain from a moment on: those on then without end."""
    known = [one for one in intervals if one.start_ms < at_ms]
    return [one if one.stop_ms is not None and one.stop_ms < at_ms else replace(one, stop_ms=None) for one in known]


def holds(interval: Interval, moment: int) -> bool:
    """Whether it is on at a moment."""
    return interval.start_ms <= moment and (interval.stop_ms is None or moment < interval.stop_ms)


@given(st.lists(st.lists(level_intervals(), min_size=3, max_size=3), min_size=1, max_size=5))
def test_changes_of_severity_lead_to_what_is_computed_and_then_say_nothing(history: list[list[list[Interval]]]) -> None:
    """Step after step the announced alarms arrive at the computed ones, steps included; comparing again is silent."""
    told: tuple[AnnouncedAlarm, ...] = ()
    for of in history:
        computed = folded(list(zip((LOW, MEDIUM, HIGH), of, strict=True)))

        first = compare(told, computed, rule_id="r", facility=1, severity=LOW, now_ms=0)
        told = first.announced
        assert [alarm.interval for alarm in told] == computed
        assert compare(told, computed, rule_id="r", facility=1, severity=LOW, now_ms=0).changes == ()
        for change in first.changes:
            if change.kind is ChangeKind.SEVERITY:
                assert change.severity is change.interval.severity(LOW)


# --- the language ---------------------------------------------------------------------------------------------------


def the_rule(*levels: str, **fields: str) -> Rule:
    """The checked rule."""
    return rule_set(levelled(*levels, **fields)).rules[0]


def test_the_rules_clear_is_that_of_its_lowest_level() -> None:
    """``clear`` and ``clear_for`` at the rule end the alarm; each other level falls by its own, or when *not when*."""
    rule = the_rule(*THREE, clear="a < 5", clear_for="30 s")
    assert [(part.clear_text, part.clear_for_ms) for part in rule.parts] == [("a < 5", 30_000), ("", 0), ("a < 9", 0)]
    assert [part.for_ms for part in rule.parts] == [10_000, 0, 0]
    assert rule.info.severity is HIGH
    assert rule.info.measurements == ("a",)


def test_a_level_says_what_is_its_own_and_else_what_the_rule_says() -> None:
    """``say``, ``do`` and ``deadline`` of a level go before those of the rule."""
    info = the_rule(*THREE).info
    assert info.at(HIGH).say == Text(zh="将溢流", en="About to overflow")
    assert info.at(MEDIUM).say == Text(zh="水位高", en="Level is high")
    assert info.at(Severity.CRITICAL).severity is HIGH
    assert info.at(Severity.INFO).severity is LOW
    own = the_rule(
        THREE[0],
        '{severity: high, when: "a > 9", do: {zh: [停], en: [stop]}, deadline: {hours: 1, clock: continuous}}',
    ).info
    assert [text.en for text in own.at(HIGH).do] == ["stop"]
    assert [text.en for text in own.at(LOW).do] == ["look"]
    deadline = own.at(HIGH).deadline
    assert deadline is not None
    assert (deadline.hours, own.at(LOW).deadline) == (1, None)


def test_a_level_has_its_own_source_and_support_where_it_says_so() -> None:
    """Limits of one rule may come from different texts; a lesser level may be one grid's work alone."""
    own = THREE[0].replace("}", ', support: none, source: "GB 1", evidence: read}', 1)
    rule = the_rule(own, *THREE[1:])
    assert [part.source.document.en for part in rule.parts] == ["GB 1", "DESIGN", "DESIGN"]
    assert [part.source.evidence for part in rule.parts][:2] == [Evidence.READ, Evidence.PROPOSAL]
    assert (rule.info.at(LOW).support, rule.info.at(MEDIUM).support) == (None, Grid.GOVERNANCE)


TWO = ('{severity: low, when: "a > 6"}', '{severity: high, when: "a > 8"}')
FIRST_LINE = 10
"""Of the levels in the file."""


@pytest.mark.parametrize(
    ("levels", "fields", "place", "en", "zh"),
    [
        (TWO[:1], {}, (FIRST_LINE, 5), "needs at least two levels", "至少需要两个级别"),
        (TWO[::-1], {}, (FIRST_LINE + 1, 18), "after high, which is worse", "写在更重的级别 high 之后"),
        ((TWO[0], TWO[0]), {}, (FIRST_LINE + 1, 18), "two levels low", "级别 low 出现了两次"),
        (
            (TWO[0], TWO[1].replace("8", "5")),
            {},
            (FIRST_LINE + 1, 31),
            "reached no later than",
            "不比更轻的级别 low 更远",
        ),
        ((TWO[0], TWO[1].replace("a >", "aa >")), {}, (FIRST_LINE + 1, 31), "no measurement 'aa'", "没有测量项 'aa'"),
        ((TWO[0], TWO[1].replace("high", "hihg")), {}, (FIRST_LINE + 1, 18), "did you mean 'high'", "'high'"),
        ((TWO[0], TWO[1].replace("when", "wen")), {}, (FIRST_LINE + 1, 24), "did you mean 'when'", "'when'"),
        (
            (TWO[0], TWO[1].replace("}", ", evidence: read}")),
            {},
            (FIRST_LINE + 1, 7),
            "the field 'source' is missing",
            "缺少字段 'source'",
        ),
        (TWO, {"severity": "high"}, (FIRST_LINE + 2, 14), "is written in each level", "写在各级别中"),
        (TWO, {"for": "10 s"}, (FIRST_LINE + 2, 9), "is written in each level", "写在各级别中"),
        (
            (TWO[0].replace("}", ', clear: "a < 3"}'), TWO[1]),
            {"clear": "a < 5"},
            (FIRST_LINE, 46),
            "at the rule and at its lowest level",
            "既写在规则上",
        ),
    ],
)
def test_a_fault_of_a_level_is_told_with_its_place_in_both_languages(
    levels: tuple[str, ...], fields: dict[str, str], place: tuple[int, int], en: str, zh: str
) -> None:
    """Each fault stands at the line and column that is to blame."""
    with pytest.raises(Invalid) as caught:
        the_rule(*levels, **fields)
    told = [(finding.line, finding.column, str(finding)) for finding in caught.value.findings]
    assert any((line, column) == place and en in text for line, column, text in told), told
    assert any(zh in finding.what_in("zh") + finding.fix_in("zh") for finding in caught.value.findings)
