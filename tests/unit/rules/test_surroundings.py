"""Calendar, freshness, quality and attributes in rules: how they are written, and what they cost a late reading."""

from __future__ import annotations

import numpy as np
import pytest

from core.alarms import Interval
from core.calendar import WORDS, Steps, Timetable
from core.errors import Invalid
from core.places import FacilityClass
from core.quality import QualityClass, quality
from core.readings import Readings, concat, readings
from registry.classbook import load_classes
from rules.columns import Indices, Ints
from rules.engine.engine import Engine
from rules.engine.history import NoHistory
from rules.engine.reevaluation import Reevaluation
from rules.explanation import Narrator
from rules.expression import form
from rules.language.load import load_rules
from tests.unit.rules.reference.judge import Turns
from tests.unit.rules.town import Store, TownCalendar, members, rule_set, rule_text, town_class

BASE_MS = 1_700_000_000_000
UNITS = {"level": "m", "co2": "[ppm]"}
HOUR_MS = 3_600_000


def when(text: str) -> str:
    """The checked form of a condition."""
    return form(rule_set(rule_text("r", text), **UNITS).rules[0].when)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("co2 > 1000 [ppm] and occupied", "(and (co2>1000.0) (calendar(occupied)==1.0))"),
        ("level > 1 m and not workday", "(and (level>1.0) (not (calendar(workday)==1.0)))"),
        ("level > 1 m and in season flood", "(and (level>1.0) (calendar(season flood)==1.0))"),
        (
            "level > 1 m and not (night or holiday)",
            "(and (level>1.0) (not (or (calendar(night)==1.0) (calendar(holiday)==1.0))))",
        ),
        ("not in season flood and level > 1 m", "(and (not (calendar(season flood)==1.0)) (level>1.0))"),
        ("age(level) > 5 min", "(aged(level,300001)==1.0)"),
        ("5 min <= age(level)", "(aged(level,300000)==1.0)"),
        ("age(level) < 5 min", "(aged(level,300000)==0.0)"),
        ("age(level) <= 5 min", "(aged(level,300001)==0.0)"),
        ("co2 > 1000 [ppm] and not known(level)", "(and (co2>1000.0) (not (known(level)==1.0)))"),
        ("uncertain(level) or bad(level)", "(or (quality(level)==1.0) (quality(level)==2.0))"),
        ("not_measured(level)", "(quality(level)==3.0)"),
        ("level > 1 m and facility.material == 'PE'", "(and (level>1.0) (facility.material=='PE'==1.0))"),
        ("level > 1 m and 'PE' != facility.material", "(and (level>1.0) (facility.material=='PE'==0.0))"),
    ],
)
def test_a_condition_is_understood(text: str, expected: str) -> None:
    """Terms of the calendar stand as conditions of their own; an age is a timer of whole milliseconds."""
    assert when(text) == expected


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("occupied", 1, "may be true without any reading"),
        ("occupied or level > 1 m", 1, "may be true without any reading"),
        ("not (occupied and level > 1 m)", 1, "may be true without any reading"),
        ("not known(level)", 1, "may be true without any reading"),
        ("facility.deep > 2 or level > 1 m", 1, "may be true without any reading"),
        ("level > 1 m and occupied == 1", 17, "occupied is a condition, no number"),
        ("level > 1 m and known(level) == 1", 17, "known(…) is a condition, no number"),
        ("level > 1 m and in season", 26, "the season has no name"),
        ("age(level) > facility.limit", 12, "only compared with a fixed duration"),
        ("age(level) == 5 min", 12, "only compared with a fixed duration"),
        ("age(level) + 1 s > 5 min", 1, "only compared with a fixed duration"),
        ("age(level) > 5 m", 14, "needs a unit of time, not 'm'"),
        ("age(level) > 8 d", 14, "from 1 s to 7 d"),
        ("age(level) > 5", 14, "a duration needs a unit"),
        ("age(levle) > 5 min", 5, "did you mean 'level'?"),
        ("known(level + level)", 1, "known asks about one measurement"),
        ("uncertain(level, co2)", 1, "uncertain asks about one measurement"),
        ("facility.material > 'PE'", 19, "a text is only compared"),
        ("level == 'PE'", 7, "a text is only compared"),
        ("time(occupied) over 1 h > 10 min", 6, "no measurement takes part"),
        ("count(level > 1 m and occupied) of gateway > 2", 23, "not at occupied"),
        ("count(time(level > 1 m and night) over 1 h > 5 min) of gateway > 2", 28, "not at night"),
        ("count(not known(level)) over 1 h > 2", 11, "not over known(…)"),
        ("share(age(level) > 5 min) over 1 h > 50 %", 7, "not over age(…)"),
        ("level > class.deep m", 9, "the class well has no numeric attribute 'deep'"),
    ],
)
def test_a_fault_is_told_with_place_and_remedy(text: str, column: int, said: str) -> None:
    """One finding, at the character that is to blame, in both languages."""
    with pytest.raises(Invalid) as caught:
        rule_set(rule_text("r", text), **UNITS)
    (found,) = caught.value.findings
    assert said in str(found)
    assert (found.line, found.column) == (4, column + 9)
    assert found.what_in("zh") != found.what_in("en")


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("level > 1 m and occupied", "场所处于开放时间", "the site is open"),
        ("level > 1 m and in season flood", "按日历处于汛期", "by the calendar: flood season"),
        ("level > 1 m and not workday", "并非（按日历处于工作日）", "not (by the calendar: working day)"),
        (
            "age(level) > 5 min",
            "level已有至少 5 分钟 没有好的读数",
            "no good reading of level for 5 min",
        ),
        ("age(level) < 5 min", "level最近 5 分钟 内有好的读数", "there was a good reading of level in the last 5 min"),
        ("uncertain(level)", "level的读数存疑", "the reading of level is uncertain"),
        ("level > 1 m and known(co2)", "co2有读数", "co2 is known"),
        ("level > 1 m and facility.material != 'PE'", "本设施的 material 不是“PE”", "material is not 'PE'"),
    ],
)
def test_a_question_is_told_in_words(text: str, zh: str, en: str) -> None:
    """What ``twingrid rule explain`` says, in both languages."""
    rule = rule_set(rule_text("r", text), **UNITS).rules[0]
    said = Narrator(town_class(**UNITS)).truth(rule.when)
    assert zh in said.in_language("zh")
    assert en in said.in_language("en")


