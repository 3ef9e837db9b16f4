"""What is frozen is what the engine used: defaults of the class, calendar, the way of a reading, parents, groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from api.models.evidence import FrozenContext
from app.frozen_evidence import EvidenceFreezer
from app.frozen_place import Births
from app.wiring import observed
from core.alarms import ChangeKind
from core.evidence import FrozenAround
from core.ports.evidence import AroundRequest, SampleRequest
from core.ports.nodes import NodeStatus, Origin
from core.ports.store import Commit
from core.readings import Int32s, Readings, readings
from core.sparkplug.topics import NodeId
from dispatch.freezer import Freezer
from rules.language.load import load_rules
from rules.rule_set import RuleSet
from store.memory import MemoryStore
from tests.unit.app.frozen import journal_of, source_of
from tests.unit.dispatch.hall import MINUTE, MONDAY_9, Hall, build_hall, change
from tests.unit.registry import city

RULE = """\
- id: medium
  class: {class_id}
  when: "{when}"
  severity: medium
  lead: construction
  say: {{zh: 不对, en: Wrong}}
  do: {{zh: [去看], en: [Look]}}
  source: GB 50014
  evidence: unchecked
"""
CALENDAR = """\
- {entry: opening, hours: workday 08:30-17:30; weekend closed; holiday closed}
- {entry: season, name: flood, first: 05-01, last: 10-15}
- {entry: day, date: 2026-11-22, is: makeup}
- {entry: day, date: 2026-11-24, is: holiday}
- entry: work
  code: w1
  name: {zh: 换泵, en: New pump}
  facility: aa-sp-01
  from: 2026-11-23T08:00
  until: 2026-11-23T18:00
"""
NODE = NodeId("city", "gw-aa")


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    """The small city with a calendar, and a tank above its pumps that says nothing of its least pressure."""
    made = build_hall(tmp_path)
    folder = tmp_path / "more"
    city.write_city(folder)
    text = (folder / "facilities.csv").read_text(encoding="utf-8").splitlines()
    head, rows = text[0], [row for row in text[1:] if row]
    rows = [f"{row},{'aa-fw-01' if row.startswith('aa-sp') else ''}" for row in rows]
    tank = "aa-fw-01,fire_water,aa,水箱,Tank,31.7005,112.1005,city/gw-aa,*,model,,"
    (folder / "facilities.csv").write_text("\n".join([f"{head},parent", tank, *rows, ""]), encoding="utf-8")
    (folder / "calendar.yaml").write_text(CALENDAR, encoding="utf-8")
    city.import_city(made.engine, folder)
    yield made
    made.engine.dispose()


def book(hall: Hall, when: str, class_id: str = "sewage_pump") -> RuleSet:
    """A rule book of one rule."""
    return load_rules({"a.yaml": RULE.format(when=when, class_id=class_id)}, hall.city.registry.classes())


def context(
    hall: Hall, rules: RuleSet, at_ms: int = MONDAY_9, code: str = "aa-sp-01", births: Births | None = None
) -> FrozenContext:
    """What is frozen of the rule at once."""
    source = source_of(hall, MemoryStore(), rules, births)
    return FrozenContext.model_validate_json(source.context("medium", hall.city.facility(code), at_ms))


def put(store: MemoryStore, hall: Hall, code: str, key: str, value: float, at: Sequence[int] = range(-60, 61)) -> None:
    """A reading every ten seconds around the opening."""
    detail = hall.city.registry.facility_by_code(code)
    assert detail is not None
    number = next(point.number for point in detail.points if point.key == key)
    times = MONDAY_9 + np.array(at, np.int64) * 10_000
    store.commit(Commit(readings=readings(point=[number] * len(at), time_ms=times, value=np.full(len(at), value))))


def local(text: str) -> int:
    """UTC milliseconds of a local time of the city."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp() * 1000)


def test_a_limit_that_the_class_says_is_frozen_with_its_line(hall: Hall) -> None:
    """The tank has no attribute of its own; what the engine took of its class is kept, and drawn."""
    rules = book(hall, "mean(worst_point_pressure) over 15 min < facility.static_pressure_min * 1000 kPa", "fire_water")
    frozen = context(hall, rules, code="aa-fw-01")
    assert frozen.attributes == {"static_pressure_min": 0.07}
    (limit,) = frozen.limits
    assert (limit.measurement, limit.kind, limit.unit) == ("worst_point_pressure", "low", "MPa")
    assert limit.value == pytest.approx(0.07)


