"""Storms: many at once are one case of what they have in common; what endangers people is seen one by one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.alarms import AlarmKind, ChangeKind, Severity
from core.cases import Action, Common, TaskKind
from core.places import Grid, Text
from core.ports.registry import FacilityPlace
from dispatch import tables
from dispatch.foreseen import Crew, Ending, PastAlarm
from dispatch.foresight import foresee
from dispatch.journal import SqlJournal
from dispatch.policy import Policy
from dispatch.storms import (
    TABLE,
    Group,
    StormEvent,
    StormState,
    group_of,
    groups,
    is_crowd,
    joint_group,
    may_gather,
    next_storm,
    told,
)
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, Hall, build_hall, change, wipe

PUMPS = ("aa-sp-01", "aa-sp-02", "aa-li-01", "aa-ia-01")


@pytest.fixture
def storm(hall: Hall) -> Hall:
    """A hall in which more than two facilities are a storm."""
    policy = Policy(storm_facilities=2)
    hall.journal = SqlJournal(hall.engine, rules=RULES.get, source=hall.city.registry, policy=policy)
    return hall


def opened(hall: Hall, code: str, rule_id: str = "medium", at_ms: int = MONDAY_9) -> str:
    """An alarm opens; its id."""
    one = change(ChangeKind.OPENED, rule_id, facility=hall.city.facility(code), start=at_ms)
    hall.apply(one, now_ms=at_ms)
    return one.alarm_id


def test_the_table_leads_nowhere_else() -> None:
    """What is not in the table changes nothing."""
    for state, event in product(StormState, StormEvent):
        assert next_storm(state, event) is TABLE.get((state, event), state)


def test_groups_from_the_narrowest_to_the_widest() -> None:
    """Supply, cell of the leading grid, community; the key gives the group back."""
    name = Text(zh="泵", en="Pump")
    place = FacilityPlace(
        number=1, code="p", name=name, class_id="x", community=7, cells={Grid.CONSTRUCTION: "c-1"}, parent=9
    )
    found = groups(place, RULES["medium"])
    assert [group.common for group in found] == list(Common)
    assert [group_of(group.key) for group in found] == found
    odd = Group("a|b", Common.CELL, "c")
    assert group_of(odd.key) == odd
    assert told(found[1], 17, Text(zh="液位高", en="level high"), None).en == "17 facilities of cell c-1: level high"


def test_critical_latching_and_information_never_gather() -> None:
    """Nor does what is no condition."""
    assert may_gather(AlarmKind.CONDITION, Severity.HIGH, latching=False)
    assert not may_gather(AlarmKind.CONDITION, Severity.CRITICAL, latching=False)
    assert not may_gather(AlarmKind.CONDITION, Severity.HIGH, latching=True)
    assert not may_gather(AlarmKind.CONDITION, Severity.INFO, latching=False)
    assert not may_gather(AlarmKind.SIGHT, Severity.HIGH, latching=False)
    assert not is_crowd(1_000, 0)


def test_cases_that_nobody_has_begun_fold_into_the_storm(storm: Hall) -> None:
    """The third facility makes two cases one; what somebody has begun stays theirs."""
    opened(storm, PUMPS[0])
    task = storm.tasks()[TaskKind.HANDLE]
    owner = storm.actor(storm.code_of(task.owner))
    storm.act(task, Action.ACCEPT, owner)
    opened(storm, PUMPS[1])
    opened(storm, PUMPS[2])
    opened(storm, PUMPS[3])
    cases = storm.cases(open_only=True)
    assert [(case.storm, case.members, case.members_on) for case in cases] == [(False, 0, 0), (True, 3, 3)]
    assert cases[1].say.en == "3 facilities of one community: Rule medium"
    folded = next(case for case in storm.cases() if case.note == "folded")
    assert folded.facility == storm.city.facility(PUMPS[1])


def test_another_community_and_another_family_have_nothing_in_common(storm: Hall) -> None:
    """They have their own cases, as before."""
    for code in PUMPS[:3]:
        opened(storm, code)
    opened(storm, "bb-sp-01")
    opened(storm, PUMPS[0], "alone")
    assert sorted(case.storm for case in storm.cases(open_only=True)) == [False, False, True]


def test_what_comes_slowly_is_no_storm(storm: Hall) -> None:
    """Three within more than ten minutes are three cases."""
    for place, code in enumerate(PUMPS):
        opened(storm, code, at_ms=MONDAY_9 + place * 6 * MINUTE)
    assert [case.storm for case in storm.cases()] == [False] * 4


def test_a_critical_alarm_has_its_own_case_in_any_storm(storm: Hall) -> None:
    """From its beginning, or from the moment at which it rises to that."""
    for code in PUMPS[:3]:
        opened(storm, code)
    opened(storm, PUMPS[3], "critical")
    assert [case.severity for case in storm.cases(open_only=True) if not case.storm] == [Severity.CRITICAL]
    steps = [(MONDAY_9, Severity.HIGH)]
    for code in PUMPS[:3]:
        storm.apply(change(ChangeKind.OPENED, "levels", facility=storm.city.facility(code), steps=steps))
    risen = [*steps, (MONDAY_9 + MINUTE, Severity.CRITICAL)]
    storm.apply(
        change(ChangeKind.SEVERITY, "levels", facility=storm.city.facility(PUMPS[0]), steps=risen),
        now_ms=MONDAY_9 + MINUTE,
    )
    critical = [case for case in storm.cases(open_only=True) if case.severity is Severity.CRITICAL]
    assert [case.storm for case in critical] == [False, False]
    assert critical[-1].facility == storm.city.facility(PUMPS[0])


def test_a_storm_goes_on_through_pauses_and_ends_after_ten_quiet_minutes(storm: Hall) -> None:
    """What flaps opens no second case; the case ends by itself when all has been off for long enough."""
    for round_ms in (MONDAY_9, MONDAY_9 + 5 * MINUTE):
        for code in PUMPS[:3]:
            facility = storm.city.facility(code)
            storm.apply(change(ChangeKind.OPENED, facility=facility, start=round_ms), now_ms=round_ms)
        for code in PUMPS[:3]:
            facility, stop_ms = storm.city.facility(code), round_ms + MINUTE
            storm.apply(change(ChangeKind.CLOSED, facility=facility, start=round_ms, stop=stop_ms), now_ms=stop_ms)
        storm.journal.tick(round_ms + 2 * MINUTE)
        assert [case.members_on for case in storm.cases(open_only=True)] == [0]
    storm.journal.tick(MONDAY_9 + 16 * MINUTE - 1)
    assert len(storm.cases(open_only=True)) == 1
    storm.journal.tick(MONDAY_9 + 16 * MINUTE)
    assert not storm.cases(open_only=True)
    assert [case.note for case in storm.cases() if case.storm] == ["self-cleared"]
    assert storm.count(tables.alarm) == 6


@pytest.mark.parametrize("last_min", [3, 40])
def test_a_backtest_foretells_the_storm(storm: Hall, last_min: int) -> None:
    """The same alarms through the journal and foreseen: the same cases, folded, gathered and ended alike."""
    policy = Policy(storm_facilities=2)
    end_ms = MONDAY_9 + 14 * MINUTE
    begins = {code: MONDAY_9 + place * MINUTE for place, code in enumerate((*PUMPS[:3], "bb-sp-01"))}
    begins[PUMPS[3]] = MONDAY_9 + last_min * MINUTE
    alarms = [
        PastAlarm(
            info=RULES["medium"],
            facility=storm.city.facility(code),
            severity=Severity.MEDIUM,
            start_ms=start_ms,
            stop_ms=max(start_ms + MINUTE, end_ms),
        )
        for code, start_ms in begins.items()
    ]
    moments = {at_ms for one in alarms for at_ms in (one.start_ms, one.stop_ms or 0)}
    for now_ms in sorted(moments | {end_ms + 10 * MINUTE, MONDAY_9 + 80 * MINUTE}):
        for one in alarms:
            kind = ChangeKind.OPENED if one.start_ms == now_ms else ChangeKind.CLOSED
            if now_ms in (one.start_ms, one.stop_ms):
                stop = one.stop_ms if kind is ChangeKind.CLOSED else None
                storm.apply(change(kind, facility=one.facility, start=one.start_ms, stop=stop), now_ms=now_ms)
        storm.journal.tick(now_ms)
    patient = Crew(accept_ms=300 * MINUTE)
    roster = storm.city.registry.roster()
    found = foresee(alarms, roster, policy, patient, MONDAY_9, MONDAY_9 + 90 * MINUTE)
    note = {Ending.FOLDED: "folded", Ending.SELF_CLEARED: "self-cleared"}
    foreseen = [(case.facility, case.gathers != "", note[case.ending]) for case in found.cases]
    assert foreseen == [(case.facility, case.storm, case.note) for case in storm.cases()]
    assert [case.alarms for case in found.cases if case.gathers] == [4 if last_min == 3 else 3]


@pytest.fixture(scope="module")
def shared() -> Iterator[Hall]:
    """One city for all examples; each begins with an empty dispatch."""
    with tempfile.TemporaryDirectory() as folder:
        made = build_hall(Path(folder))
        yield made
        made.engine.dispose()


def gathered(hall: Hall, batches: Sequence[Sequence[str]], most: int) -> frozenset[tuple[bool, frozenset[str]]]:
    """Alarms that come in batches, 30 s apart, and stay on: each open case, whether it is a storm, and whose."""
    wipe(hall)
    journal = SqlJournal(hall.engine, rules=RULES.get, source=hall.city.registry, policy=Policy(storm_facilities=most))
    for place, batch in enumerate(batches):
        at_ms = MONDAY_9 + place * MINUTE // 2
        came = [change(ChangeKind.OPENED, facility=hall.city.facility(code), start=MONDAY_9) for code in batch]
        journal.apply(came, at_ms)
    code_of = {hall.city.facility(code): code for code in EVERYBODY}
    with hall.engine.connect() as connection:
        alarms = connection.execute(sa.select(tables.alarm.c.case, tables.alarm.c.facility)).all()
    return frozenset(
        (case.storm, frozenset(code_of[alarm.facility] for alarm in alarms if alarm.case == case.number))
        for case in hall.cases(open_only=True)
    )


EVERYBODY = (*PUMPS, "bb-sp-01")
orders = st.permutations(EVERYBODY)
cuts = st.sets(st.integers(1, len(EVERYBODY) - 1))


def cut(order: Sequence[str], at: set[int]) -> list[Sequence[str]]:
    """An order in batches."""
    ends = [0, *sorted(at), len(order)]
    return [order[begin:end] for begin, end in pairwise(ends)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders, cuts)
def test_in_any_order_a_storm_has_the_same_members(shared: Hall, order: list[str], at: set[int]) -> None:
    """Where groups of one width become crowds: who comes when, and with whom, decides nothing."""
    expected = frozenset({(True, frozenset(PUMPS)), (False, frozenset({"bb-sp-01"}))})
    assert gathered(shared, cut(order, at), most=3) == expected


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders, cuts)
def test_where_a_cell_lies_in_its_community_the_order_decides_only_which_of_both(
    shared: Hall, order: list[str], at: set[int]
) -> None:
    """The bound of docs/alarms.md, part 8; and within one batch nothing depends on the order at all."""
    found = gathered(shared, cut(order, at), most=1)
    alone = [codes for storm, codes in found if not storm]
    assert frozenset({"bb-sp-01"}) in alone
    assert len(alone) - 1 <= 1, "no more of a crowd than the number that makes one keep a case of their own"
    assert len([codes for storm, codes in found if storm]) <= 3, "of the two cells and of their community"
    assert sum(len(codes) for _, codes in found) == len(EVERYBODY)
    together = gathered(shared, [order], most=1)
    assert together == gathered(shared, [EVERYBODY], most=1)


def test_a_critical_case_of_a_member_stays_out_of_the_storm(storm: Hall) -> None:
    """What its facility says besides joins that case."""
    opened(storm, PUMPS[0], "critical")
    for code in PUMPS:
        opened(storm, code)
    cases = storm.cases(open_only=True)
    assert [(case.storm, case.severity, case.members) for case in cases] == [
        (False, Severity.CRITICAL, 0),
        (True, Severity.MEDIUM, 3),
    ]
    assert not [case for case in storm.cases() if case.note == "folded" and case.severity is Severity.CRITICAL]


# --- joint cases ------------------------------------------------------------------------------------------------------


def closed(hall: Hall, code: str, start_ms: int, stop_ms: int) -> None:
    """The alarm of a lamp ends."""
    one = change(ChangeKind.CLOSED, "lamp", facility=hall.city.facility(code), start=start_ms, stop=stop_ms)
    hall.apply(one, now_ms=stop_ms)


def test_a_rule_that_gathers_names_the_group_or_takes_the_next_wider() -> None:
    """Without a supply it is the cell, without a cell the community; such a rule makes no storm."""
    name = Text(zh="灯", en="Lamp")
    place = FacilityPlace(number=1, code="p", name=name, class_id="x", community=7, cells={})
    fed = replace(place, cells={Grid.CONSTRUCTION: "c-1"}, parent=9)

    def common(where: FacilityPlace, gather: Common) -> Common | None:
        found = joint_group(where, replace(RULES["lamp"], gather=gather))
        assert found is None or found.joint
        return found.common if found else None

    assert [common(fed, one) for one in Common] == list(Common)
    assert common(replace(fed, parent=None), Common.PARENT) is Common.CELL
    assert [common(place, one) for one in Common] == [Common.COMMUNITY] * 3
    assert groups(fed, RULES["lamp"]) == []
    assert joint_group(fed, RULES["medium"]) is None
    key = joint_group(fed, RULES["lamp"])
    assert key is not None
    assert group_of(key.key) == key


def test_facilities_join_one_by_one_also_what_somebody_has_begun(hall: Hall) -> None:
    """Two tasks at most, whatever comes; the worker hears of it; no alarm is without the case."""
    opened(hall, PUMPS[0], "lamp")
    (case,) = hall.cases(open_only=True)
    assert (case.storm, case.joint, case.say.en) == (True, True, "Rule lamp")
    task = hall.tasks()[TaskKind.HANDLE]
    hall.act(task, Action.ACCEPT, hall.actor(hall.code_of(task.owner)))
    later_ms = MONDAY_9 + 3 * HOUR
    opened(hall, PUMPS[1], "lamp", later_ms)
    opened(hall, PUMPS[2], "lamp", later_ms + HOUR)
    opened(hall, "bb-sp-01", "lamp", later_ms + HOUR)
    mine, other = hall.cases(open_only=True)
    assert (mine.members, mine.members_on, other.members) == (3, 3, 1)
    assert mine.say.en == "3 facilities of one community: Rule lamp"
    assert hall.count(tables.task) == 2
    with hall.engine.connect() as connection:
        told_of = connection.execute(sa.select(tables.outbox.c.kind)).scalars().all()
        cases = connection.execute(sa.select(tables.alarm.c.case)).scalars().all()
    assert "joined" in told_of
    assert sorted(cases) == [mine.number] * 3 + [other.number]


def test_a_joint_case_ends_when_all_are_over_and_no_sooner(hall: Hall) -> None:
    """Nobody having begun, with the last of them."""
    opened(hall, PUMPS[0], "lamp")
    opened(hall, PUMPS[1], "lamp", MONDAY_9 + HOUR)
    closed(hall, PUMPS[0], MONDAY_9, MONDAY_9 + 2 * HOUR)
    hall.journal.tick(MONDAY_9 + 4 * HOUR)
    assert [(case.members, case.members_on) for case in hall.cases(open_only=True)] == [(2, 1)]
    closed(hall, PUMPS[1], MONDAY_9 + HOUR, MONDAY_9 + 5 * HOUR)
    assert [case.note for case in hall.cases()] == ["self-cleared"]
    assert not hall.cases(open_only=True)


def test_an_alarm_whose_joint_case_has_ended_joins_the_one_that_is_open(hall: Hall) -> None:
    """A group has one open case; what proves to be on again never makes or reopens a second one."""
    opened(hall, PUMPS[0], "lamp")
    closed(hall, PUMPS[0], MONDAY_9, MONDAY_9 + MINUTE)
    hall.journal.tick(MONDAY_9 + 20 * MINUTE)
    opened(hall, PUMPS[1], "lamp", MONDAY_9 + HOUR)
    again = change(ChangeKind.REOPENED, "lamp", facility=hall.city.facility(PUMPS[0]))
    hall.apply(again, now_ms=MONDAY_9 + HOUR + MINUTE)
    (case,) = hall.cases(open_only=True)
    assert (case.members, case.members_on) == (2, 2)


def test_a_backtest_foretells_joint_cases(hall: Hall) -> None:
    """The same alarms through the journal and foreseen, whatever the number of a storm is."""
    begins = {code: MONDAY_9 + place * HOUR for place, code in enumerate((*PUMPS, "bb-sp-01"))}
    alarms = [
        PastAlarm(
            info=RULES["lamp"],
            facility=hall.city.facility(code),
            severity=Severity.MEDIUM,
            start_ms=start_ms,
            stop_ms=start_ms + 90 * MINUTE,
        )
        for code, start_ms in begins.items()
    ]
    for one in alarms:
        hall.apply(change(ChangeKind.OPENED, "lamp", facility=one.facility, start=one.start_ms), now_ms=one.start_ms)
    roster = hall.city.registry.roster()
    found = foresee(alarms, roster, Policy(storm_facilities=0), Crew(), MONDAY_9, MONDAY_9 + 24 * HOUR)
    assert [case.facility for case in found.cases] == [case.facility for case in hall.cases()]
    assert [case.alarms for case in found.cases] == [4, 1]
    assert [case.ending for case in found.cases] == [Ending.CLOSED] * 2
