"""Rules that reach across facilities: how they are written, what is refused, and what late members do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from core.errors import Invalid
from core.places import ClassMembers, FacilityClass, PointKind, Relation, Text
from core.readings import Readings, readings
from rules.engine import aggregation
from rules.engine.engine import Engine, EngineSettings
from rules.engine.history import NoHistory
from rules.engine.reach import around
from rules.engine.replay import Replay
from rules.explanation import Narrator
from rules.expression import form
from rules.language.load import load_rules
from rules.moment import picture
from rules.rule_set import RuleSet
from tests.unit.rules.town import Store, measurement, members, rule_set, rule_text

BASE_MS = 1_700_000_000_000
SECOND_MS = 1_000
CELL = {Relation.GOVERNANCE_CELL: ("g", "g", "g", "h")}


def kind(class_id: str, **units: str) -> FacilityClass:
    """A class of facilities."""
    measurements = {key: measurement(key, unit) for key, unit in units.items()}
    return FacilityClass(id=class_id, name=Text(zh=class_id, en=class_id), measurements=measurements)


CLASSES = {
    one.id: one
    for one in (
        kind("well", level="m", temp="Cel", pressure="MPa", running="1"),
        kind("board", u_a="V", temp="Cel", pressure="kPa", gas="[ppm]"),
        kind("meter", u_a="V", gas="mg/m3"),
    )
}


def loaded(*conditions: str) -> RuleSet:
    """One rule for wells for each condition."""
    return load_rules({"r.yaml": "".join(rule_text(f"r{n}", text) for n, text in enumerate(conditions))}, CLASSES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("count(level > 50 cm) of cell.governance >= 3", "(count((level>0.5)) of cell.governance>=3.0)"),
        ("share(not running == 1) of gateway > 50 %", "(share((not (running==1.0))) of gateway>0.5)"),
        ("abs(temp - median(temp) of redundant_set) > 2 K", None),
        ("max(level) of community - min(level) of community > 1 m", None),
        ("sum(level * 2) of parent > 1 m", "(sum((* level 2.0)) of parent>1.0)"),
        (
            "max(mean(level) over 10 min) of cell . construction > 1 m",
            "(max(mean(level,600000)) of cell.construction>1.0)",
        ),
        ("parent.u_a < 198 V", "(parent.u_a:V<198.0)"),
        ("parent . pressure < 100 kPa", "(parent.pressure:kPa<100.0)"),
        ("mean(parent.u_a) over 10 min < 0.198 kV", "(parent.mean(u_a,600000):V<198.0)"),
        ("level > 1 m and parent.temp > 30 Cel", "(and (level>1.0) (parent.temp:Cel>30.0))"),
    ],
)
def test_a_condition_that_reaches_is_understood(text: str, expected: str | None) -> None:
    """Groups and parents stand where a measurement may stand, with units of their own."""
    found = form(loaded(text).rules[0].when)
    assert expected is None or found == expected


@pytest.mark.parametrize(
    ("text", "column", "en", "zh"),
    [
        ("parent.ua < 198 V", 1, "did you mean 'u_a'?", "是否应为 'u_a'？"),
        ("parent.gas > 5 [ppm]", 1, "another quantity in other classes: board ([ppm]), meter (mg/m3)", "不同的量"),
        ("parent.u_a < 198 A", 12, "V measures voltage", "电压"),
        ("count(level) of parent > 3", 7, "counts a condition, not a number", "统计的是条件"),
        ("count(level > 1 m) > 3", 1, "needs a window or a group", "需要窗口或分组"),
        ("median(level) > 3 m", 1, "needs a group", "需要分组"),
        ("max(level - parent.level) over 1 h > 3 m", 13, "a window over an expression", "表达式的窗口"),
        ("time(count(level > 1 m) of parent > 2) over 1 h > 3 min", 6, "a window over an expression", "表达式的窗口"),
        ("sum(level > 1 m) of parent > 3 m", 11, "takes a number, not a condition", "汇总的是数字"),
        ("sum(temp) of parent > 3 Cel", 1, "cannot be added", "不能相加"),
        ("count(level > 1 m) of cell.govern > 3", 23, "did you mean 'cell.governance'?", "cell.governance"),
        ("count(level > 1 m) of 3 > 3", 23, "there is no group '3'", "没有分组"),
        ("abs(level) of parent > 3 m", 1, "groups have count, share, sum, mean, min, max, median", "可用于分组的有"),
        ("max(parent.temp) of community > 3 Cel", 5, "there are no parents and no groups", "不能再用"),
        ("max(max(level) of parent) of community > 3 m", 5, "there are no parents and no groups", "不能再用"),
        ("count(parent.temp > 1 Cel) of community > 3", 7, "there are no parents and no groups", "不能再用"),
        ("max(level, level) of community > 3 m", 1, "takes no 2 operand(s)", "不能有 2 个"),
        ("max(3 m) of community > 3 m", 5, "no measurement takes part in this part of a group", "没有用到测量项"),
        (
            "count(level > 1 m or facility.a > 1) of parent > 2",
            33,
            "takes part in this part of a group",
            "没有用到测量项",
        ),
        ("count(level > 1 m and occupied) of parent > 2", 23, "a group looks at what its members measure", "不能包含"),
        ("count(age(level) > 5 min) of parent > 2", 7, "a group looks at what its members measure", "不能包含"),
        ("count(facility.a == 'PE') of parent > 2", 7, "a group looks at what its members measure", "不能包含"),
    ],
)
def test_what_cannot_be_reached_is_told(text: str, column: int, en: str, zh: str) -> None:
    """One finding, at the character that is to blame, in both languages."""
    with pytest.raises(Invalid) as caught:
        loaded(text)
    (found,) = caught.value.findings
    assert en in str(found)
    assert zh in found.what_in("zh") + found.fix_in("zh")
    assert found.column == column + 9


def test_rules_that_reach_are_known_with_their_relations() -> None:
    """Whoever cuts the facilities into parts asks before; evidence and windows look into groups, too."""
    rules = loaded(
        "level > 1 m",
        "parent.u_a < 198 V or count(level > 1 m) of cell.governance > 2",
        "max(max(level) over 1 h) of gateway > 2 m",
    )
    assert rules.across() == {
        "r1": {Relation.PARENT, Relation.GOVERNANCE_CELL},
        "r2": {Relation.GATEWAY},
    }
    assert rules.by_id["r1"].measurements == {"level"}
    assert rules.by_id["r2"].info.measurements == ("level",)
    assert rules.longest_window_ms == 3_600_000


# --- the engine -------------------------------------------------------------------------------------------------


def town(*conditions: str, group: Mapping[Relation, tuple[str, ...]] | None = None, **fields: str) -> Engine:
    """Four wells, the first three of them in one cell."""
    texts = [rule_text(f"r{number}", when, **fields) for number, when in enumerate(conditions)]
    return Engine(rule_set(*texts), {"well": members(4, group=CELL if group is None else group)}, Store())


def feed(engine: Engine, rows: Sequence[tuple[float, float, int, float]], until_s: float) -> None:
    """Readings as (arrival, time, point, value), times in seconds; time passes every second."""
    for second in range(int(until_s) + 1):
        now_ms = BASE_MS + second * SECOND_MS
        some = [row for row in rows if second - 1 < row[0] <= second]
        if some:
            _, at_s, point, value = zip(*some, strict=True)
            batch = readings(point=point, time_ms=[BASE_MS + int(at * SECOND_MS) for at in at_s], value=value)
            stored(engine).append(batch)
            engine.ingest(batch, now_ms)
        engine.advance(now_ms)
    engine.settle(BASE_MS + int(until_s * SECOND_MS))


def stored(engine: Engine) -> list[Readings]:
    """What the engine's store holds."""
    history = engine.memory._history
    assert isinstance(history, Store)
    return history.batches