def test_no_measurement_has_the_name_of_a_term() -> None:
    """A name that means a term of the calendar cannot mean a measurement."""
    taken = {*WORDS, "season"}
    assert not [key for entry in load_classes().values() for key in taken & entry.facility_class.measurements.keys()]


def test_a_class_speaks_for_all_its_facilities() -> None:
    """``class.x`` is a number of the class's file, in the unit that is written behind it."""
    plain = town_class(level="m")
    one = FacilityClass(
        id=plain.id, name=plain.name, measurements=plain.measurements, attributes={"deep": 250.0, "kind": "PE"}
    )
    loaded = load_rules({"a.yaml": rule_text("r", "level > class.deep cm")}, {"well": one})
    assert form(loaded.rules[0].when) == "(level>2.5)"


# --- what the engine makes of them ------------------------------------------------------------------------------


def engine_of(
    condition: str, calendar: TownCalendar | None = None, history: Store | None = None, **fields: str
) -> Engine:
    """Four wells under one rule."""
    texts = {"material": ["PE", "steel", None, "PE"]}
    town = {"well": members(4, texts=texts)}
    return Engine(rule_set(rule_text("r0", condition, **fields)), town, history or NoHistory(), None, calendar)


def deliver(engine: Engine, batch: Readings, until_ms: int) -> None:
    """Minute by minute, in order."""
    for now_ms in range(BASE_MS, until_ms, 60_000):
        engine.ingest(batch.take((batch.time_ms >= now_ms - 60_000) & (batch.time_ms < now_ms)), now_ms)
        engine.advance(now_ms)
    engine.settle(until_ms)