def test_the_facilitys_own_attribute_goes_before_that_of_its_class(hall: Hall) -> None:
    """As it does in the engine."""
    rules = book(hall, "worst_point_pressure < facility.static_pressure_min MPa", "fire_water")
    with hall.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE registry_facility SET attributes = '{\"static_pressure_min\": 0.15}' WHERE code = 'aa-fw-01'"
        )
    frozen = context(hall, rules, code="aa-fw-01")
    assert frozen.attributes == {"static_pressure_min": 0.15}
    assert [one.value for one in frozen.limits] == [0.15]


@pytest.mark.parametrize(
    ("moment", "day", "true"),
    [
        ("2026-11-23T09:00", "workday", {"workday", "occupied", "planned_work"}),
        ("2026-11-23T23:30", "workday", {"workday", "night"}),
        ("2026-11-22T09:00", "makeup", {"workday", "weekend", "occupied"}),
        ("2026-11-24T09:00", "holiday", {"holiday"}),
        ("2026-10-10T12:00", "makeup", {"workday", "weekend", "occupied", "season flood"}),
    ],
)
def test_the_calendar_is_kept_as_the_engine_was_told(hall: Hall, moment: str, day: str, true: set[str]) -> None:
    """Every term at that facility and moment, what the rule asks for first; the make-up day by its name."""
    frozen = context(hall, book(hall, "level > 2 m and not occupied and in season flood"), local(moment)).calendar
    assert frozen.day == day
    assert {one.term for one in frozen.terms if one.holds} == true
    assert [one.term for one in frozen.terms if one.read] == ["occupied", "season flood"]
    assert [one.term for one in frozen.terms][:2] == ["occupied", "season flood"]
    assert all(one.holds is not None for one in frozen.terms)
    assert [one.code for one in frozen.planned] == (["w1"] if "planned_work" in true else [])


def test_what_nobody_knew_is_kept_as_unknown(hall: Hall) -> None:
    """A season without an entry, and a year whose holidays are not published."""
    frozen = context(hall, book(hall, "level > 2 m and in season heating"), local("2035-03-01T09:00")).calendar
    said = {one.term: one.holds for one in frozen.terms}
    assert frozen.day == "unknown"
    assert (said["season heating"], said["workday"], said["night"], said["season flood"]) == (None, None, False, False)


def test_the_way_of_a_reading_names_bus_and_unit(hall: Hall) -> None:
    """As the births of the gateway said last, also while a new session has said nothing yet."""
    origins = {"aa-sp-01/level": Origin("rs485-1", "17")}
    status = NodeStatus(node=NODE, online=True, since_ms=0, seen_ms=0, origins=origins)
    said = [(status,)]
    births = Births(lambda: said[-1])
    rules = book(hall, "pump_current > 2 A and level > 2 m")
    assert births.origin(NODE, "aa-sp-01/level") == ("rs485-1", "17")
    said.append((replace(status, origins={}),))
    place = context(hall, rules, births=births).place
    assert place is not None
    points = {one.key: one for one in place.points}
    assert set(list(points)[:2]) == {"level", "pump_current"}
    assert (points["level"].gateway, points["level"].bus, points["level"].unit) == ("city/gw-aa", "rs485-1", "17")
    assert (points["pump_current"].bus, points["pump_current"].unit) == ("", "")
    assert (place.parents, place.points_left_out) == (["aa-fw-01"], 0)


def around(hall: Hall, source: EvidenceFreezer, *codes: str, at_ms: int = MONDAY_9) -> list[tuple[FrozenAround, ...]]:
    """What the rule read around some facilities."""
    asked = [AroundRequest(rule_id="medium", facility=hall.city.facility(code), at_ms=at_ms) for code in codes]
    return list(source.around(asked))


def test_a_group_is_kept_with_its_value_and_its_members(hall: Hall) -> None:
    """The count as the engine made it, those for which it held first; and of a number the greatest first."""
    store = MemoryStore()
    put(store, hall, "aa-sp-01", "level", 1.0)
    put(store, hall, "aa-sp-02", "level", 2.5)
    ((count, most),) = around(
        hall,
        source_of(hall, store, book(hall, "count(level > 2 m) of community >= 1 and max(level) of community > 240 cm")),
        "aa-sp-01",
    )
    assert (count.relation, count.group, count.value, count.unit, count.condition) == ("community", "aa", 1, "", True)
    assert [(one.code, one.value) for one in count.members] == [("aa-sp-02", 1), ("aa-sp-01", 0)]
    assert count.members[0].name.en == "Pump station 2"
    assert (most.value, most.condition, most.left_out) == (2.5, False, 0)
    assert [(one.code, one.value) for one in most.members] == [("aa-sp-02", 2.5), ("aa-sp-01", 1.0)]


def test_a_member_that_was_silent_is_kept_as_unknown(hall: Hall) -> None:
    """It is named, without a value; the group's value is what the engine makes of the others."""
    store = MemoryStore()
    put(store, hall, "aa-sp-02", "level", 2.5)
    ((mean,),) = around(hall, source_of(hall, store, book(hall, "mean(level) of community > 1 m")), "aa-sp-01")
    assert mean.value == 2.5
    assert [(one.code, one.value) for one in mean.members] == [("aa-sp-02", 2.5), ("aa-sp-01", None)]