def starts(engine: Engine) -> dict[int, list[float]]:
    """Where the alarms of each well begin, in seconds."""
    found = {well: engine.book.of(well) for well in range(4)}
    return {well: [(one.start_ms - BASE_MS) / SECOND_MS for one in every] for well, every in found.items() if every}


STEADY = [(second, second, 10 * well, 1.0) for second in range(0, 20, 4) for well in range(4)]


def test_three_of_a_cell_alarm_together_and_only_they() -> None:
    """The alarm is one of each member; a facility of another cell hears nothing."""
    engine = town("count(a > 2) of cell.governance >= 2")
    feed(engine, sorted([*STEADY, (9.0, 9.0, 0, 3.0), (10.0, 10.0, 10, 3.0)]), 16)
    assert starts(engine) == {0: [10.0], 1: [10.0], 2: [10.0]}
    assert engine.stats.corrected == 0


def test_a_late_member_sends_back_all_who_depend_on_it() -> None:
    """A reading that comes five seconds late makes the alarm of the whole cell begin when it should have."""
    engine = town("count(a > 2) of cell.governance >= 2")
    feed(engine, sorted([*STEADY, (7.0, 7.0, 0, 3.0), (14.0, 7.5, 10, 3.0)]), 19)
    assert starts(engine) == {0: [7.5], 1: [7.5], 2: [7.5]}
    assert (engine.stats.corrected, engine.stats.reevaluations) == (1, 3)