def regular(point: int, step_s: int, hours: float, value: float) -> Readings:
    """A reading every few seconds."""
    time_ms = np.arange(BASE_MS, BASE_MS + int(hours * HOUR_MS), step_s * 1000)
    return readings(point=np.full(len(time_ms), point), time_ms=time_ms, value=np.full(len(time_ms), value))


def test_an_alarm_lasts_as_long_as_the_calendar_and_the_value_agree() -> None:
    """A high value all day is an alarm during the opening hours, from their first millisecond to their last."""
    opened, closed = BASE_MS + HOUR_MS, BASE_MS + 2 * HOUR_MS
    calendar = TownCalendar({"occupied": [Turns(0.0, ((opened, 1.0), (closed, 0.0)))] * 4})
    engine = engine_of("a > 2 and occupied", calendar)
    deliver(engine, regular(0, 5, 3, 3.0), BASE_MS + 3 * HOUR_MS)
    assert list(engine.book.of(0)) == [Interval(start_ms=opened, stop_ms=closed, since_ms=opened)]


def test_a_late_reading_is_judged_by_the_calendar_of_its_time() -> None:
    """What arrives after closing time was read while it was open, and the other way round."""
    closed = BASE_MS + HOUR_MS
    calendar = TownCalendar({"occupied": [Turns(1.0, ((closed, 0.0),))] * 4})
    engine = engine_of("a > 2 and occupied", calendar)
    inside, outside = closed - 10_000, closed + 10_000
    late = readings(point=[0, 10], time_ms=[inside, outside], value=[3.0, 3.0])
    quiet = concat([regular(20, 5, 2, 1.0)])
    deliver(engine, quiet, BASE_MS + HOUR_MS + 120_000)
    engine.ingest(late, BASE_MS + HOUR_MS + 120_000)
    engine.settle(BASE_MS + HOUR_MS + 180_000)
    engine.advance(BASE_MS + HOUR_MS + 180_000)
    assert [(one.start_ms, one.stop_ms) for one in engine.book.of(0)] == [(inside, closed)]
    assert list(engine.book.of(1)) == []


def test_a_year_nobody_knows_opens_and_ends_nothing() -> None:
    """An unknown term leaves an alarm as it is, and one that was not there does not begin."""
    unknown = BASE_MS + HOUR_MS
    calendar = TownCalendar({"workday": [Turns(value, ((unknown, float("nan")),)) for value in (1.0, 0.0)] * 2})
    engine = engine_of("a > 2 and workday", calendar)
    deliver(engine, concat([regular(0, 5, 2, 3.0), regular(10, 5, 2, 3.0)]), BASE_MS + 2 * HOUR_MS)
    assert [one.stop_ms for one in engine.book.of(0)] == [None]
    assert list(engine.book.of(1)) == []


def test_silence_is_an_alarm_once_the_last_good_reading_has_the_age() -> None:
    """Bad readings do not renew it, a good one ends it; a well that never spoke has no age."""
    good, bad = regular(0, 5, 1, 1.0), regular(0, 5, 2, 1.0)
    bad = bad.take(bad.time_ms >= BASE_MS + HOUR_MS)
    codes = np.full(len(bad), quality(QualityClass.BAD), np.uint8)
    bad = readings(point=bad.point, time_ms=bad.time_ms, value=bad.value, quality=codes)
    back = regular(0, 5, 2.5, 1.0)
    back = back.take(back.time_ms >= BASE_MS + 2 * HOUR_MS)
    engine = engine_of("age(a) > 10 min")
    deliver(engine, concat([good, bad, back, regular(11, 5, 3, 1.0)]), BASE_MS + 3 * HOUR_MS)
    start = BASE_MS + HOUR_MS - 5_000 + 600_001
    first, *rest = [(one.start_ms, one.stop_ms) for one in engine.book.of(0)]
    assert first == (start, BASE_MS + 2 * HOUR_MS)
    assert rest == [(BASE_MS + int(2.5 * HOUR_MS) - 5_000 + 600_001, None)]
    assert list(engine.book.of(1)) == []