def test_a_parent_is_kept_with_its_value_and_its_samples(hall: Hall) -> None:
    """In the unit of the rule, at that moment; the curve stands behind the rule's own and before the others."""
    store = MemoryStore()
    put(store, hall, "aa-fw-01", "tank_level", 0.4)
    put(store, hall, "aa-sp-01", "level", 2.5)
    rules = book(hall, "level > 2 m and parent.tank_level < 50 cm")
    source = source_of(hall, store, rules)
    ((parent,),) = around(hall, source, "aa-sp-01")
    assert (parent.relation, parent.group, parent.value) == ("", "aa-fw-01", 0.4)
    assert [(one.code, one.value) for one in parent.members] == [("aa-fw-01", 0.4)]
    info = observed(rules.by_id["medium"])
    request = SampleRequest(
        facility=hall.city.facility("aa-sp-01"), keys=info.measurements, from_ms=MONDAY_9, to_ms=MONDAY_9 + MINUTE,
        of_parent=info.elsewhere[0].keys,
    )  # fmt: skip
    (series,) = source.samples([request])
    assert [(one.of, one.key) for one in series[:2]] == [("", "level"), ("aa-fw-01", "tank_level")]
    assert series[1].value.tolist() == [0.4] * 7  # and the one that still held


def test_where_there_is_no_parent_it_is_said(hall: Hall) -> None:
    """The pump of the other community has none: unknown, as in the engine."""
    ((parent,),) = around(
        hall, source_of(hall, MemoryStore(), book(hall, "level > 2 m and parent.tank_level < 50 cm")), "bb-sp-01"
    )
    assert (parent.group, parent.value, parent.members, parent.kept) == ("", None, (), True)


def test_of_many_members_some_stay_and_the_rest_are_counted(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is told; a group that is too much to be read keeps its size alone."""
    monkeypatch.setattr("app.frozen_around.MOST_MEMBERS", 1)
    store = MemoryStore()
    put(store, hall, "aa-sp-01", "level", 1.0)
    put(store, hall, "aa-sp-02", "level", 2.5)
    source = source_of(hall, store, book(hall, "sum(level) of community > 3 m"))
    ((total,),) = around(hall, source, "aa-sp-01")
    assert (total.value, [one.code for one in total.members], total.left_out) == (3.5, ["aa-sp-02"], 1)
    monkeypatch.setattr("app.frozen_around.MOST_ROWS", 1)
    ((none,),) = around(hall, source, "aa-sp-01")
    assert (none.value, none.members, none.left_out, none.kept) == (None, (), 2, False)


def test_the_alarms_of_one_group_at_one_moment_are_one_read(hall: Hall) -> None:
    """A flood of a group costs one look at it."""
    reads = []

    class Counting(MemoryStore):
        def read(self, points: Int32s, from_ms: int, to_ms: int) -> Readings:
            reads.append(len(points))
            return super().read(points, from_ms, to_ms)

    source = source_of(hall, Counting(), book(hall, "sum(level) of community > 3 m"))
    one, other = around(hall, source, "aa-sp-01", "aa-sp-02")
    assert one == other
    assert reads == [2]


def test_it_comes_into_the_record_with_the_samples_and_then_stays(hall: Hall) -> None:
    """Nothing at the opening itself; with the first round the group, and after the last round nothing changes it."""
    store = MemoryStore()
    put(store, hall, "aa-sp-02", "level", 2.5)
    rules = book(hall, "mean(level) of community > 2 m")
    facility = hall.city.facility("aa-sp-01")
    opened = change(ChangeKind.OPENED, "medium", facility=facility)
    journal_of(hall, store, rules).apply([opened], MONDAY_9)

    def frozen() -> FrozenContext:
        found = hall.queries.evidence(opened.alarm_id)
        assert found is not None
        return FrozenContext.model_validate_json(found[0].context)

    assert frozen().around == []
    freezer = Freezer(hall.engine, source_of(hall, store, rules), lambda rule: observed(rules.by_id[rule]))
    freezer.step(MONDAY_9)
    assert [one.value for one in frozen().around] == [2.5]
    put(store, hall, "aa-sp-01", "level", 1.0)  # late
    freezer.step(MONDAY_9 + 6 * MINUTE)
    assert [one.value for one in frozen().around] == [1.75]
    put(store, hall, "aa-sp-01", "level", 9.0, range(-70, -60))
    freezer.step(MONDAY_9 + 60 * MINUTE)
    assert [one.value for one in frozen().around] == [1.75]