def test_a_late_member_that_changes_no_count_sends_back_nobody() -> None:
    """The pool alone is computed anew: three of three are more than one, as two of three were."""
    engine = town("count(a > 2) of cell.governance >= 1")
    known = [(7.0, 7.0, 0, 3.0), (7.0, 7.0, 10, 3.0)]
    feed(engine, sorted([*STEADY[:8], *known, (14.0, 9.0, 20, 3.0), (11.0, 11.0, 20, 1.0)]), 16)
    assert starts(engine) == {0: [7.0], 1: [7.0], 2: [7.0]}
    assert (engine.stats.corrected, engine.stats.reevaluations) == (0, 0)


def test_members_that_meet_within_two_seconds_are_not_late() -> None:
    """Readings of different gateways cross each other all the time."""
    engine = town("median(a) of cell.governance > 2")
    read = ((3.0, 0), (4.0, 1), (3.5, 2), (5.0, 0), (4.5, 2))
    crossing = [(at + 1.9, at, 10 * well, 1.0 + well) for at, well in read]
    feed(engine, sorted(crossing), 10)
    assert engine.pools is not None
    assert len(engine.pools.lateness.waiting()) == 0
    assert engine.stats.corrected == 0


@pytest.mark.parametrize(
    ("condition", "began"),
    [
        ("count(a > 2) of cell.governance >= 1", [8.0]),
        ("max(a) of cell.governance > 2", [8.0]),
        ("mean(a) of cell.governance > 2", [8.0]),
        ("sum(a) of cell.governance > 2", []),
    ],
)
def test_silent_members_are_left_out_but_not_of_a_sum(condition: str, began: list[float]) -> None:
    """Of three members one fell silent; two are enough for everything but a sum."""
    engine = town(condition)
    rows = [(second, second, 10 * well, 3.0 if second >= 8 else 0.5) for second in range(0, 13, 4) for well in (0, 1)]
    feed(engine, rows, 14)
    assert starts(engine).get(0, []) == began


def test_fewer_than_half_known_is_unknown() -> None:
    """One member of three says nothing about the three."""
    engine = town("count(a > 2) of cell.governance >= 1")
    feed(engine, [(second, second, 0, 3.0) for second in range(0, 13, 4)], 14)
    assert starts(engine) == {}


def test_a_facility_without_the_measurement_is_no_member() -> None:
    """What can never be known does not make the group unknown."""
    group = members(4, group=CELL)
    bare = replace(group, point={**group.point, "a": np.array([0, -1, -1, 30], np.int32)})
    engine = Engine(rule_set(rule_text("r", "count(a > 2) of cell.governance >= 1")), {"well": bare}, Store())
    feed(engine, [(second, second, 0, 3.0) for second in range(0, 13, 4)], 14)
    assert starts(engine) == {0: [0.0], 1: [0.0], 2: [0.0]}


def parents_town() -> tuple[Engine, dict[str, ClassMembers]]:
    """Two wells: one under a board, which reports kPa, one under nothing."""
    wells = ClassMembers(
        class_id="well",
        facility=np.array([1, 2], np.int32),
        code=("w1", "w2"),
        point={"level": np.array([10, 20], np.int32)},
        stale_after_ms={"level": np.full(2, 30_000)},
        unit={"level": "m"},
        group={Relation.PARENT: ("b1", "")},
    )
    boards = ClassMembers(
        class_id="board",
        facility=np.array([5], np.int32),
        code=("b1",),
        point={"pressure": np.array([50], np.int32), "u_a": np.array([51], np.int32)},
        stale_after_ms={"pressure": np.full(1, 30_000), "u_a": np.full(1, 30_000)},
        unit={"pressure": "MPa", "u_a": "V"},
    )
    every = {"well": wells, "board": boards}
    return Engine(loaded("parent.pressure < 100 kPa", "parent.u_a < 198 V"), every, Store()), every