@pytest.mark.parametrize("restart", [False, True])
def test_an_age_that_was_reached_long_ago_survives_a_restart(restart: bool) -> None:
    """The last good reading lies days behind: an engine that goes on still knows that there was one."""
    store, rules = Store(), "age(a) > 10 min"
    engine = engine_of(rules, history=store, for_="30 h")
    batch = regular(0, 5, 0.1, 1.0)
    store.batches.append(batch)
    engine.ingest(batch, BASE_MS + HOUR_MS)
    engine.advance(BASE_MS + 24 * HOUR_MS)
    if restart:
        town = {"well": members(4, texts={"material": ["PE", "steel", None, "PE"]})}
        again = rule_set(rule_text("r0", rules, for_="30 h"))
        engine = Engine.restore(engine.snapshot(), again, town, store)
    engine.advance(BASE_MS + 48 * HOUR_MS)
    last = int(batch.time_ms.max())
    assert [one.start_ms for one in engine.book.of(0)] == [last + 600_001 + 30 * HOUR_MS]


def test_a_text_decides_where_it_stands() -> None:
    """Wells of the material asked for, those of another, and those of none, which stay silent either way."""
    for word, expected in (("==", [1, 0, 0, 1]), ("!=", [0, 1, 0, 0])):
        engine = engine_of(f"a > 2 and facility.material {word} 'PE'")
        batch = readings(point=[0, 10, 20, 30], time_ms=[BASE_MS] * 4, value=[3.0] * 4)
        engine.ingest(batch, BASE_MS)
        engine.advance(BASE_MS + 2_000)
        assert [len(engine.book.of(machine)) for machine in range(4)] == expected


class CountedCalendar:
    """Opens every day at the same time, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def timetable(self, term: str, facility: np.ndarray) -> Timetable:
        """One schedule for everybody."""
        del term
        return Timetable(np.zeros(len(facility), np.intp), (self,))

    def steps(self, from_ms: int, until_ms: int) -> Steps:
        """Open in the first half of each day of UTC."""
        self.asked += 1
        half = 43_200_000
        times = np.arange(from_ms // half + 1, until_ms // half + 1) * half
        return Steps(float(from_ms // half % 2 == 0), times, (times // half % 2 == 0).astype(np.float64))


def test_time_that_passes_costs_the_calendar_nothing() -> None:
    """Two days of sweeps ask it once or twice: its steps are computed in blocks of weeks."""
    calendar = CountedCalendar()
    rules = rule_set(rule_text("r0", "a > 2 and occupied"))
    engine = Engine(rules, {"well": members(4)}, NoHistory(), None, calendar)
    for minute in range(2 * 24 * 60):
        now_ms = BASE_MS + 60_000 * minute
        engine.ingest(readings(point=[0], time_ms=[now_ms], value=[3.0]), now_ms)
        engine.advance(now_ms)
    assert calendar.asked <= 2
    assert len(engine.book.of(0)) >= 2


def test_a_clock_that_stood_at_2000_is_judged_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Years of calendar for every facility are worked on a few facilities at a time, with the same result."""
    rules = rule_set(rule_text("r0", "a > 2 and occupied", for_="2 s"))
    engine = Engine(rules, {"well": members(4)}, NoHistory(), None, CountedCalendar())
    engine.advance(BASE_MS)
    sizes: list[int] = []
    run = Reevaluation.run

    def counted(self: Reevaluation, facility: Indices, state: Ints, pause_ms: Ints) -> int:
        sizes.append(len(facility))
        return run(self, facility, state, pause_ms)

    monkeypatch.setattr(Reevaluation, "run", counted)
    monkeypatch.setattr("rules.engine.engine._MOST_DAYS", 20_000)
    at_ms = 946_684_800_000 + 1_000
    engine.ingest(readings(point=[0, 10, 20, 30], time_ms=[at_ms] * 4, value=[3.0] * 4), BASE_MS)
    engine.settle(BASE_MS)
    assert sizes == [2, 2]
    for machine in range(4):
        assert [(one.start_ms, one.since_ms) for one in engine.book.of(machine)] == [(at_ms + 2_000, at_ms)]


