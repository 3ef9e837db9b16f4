"""What pages read: order, horizon, paging, figures, feed."""

from __future__ import annotations

import itertools

import pytest

from core.alarms import AlarmKind, AlarmState, ChangeKind, Severity, alarm_id
from core.cases import Action, CaseState, TaskKind
from core.errors import Refused
from core.places import Text
from core.ports.cases import AlarmFilter, CaseFilter, EvidenceValue, TaskFilter
from core.ports.feed import FeedKind
from core.ports.registry import PageRequest
from dispatch.journal import SqlJournal
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, Hall, change

OPENED, CLOSED = ChangeKind.OPENED, ChangeKind.CLOSED


def community(hall: Hall, code: str) -> int:
    return next(found.number for found in hall.city.registry.communities() if found.code == code)


def test_pages_never_skip_or_repeat(hall: Hall) -> None:
    """Walking through a list page by page gives every item once, also while new ones arrive in front."""
    facility = hall.city.facility("aa-sp-01")
    for number in range(12):  # three of them begin in the same millisecond
        hall.apply(change(OPENED, f"r{number}", facility=facility, start=MONDAY_9 + number // 3))
    seen: list[str] = []
    cursor, page = "", 0
    while True:
        got = hall.queries.alarms(AlarmFilter(), PageRequest(cursor=cursor, limit=5))
        seen += [alarm.alarm_id for alarm in got.items]
        cursor, page = got.next_cursor, page + 1
        hall.apply(change(OPENED, f"new{page}", facility=facility, start=MONDAY_9 + HOUR))
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 12
    numbers = [case.number for case in hall.cases()]
    walked: list[int] = []
    cursor = ""
    while True:
        cases = hall.queries.cases(CaseFilter(), PageRequest(cursor=cursor, limit=4))
        walked += [case.number for case in cases.items]
        cursor = cases.next_cursor
        if not cursor:
            break
    assert walked == numbers[::-1]


@pytest.mark.parametrize("cursor", ["x", "-1", "1; DROP TABLE", "9" * 40, "１２", "12.x\x00"])
def test_foreign_cursors_are_refused_or_harmless(hall: Hall, cursor: str) -> None:
    """A cursor that no list gave out is refused, or at worst an empty page."""
    for call in (
        lambda page: hall.queries.alarms(AlarmFilter(), page),
        lambda page: hall.queries.cases(CaseFilter(), page),
        lambda page: hall.queries.tasks(TaskFilter(), page),
    ):
        try:
            assert call(PageRequest(cursor=cursor)).items == ()
        except Refused:
            continue
    with pytest.raises(Refused):
        hall.queries.alarms(AlarmFilter(), PageRequest(limit=0))
    with pytest.raises(Refused):
        hall.queries.cases(CaseFilter(), PageRequest(limit=501))


def test_people_see_their_own_communities(hall: Hall) -> None:
    """Every query keeps to the viewer's horizon; an empty one sees nothing."""
    a, b = community(hall, "aa"), community(hall, "bb")
    hall.apply(change(OPENED, facility=hall.city.facility("aa-sp-01")))
    hall.apply(change(OPENED, facility=hall.city.facility("bb-sp-01")))
    queries, page = hall.queries, PageRequest()
    for horizon, expected in ((None, 2), (frozenset({a}), 1), (frozenset({a, b}), 2), (frozenset[int](), 0)):
        assert len(queries.alarms(AlarmFilter(communities=horizon), page).items) == expected
        assert len(queries.cases(CaseFilter(communities=horizon), page).items) == expected
        assert len(queries.tasks(TaskFilter(communities=horizon), page).items) == 2 * expected
        assert len(queries.overview(horizon)) == expected
        assert {entry.community for entry in queries.feed(0, communities=horizon)} <= (horizon or {a, b})
    case_b = queries.cases(CaseFilter(communities=frozenset({b})), page).items[0].number
    task_b = queries.tasks(TaskFilter(case=case_b), page).items[0].number
    alarm_b = alarm_id("medium", hall.city.facility("bb-sp-01"), MONDAY_9)
    only_a = frozenset({a})
    assert queries.case(case_b, only_a) is None
    assert queries.task(task_b, hall.actor("mgr"), only_a) is None
    assert queries.alarm(alarm_b, only_a) is None
    assert queries.alarm(alarm_b, frozenset({b})) is not None


def test_overview_counts_and_orders(hall: Hall) -> None:
    """Figures add up and the worst community comes first."""
    a, b = community(hall, "aa"), community(hall, "bb")
    assert [(row.community, row.facilities, row.healthy) for row in hall.queries.overview()] == [(a, 4, 4), (b, 1, 1)]
    hall.apply(change(OPENED, "high", facility=hall.city.facility("bb-sp-01")))
    hall.apply(change(OPENED, "medium", facility=hall.city.facility("aa-sp-01")))
    hall.apply(change(OPENED, "medium-2", facility=hall.city.facility("aa-sp-01")))
    hall.apply(change(OPENED, "info", facility=hall.city.facility("aa-sp-02")))
    first, second = hall.queries.overview()
    assert (first.community, second.community) == (b, a)
    assert (second.facilities, second.healthy, second.alarmed, second.unseen) == (4, 3, 1, 0)
    assert (second.alarms[Severity.MEDIUM], second.alarms[Severity.INFO], second.open_cases) == (2, 1, 1)
    assert (first.alarms[Severity.HIGH], first.waiting_tasks, first.overdue_cases) == (1, 1, 0)
    hall.journal.tick(MONDAY_9 + 3 * HOUR)
    assert hall.queries.overview()[0].overdue_cases == 1


def test_unseen_facilities_are_counted_apart(hall: Hall) -> None:
    """A facility that nobody can see now is unseen, not alarmed, and not healthy."""
    from dataclasses import replace

    unseen = replace(
        change(OPENED, "sight.device", facility=hall.city.facility("aa-sp-01")), alarm_kind=AlarmKind.SIGHT
    )
    hall.apply(replace(unseen, severity=Severity.LOW))
    figures = next(row for row in hall.queries.overview() if row.community == community(hall, "aa"))
    assert (figures.unseen, figures.alarmed, figures.healthy) == (1, 0, 3)


def test_the_queue_is_in_the_order_of_work(hall: Hall) -> None:
    """Ready before not ready, overdue first, then worse, then nearer; what rests at night comes last."""
    hall.apply(change(OPENED, "medium", facility=hall.city.facility("aa-sp-01")))
    hall.apply(change(OPENED, "critical", facility=hall.city.facility("aa-sp-02")))
    hall.apply(change(OPENED, "alone", facility=hall.city.facility("aa-sp-01")))
    person = hall.city.person("aa-m1")
    boss = hall.actor("mgr", supervises=True)
    for case in hall.cases():
        hall.act(hall.tasks(case.number)[TaskKind.HANDLE], Action.TRANSFER, boss, note="x", to_person=person)
    queue = hall.queries.queue(person, MONDAY_9)
    assert [task.say.en for task in queue] == ["Rule critical", "Rule medium", "Rule alone"]
    looks = hall.queries.queue(hall.city.person("aa-g1"), MONDAY_9)
    assert [task.ready for task in looks] == [False]


def test_a_task_says_why_where_what_and_by_when(hall: Hall) -> None:
    """The detail carries alarms, evidence, instructions, limit, routing and exactly the possible actions."""
    facility = hall.city.facility("aa-sp-01")
    value = EvidenceValue(
        point=1,
        key="level",
        name=Text(zh="液位", en="Level"),
        unit="m",
        time_ms=MONDAY_9,
        value=0.1,
        quality=0,
    )
    nan = EvidenceValue(
        point=2,
        key="pump_current",
        name=Text(zh="电流", en="Current"),
        unit="A",
        time_ms=0,
        value=float("nan"),
        quality=128,
    )

    class Store:
        def evidence(self, number: int, at_ms: int, keys: object) -> list[EvidenceValue]:
            assert (number, at_ms) == (facility, MONDAY_9)
            return [value, nan]

    journal = SqlJournal(hall.engine, rules=RULES.get, source=hall.city.registry, evidence=Store())
    journal.apply([change(OPENED, facility=facility)], MONDAY_9)
    task = hall.tasks()[TaskKind.HANDLE]
    detail = hall.queries.task(task.number, hall.actor("aa-m1"))
    assert detail is not None
    assert [alarm.rule_id for alarm in detail.alarms] == ["medium"]
    assert [(item.key, item.value) for item in detail.evidence] == [("pump_current", None), ("level", 0.1)]
    assert detail.do == (Text(zh="停泵", en="Stop the pump"),)
    assert detail.task.due_ms == detail.case.due_ms
    assert detail.actions == (Action.ACCEPT, Action.RETURN)
    assert detail.routing[0].person == hall.city.person("aa-m1")
    for action in detail.actions:
        assert action in {Action.ACCEPT, Action.RETURN}
    stranger = hall.queries.task(task.number, hall.actor("bb-m1"))
    assert stranger is not None
    assert stranger.actions == ()


def test_the_feed_tells_everything_in_order(hall: Hall) -> None:
    """Ids grow without gaps; following from any id misses nothing."""
    assert hall.queries.feed_head() == 0
    hall.apply(change(OPENED, facility=hall.city.facility("aa-sp-01")))
    hall.act(hall.tasks()[TaskKind.HANDLE], Action.ACCEPT, hall.actor("aa-m1"))
    calm, boss = hall.city.facility("aa-sp-02"), hall.actor("mgr", supervises=True)
    hall.desk.take_out_facility(calm, boss, MONDAY_9 + HOUR, "overhaul", MONDAY_9)
    entries = list(hall.queries.feed(0))
    assert [entry.id for entry in entries] == list(range(1, len(entries) + 1))
    assert hall.queries.feed_head() == entries[-1].id
    assert {entry.kind for entry in entries} == set(FeedKind)
    for after in range(len(entries)):
        assert list(hall.queries.feed(after)) == entries[after:]
        assert list(hall.queries.feed(after, limit=1)) == entries[after : after + 1]
    task_lines = [entry for entry in entries if entry.kind is FeedKind.TASK]
    assert all(entry.owner is not None for entry in task_lines)


def test_the_feed_is_pruned_but_never_renumbered(hall: Hall) -> None:
    """Lines older than a week go; ids go on growing."""
    hall.apply(change(OPENED, facility=hall.city.facility("aa-sp-01")))
    head = hall.queries.feed_head()
    later = MONDAY_9 + 8 * 24 * HOUR
    hall.journal.tick(later)
    kept = hall.queries.feed(0)
    assert all(entry.at_ms == later or entry.id == head for entry in kept)
    assert [entry.id for entry in kept] == sorted(entry.id for entry in kept)
    assert hall.queries.feed_head() > head


def test_filters(hall: Hall) -> None:
    """Each filter keeps what it names."""
    one, two = hall.city.facility("aa-sp-01"), hall.city.facility("bb-sp-01")
    hall.apply(
        change(OPENED, "medium", facility=one),
        change(CLOSED, "medium", facility=one, stop=MONDAY_9 + MINUTE),
        change(OPENED, "high", facility=two, start=MONDAY_9 + HOUR),
        change(OPENED, "low", facility=two),
        change(ChangeKind.RETRACTED, "low", facility=two),
    )

    def rules(where: AlarmFilter) -> set[str]:
        return {alarm.rule_id for alarm in hall.queries.alarms(where, PageRequest()).items}

    assert rules(AlarmFilter()) == {"medium", "high"}
    assert rules(AlarmFilter(retracted=True)) == {"medium", "high", "low"}
    assert rules(AlarmFilter(facility=one)) == {"medium"}
    assert rules(AlarmFilter(minimum=Severity.HIGH)) == {"high"}
    assert rules(AlarmFilter(on=True)) == {"high"}
    assert rules(AlarmFilter(on=False)) == {"medium"}
    assert rules(AlarmFilter(states=frozenset({AlarmState.RETURNED_UNACKNOWLEDGED}))) == {"medium"}
    assert rules(AlarmFilter(rule_id="high")) == {"high"}
    assert rules(AlarmFilter(from_ms=MONDAY_9 + MINUTE)) == {"high"}
    assert rules(AlarmFilter(to_ms=MONDAY_9 + HOUR)) == {"medium"}
    assert rules(AlarmFilter(needs_attention=True)) == {"medium", "high"}

    def cases(where: CaseFilter) -> set[int]:
        return {case.facility for case in hall.queries.cases(where, PageRequest()).items}

    assert cases(CaseFilter(open=True)) == {two}
    assert cases(CaseFilter(open=False)) == {one}
    assert cases(CaseFilter(states=frozenset({CaseState.CANCELLED}))) == {one}
    assert cases(CaseFilter(facility=two, minimum=Severity.HIGH, overdue=False)) == {two}
    grids = [TaskFilter(grid=grid, open=flag) for grid, flag in itertools.product([None], [True, False])]
    assert [len(hall.queries.tasks(where, PageRequest()).items) for where in grids] == [2, 2]


def test_who_works_on_what(hall: Hall) -> None:
    """The owner of an open task works on its alarms and their facilities, and no more when it has ended."""
    pump, other = hall.city.facility("aa-sp-01"), hall.city.facility("aa-sp-02")
    one = change(ChangeKind.OPENED, facility=pump)
    hall.apply(one)
    owner = hall.tasks()[TaskKind.HANDLE].owner
    assert owner is not None
    stranger = hall.city.person("mgr")
    asked = ({"alarm_id": one.alarm_id}, {"facility": pump})
    assert [hall.queries.works_on(owner, **what) for what in asked] == [True, True]
    assert not any(hall.queries.works_on(stranger, **what) for what in asked)
    assert not hall.queries.works_on(owner, facility=other)
    assert not hall.queries.works_on(owner, alarm_id="nonsense")
    assert not hall.queries.works_on(owner, facility=0)
    hall.apply(change(ChangeKind.CLOSED, facility=pump, stop=MONDAY_9 + MINUTE), now_ms=MONDAY_9 + MINUTE)
    assert not any(hall.queries.works_on(owner, **what) for what in asked)