def test_a_parent_may_be_of_any_class_and_unit() -> None:
    """Readings in MPa are judged in kPa; a facility without a parent stays silent; the parent needs no rule itself."""
    engine, _ = parents_town()
    feed(engine, [(1.0, 1.0, 50, 0.2), (1.0, 1.0, 51, 230.0), (5.0, 5.0, 50, 0.05), (6.0, 6.0, 51, 100.0)], 12)
    assert starts(engine) == {0: [5.0], 2: [6.0]}


def test_a_silent_parent_is_unknown() -> None:
    """Nothing begins and nothing ends while the parent cannot be seen; when it is back the alarm may end."""
    engine, _ = parents_town()
    feed(engine, [(1.0, 1.0, 50, 0.05), (45.0, 45.0, 50, 0.2)], 50)
    (interval,) = engine.book.of(0)
    assert (interval.start_ms, interval.stop_ms) == (BASE_MS + 1_000, BASE_MS + 45_000)


def test_a_changed_topology_keeps_what_stands_and_is_judged_from_then_on() -> None:
    """The well is hung on nothing: its alarm stays on, because what ends it is unknown."""
    engine, every = parents_town()
    feed(engine, [(1.0, 1.0, 50, 0.05)], 10)
    free = {**every, "well": replace(every["well"], group={Relation.PARENT: ("", "")})}
    history = Store()
    history.batches = stored(engine)
    again = Engine.restore(engine.snapshot(), engine.rules, free, history)
    feed(again, [(12.0, 12.0, 50, 0.2)], 16)
    (interval,) = again.book.of(0)
    assert (interval.start_ms, interval.stop_ms) == (BASE_MS + 1_000, None)


def test_what_waits_to_meet_survives_a_restart() -> None:
    """A snapshot between arrival and judgement loses no member's reading."""
    engine = town("count(a > 2) of cell.governance >= 2")
    feed(engine, sorted([*STEADY, (16.5, 16.5, 0, 3.0), (16.8, 16.8, 10, 3.0)]), 17)
    assert starts(engine) == {}
    history = Store()
    history.batches = [batch.take(batch.time_ms < BASE_MS + 16_400) for batch in stored(engine)]
    again = Engine.restore(engine.snapshot(), engine.rules, {"well": members(4, group=CELL)}, history)
    again.advance(BASE_MS + 20_000)
    assert starts(again) == {0: [16.8], 1: [16.8], 2: [16.8]}


@pytest.mark.parametrize("memory_readings", [1, 1_000_000])
def test_what_the_store_knows_too_early_waits(memory_readings: int) -> None:
    """Two wells are judged behind the others, and the store holds more of them: their windows took it in too early."""
    text = rule_text("r", "max(a) over 5 s > 2 or count(a > 9) of redundant_set > 1")
    group = members(4, group={Relation.REDUNDANT_SET: ("", "r", "r", "")})
    settings = EngineSettings(memory_readings=memory_readings, meeting_ms=5_000)
    engine = Engine(rule_set(text), {"well": group}, Store(), settings)
    rows = [(at, at, 10 * well, 1.0) for at in range(40) for well in range(4)]
    late = [(at + 7.0, at - 0.5, 10 * well, 3.0) for at in (12, 19) for well in range(4)]
    feed(engine, sorted([*rows, *late]), 46)
    # Without a group the other half of the condition is unknown for ever, which ends nothing.
    assert starts(engine) == {0: [12.0], 1: [12.0, 19.0], 2: [12.0, 19.0], 3: [12.0]}
    assert engine.stats.reevaluations >= 4


def test_rules_that_do_not_reach_have_no_stage() -> None:
    """What nobody asks for is not built: no pools, no lag, no column of the layout."""
    engine = Engine(rule_set(rule_text("r", "a > 2")), {"well": members(4, group=CELL)}, NoHistory())
    assert engine.pools is None
    assert engine.layout.pool is None
    assert engine._lag_ms == EngineSettings().grace_ms


def test_a_cut_layout_keeps_its_feeds() -> None:
    """Some facilities of a layout are fed from the same pools as before."""
    layout = town("max(a) of cell.governance > b").layout
    cut, cell, _ = layout.take(np.array([1, 3]))
    assert layout.pool is not None
    assert cut.pool is not None
    assert cut.pool.tolist() == layout.pool[cell].tolist()
    assert set(cut.pool.tolist()) == {-1, 0, 1}