def feed(engine: Engine, *events: tuple[float, int, float], until_s: float) -> list[Interval]:
    """Readings (second, point, value), each at its moment; the alarms of the first well."""
    for second, point, value in events:
        now_ms = BASE_MS + int(second * 1000)
        engine.ingest(readings(point=[point], time_ms=[now_ms], value=[value]), now_ms)
        engine.advance(now_ms)
    engine.advance(BASE_MS + int(until_s * 1000))
    return list(engine.book.of(0))


def late(engine: Engine, *rows: tuple[float, int, float], now_s: float) -> list[tuple[int, int | None]]:
    """The alarms of the first well in seconds, once late rows (second, point, value) have come."""
    second, point, value = (list(column) for column in zip(*rows, strict=True))
    time_ms = [BASE_MS + int(one * 1000) for one in second]
    engine.ingest(readings(point=point, time_ms=time_ms, value=value), BASE_MS + int(now_s * 1000))
    engine.settle(BASE_MS + int(now_s * 1000))
    stops = [None if one.stop_ms is None else one.stop_ms - BASE_MS for one in engine.book.of(0)]
    return [(one.start_ms - BASE_MS, stop) for one, stop in zip(engine.book.of(0), stops, strict=True)]


def test_a_late_reading_in_anothers_gap_is_seen() -> None:
    """``known(b)`` is the one condition that knowing more makes false: b is there before and after, but not then."""
    engine = engine_of("a > 2 and not known(b)")
    events = [(0, 0, 1.0), (0.5, 1, 1.0), (5, 0, 1.0), (24, 0, 1.0), (24.5, 1, 1.0), (28, 1, 1.0), (29, 0, 1.0)]
    assert feed(engine, *events, until_s=31) == []
    assert late(engine, (15, 0, 3.0), now_s=31) == [(15_000, 24_000)]


def test_a_late_reading_in_the_age_of_another_is_seen() -> None:
    """A late reading of b that changes nothing does not hide that b was old when a late one of a was read."""
    engine = engine_of("a > 2 and age(b) > 5 s")
    events = [(0, 1, 1.0), (1, 1, 1.0), (2, 0, 1.0), (20, 1, 1.0), (21, 1, 1.0), (22, 0, 1.0), (23, 1, 1.0)]
    assert feed(engine, *events, until_s=25) == []
    assert late(engine, (10, 0, 3.0), (0.5, 1, 1.0), now_s=25) == [(10_000, 20_000)]


def test_the_first_reading_may_be_older_than_the_last_turn_of_the_calendar() -> None:
    """A facility that was swept before it spoke: what it read while it was closed is no alarm before the opening."""
    opened = BASE_MS + 10_000
    engine = engine_of("a > 2 and occupied", TownCalendar({"occupied": [Turns(0.0, ((opened, 1.0),))] * 4}))
    engine.advance(BASE_MS + 12_000)
    assert late(engine, (8, 0, 3.0), now_s=12) == [(10_000, None)]


def test_a_bad_reading_takes_back_a_good_one_of_its_millisecond() -> None:
    """Of two the higher (epoch, offset) holds, in whatever order they come: the good one below renews nothing."""
    bad = quality(QualityClass.BAD)
    for order in ((0, 1, 2), (0, 2, 1)):
        engine = engine_of("age(a) > 5 s")
        rows = [(0, 0, 0), (4, 0, 1), (4, bad, 2)]
        for number in order:
            second, code, offset = rows[number]
            batch = readings(point=[0], time_ms=[BASE_MS + second * 1000], value=[1.0], quality=[code], offset=[offset])
            engine.ingest(batch, BASE_MS + 4_500)
            engine.settle(BASE_MS + 4_500)
        engine.advance(BASE_MS + 8_000)
        engine.settle(BASE_MS + 8_000)
        assert [one.start_ms - BASE_MS for one in engine.book.of(0)] == [5_001]