@pytest.mark.parametrize("most", [1, 7, 64])
def test_a_backlog_is_worked_on_in_pieces_of_time(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a table would grow too large it is cut by time, with the same result."""
    rng = np.random.default_rng(3)
    rows = [(20.0, at / 4, 10 * int(rng.integers(0, 4)), float(rng.integers(0, 4))) for at in range(70)]
    conditions = ("median(a) of cell.governance > 1", "sum(a) of cell.governance > 4", "count(a > 2) of community > 1")
    group = {**CELL, Relation.COMMUNITY: ("c", "c", "c", "c")}
    whole, pieces = town(*conditions, group=group), town(*conditions, group=group)
    feed(whole, rows, 25)
    monkeypatch.setattr(aggregation, "_MOST_CELLS", most)
    feed(pieces, rows, 25)
    found = [list(whole.book.of(machine)) for machine in range(12)]
    assert [list(pieces.book.of(machine)) for machine in range(12)] == found
    assert sum(map(len, found)) > 10


def test_what_is_told_is_forgotten_with_the_limit_and_found_in_the_store() -> None:
    """Behind the log of what was told a re-evaluation asks the members' readings in the store."""
    text = rule_text("r", "median(a) of cell.governance > b")
    settings = EngineSettings(memory_readings=10)
    engine = Engine(rule_set(text), {"well": members(4, group=CELL)}, Store(), settings)
    rng = np.random.default_rng(4)
    rows = [(at / 2, at / 2, 10 * (at % 3), float(rng.integers(0, 9))) for at in range(120)]
    rows += [(at + 0.25, at + 0.25, 1, 4.5) for at in range(0, 56, 4)]
    late = (58.0, 20.3, 1, 99.0)
    feed(engine, sorted([*rows, late]), 62)
    assert engine.pools is not None
    assert engine.pools.told.complete_from_ms > BASE_MS + 20_300
    before = Engine(rule_set(text), {"well": members(4, group=CELL)}, Store())
    feed(before, sorted([*rows, (20.3, 20.3, 1, 99.0)]), 62)
    assert list(engine.book.of(0)) == list(before.book.of(0))
    assert engine.stats.reevaluations > 0


def test_a_rule_that_reaches_is_said_in_words() -> None:
    """Parents, groups, what makes them unknown, and the units of their limits, in both languages."""
    rules = loaded("parent.u_a < 198 V and max(level) of cell.governance > 2 m", "share(level > 1 m) of gateway > 50 %")
    narrator = Narrator(CLASSES["well"])
    said = [next(narrator.rule(rule)) for rule in rules.rules]
    assert said[0].in_language("en") == (
        "raised when: the parent's u_a is below 198 V, and the largest level of the same governance cell is above 2 m"
    )
    assert "同一网关满足“level高于 1 m”的设施占比高于 0.5" in said[1].in_language("zh")
    unknown = [one.in_language("en") for one in narrator.unknowns(rules.rules[0])]
    assert any("there is no parent" in one for one in unknown)
    assert any("fewer than half of its members" in one for one in unknown)


def test_a_rule_that_reaches_is_explained_with_those_it_reads() -> None:
    """At a moment a facility's groups and parent have the values they were judged by."""
    rules = loaded("parent.pressure < 100 kPa", "count(level > 1 m) of parent >= 2")
    _, every = parents_town()
    wells = replace(every["well"], group={Relation.PARENT: ("b1", "b1")})
    series = [(1, 50, 0.05), (2, 10, 1.5), (3, 20, 1.5), (20, 10, 1.5)]
    batch = readings(
        point=[point for _, point, _ in series],
        time_ms=[BASE_MS + second * SECOND_MS for second, _, _ in series],
        value=[value for _, _, value in series],
    )
    found = []
    for rule in rules.rules:
        seen = around(rule, rules.units, {**every, "well": wells}, "w2")
        member = ClassMembers(
            class_id="well",
            facility=wells.facility[1:],
            code=("w2",),
            point={"level": wells.point["level"][1:]},
            stale_after_ms={"level": wells.stale_after_ms["level"][1:]},
            unit=wells.unit,
        )
        shown = picture(rule, member, batch, BASE_MS + 21_000, CLASSES["well"], rules.units, None, seen)
        found.append((*shown.operands.values(), shown.timer.state))
    assert found == [(50.0, "on"), (2.0, "on")]


def test_a_replay_of_one_facility_reads_those_it_depends_on() -> None:
    """The past of one well of a cell is judged with the other members, and told of that one well alone."""
    whole = {"well": members(4, group=CELL)}
    one = ClassMembers(
        class_id="well",
        facility=whole["well"].facility[:1],
        code=whole["well"].code[:1],
        point={key: column[:1] for key, column in whole["well"].point.items()},
        stale_after_ms={key: column[:1] for key, column in whole["well"].stale_after_ms.items()},
        unit=whole["well"].unit,
        group={Relation.GOVERNANCE_CELL: ("g",)},
    )
    rules = rule_set(rule_text("alone", "a > 2"), rule_text("together", "count(a > 2) of cell.governance >= 2"))
    replay = Replay(rules, {"well": one}, None, whole)
    assert set(replay.points.tolist()) == {0, 10, 20, 30}
    rows = sorted((point, second) for point in (0, 10, 20) for second in (1, 4, 8))
    values = [3.0 if (point, second) in {(0, 8), (10, 4), (10, 8)} else 1.0 for point, second in rows]
    points, seconds = zip(*rows, strict=True)
    replay.take(readings(point=points, time_ms=[BASE_MS + second * SECOND_MS for second in seconds], value=values))
    replay.close(BASE_MS + 12 * SECOND_MS)
    found = sorted((one.rule.id, one.facility, one.interval.start_ms - BASE_MS) for one in replay.alarms())
    assert found == [("alone", 100, 8_000), ("together", 100, 8_000)]


# --- measurements that are conditions by themselves -------------------------------------------------------------------

YES_OR_NO = replace(measurement("supply_ok", "1"), kind=PointKind.STATE, low=0.0, high=1.0)
STATES = {
    "pump": FacilityClass(
        id="pump",
        name=Text(zh="泵", en="pump"),
        measurements={
            "level": measurement("level", "m"),
            "supply_ok": YES_OR_NO,
            "code": replace(YES_OR_NO, key="code", high=65535.0),
        },
    ),
    "board": FacilityClass(
        id="board",
        name=Text(zh="配电箱", en="board"),
        measurements={"supply_ok": YES_OR_NO, "code": replace(YES_OR_NO, key="code")},
    ),
}


def _pump(rule_id: str, when: str) -> str:
    return rule_text(rule_id, when).replace("class: well", "class: pump")


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("supply_ok", "supply_ok == 1"),
        ("not supply_ok and level > 1 m", "not supply_ok == 1 and level > 1 m"),
        ("parent.supply_ok and level > 1 m", "parent.supply_ok == 1 and level > 1 m"),
        ("level > 1 m or not parent.supply_ok", "level > 1 m or not parent.supply_ok == 1"),
        ("count(supply_ok) of community < 3", "count(supply_ok == 1) of community < 3"),
        ("time(supply_ok) over 1 h > 10 min", "time(supply_ok == 1) over 1 h > 10 min"),
        ("at least 1 of (supply_ok, parent.supply_ok)", "at least 1 of (supply_ok == 1, parent.supply_ok == 1)"),
    ],
)
def test_what_says_yes_or_no_is_a_condition(short: str, long: str) -> None:
    """It holds when it is 1, wherever a condition stands; as a number it goes on being one."""
    rules = load_rules({"r.yaml": _pump("a", short) + _pump("b", long)}, STATES).rules
    assert form(rules[0].when) == form(rules[1].when)


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("code", 1, "a number is no condition"),
        ("level > 1 m and parent.code", 17, "a number is no condition"),
        ("parent.supply_okay", 1, "did you mean 'supply_ok'?"),
        ("suply_ok", 1, "did you mean 'supply_ok'?"),
        ("supply_ok + 1", 11, "a number is no condition"),
    ],
)
def test_what_says_more_than_yes_or_no_is_compared(text: str, column: int, said: str) -> None:
    """A code has more values than two; of a parent it is one as soon as one class has such a code."""
    with pytest.raises(Invalid) as caught:
        load_rules({"r.yaml": _pump("a", text)}, STATES)
    (finding,) = caught.value.findings
    assert said in str(finding)
    assert finding.column == column + 9
